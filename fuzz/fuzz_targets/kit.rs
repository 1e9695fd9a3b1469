//! One mechanism of the kit with any input. `IPND_FUZZ` names it.

#![no_main]

use ipnd_core::Currency;
use ipnd_gateways::RawRequest;
use ipnd_gateways::kit::mac::{self, Algorithm, Encoding, Mac};
use ipnd_gateways::kit::asymmetric::{PublicKey, Scheme, published};
use ipnd_gateways::kit::{amount, charset, cipher, dates, form, json, mapping, signed_time, time, token, x509, xml};
use jiff::Timestamp;
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static MECHANISM: LazyLock<String> =
    LazyLock::new(|| std::env::var("IPND_FUZZ").expect("IPND_FUZZ names a mechanism"));

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    match MECHANISM.as_str() {
        "form" => {
            let _ = form::readable(input, "charset");
        }
        "json" => {
            if let Ok(json) = json::Json::parse(input) {
                let again = json.to_string();
                let read = json::Json::parse(again.as_bytes()).expect("what was read can be written and read");
                assert_eq!(read, json);
                let _ = json.sorted();
            }
        }
        "mac" => {
            let request = RawRequest::post("text/plain", input);
            for encoding in [Encoding::HexLower, Encoding::HexUpper, Encoding::Base64, Encoding::Base64Url] {
                let mac = Mac::new(Algorithm::HmacSha256, encoding);
                let given = mac::parts(&text, ',').map(|(_, value)| value);
                assert!(mac.verify_any(&request, ["a secret"], &[input], given).is_err());
            }
        }
        "signed_time" => {
            let _ = signed_time::USUAL.check_either_unit(&text, Timestamp::UNIX_EPOCH);
        }
        "amount" => {
            for code in ["EUR", "JPY", "KWD"] {
                let currency = Currency::from_code(code).expect("a currency");
                for read in [amount::decimal(&text, currency), amount::minor(&text, currency)].into_iter().flatten() {
                    assert_eq!(amount::decimal(&read.decimal(), currency), Ok(read));
                }
            }
        }
        "dates" => {
            let _ = (dates::parse(&text), time::rfc3339(&text), time::seconds(&text), time::milliseconds(&text));
        }
        "charset" => {
            let (label, rest) = input.split_at(input.len().min(12));
            let _ = charset::decoded(charset::by_label(label), rest);
        }
        "token" => {
            let request = RawRequest::post("text/plain", "").with("authorization", text.as_ref());
            assert!(token::verify_basic(&request, "user", "a secret nobody guesses").is_err());
        }
        "xml" => {
            if let Ok(xml) = xml::Xml::parse(input) {
                let _ = (xml.text("a/b"), xml.single("a"));
            }
        }
        "asymmetric" => {
            let keys = [
                (Scheme::RsaSha256, published::RSA_PUBLIC),
                (Scheme::EcdsaP256Sha256, published::P256_PUBLIC),
                (Scheme::Ed25519, published::ED25519_PUBLIC),
            ];
            let request = RawRequest::post("text/plain", "what nobody signed");
            for (scheme, pem) in keys {
                let key = PublicKey::from_pem(scheme, pem).expect("a published key");
                assert!(key.verify_text(&request, &[&request.body], &text, Encoding::Base64).is_err());
                assert!(key.verify(&request, &[&request.body], input).is_err());
                let _ = PublicKey::from_pem(scheme, &text);
                let _ = PublicKey::from_spki(scheme, input);
            }
        }
        "x509" => {
            let _ = x509::Roots::from_pem(&[&text]);
            let address = x509::Address { hosts: &["api.example.com"], path: "/certs/" };
            if address.check(&text).is_ok() {
                assert!(text.starts_with("https://api.example.com/certs/") || text.starts_with("https://api.example.com:443/certs/"));
            }
        }
        "cipher" => {
            let (key, rest) = input.split_at(input.len().min(16));
            let (vector, content) = rest.split_at(rest.len().min(16));
            let _ = cipher::open(key, vector, content);
        }
        "mapping" => {
            let (path, content) = text.split_once('\n').unwrap_or((&text, "{}"));
            if let (Ok(path), Ok(content)) = (mapping::Path::parse(path), json::Json::parse(content.as_bytes())) {
                let _ = (path.find(&content), path.is_repeated(&content));
            }
        }
        other => panic!("there is no mechanism called {other}"),
    }
});
