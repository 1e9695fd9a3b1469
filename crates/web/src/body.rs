//! Reads a request's body, never more of it than allowed (T-G02).

use crate::server::TooSlow;
use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::Body as _;

/// Why there is no body to work with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyProblem {
    /// There is more of it than the limit.
    TooLarge,
    /// It did not arrive in time.
    TooSlow,
    /// It broke off, or its chunks are malformed.
    Broken,
}

impl BodyProblem {
    /// 413, 408 or 400.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken => StatusCode::BAD_REQUEST,
        }
    }
}

/// The whole body. What announces more than `max` bytes is refused before a byte of it is read.
pub(crate) async fn read(mut body: Body, max: u64) -> Result<Bytes, BodyProblem> {
    let announced = body.size_hint();
    if announced.lower() > max {
        return Err(BodyProblem::TooLarge);
    }
    let mut whole = BytesMut::with_capacity(usize::try_from(announced.lower()).unwrap_or(0));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            if TooSlow::is_cause_of(&error) { BodyProblem::TooSlow } else { BodyProblem::Broken }
        })?;
        let Ok(piece) = frame.into_data() else { continue };
        if (whole.len() + piece.len()) as u64 > max {
            return Err(BodyProblem::TooLarge);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}
