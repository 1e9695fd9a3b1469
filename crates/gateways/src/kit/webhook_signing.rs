//! The sender's side of Standard Webhooks: the signatures over an id, a time and a body.
//!
//! [`super::webhook_headers`] is the receiver's side. What a receiver would not even look at is not signed, so that the
//! mistake is found where it was made.

use super::asymmetric::{Scheme, SigningKey};
use super::mac::{Algorithm, Encoding, Mac};
use super::webhook_headers::{V1, V1A, is_id, key_bytes};
use ipnd_core::Reason;
use jiff::Timestamp;

/// In front of a secret, which both sides have.
pub const SECRET_PREFIX: &str = "whsec_";

/// In front of a private key, which only the sender has.
pub const PRIVATE_PREFIX: &str = "whsk_";

/// In front of the public key, which the sender tells everybody.
pub const PUBLIC_PREFIX: &str = "whpk_";

/// How [`V1`] signs.
pub const V1_MAC: Mac = Mac::new(Algorithm::HmacSha256, Encoding::Base64);

/// The value of `webhook-signature`: one signature by each key, in the sequence of the keys. A secret (`whsec_...`)
/// signs as `v1`, a private key (`whsk_...`) as `v1a`. The id and the whole seconds of the time go into the other two
/// headers.
///
/// # Errors
/// `field_malformed` for an id that no receiver would take; `secret_unusable` without any key, and for what is none. One
/// bad key spoils the whole: a receiver that waits for its signature must not be left without it unnoticed.
pub fn sign<'k>(
    id: &str,
    at: Timestamp,
    body: &[u8],
    keys: impl Iterator<Item = &'k str>,
) -> Result<String, Reason> {
    if !is_id(id) {
        return Err(Reason::new("field_malformed", "webhook-id"));
    }
    let signed_at = at.as_second().to_string();
    let text: [&[u8]; 5] = [id.as_bytes(), b".", signed_at.as_bytes(), b".", body];
    let signatures = keys.map(|key| signature(key, &text)).collect::<Result<Vec<_>, _>>()?;
    if signatures.is_empty() {
        return Err(unusable("there is none"));
    }
    Ok(signatures.join(" "))
}

fn signature(key: &str, text: &[&[u8]]) -> Result<String, Reason> {
    if key.starts_with(PRIVATE_PREFIX) {
        let key = private_key(key).ok_or_else(|| unusable("not whsk_ and the Base64 of a key of Ed25519"))?;
        return Ok(format!("{V1A},{}", Encoding::Base64.encode(&key.sign(text)?)));
    }
    // Never with the bytes of anything else: a public key as a secret would be everybody's.
    let secret = secret_bytes(key).ok_or_else(|| unusable("not whsec_ and Base64"))?;
    Ok(format!("{V1},{}", V1_MAC.sign(&secret, text)))
}

/// The public half (`whpk_...`) of a private key (`whsk_...`), for receivers. `None` for what is no such key.
#[must_use]
pub fn public_key(whsk: &str) -> Option<String> {
    let key = private_key(whsk)?;
    Some(format!("{PUBLIC_PREFIX}{}", Encoding::Base64.encode(&key.public_bytes())))
}

/// The bytes of a secret, which must have its prefix and at least one byte (T-A06).
#[must_use]
pub fn secret_bytes(whsec: &str) -> Option<Vec<u8>> {
    bytes_behind(SECRET_PREFIX, whsec).filter(|bytes| !bytes.is_empty())
}

fn private_key(whsk: &str) -> Option<SigningKey> {
    SigningKey::from_raw(Scheme::Ed25519, &bytes_behind(PRIVATE_PREFIX, whsk)?).ok()
}

/// Says what is wrong without a word of the key itself.
fn unusable(why: &str) -> Reason {
    Reason::new("secret_unusable", why)
}

/// The bytes of a key that must have its prefix.
fn bytes_behind(prefix: &str, text: &str) -> Option<Vec<u8>> {
    key_bytes("", text.strip_prefix(prefix)?)
}

#[cfg(test)]
mod tests {
    use super::super::asymmetric::PublicKey;
    use super::super::webhook_headers::{STANDARD, WebhookHeaders};
    use super::*;
    use crate::RawRequest;

    /// The example that the libraries of Standard Webhooks are tested with.
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: Timestamp = Timestamp::constant(1_614_265_330, 0);
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const BY_SECRET: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    /// The pair of keys that Svix publishes, and what its server is tested with.
    const PRIVATE: &str =
        "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==";
    const SEED: &str = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc=";
    const PUBLIC: &str = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=";
    const BY_PRIVATE: &str =
        "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg==";

    fn by(keys: &[&str]) -> Result<String, String> {
        sign(ID, AT, BODY, keys.iter().copied()).map_err(|reason| reason.code)
    }

