//! A shared token or password beside the message. It shows that the sender knows it and says nothing about the
//! content, which anybody on the way could have changed: at most weak.

use super::mac::is_same;
use super::verified::Verified;
use super::watch::{self, Seen};
use crate::RawRequest;
use data_encoding::BASE64;
use ipnd_core::Reason;

/// Whether `given` is one of the `tokens`.
///
/// # Errors
/// `secret_unusable` without a token to compare with, `token_wrong`.
pub fn verify<'a, T: AsRef<str>>(
    request: &'a RawRequest,
    tokens: impl IntoIterator<Item = T>,
    given: &str,
) -> Result<Verified<'a>, Reason> {
    let mut has_token = false;
    for token in tokens {
        let token = token.as_ref().as_bytes();
        if token.is_empty() {
            continue;
        }
        has_token = true;
        if is_same(token, given.as_bytes()) {
            note(true);
            return Ok(Verified::by_verifier(request));
        }
    }
    note(false);
    Err(Reason::new(if has_token { "token_wrong" } else { "secret_unusable" }, ""))
}

/// Not what was given: it may be the secret itself.
fn note(fits: bool) {
    let way = "a secret word or password".to_owned();
    watch::note(|| Seen { way, signed: None, given: Vec::new(), fits });
}

/// Whether the request carries this user and password (HTTP Basic).
///
/// # Errors
/// As [`verify`]; `signature_missing` without the header.
pub fn verify_basic<'a>(request: &'a RawRequest, user: &str, password: &str) -> Result<Verified<'a>, Reason> {
    if password.is_empty() {
        return Err(Reason::new("secret_unusable", ""));
    }
    let header = request.only_header("authorization")?;
    let (scheme, given) = header.split_once(' ').unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(Reason::new("token_wrong", ""));
    }
    verify(request, [BASE64.encode(format!("{user}:{password}").as_bytes())], given.trim())
}

/// The header that [`verify_basic`] accepts.
#[must_use]
pub fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{user}:{password}").as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_a06_empty_or_missing_secret_for_tokens() {
        let request = RawRequest::post("text/plain", "");
        let code = |tokens: &[&str], given| verify(&request, tokens, given).map(|_| ()).map_err(|r| r.code);
        assert_eq!(code(&["abcdef"], "abcdef"), Ok(()));
        assert_eq!(code(&["old", "abcdef"], "abcdef"), Ok(()));
        assert_eq!(code(&[], ""), Err("secret_unusable".into()));
        assert_eq!(code(&[""], ""), Err("secret_unusable".into()));
        for given in ["", "abcde", "abcdefg", "ABCDEF", " abcdef"] {
            assert_eq!(code(&["abcdef"], given), Err("token_wrong".into()), "{given}");
        }
    }

    #[test]
    fn basic_needs_both_parts() {
        let with = |value: &str| RawRequest::post("text/plain", "").with("authorization", value);
        let good = basic("user", "pass:word");
        assert!(verify_basic(&with(&good), "user", "pass:word").is_ok());
        assert!(verify_basic(&with(&good), "user", "").is_err());
        for (value, user) in
            [(good.as_str(), "other"), ("Basic ", "user"), ("Bearer x", "user"), ("", "user")]
        {
            assert!(verify_basic(&with(value), user, "pass:word").is_err(), "{value}");
        }
        let twice = with(&good).with("authorization", good.clone());
        assert!(verify_basic(&twice, "user", "pass:word").is_err());
    }
}
