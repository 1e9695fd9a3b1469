//! Every mechanism that can be described, and everything that can be described wrongly.

use super::*;
use crate::kit::asymmetric::published;
use crate::kit::{amount, mac};
use ipnd_core::{Customer, Environment, Money};
use std::collections::BTreeMap;

const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

const FIELDS: &str = r#"
[fields]
type = "type"
order = "order"
transaction = "id"
amount = "amount"
amount_in = "major"
currency = "currency"
customer_name = "name"

[events]
paid = "payment.completed"
back = "refund.completed"
"#;

/// A description of one mechanism, over this format.
fn described_by(format: &str, proof: &str) -> String {
    format!("[message]\nsender = \"tea\"\nformat = \"{format}\"\n[proof]\n{proof}\n{FIELDS}")
}

fn settings_of(description: &str, public_key: &str) -> Settings {
    let values = [
        ("description", description),
        ("secrets", "oolong-and-sencha\nan older one"),
        ("public_key", public_key),
    ];
    let values: BTreeMap<String, String> =
        values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Settings::check(settings::SETTINGS, Environment::Sandbox, values).unwrap()
}

fn paid() -> Event {
    Event {
        order_ref: Some("A-1001".to_owned()),
        transaction: Some("t7".to_owned()),
        amount: Some(Money::from_minor(2599, amount::currency("EUR").unwrap())),
        customer: Customer { name: Some("Jörg Müller".to_owned()), ..Customer::default() },
        status: Some("paid".to_owned()),
        ..Event::new(
            EventKind::PaymentCompleted,
            "payment.completed/tea/t7/paid/25.99 EUR",
            Environment::Sandbox,
        )
    }
}

/// Every mechanism, with what it is worth.
fn mechanisms() -> Vec<(&'static str, String, &'static str, Proof)> {
    let all = "names = [\"type\", \"order\", \"id\", \"amount\", \"currency\"]\n";
    let some = "names = [\"type\", \"order\", \"id\", \"amount\"]\n";
    let digest = |rest: &str| {
        format!(
            "by = \"digest\"\nalgorithm = \"sha256\"\nencoding = \"hex\"\nfield = \"sign\"\n[proof.fields]\n{rest}"
        )
    };
    let hmac = |rest: &str| {
        format!("by = \"hmac\"\nalgorithm = \"sha512\"\nencoding = \"base64\"\nheader = \"X-Sign\"\n{rest}")
    };
    let key = |scheme: &str| {
        format!("by = \"signature\"\nalgorithm = \"{scheme}\"\nencoding = \"base64\"\nheader = \"X-Sign\"")
    };
    use Proof::{Strong, Weak};
    vec![
        ("hmac over the body", hmac(""), "", Strong),
        ("hmac in the address", hmac("").replace("header = \"X-Sign\"", "query = \"sign\""), "", Strong),
        ("hmac with a time beside it", hmac("part = \"v1\"\nsigned = \"{time}.{body}\"\n[proof.time]\npart = \"t\""), "", Strong),
        ("hmac with a time in a header", hmac("signed = \"{body}/{time}\"\n[proof.time]\nheader = \"X-Time\"\nunit = \"milliseconds\""), "", Strong),
        ("hmac of a header alone", hmac("signed = \"{time}\"\n[proof.time]\nheader = \"X-Time\""), "", Weak),
        ("hmac over all fields", hmac("[proof.fields]\nall = true\nwith_names = true\nbetween = \"&\""), "", Strong),
        ("hmac over values without names", hmac("[proof.fields]\nall = true\nbetween = \"&\""), "", Weak),
        ("digest over fields", digest(&format!("{all}between = \"|\"")), "", Strong),
        ("digest over fields, secret around", digest(&format!("{all}between = \"|\"\nsecret = \"both\"")), "", Strong),
        ("digest over fields, secret everywhere", digest(&format!("{all}secret = \"each\"")), "", Strong),
        ("digest over fields, secret in front", digest(&format!("{all}between = \"|\"\nsecret = \"first\"")), "", Weak),
        ("the same with SHA-3", digest(&format!("{all}between = \"|\"\nsecret = \"first\"")).replace("sha256", "sha3-256"), "", Strong),
        ("digest without borders", digest(all), "", Weak),
        ("digest with values that move up", digest(&format!("{all}between = \"|\"\nskip_empty = true")), "", Weak),
        ("digest without the currency", digest(&format!("{some}between = \"|\"")), "", Weak),
        ("digest of body and secret", "by = \"digest\"\nalgorithm = \"md5\"\nencoding = \"hex-upper\"\nheader = \"X-Sign\"\nsigned = \"{body}{secret}\"".to_owned(), "", Strong),
        ("digest of secret and body", "by = \"digest\"\nalgorithm = \"md5\"\nencoding = \"hex-upper\"\nheader = \"X-Sign\"\nsigned = \"{secret}{body}\"".to_owned(), "", Weak),
        ("rsa", key("rsa-sha256"), published::RSA_PUBLIC, Strong),
        ("ecdsa", key("ecdsa-p256"), published::P256_PUBLIC, Strong),
        ("ecdsa, fixed", key("ecdsa-p256-fixed"), published::P256_PUBLIC, Strong),
        ("ed25519", key("ed25519"), published::ED25519_PUBLIC, Strong),
        ("token in a header", "by = \"token\"\nheader = \"Authorization\"\nprefix = \"Bearer \"".to_owned(), "", Weak),
        ("token in the address", "by = \"token\"\nquery = \"key\"".to_owned(), "", Weak),
        ("token in a field", "by = \"token\"\nfield = \"key\"".to_owned(), "", Weak),
        ("basic", "by = \"basic\"\nuser = \"tea\"".to_owned(), "", Weak),
    ]
}

