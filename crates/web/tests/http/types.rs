//! T-B10: every field of every body of the API, given every JSON type.

use crate::harness::Server;
use serde_json::{Value, json};

const ORDER: &str = r#"{"reference":"A-1","currency":"EUR","items":[{"sku":"tea","name":"Tea","quantity":2,"unit_price":{"amount":"9.50","currency":"EUR"}}],"total":"19.00","customer":{"name":"Ann","email":"ann@example.com","phone":"1","address":["Harbour Lane 7"],"country":"DE"},"language":"de"}"#;
const PRODUCT: &str = r#"{"sku":"mug","name":"Mug","description":"x","price":"1.00","kind":"physical","stock":3,"access":"","is_offered":true}"#;
const ACCOUNT: &str = r#"{"gateway":"paypal-ipn","name":"x","environment":"live","settings":{"receivers":["a@example.com"]},"creates_orders":false}"#;
const CHANGE: &str = r#"{"name":"x","settings":{"receivers":["a@example.com"]},"creates_orders":false}"#;

/// One of each JSON type, and what others take for one another. Empty text is a matter of each field.
fn confusing() -> Vec<Value> {
    let mut values = vec![json!(true), json!(0), json!(1.5), json!(null), json!([]), json!({})];
    values.extend([json!("0e1"), json!("true"), json!([1]), json!({"0": "x"})]);
    values
}

/// The paths of everything in a value, as pointers (RFC 6901).
fn pointers(value: &Value, at: &str, out: &mut Vec<String>) {
    let entries: Vec<(String, &Value)> = match value {
        Value::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect()
        }
        _ => return,
    };
    for (name, value) in entries {
        let path = format!("{at}/{name}");
        pointers(value, &path, out);
        out.push(path);
    }
}

/// `/items/0/name` as the API calls it: `items[0].name`.
fn field(pointer: &str) -> String {
    pointer.split('/').skip(1).fold(String::new(), |path, part| match part.parse::<usize>() {
        Ok(index) => format!("{path}[{index}]"),
        Err(_) if path.is_empty() => part.to_owned(),
        Err(_) => format!("{path}.{part}"),
    })
}

/// Whether the field itself has to judge: the type is right, or the field is left out. An amount may be text or an
/// object, a setting text or a list.
fn may_fit(place: &str, original: &Value, instead: &Value) -> bool {
    let takes_text = ["price", "receivers"].iter().any(|name| place.ends_with(name));
    std::mem::discriminant(original) == std::mem::discriminant(instead)
        || instead.is_null()
        || (takes_text && instead.is_string())
}

#[tokio::test]
async fn t_b10_type_confusion() {
    let server = Server::start().await;
    let account = format!("/v1/accounts/{}", server.account.id);
    let bodies = [
        ("POST", "/v1/orders", ORDER),
        ("POST", "/v1/products", PRODUCT),
        ("PUT", "/v1/products/tea", PRODUCT),
        ("POST", "/v1/accounts", ACCOUNT),
        ("PUT", &account, CHANGE),
    ];
    for (method, path, body) in bodies {
        let good: Value = serde_json::from_str(body).unwrap();
        let mut places = Vec::new();
        pointers(&good, "", &mut places);
        for place in places {
            for instead in confusing() {
                let mut bad = good.clone();
                let target = bad.pointer_mut(&place).unwrap();
                let may_fit = may_fit(&place, target, &instead);
                *target = instead.clone();
                let answer = server.api(method, path, &bad.to_string()).await;
                if may_fit {
                    assert!(
                        matches!(answer.status, 200 | 201 | 409 | 422),
                        "{place} = {instead}: {}",
                        answer.text()
                    );
                    continue;
                }
                assert_eq!(answer.status, 422, "{path} {place} = {instead}: {}", answer.text());
                let named = answer.json()["errors"][0]["field"].as_str().unwrap().to_owned();
                let field = field(&place);
                // A setting is named as a whole.
                assert!(
                    named.starts_with(&field) || field.starts_with(&named),
                    "{place} = {instead}: {named}"
                );
            }
        }
    }
}

/// serde by itself reads an array as a structure, one element a field.
#[tokio::test]
async fn t_b10_a_list_is_never_an_object() {
    let server = Server::start().await;
    let order: Value = serde_json::from_str(ORDER).unwrap();
    let whole = json!(["A-1", "EUR", order["items"], "19.00", order["customer"], "de"]);
    let item = json!(["tea", "Tea", 2, {"amount": "9.50", "currency": "EUR"}]);
    let rows = [
        (whole, "body"),
        (json!({"currency": "EUR", "items": [item]}), "items[0]"),
        (json!({"currency": "EUR", "items": order["items"], "customer": []}), "customer"),
        (
            json!({"currency": "EUR", "items": order["items"], "customer": ["Ann", "ann@example.com"]}),
            "customer",
        ),
        (json!({"currency": "EUR", "items": order["items"], "total": ["19.00", "EUR"]}), "total"),
    ];
    for (body, named) in rows {
        let answer = server.api("POST", "/v1/orders", &body.to_string()).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.text());
        assert_eq!(answer.json()["errors"][0]["field"], named, "{body}");
        assert!(!answer.text().contains("struct"), "{}", answer.text());
    }
    let account = json!({"gateway": "paypal-ipn", "name": "x", "environment": "live", "settings": {"receivers": "a\u{0}b"}});
    let answer = server.api("POST", "/v1/accounts", &account.to_string()).await;
    assert_eq!((answer.status, &answer.json()["errors"][0]["field"]), (422, &json!("settings.receivers")));
}
