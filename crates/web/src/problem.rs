//! Everything that the API answers instead of what was asked for: problem documents (RFC 9457) from one list.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use ipnd_store::StoreError;
use serde::Serialize;

/// Why a request was not fulfilled. Nothing of it was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// There is no `Authorization: Bearer` header.
    KeyMissing,
    /// The key is not one of ours, or has been revoked.
    KeyUnknown,
    /// Too many wrong keys came from this address.
    TooManyAttempts,
    /// There is no such thing in this shop; or it belongs to another shop, which is not told apart.
    NotFound,
    /// There is no such address below `/v1`.
    NoSuchRoute,
    /// The address exists, the method does not; with those that do.
    MethodNotAllowed { allow: String },
    /// The body is not `application/json`.
    NotJson,
    /// The body, or a parameter, cannot be read at all.
    Malformed(String),
    /// The request can be read, and some of it is not acceptable.
    Invalid(Vec<FieldProblem>),
    /// It contradicts what is there already.
    Conflict(String),
    /// The body is larger than `limit` bytes.
    BodyTooLarge { limit: u64 },
    /// The body did not arrive in time.
    TooSlow,
    /// Nothing can be stored at the moment.
    Unavailable,
    /// A defect. The text went to the log.
    Internal,
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FieldProblem {
    /// Where it stands: `items[0].unit_price`.
    pub field: String,
    /// What is wrong with it, as a clause.
    pub problem: String,
}

impl FieldProblem {
    #[must_use]
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

/// The document itself.
#[derive(Serialize)]
struct Document<'a> {
    r#type: String,
    title: &'static str,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldProblem],
}

impl Problem {
    /// The problem with a single field.
    #[must_use]
    pub fn field(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldProblem::new(field, problem)])
    }

    /// Status, stable code, title.
    fn kind(&self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::KeyMissing => (StatusCode::UNAUTHORIZED, "key-missing", "An API key is needed"),
            Self::KeyUnknown => (StatusCode::UNAUTHORIZED, "key-unknown", "This API key is not valid"),
            Self::TooManyAttempts => {
                (StatusCode::TOO_MANY_REQUESTS, "too-many-attempts", "Too many wrong API keys")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "There is no such thing"),
            Self::NoSuchRoute => (StatusCode::NOT_FOUND, "no-such-route", "There is no such address"),
            Self::MethodNotAllowed { .. } => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "This method does not exist here")
            }
            Self::NotJson => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "The body is not JSON"),
            Self::Malformed(_) => (StatusCode::BAD_REQUEST, "malformed", "The request cannot be read"),
            Self::Invalid(_) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid", "Some of the request is not acceptable")
            }
            Self::Conflict(_) => (StatusCode::CONFLICT, "conflict", "This contradicts what is there"),
            Self::BodyTooLarge { .. } => {
                (StatusCode::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large")
            }
            Self::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too-slow", "The body did not arrive in time"),
            Self::Unavailable => {
                (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "Nothing can be stored at the moment")
            }
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something is wrong with ipnd"),
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::KeyMissing => "Send the header “Authorization: Bearer ipnd_key_…”.".into(),
            Self::KeyUnknown => "The key is mistyped, has been revoked, or never existed.".into(),
            Self::TooManyAttempts => "Wait a moment before trying another key.".into(),
            Self::NotFound => "Nothing with this id or reference exists in this shop.".into(),
            Self::NoSuchRoute => "The document at /v1/openapi.json lists every address.".into(),
            Self::MethodNotAllowed { allow } => format!("Allowed here: {allow}."),
            Self::NotJson => "Send the header “Content-Type: application/json”.".into(),
            Self::Malformed(detail) | Self::Conflict(detail) => detail.clone(),
            Self::Invalid(fields) => {
                let clauses: Vec<String> =
                    fields.iter().map(|field| format!("{}: {}", field.field, field.problem)).collect();
                clauses.join("; ")
            }
            Self::BodyTooLarge { limit } => format!("At most {limit} bytes are read."),
            Self::TooSlow => "Send the whole body at once.".into(),
            Self::Unavailable => "Nothing was changed. Try again in a few seconds.".into(),
            Self::Internal => "Nothing was changed. The log of the server says more.".into(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoRoom(_)
            | StoreError::Busy
            | StoreError::Unreachable(_)
            | StoreError::TooManyWaiting => {
                tracing::warn!(%error, "the store cannot take more at the moment");
                Self::Unavailable
            }
            StoreError::Conflict(what) => Self::Conflict(what),
            StoreError::Failed(_) => {
                tracing::error!(%error, "the store failed");
                Self::Internal
            }
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, code, title) = self.kind();
        let errors = if let Self::Invalid(errors) = &self { errors.as_slice() } else { &[] };
        let document = Document {
            r#type: format!("urn:ipnd:error:{code}"),
            title,
            status: status.as_u16(),
            detail: self.detail(),
            errors,
        };
        let body = serde_json::to_string(&document).expect("a document of texts and numbers is JSON");
        let mut response =
            (status, [(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"))], body)
                .into_response();
        let extra = match &self {
            Self::KeyMissing | Self::KeyUnknown => Some((WWW_AUTHENTICATE, "Bearer".to_owned())),
            Self::TooManyAttempts | Self::Unavailable => Some((RETRY_AFTER, "5".to_owned())),
            Self::MethodNotAllowed { allow } => Some((ALLOW, allow.clone())),
            _ => None,
        };
        if let Some((name, value)) = extra {
            let value = HeaderValue::try_from(value).expect("these values are plain ASCII");
            response.headers_mut().insert(name, value);
        }
        response
    }
}
