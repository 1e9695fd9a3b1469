//! Proofs that only look like one: checksums that anybody can make, tokens with claims, signatures inside of XML.

#![allow(clippy::unwrap_used, reason = "everything here is a test")]

use ipnd_core::{Currency, Environment, Event, Money};
use ipnd_gateways::drive::{Decided, decide_played};
use ipnd_gateways::kit::mac::Algorithm;
use ipnd_gateways::{ALL, Proof, RawRequest, Settings, Told, find};
use jiff::Timestamp;
use std::collections::BTreeMap;

const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

fn custom(description: &str, secrets: &str) -> Result<Settings, String> {
    let mut values = BTreeMap::from([("description".to_owned(), description.to_owned())]);
    if !secrets.is_empty() {
        values.insert("secrets".to_owned(), secrets.to_owned());
    }
    let table = find("custom").unwrap().settings;
    Settings::check(table, Environment::Live, values).map_err(|problems| format!("{problems:?}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A description in which the “signature” is a digest of what everybody can read.
#[test]
fn t_a14_checksum_without_a_secret() {
    let description = r#"
        [message]
        sender = "checksums"
        format = "json"
        [proof]
        by = "digest"
        algorithm = "sha256"
        encoding = "hex"
        header = "x-checksum"
        signed = "{body}"
        [fields]
        type = "type"
        transaction = "id"
        order = "order"
        amount = "amount"
        amount_in = "major"
        currency = "currency"
        identity = ["id"]
        [events]
        "paid" = "payment.completed"
    "#;
    let body = r#"{"type":"paid","id":"T1","order":"A-1","amount":"19.95","currency":"EUR"}"#;
    let checksum = hex(&Algorithm::Sha256.compute(&[], &[body.as_bytes()]));
    let request = RawRequest::post("application/json", body).with("x-checksum", checksum);
    for secrets in ["", "a-secret-that-is-not-in-the-text"] {
        let Ok(settings) = custom(description, secrets) else { continue };
        if let Decided::Genuine(read) = decide_played(find("custom").unwrap(), &request, &settings, NOW, &[])
        {
            assert_ne!(read.proof, Proof::Strong, "{read:?}");
        }
    }
}

/// No gateway here takes tokens with claims, so none may be taken in by one, whatever it claims and however it is
/// signed: with nothing, or by HMAC with the very secret of the account.
#[test]
fn t_a22_token_claims_not_checked() {
    let encode = |text: &[u8]| data_encoding::BASE64URL_NOPAD.encode(text);
    for gateway in ALL {
        let settings = Settings::sample(gateway.settings);
        let told = gateway.tells.iter().find_map(|kind| {
            let mut event = Event::new(*kind, "claims", Environment::Sandbox);
            event.transaction = Some("T1001".into());
            event.parent = Some("T1000".into());
            event.order_ref = Some("A-1".into());
            event.subscription = Some("S1".into());
            event.amount = Some(Money::from_minor(1995, Currency::from_code("EUR").unwrap()));
            let request = (gateway.compose)(&event, &settings, NOW).ok()?;
            Some(Told { event, request })
        });
        let Some(told) = told else { continue };
        let forged = RawRequest { body: [&told.request.body[..], b" "].concat(), ..told.request.clone() };
        let claims = encode(br#"{"iss":"gateway","aud":"shop","iat":1789999990,"exp":1790000990}"#);
        let secrets = settings.values().values().cloned();
        for (algorithm, secret) in
            [("none", String::new())].into_iter().chain(secrets.map(|secret| ("HS256", secret)))
        {
            let head = encode(format!(r#"{{"alg":"{algorithm}","typ":"JWT"}}"#).as_bytes());
            let text = format!("{head}.{claims}");
            let mac = Algorithm::HmacSha256.compute(secret.as_bytes(), &[text.as_bytes()]);
            let token = format!("{text}.{}", if algorithm == "none" { String::new() } else { encode(&mac) });
            for (place, _) in forged.headers.iter().enumerate() {
                for value in [token.clone(), format!("Bearer {token}")] {
                    let mut bent = forged.clone();
                    bent.headers[place].1 = value;
                    must_not_be_believed(gateway.id, &bent, &settings, &told);
                }
            }
            must_not_be_believed(
                gateway.id,
                &forged.clone().with("authorization", format!("Bearer {token}")),
                &settings,
                &told,
            );
        }
    }
}

fn must_not_be_believed(id: &str, request: &RawRequest, settings: &Settings, told: &Told) {
    let gateway = find(id).unwrap();
    let decided = decide_played(gateway, request, settings, NOW, std::slice::from_ref(told));
    if let Decided::Genuine(read) = decided {
        // A space behind a message may mean nothing; then it says what the genuine one says, by its own proof.
        let is_other = read.events.iter().any(|event| event.amount != told.event.amount);
        assert!(read.proof != Proof::Strong || !is_other, "{id}: {read:?}");
    }
}

/// A signature in the message's own XML is text like any other: nothing reads it, so nothing can be moved in or out
/// of what it covers.
#[test]
fn t_b16_xml_signature_wrapping() {
    let description = r#"
        [message]
        sender = "xml"
        format = "xml"
        [proof]
        by = "hmac"
        algorithm = "sha256"
        encoding = "hex"
        header = "x-signature"
        [fields]
        type = "type"
        transaction = "id"
        order = "order"
        amount = "amount"
        amount_in = "major"
        currency = "currency"
        identity = ["id"]
        [events]
        "paid" = "payment.completed"
    "#;
    let secret = "the-secret-of-this-test";
    let settings = custom(description, secret).unwrap();
    let gateway = find("custom").unwrap();
    let inner =
        "<type>paid</type><id>T1</id><order>A-1</order><amount>19.95</amount><currency>EUR</currency>";
    let signature = "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><SignedInfo><Reference URI=\"#a\"/>\
                     </SignedInfo><SignatureValue>AAAA</SignatureValue></Signature>";
    let sign = |body: &str| hex(&Algorithm::HmacSha256.compute(secret.as_bytes(), &[body.as_bytes()]));
    let decide = |body: &str, signature: Option<String>| {
        let request = RawRequest::post("application/xml", body);
        let request = match signature {
            Some(signature) => request.with("x-signature", signature),
            None => request,
        };
        decide_played(gateway, &request, &settings, NOW, &[])
    };
    let genuine = format!("<message id=\"a\">{inner}</message>");
    assert!(matches!(decide(&genuine, Some(sign(&genuine))), Decided::Genuine(_)));
    for wrapped in [
        format!("<message id=\"a\">{inner}{signature}</message>"),
        format!("<message><wrapper id=\"a\">{inner}</wrapper>{signature}<amount>0.01</amount></message>"),
        format!("<message>{signature}<message id=\"a\">{inner}</message></message>"),
    ] {
        assert!(!matches!(decide(&wrapped, None), Decided::Genuine(_)), "{wrapped}");
        assert!(!matches!(decide(&wrapped, Some(sign(&genuine))), Decided::Genuine(_)), "{wrapped}");
    }
    // Two amounts, one of them deeper or doubled: the one at its path counts, and a doubled one is refused.
    let doubled = format!("<message>{inner}<amount>0.01</amount></message>");
    if let Decided::Genuine(read) = decide(&doubled, Some(sign(&doubled))) {
        assert!(read.events.is_empty(), "{read:?}");
    }
}
