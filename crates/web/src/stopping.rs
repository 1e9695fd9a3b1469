//! Whether the process is about to stop, for those who would otherwise wait on purpose.

use axum::extract::FromRequestParts;
use http::request::Parts;
use std::convert::Infallible;
use tokio_util::sync::CancellationToken;

/// Put into every request by [`crate::serve`]. A request that came over no connection never hears of a stop.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stopping(pub(crate) CancellationToken);

impl<S: Sync> FromRequestParts<S> for Stopping {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned().unwrap_or_default())
    }
}
