//! What surrounds the content of every message: charset, signature, headers, encoding.

use super::{Composer, Fields};
use crate::RawRequest;
use crate::kit::charset;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use encoding_rs::Encoding;
use ipnd_core::Environment;
use sha2::{Digest, Sha256};

impl Composer<'_> {
    /// The same in every message, then the form in the account's charset and the headers of PayPal's sender.
    pub(super) fn request(mut self) -> RawRequest {
        let text: String = self.fields.iter().map(|(_, value)| value.as_str()).collect();
        let label = charset::label_for(&text);
        let digest = Sha256::digest(format!("{}\n{text}", self.event.identity));
        self.put("charset", label);
        self.put("notify_version", "3.9");
        if self.event.environment == Environment::Sandbox {
            self.put("test_ipn", "1");
        }
        self.put(
            "verify_sign",
            format!("A{}", BASE64URL_NOPAD.encode(&[&digest[..], &digest[..9]].concat())),
        );
        self.put("ipn_track_id", self.track_id(&digest));
        let encoding = charset::by_label(label.as_bytes());
        RawRequest {
            method: "POST".to_owned(),
            query: String::new(),
            headers: vec![
                ("user-agent".to_owned(), "PayPal IPN ( https://www.paypal.com/ipn )".to_owned()),
                ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ],
            body: encoded(&self.fields, encoding),
        }
    }

    /// Thirteen hexadecimal digits: those in the identity where they tell events apart, else derived.
    fn track_id(&self, digest: &[u8]) -> String {
        let last = self.event.identity.rsplit('/').next().unwrap_or_default();
        let is_track_id =
            (12..=13).contains(&last.len()) && last.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_track_id { last.to_owned() } else { HEXLOWER.encode(digest)[..13].to_owned() }
    }
}

fn encoded(fields: &Fields, encoding: &'static Encoding) -> Vec<u8> {
    let pairs = fields.iter().map(|(name, value)| {
        let (bytes, _, _) = encoding.encode(value);
        let value: String = form_urlencoded::byte_serialize(&bytes).collect();
        format!("{name}={value}")
    });
    pairs.collect::<Vec<String>>().join("&").into_bytes()
}