    #[test]
    fn signs_as_others_have_published_it() {
        assert_eq!(by(&[SECRET]).unwrap(), BY_SECRET);
        assert_eq!(by(&[PRIVATE]).unwrap(), BY_PRIVATE);
        assert_eq!(by(&[SEED]).unwrap(), BY_PRIVATE);
        assert_eq!(by(&[PRIVATE, SECRET]).unwrap(), format!("{BY_PRIVATE} {BY_SECRET}"));
        assert_eq!(by(&[SECRET, SEED, SECRET]).unwrap(), format!("{BY_SECRET} {BY_PRIVATE} {BY_SECRET}"));
        let half_a_second_later = AT + jiff::SignedDuration::from_millis(500);
        assert_eq!(sign(ID, half_a_second_later, BODY, [SECRET].into_iter()).unwrap(), BY_SECRET);
    }

    #[test]
    fn everything_that_is_signed_counts() {
        let all =
            |id: &str, at: Timestamp, body: &[u8], key: &str| sign(id, at, body, [key].into_iter()).unwrap();
        let later = AT + jiff::SignedDuration::from_secs(1);
        for (key, expected) in [(SECRET, BY_SECRET), (PRIVATE, BY_PRIVATE)] {
            assert_ne!(all("msg_other", AT, BODY, key), expected);
            assert_ne!(all(ID, later, BODY, key), expected);
            assert_ne!(all(ID, AT, b"{}", key), expected);
        }
    }

    #[test]
    fn receivers_take_it() {
        let request = RawRequest { body: BODY.to_vec(), ..RawRequest::post("application/json", "") }
            .with("webhook-id", ID)
            .with("webhook-timestamp", AT.as_second().to_string())
            .with("webhook-signature", by(&[SECRET, SEED]).unwrap());
        let headers = WebhookHeaders::of(&request, &[STANDARD]).unwrap();
        let text = headers.text(&request.body);
        let secret = secret_bytes(SECRET).unwrap();
        assert!(V1_MAC.verify_any(&request, [&secret], &text, headers.signatures(V1)).is_ok());
        let raw = bytes_behind(PUBLIC_PREFIX, &public_key(SEED).unwrap()).unwrap();
        let key = PublicKey::from_raw(Scheme::Ed25519, &raw).unwrap();
        let given = headers.signatures(V1A).next().unwrap();
        assert!(key.verify_text(&request, &text, given, Encoding::Base64).is_ok());
    }

    #[test]
    fn the_public_half_of_a_private_key() {
        assert_eq!(public_key(PRIVATE).as_deref(), Some(PUBLIC));
        assert_eq!(public_key(SEED).as_deref(), Some(PUBLIC));
        let bare = PRIVATE.strip_prefix(PRIVATE_PREFIX).unwrap();
        for other in ["", "whsk_", "whsk_AQID", bare, PUBLIC, SECRET, &PRIVATE[..PRIVATE.len() - 4]] {
            assert_eq!(public_key(other), None, "{other}");
        }
        // The seed of one key with the public half of another.
        let mixed = PRIVATE.replace("VKIDij2HKp", "VKIDij2HKq");
        assert_eq!(public_key(&mixed), None);
    }

    #[test]
    fn t_a06_empty_or_missing_secret_signs_nothing() {
        assert_eq!(by(&[]).unwrap_err(), "secret_unusable");
        let bare = SECRET.strip_prefix(SECRET_PREFIX).unwrap();
        let mixed = PRIVATE.replace("VKIDij2HKp", "VKIDij2HKq");
        for wrong in [
            "",
            "whsec_",
            "whsec_====",
            "whsec_*",
            bare,
            PUBLIC,
            "whpk_",
            "WHSEC_AQID",
            " whsec_AQID",
            "whsk_",
            "whsk_AQID",
            "whsk_*",
            &mixed,
        ] {
            assert_eq!(by(&[wrong]).unwrap_err(), "secret_unusable", "{wrong}");
            assert_eq!(by(&[SECRET, wrong]).unwrap_err(), "secret_unusable", "{wrong}");
        }
    }

    #[test]
    fn t_a16_joined_fields_collide_only_with_dots_in_them() {
        for wrong in ["", "msg.1", &"m".repeat(129)] {
            let code = sign(wrong, AT, BODY, [SECRET].into_iter()).unwrap_err().code;
            assert_eq!(code, "field_malformed", "{wrong}");
        }
    }

    #[test]
    fn no_reason_holds_a_piece_of_a_key() {
        let mixed = PRIVATE.replace("VKIDij2HKp", "VKIDij2HKq");
        for key in ["whsec_AQIDBAUGBw*", "whsk_AQIDBAUGBw", "whsk_AQIDBAUGBw*", &mixed] {
            let detail = sign(ID, AT, BODY, [key].into_iter()).unwrap_err().detail;
            assert!(!detail.contains("AQID") && !detail.contains("6Xb"), "{detail}");
        }
    }
}