fn received(request: &RawRequest, settings: &Settings) -> Result<Interpretation, Reason> {
    match receive(request, settings, NOW) {
        Received::Proven(interpretation) => Ok(interpretation),
        Received::Refused(reason) => Err(reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_mechanism_is_worth_what_it_proves_and_undoes_what_it_writes() {
    for (name, proof, key, worth) in mechanisms() {
        for format in ["json", "form"] {
            let settings = settings_of(&described_by(format, &proof), key);
            let request = compose(&paid(), &settings, NOW).unwrap_or_else(|error| panic!("{name}: {error}"));
            let interpretation =
                received(&request, &settings).unwrap_or_else(|reason| panic!("{name}: {reason:?}"));
            assert_eq!(interpretation.events, [paid()], "{name}, {format}");
            assert_eq!(interpretation.proof, worth, "{name}");
        }
    }
}

#[test]
fn i07_what_is_strong_moves_no_other_money_when_a_byte_of_it_changes() {
    for (name, proof, key, worth) in mechanisms() {
        let settings = settings_of(&described_by("json", &proof), key);
        let request = compose(&paid(), &settings, NOW).unwrap();
        let essence = |event: &Event| {
            (
                event.kind,
                event.identity.clone(),
                event.order_ref.clone(),
                event.transaction.clone(),
                event.amount,
            )
        };
        for place in 0..request.body.len() {
            for flip in [1, 2, 4, 32] {
                let mut bent = request.clone();
                bent.body[place] ^= flip;
                let Ok(interpretation) = received(&bent, &settings) else { continue };
                let is_same = interpretation.events.iter().all(|event| essence(event) == essence(&paid()));
                assert!(worth == Proof::Weak || is_same, "{name}: {}", String::from_utf8_lossy(&bent.body));
                assert!(interpretation.proof == worth, "{name}");
            }
        }
        for headers in 0..request.headers.len() {
            let mut bent = request.clone();
            bent.headers.remove(headers);
            let is_proof = request.headers[headers].0 != "content-type";
            assert!(!is_proof || received(&bent, &settings).is_err(), "{name}");
        }
    }
}

#[test]
fn t_a06_empty_or_missing_secret_never_proves() {
    for (name, proof, key, _) in mechanisms() {
        let described = described_by("json", &proof);
        let request = compose(&paid(), &settings_of(&described, key), NOW).unwrap();
        let values = [("description".to_owned(), described)].into();
        let without = Settings::check(settings::SETTINGS, Environment::Sandbox, values).unwrap();
        let code = received(&request, &without).map(|_| ()).unwrap_err().code;
        assert!(["secret_unusable", "key_unusable"].contains(&code.as_str()), "{name}: {code}");
    }
}

#[test]
fn t_a15_length_extension_makes_no_strong_proof() {
    // What the generator of such extensions needs: the digest as it stands in the message is all of the state.
    let weak = described_by(
        "json",
        "by = \"digest\"\nalgorithm = \"sha256\"\nencoding = \"hex\"\nheader = \"X-Sign\"\nsigned = \"{secret}.{body}\"",
    );
    assert_eq!(Description::parse(&weak).unwrap().worth(), Proof::Weak);
    let strong = weak.replace("{secret}.{body}", "{secret}.{body}.{secret}");
    assert_eq!(Description::parse(&strong).unwrap().worth(), Proof::Strong);
}

#[test]
fn t_a16_joined_fields_collide_nowhere_where_the_proof_is_strong() {
    let proof = "by = \"digest\"\nalgorithm = \"sha256\"\nencoding = \"hex\"\nfield = \"sign\"\n[proof.fields]\n\
                 names = [\"type\", \"order\", \"id\", \"amount\", \"currency\"]\nbetween = \"|\"";
    let settings = settings_of(&described_by("json", proof), "");
    let signed = |text: &str| mac::Algorithm::Sha256.compute(&[], &[text.as_bytes()]);
    let sign = mac::Encoding::HexLower.encode(&signed("paid|A|1|2.00|EUR|oolong-and-sencha"));
    let with = |fields: &str| {
        let body = format!("{{{fields},\"amount\":\"2.00\",\"currency\":\"EUR\",\"sign\":\"{sign}\"}}");
        received(&RawRequest::post("application/json", body), &settings)
            .map(|own| own.events.len())
            .map_err(|r| r.code)
    };
    assert_eq!(with(r#""type":"paid","order":"A","id":"1""#), Ok(1));
    assert_eq!(with(r#""type":"paid","order":"A|1","id":"""#), Err("field_malformed".into()));
    assert_eq!(with(r#""type":"paid","order":"A|","id":"1""#), Err("field_malformed".into()));
    assert_eq!(with(r#""type":"paid","order":["A"],"id":"1""#), Err("duplicate_field".into()));
}

#[test]
fn t_a17_play_money_is_told_from_real_by_what_is_signed() {
    let proof = |names: &str| {
        format!(
            "by = \"hmac\"\nalgorithm = \"sha256\"\nencoding = \"hex\"\nheader = \"X-Sign\"\n[proof.fields]\n\
             names = [\"type\", \"order\", \"id\", \"amount\", \"currency\"{names}]\nbetween = \"|\""
        )
    };
    let description = |names: &str| {
        let with_flag = described_by("json", &proof(names)).replace("[events]", "test = \"test\"\n[events]");
        Description::parse(&with_flag).unwrap()
    };
    let weakness = description("").weakness();
    assert_eq!(weakness.as_deref(), Some("these fields decide, and are not signed: test"));
    assert_eq!(description(", \"test\"").weakness(), None);
}

#[test]
fn t_a07_the_published_keys_are_trusted_in_the_sandbox_only() {
    let proof = "by = \"signature\"\nalgorithm = \"ed25519\"\nencoding = \"hex\"\nheader = \"X-Sign\"";
    let settings = settings_of(&described_by("json", proof), published::ED25519_PUBLIC);
    let request = compose(&paid(), &settings, NOW).unwrap();
    assert!(received(&request, &settings).is_ok());
    let live = Settings::check(settings::SETTINGS, Environment::Live, settings.values().clone()).unwrap();
    assert_eq!(received(&request, &live).map(|_| ()).unwrap_err().code, "key_unusable");
    // The same key with other line breaks and without the lines around it.
    let bare: String = published::ED25519_PUBLIC.lines().filter(|line| !line.contains("---")).collect();
    let mut values = settings.values().clone();
    values.insert("public_key".to_owned(), format!("{} {}", &bare[..20], &bare[20..]));
    let live = Settings::check(settings::SETTINGS, Environment::Live, values).unwrap();
    assert_eq!(received(&request, &live).map(|_| ()).unwrap_err().code, "key_unusable");
}

#[test]
fn only_the_sender_can_sign_with_its_own_key() {
    let proof = "by = \"signature\"\nalgorithm = \"rsa-sha256\"\nencoding = \"base64\"\nheader = \"X-Sign\"";
    let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
    let settings = settings_of(&described_by("json", proof), &key.public_key_pem());
    let error = compose(&paid(), &settings, NOW).unwrap_err();
    assert_eq!(error.to_string(), "custom has no message for anything: only the sender has its private key");
}

#[test]
fn the_example_of_the_page_can_be_pasted() {
    let page = GATEWAY.page();
    let example = page.split("### A whole example").nth(1).and_then(|rest| rest.split("```toml\n").nth(1));
    let example = example.and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(Description::parse(example).map(|own| own.worth()), Ok(Proof::Strong));
    // Every key and every word that the page names is known, and the other way round, by what the parser itself says.
    for word in EventKind::ALL.iter().map(|kind| kind.word()) {
        assert!(page.contains(&format!("`{word}`")), "{word} is not on the page");
    }
}

/// What is wrong with a description, in which one line was replaced.
fn wrong(from: &str, to: &str) -> String {
    let good = format!(
        "[message]\nsender = \"tea\"\n\n[proof]\nby = \"hmac\"\nalgorithm = \"sha256\"\nencoding = \"hex\"\nheader = \"X-Sign\"\n{FIELDS}"
    );
    assert!(Description::parse(&good).is_ok(), "{:?}", Description::parse(&good).map(|_| ()));
    assert!(good.contains(from), "{from}");
    Description::parse(&good.replacen(from, to, 1)).map(|_| ()).unwrap_err()
}

#[test]
fn what_is_wrong_is_said_with_its_line() {
    for (from, to, expected) in [
        (
            "sender = \"tea\"",
            "",
            "line 1: message.sender is missing: one word for who it is, such as \"teapay\"",
        ),
        (
            "\"tea\"",
            "\"Tea & Co\"",
            "line 2: message.sender is one word of small letters, digits and hyphens",
        ),
        (
            "by = \"hmac\"",
            "by = \"hmca\"",
            "line 5: proof.by cannot be “hmca”; it is one of: hmac, digest, signature, token, basic",
        ),
        ("by = \"hmac\"", "", "line 4: proof.by is missing: hmac, digest, signature, token or basic"),
        (
            "algorithm = \"sha256\"",
            "",
            "line 4: proof.algorithm is missing: md5, sha1, sha256, sha384, sha512, sha3-256",
        ),
        (
            "encoding = \"hex\"",
            "encodin = \"hex\"",
            "line 4: proof.encoding is missing: hex, hex-lower, hex-upper, base64, base64url",
        ),
        (
            "header = \"X-Sign\"",
            "",
            "line 4: the place of the signature is missing: proof.header, proof.query or proof.field",
        ),
        (
            "header = \"X-Sign\"",
            "header = \"X-Sign\"\nquery = \"s\"",
            "line 9: the signature stands in one place: header, query or field",
        ),
        ("header = \"X-Sign\"", "header = \"X Sign\"", "line 8: “X Sign” is no name of a header"),
        (
            "header = \"X-Sign\"",
            "header = \"X-Sign\"\nprefx = \"v1=\"",
            "line 9: proof.prefx is not known here; do you mean proof.prefix?",
        ),
        (
            "header = \"X-Sign\"",
            "field = \"sign\"",
            "line 8: a signature inside the body cannot be one of the whole body: say in [proof.fields] what is signed",
        ),
        (
            "header = \"X-Sign\"",
            "header = \"X-Sign\"\nsigned = \"{time}.{body}\"",
            "line 8: {time} is signed, and nobody says where it stands: [proof.time]",
        ),
        (
            "header = \"X-Sign\"",
            "header = \"X-Sign\"\n[proof.time]\nheader = \"X-Time\"",
            "line 8: the time is not part of what is signed, so anybody could set it: proof.signed needs {time}",
        ),
        (
            "header = \"X-Sign\"",
            "header = \"X-Sign\"\nsigned = \"{bdy}\"",
            "line 9: {bdy} is not known in proof.signed; there are {body}, {time}, {secret}, {header:NAME} and {query:NAME}",
        ),
        (
            "header = \"X-Sign\"",
            "header = \"X-Sign\"\nsigned = \"hello\"",
            "line 9: nothing of the message is signed: {body} is missing",
        ),
        (
            "header = \"X-Sign\"",
            "header = \"X-Sign\"\nsigned = \"{body}{secret}\"",
            "line 9: {secret} is for by = \"digest\"; here the secret is the key",
        ),
        (
            "by = \"hmac\"",
            "by = \"digest\"\nsigned = \"{body}\"",
            "line 6: a plain digest proves nothing unless the secret is part of it: add {secret} where the sender puts it",
        ),
        (
            "type = \"type\"",
            "",
            "line 10: fields.type is missing: where the word stands that says what happened",
        ),
        (
            "order = \"order\"",
            "ordr = \"order\"",
            "line 10: a payment pays an order with an amount: fields.order and fields.amount are needed",
        ),
        (
            "customer_name",
            "customer_nam",
            "line 17: fields.customer_nam is not known here; do you mean fields.customer_name?",
        ),
        (
            "amount_in = \"major\"",
            "",
            "line 10: fields.amount_in is missing: \"major\" for 25.99, \"minor\" for 2599, or the number of decimal places that the sender uses in every currency",
        ),
        (
            "amount_in = \"major\"",
            "amount_in = \"cents\"",
            "line 15: fields.amount_in cannot be “cents”; it is one of: major, minor",
        ),
        (
            "amount_in = \"major\"",
            "amount_in = 19",
            "line 15: fields.amount_in has at most 18 decimal places",
        ),
        (
            "currency = \"currency\"",
            "",
            "line 10: an amount needs a currency: fields.currency, or fields.currency_always",
        ),
        (
            "currency = \"currency\"",
            "currency_always = \"euro\"",
            "line 16: “euro” is not a known currency (EUR, USD ...)",
        ),
        (
            "\"payment.completed\"",
            "\"payment.complete\"",
            "line 20: events.\"paid\": “payment.complete” is no kind of event; do you mean payment.completed?",
        ),
        (
            "\"payment.completed\"",
            "{ ok = \"payment.completed\" }",
            "line 20: events.\"paid\": the meaning depends on a status, so fields.status is needed",
        ),
        ("\"payment.completed\"", "[]", "line 20: events.\"paid\": say “nothing” for what means nothing"),
        (
            "\"payment.completed\"",
            "7",
            "line 20: events.\"paid\": the meaning is an event in quotation marks, or a list of them",
        ),
        ("[events]", "[reply.accepted]\nstatus = 302\n[events]", "line 20: the status is 200 to 299"),
        ("[events]", "[reply.refused]\nstatus = 200\n[events]", "line 20: the status is 400 to 499"),
        ("[events]", "[repply]\n[events]", "line 19: repply is not known here; do you mean reply?"),
        ("order = \"order\"", "order = \"order..id\"", "line 12: fields.order: “order..id” is no path"),
        (
            "order = \"order\"",
            "order = 7",
            "line 12: fields.order: a path is a text such as \"data.order.id\", or a list of names",
        ),
        ("order = \"order\"", "order = \"order", "line 12: invalid basic string, expected `\"`"),
    ] {
        let got = wrong(from, to);
        assert!(got.starts_with(expected), "expected {expected}\ngot      {got}");
    }
}

#[test]
fn fields_of_forms_hold_no_fields() {
    let form = described_by("form", "by = \"token\"\nquery = \"key\"");
    let fault = Description::parse(&form.replace("\"order\"", "\"a.b\"")).map(|_| ()).unwrap_err();
    assert!(fault.starts_with("line 10: a form has no fields inside fields"), "{fault}");
    assert!(fault.contains("[\"a.b\"]"), "{fault}");
    assert!(Description::parse(&form.replace("\"order\"", "[\"a.b\"]")).is_ok());
}
