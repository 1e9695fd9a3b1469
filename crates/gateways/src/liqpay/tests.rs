//! Tests of LiqPay.

use super::*;
use crate::Outcome;

fn receive_with(body: &str, values: &[(&str, &str)]) -> Result<Interpretation, String> {
    let values = values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let settings = Settings::check(SETTINGS, Environment::Live, values).unwrap();
    let request = RawRequest::post("application/x-www-form-urlencoded", body);
    match receive(&request, &settings, Timestamp::UNIX_EPOCH) {
        Received::Proven(interpretation) => Ok(interpretation),
        Received::Refused(reason) => Err(reason.code),
        other => panic!("{other:?}"),
    }
}

fn signed(payment: &str, algorithm: Algorithm) -> String {
    let (key, data) = (b"secret-key".as_slice(), BASE64.encode(payment.as_bytes()));
    let signature = Mac::new(algorithm, Encoding::Base64).sign(key, &[key, data.as_bytes(), key]);
    form_urlencoded::Serializer::new(String::new())
        .append_pair("data", &data)
        .append_pair("signature", &signature)
        .finish()
}

#[test]
fn t_a07_sender_chooses_the_algorithm_between_these_two_only_and_not_at_all_once_sha_1_is_refused() {
    let payment = r#"{"action":"pay","status":"success","payment_id":1,"amount":1,"currency":"UAH"}"#;
    let (any, strict) = (vec![("private_key", "secret-key")], [("refuse_sha1", "yes")]);
    let strict = [&any[..], &strict].concat();
    let code = |algorithm, values: &[_]| receive_with(&signed(payment, algorithm), values).err();
    assert_eq!(code(Algorithm::Sha3_256, &any), None);
    assert_eq!(code(Algorithm::Sha1, &any), None);
    assert_eq!(code(Algorithm::Sha3_256, &strict), None);
    assert_eq!(code(Algorithm::Sha1, &strict).as_deref(), Some("algorithm_refused"));
    for other in [Algorithm::Md5, Algorithm::Sha384, Algorithm::Sha512] {
        assert_eq!(code(other, &any).as_deref(), Some("signature_malformed"), "{other:?}");
    }
    // As long as SHA3-256, and not it.
    assert_eq!(code(Algorithm::Sha256, &any).as_deref(), Some("signature_wrong"));
}

#[test]
fn t_b10_type_confusion() {
    let read = |payment: &str| {
        let read = receive_with(&signed(payment, Algorithm::Sha3_256), &[("private_key", "secret-key")]);
        read.unwrap()
    };
    let with = |field: &str, value: &str| {
        let mut fields = vec![
            ("action", r#""pay""#),
            ("status", r#""success""#),
            ("payment_id", "1"),
            ("amount", "1"),
            ("currency", r#""UAH""#),
        ];
        fields.retain(|(name, _)| *name != field);
        fields.push((field, value));
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        read(&format!("{{{}}}", fields.join(",")))
    };
    assert_eq!(with("amount", "1.50").events.len(), 1);
    for value in ["true", "[]", "{}", "\"0e1\"", "1e2", "\"1,00\"", "\"NaN\"", "1.005", "-1"] {
        assert_eq!(with("amount", value).events, [], "{value}");
    }
    for value in ["true", "[]", "{}", "0", "null", "\"UAHX\""] {
        assert_eq!(with("currency", value).events, [], "{value}");
        assert_eq!(with("status", value).events, [], "{value}");
        assert_eq!(with("action", value).events, [], "{value}");
    }
    for value in ["[]", "{}", "null", "\"\""] {
        assert_eq!(with("payment_id", value).events, [], "{value}");
    }
}

#[test]
fn a_refusal_says_nothing() {
    let request = RawRequest::post("text/plain", "x");
    let settings = Settings::sample(SETTINGS);
    let reply = (GATEWAY.reply)(&request, &settings, Outcome::Refused, Timestamp::UNIX_EPOCH);
    assert_eq!((reply.status, reply.body.as_str()), (400, ""));
}
