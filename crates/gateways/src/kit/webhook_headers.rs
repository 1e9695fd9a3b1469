//! The three headers of Standard Webhooks: an id, a time and signatures over both and the body.
//!
//! The version in front of a signature says how it was made: `v1` is HMAC-SHA256, `v1a` is Ed25519. Which of them
//! counts is decided by the account's key and never by the message (T-A07), so callers ask for the signatures of one
//! version.

use super::mac::SIGNATURES_MAX;
use super::signed_time::USUAL;
use crate::RawRequest;
use data_encoding::BASE64_NOPAD;
use ipnd_core::Reason;
use jiff::Timestamp;

/// HMAC-SHA256 with the bytes of a secret.
pub const V1: &str = "v1";

/// Ed25519.
pub const V1A: &str = "v1a";

/// The names of the headers in front of `-id`, `-timestamp` and `-signature`, as the standard has them.
pub const STANDARD: &str = "webhook";

/// As Svix has them.
pub const SVIX: &str = "svix";

/// Longest id of a message, in bytes. Real ones have about 30.
const ID_BYTES_MAX: usize = 128;

/// What the headers of one message say. Proves nothing by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebhookHeaders<'a> {
    /// The same over all attempts to deliver the message.
    pub id: &'a str,
    /// Unix seconds of this attempt, as they were written.
    pub signed_at: &'a str,
    signatures: &'a str,
}

impl<'a> WebhookHeaders<'a> {
    /// The headers of the one family of names that is there. With two families nobody can know which of them somebody
    /// else has looked at, so they must agree.
    ///
    /// # Errors
    /// `signature_missing`, `duplicate_field`, and `field_malformed` for an id that could be taken apart in two ways
    /// (T-A16).
    pub fn of(request: &'a RawRequest, families: &[&str]) -> Result<Self, Reason> {
        let parts = ["id", "timestamp", "signature"];
        let is_there =
            |family: &&&str| parts.iter().any(|part| request.header(&format!("{family}-{part}")).is_some());
        let mut found = families.iter().filter(is_there).map(|family| Self::of_family(request, family));
        let missing =
            || Reason::new("signature_missing", format!("{}-signature", families.join("-signature, ")));
        let headers = found.next().ok_or_else(missing)??;
        for other in found {
            if other? != headers {
                return Err(Reason::new("duplicate_field", families.join(", ")));
            }
        }
        Ok(headers)
    }

    fn of_family(request: &'a RawRequest, family: &str) -> Result<Self, Reason> {
        let only = |part: &str| {
            let name = format!("{family}-{part}");
            let value = request.only_header(&name)?;
            if value.is_empty() { Err(Reason::new("signature_missing", name)) } else { Ok(value) }
        };
        let (id, signed_at, signatures) = (only("id")?, only("timestamp")?, only("signature")?);
        if !is_id(id) {
            return Err(Reason::new("field_malformed", format!("{family}-id")));
        }
        Ok(Self { id, signed_at, signatures })
    }

    /// The signatures of one version, of the first sixteen.
    pub fn signatures(&self, version: &str) -> impl Iterator<Item = &'a str> {
        let pairs = self.signatures.split(' ').filter_map(|part| part.split_once(','));
        pairs.take(SIGNATURES_MAX).filter(move |pair| pair.0 == version).map(|pair| pair.1)
    }

    /// What was signed.
    #[must_use]
    pub fn text<'t>(&self, body: &'t [u8]) -> [&'t [u8]; 5]
    where
        'a: 't,
    {
        [self.id.as_bytes(), b".", self.signed_at.as_bytes(), b".", body]
    }

    /// Whether the message may still count. To be asked once the signature has been found to be right.
    ///
    /// # Errors
    /// `timestamp_missing`, `timestamp_stale`, `timestamp_future`.
    pub fn check_time(&self, now: Timestamp) -> Result<(), Reason> {
        USUAL.check(self.signed_at, now)
    }
}

/// Whether this can be the id of a message. With a full stop in it, what is signed could be taken apart in two ways
/// (T-A16).
#[must_use]
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= ID_BYTES_MAX && !text.contains('.')
}

