//! What surrounds the content of every form message: charset, version, signature, encoding, headers.

use crate::RawRequest;
use crate::kit::charset;
use data_encoding::BASE64URL_NOPAD;
use ipnd_core::{Environment, Event};
use sha2::{Digest, Sha256};

/// The variables of a message in the order in which they are sent.
pub(crate) type Fields = Vec<(String, String)>;

/// Puts what is the same in every message behind its content. The signature is opaque to everybody but PayPal; ours is
/// made from the event, so that the same event gives the same bytes. Gives the digest for what else has to be derived.
pub(crate) fn surround(fields: &mut Fields, event: &Event, version: &str) -> [u8; 32] {
    let text: String = fields.iter().map(|(_, value)| value.as_str()).collect();
    let digest: [u8; 32] = Sha256::digest(format!("{}\n{text}", event.identity)).into();
    let sign = format!("A{}", BASE64URL_NOPAD.encode(&[&digest[..], &digest[..9]].concat()));
    let test = (event.environment == Environment::Sandbox).then_some(("test_ipn", "1"));
    let common = [("charset", charset::label_for(&text)), ("notify_version", version)];
    let common = common.into_iter().chain(test).chain([("verify_sign", sign.as_str())]);
    fields.extend(common.map(|(name, value)| (name.to_owned(), value.to_owned())));
    digest
}

/// The fields as PayPal posts them, in the charset that they name.
pub(crate) fn posted(fields: &Fields) -> RawRequest {
    let label = fields.iter().find(|(name, _)| name == "charset").map(|(_, label)| label.as_str());
    let encoding = charset::by_label(label.unwrap_or_default().as_bytes());
    let pairs = fields.iter().map(|(name, value)| {
        let (bytes, _, _) = encoding.encode(value);
        let name: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
        let value: String = form_urlencoded::byte_serialize(&bytes).collect();
        format!("{name}={value}")
    });
    RawRequest {
        method: "POST".to_owned(),
        query: String::new(),
        headers: vec![
            ("user-agent".to_owned(), "PayPal IPN ( https://www.paypal.com/ipn )".to_owned()),
            ("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
        ],
        body: pairs.collect::<Vec<String>>().join("&").into_bytes(),
    }
}
