use super::*;

fn request() -> RawRequest {
    RawRequest::post("text/plain", "what was signed")
}

/// Every scheme that can be played, with its published keys.
fn playable() -> [(Scheme, &'static str, &'static str); 6] {
    [
        (Scheme::RsaSha1, published::RSA_PRIVATE, published::RSA_PUBLIC),
        (Scheme::RsaSha256, published::RSA_PRIVATE, published::RSA_PUBLIC),
        (Scheme::RsaSha512, published::RSA_PRIVATE, published::RSA_PUBLIC),
        (Scheme::EcdsaP256Sha256, published::P256_PRIVATE, published::P256_PUBLIC),
        (Scheme::EcdsaP256Sha256Fixed, published::P256_PRIVATE, published::P256_PUBLIC),
        (Scheme::Ed25519, published::ED25519_PRIVATE, published::ED25519_PUBLIC),
    ]
}

fn code<T>(result: Result<T, Reason>) -> String {
    result.map(|_| "fine").map_or_else(|reason| reason.code, str::to_owned)
}

#[test]
fn what_is_signed_is_verified_and_signing_knows_no_chance() {
    for (scheme, private, public) in playable() {
        let signing = SigningKey::from_pem(scheme, private).unwrap();
        let public = PublicKey::from_pem(scheme, public).unwrap();
        let signed = signing.sign(&[b"what ", b"was signed"]).unwrap();
        assert_eq!(signed, signing.sign(&[b"what was signed"]).unwrap(), "{scheme:?}");
        assert_eq!(public.scheme(), scheme);
        let request = request();
        for key in [&public, &signing.public().unwrap()] {
            let verified = key.verify(&request, &[&request.body], &signed).unwrap();
            assert_eq!(verified.body(), request.body);
            assert_eq!(code(key.verify(&request, &[b"other"], &signed)), "signature_wrong", "{scheme:?}");
        }
        let text = Encoding::Base64.encode(&signed);
        assert_eq!(code(public.verify_text(&request, &[&request.body], &text, Encoding::Base64)), "fine");
    }
}

#[test]
fn t_a05_short_signature_compares_equal_for_no_scheme() {
    for (scheme, private, public) in playable() {
        let key = PublicKey::from_pem(scheme, public).unwrap();
        let request = request();
        let good = SigningKey::from_pem(scheme, private).unwrap().sign(&[&request.body]).unwrap();
        for length in 0..good.len() {
            assert!(key.verify(&request, &[&request.body], &good[..length]).is_err(), "{scheme:?} {length}");
        }
        assert!(key.verify(&request, &[&request.body], &[&good[..], &[0]].concat()).is_err());
        assert!(key.verify(&request, &[&request.body], &[&[0], &good[..]].concat()).is_err());
        for text in ["", "=", "null", "é", &Encoding::Base64.encode(&good)[1..], &"A".repeat(1_000_000)] {
            let verified = key.verify_text(&request, &[&request.body], text, Encoding::Base64);
            assert_eq!(code(verified), "signature_malformed", "{scheme:?}");
        }
    }
}

/// The header of a message, or whoever pasted the key, must not decide what is computed with it.
#[test]
fn t_a07_sender_chooses_the_algorithm() {
    use crate::kit::mac::{Algorithm, Mac};
    let request = request();
    for (scheme, _, public) in playable() {
        let key = PublicKey::from_pem(scheme, public).unwrap();
        // HMAC with the public key, as JWT libraries have taken it.
        for algorithm in
            [Algorithm::HmacSha1, Algorithm::HmacSha256, Algorithm::HmacSha512, Algorithm::Sha256]
        {
            for secret in [public.as_bytes(), public.trim().as_bytes()] {
                let forged = Mac::new(algorithm, Encoding::Base64).sign(secret, &[&request.body]);
                let verified = key.verify_text(&request, &[&request.body], &forged, Encoding::Base64);
                assert!(verified.is_err(), "{scheme:?} {algorithm:?}");
            }
        }
        // The same key pair under every other scheme.
        for (other, other_private, other_public) in playable() {
            if other == scheme {
                continue;
            }
            let signed = SigningKey::from_pem(other, other_private).unwrap().sign(&[&request.body]).unwrap();
            assert!(key.verify(&request, &[&request.body], &signed).is_err(), "{scheme:?} {other:?}");
            if other_public != public {
                assert_eq!(code(PublicKey::from_pem(scheme, other_public)), "key_unusable", "{scheme:?}");
                assert!(SigningKey::from_pem(scheme, other_private).is_err(), "{scheme:?}");
            }
        }
    }
    assert!(must_be_named("SHA256withRSA", &["SHA256withRSA"]).is_ok());
    for named in ["", "none", "SHA1withRSA", "HS256", "sha256withrsa", " SHA256withRSA", "SHA256withRSA\0"] {
        assert_eq!(code(must_be_named(named, &["SHA256withRSA"])), "algorithm_refused", "{named}");
    }
}

#[test]
fn keys_are_read_as_dashboards_show_them_and_nothing_else_is_a_key() {
    let pem = published::P256_PUBLIC;
    let one_line: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    for text in [pem, &one_line, &format!("  {one_line}\n"), &pem.replace('\n', "\r\n")] {
        assert_eq!(code(PublicKey::from_pem(Scheme::EcdsaP256Sha256, text)), "fine", "{text}");
    }
    let der = data_encoding::BASE64.decode(one_line.as_bytes()).unwrap();
    assert_eq!(code(PublicKey::from_raw(Scheme::EcdsaP256Sha256, &der[26..])), "fine");
    let half = &one_line[..40];
    let certificate = pem.replace("PUBLIC KEY", "CERTIFICATE");
    for text in ["", "secret", "-----", half, &certificate, published::P256_PRIVATE, &"A".repeat(100_000)] {
        assert_eq!(code(PublicKey::from_pem(Scheme::EcdsaP256Sha256, text)), "key_unusable", "{text:.40}");
    }
    assert_eq!(code(PublicKey::from_spki(Scheme::EcdsaP256Sha256, &der[26..])), "key_unusable");
    assert_eq!(code(PublicKey::from_spki(Scheme::EcdsaK256Sha256, &der)), "key_unusable");
    assert_eq!(code(PublicKey::from_raw(Scheme::Ed25519, &[7; 31])), "key_unusable");
}