/// The bytes of a key that is written as a prefix and Base64. The prefix may be left out, and so may the padding;
/// nothing else may be missing or too much.
#[must_use]
pub fn key_bytes(prefix: &str, text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix(prefix).unwrap_or(text);
    let bare = text.trim_end_matches('=');
    let padding = text.len() - bare.len();
    let is_padded_right = padding == 0 || (bare.len() + padding).is_multiple_of(4) && padding <= 2;
    BASE64_NOPAD.decode(bare.as_bytes()).ok().filter(|_| is_padded_right)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(headers: &[(&str, &str)]) -> RawRequest {
        headers.iter().fold(RawRequest::post("application/json", "{}"), |request, (name, value)| {
            request.with(name, *value)
        })
    }

    fn code(headers: &[(&str, &str)]) -> String {
        match WebhookHeaders::of(&request(headers), &[STANDARD, SVIX]) {
            Ok(_) => "ok".to_owned(),
            Err(reason) => reason.code,
        }
    }

    #[test]
    fn one_family_whole_or_none() {
        let [id, time, signature] =
            [("webhook-id", "a"), ("webhook-timestamp", "1"), ("webhook-signature", "v1,x")];
        let [svix_id, svix_time, svix_signature] =
            [("svix-id", "a"), ("svix-timestamp", "1"), ("svix-signature", "v1,x")];
        assert_eq!(code(&[id, time, signature]), "ok");
        assert_eq!(code(&[svix_id, svix_time, svix_signature]), "ok");
        assert_eq!(code(&[svix_id, svix_time, svix_signature, id, time, signature]), "ok");
        for missing in [&[time, signature][..], &[id, signature], &[id, time], &[]] {
            assert_eq!(code(missing), "signature_missing", "{missing:?}");
        }
        for mixed in
            [&[svix_id, time, signature][..], &[id, svix_time, signature], &[id, time, svix_signature]]
        {
            assert_eq!(code(mixed), "signature_missing", "{mixed:?}");
        }
        let differing = [("svix-id", "b"), svix_time, svix_signature, id, time, signature];
        assert_eq!(code(&differing), "duplicate_field");
        assert_eq!(code(&[id, id, time, signature]), "duplicate_field");
        assert_eq!(code(&[id, time, signature, signature]), "duplicate_field");
        assert_eq!(code(&[("webhook-id", ""), time, signature]), "signature_missing");
    }

    #[test]
    fn t_a16_joined_fields_collide_only_with_dots_in_them() {
        let with =
            |id: &str| code(&[("webhook-id", id), ("webhook-timestamp", "1"), ("webhook-signature", "v1,x")]);
        assert_eq!(with("msg_1"), "ok");
        assert_eq!(with("msg.1"), "field_malformed");
        assert_eq!(with(&"m".repeat(129)), "field_malformed");
    }

    #[test]
    fn signatures_of_one_version() {
        let request = request(&[
            ("svix-id", "a"),
            ("svix-timestamp", "1"),
            ("svix-signature", "v1,x v2,y v1a,z v1 ,w V1,u v1,q,r"),
        ]);
        let headers = WebhookHeaders::of(&request, &[SVIX]).unwrap();
        assert_eq!(headers.signatures(V1).collect::<Vec<_>>(), ["x", "q,r"]);
        assert_eq!(headers.signatures(V1A).collect::<Vec<_>>(), ["z"]);
    }

    #[test]
    fn keys_with_and_without_prefix_and_padding() {
        let bytes = |text: &str| key_bytes("whsec_", text);
        assert_eq!(bytes("whsec_AQIDBA==").unwrap(), [1, 2, 3, 4]);
        assert_eq!(bytes("AQIDBA").unwrap(), [1, 2, 3, 4]);
        assert_eq!(bytes("AQID").unwrap(), [1, 2, 3]);
        assert!(bytes("whsec_").unwrap().is_empty());
        for text in
            ["AQIDBA=", "AQIDBA===", "AQID=", "AQID====", "AQIDB", "AQID BA", "AQI*", "whpk_AQID", "AQIDBB=="]
        {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
