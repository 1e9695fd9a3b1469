//! The fields of a form that was sent. Where it came from has been checked before ([`crate::auth::guard_forms`]).

use super::failure::Failure;
use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use ipnd_core::limits::FORM_FIELDS_MAX;

/// Names and values, in the order in which they were sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let fields: Vec<_> = form_urlencoded::parse(body).into_owned().take(FORM_FIELDS_MAX + 1).collect();
        (fields.len() <= FORM_FIELDS_MAX).then_some(Self(fields))
    }

    /// The field's value without white space around it; empty when the field is missing.
    pub(super) fn get(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The value exactly as it was sent, except that browsers' CRLF become line feeds.
    pub(super) fn text(&self, name: &str) -> String {
        self.raw(name).replace("\r\n", "\n")
    }

    /// Whether a check box was ticked.
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.0.iter().any(|(own, _)| own == name)
    }

    /// The fields whose name begins with `prefix`, without it.
    pub(super) fn beginning_with(&self, prefix: &str) -> impl Iterator<Item = (String, String)> {
        self.0.iter().filter_map(move |(name, value)| {
            name.strip_prefix(prefix).map(|rest| (rest.to_owned(), value.replace("\r\n", "\n")))
        })
    }

    fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(own, _)| own == name).map_or("", |(_, value)| value)
    }
}

impl<S: Send + Sync> FromRequest<S> for Fields {
    type Rejection = Response;

    async fn from_request(request: Request, state: &S) -> Result<Self, Response> {
        let body = Bytes::from_request(request, state).await.map_err(|error| error.into_response())?;
        Self::parse(&body).ok_or_else(|| Failure::Unreadable.into_response())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_browsers_send_them() {
        let fields = Fields::parse(b"name=+A+%26+B+&offered=on&set.a=1%0D%0A2&text=%20x%0D%0A").unwrap();
        assert_eq!(fields.get("name"), "A & B");
        assert!(fields.is_set("offered") && !fields.is_set("other"));
        assert_eq!(fields.text("text"), " x\n");
        assert_eq!(fields.beginning_with("set.").collect::<Vec<_>>(), [("a".into(), "1\n2".into())]);
        assert_eq!(fields.get("missing"), "");
    }

    #[test]
    fn a_form_of_endless_fields_is_refused() {
        assert!(Fields::parse("a&".repeat(FORM_FIELDS_MAX + 1).as_bytes()).is_none());
    }
}
