//! `/v1` as programs see it.

use crate::harness::{Answer, Server, request};
use serde_json::{Value, json};

const TEA: &str = r#"{"sku":"tea","name":"Tea","quantity":2,"unit_price":"9.50"}"#;

fn order(reference: &str) -> String {
    format!(
        r#"{{"reference":"{reference}","currency":"EUR","items":[{TEA},{{"name":"Shipping","quantity":1,"unit_price":{{"amount":"4.90","currency":"EUR"}}}}],"total":"23.90","customer":{{"name":"Zoë","email":"zoe@example.com"}},"language":"de"}}"#
    )
}

/// Asserts that the answer is a problem document, and gives it.
fn problem(answer: &Answer, status: u16, code: &str) -> Value {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    let document = answer.json();
    assert_eq!(document["type"], format!("urn:ipnd:error:{code}"), "{document}");
    assert_eq!(document["status"], status);
    assert!(document["title"].is_string() && document["detail"].is_string());
    document
}

#[tokio::test]
async fn an_order_is_registered_read_found_and_cancelled() {
    let server = Server::start().await;
    let made = server.api("POST", "/v1/orders", &order("A-1")).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let shown = made.json();
    let id = shown["id"].as_str().unwrap();
    assert_eq!(made.header("location"), Some(&*format!("/v1/orders/{id}")));
    assert_eq!(shown["total"], json!({"amount": "23.90", "currency": "EUR"}));
    assert_eq!(shown["paid"], json!({"amount": "0.00", "currency": "EUR"}));
    assert_eq!((&shown["status"], &shown["language"]), (&json!("open"), &json!("de")));
    assert_eq!(
        shown["items"][0],
        json!({"sku": "tea", "name": "Tea", "quantity": 2, "unit_price": {"amount": "9.50", "currency": "EUR"}})
    );
    let page = shown["page_url"].as_str().unwrap();
    assert!(page.starts_with(&format!("http://{}/shop/tea/order/", server.addr)), "{page}");
    assert_eq!(shown["checkout_url"], format!("{page}/pay"));
    assert_eq!(server.api("GET", &format!("/v1/orders/{id}"), "").await.json(), shown);
    assert_eq!(server.api("GET", "/v1/orders/ref:A-1", "").await.json(), shown);
    let list = server.api("GET", "/v1/orders?status=open&search=zoe", "").await.json();
    assert_eq!((&list["data"][0]["reference"], &list["next"]), (&json!("A-1"), &Value::Null));
    let cancelled = server.api("POST", &format!("/v1/orders/{id}/cancel"), "").await.json();
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(server.api("POST", "/v1/orders/ref:A-1/cancel", "").await.json(), cancelled, "twice is once");
}

#[tokio::test]
async fn what_is_paid_cannot_be_cancelled() {
    let server = Server::start().await;
    server.api("POST", "/v1/orders", &order("A-1")).await;
    server.is_paid("A-1", "23.90").await;
    let refused = server.api("POST", "/v1/orders/ref:A-1/cancel", "").await;
    let document = problem(&refused, 409, "conflict");
    assert!(document["detail"].as_str().unwrap().contains("refund it at the gateway"), "{document}");
    let kept = server.api("GET", "/v1/orders/ref:A-1", "").await.json();
    assert_eq!((&kept["status"], &kept["cancelled_at"]), (&json!("paid"), &Value::Null));
}

#[tokio::test]
async fn the_same_order_sent_again_is_the_same_order() {
    let server = Server::start().await;
    let first = server.api("POST", "/v1/orders", &order("A-1")).await;
    let again = server.api("POST", "/v1/orders", &order("A-1")).await;
    assert_eq!((first.status, again.status), (201, 200));
    assert_eq!(first.json(), again.json());
    let other = order("A-1").replace("9.50", "9.60").replace("23.90", "24.10");
    problem(&server.api("POST", "/v1/orders", &other).await, 409, "conflict");
    let without = order("A-1").replace(r#""reference":"A-1","#, "");
    let one = server.api("POST", "/v1/orders", &without).await.json();
    let two = server.api("POST", "/v1/orders", &without).await.json();
    assert_ne!(one["reference"], two["reference"], "each takes the next number");
}

#[tokio::test]
async fn mistakes_in_an_order_are_named_by_field() {
    let server = Server::start().await;
    let good = order("A-1");
    let rows = [
        (good.replace(r#""9.50""#, "9.50"), "items[0].unit_price"),
        (good.replace(r#""9.50""#, "9"), "items[0].unit_price"),
        (good.replace(r#""9.50""#, r#""9,50""#), "items[0].unit_price"),
        (good.replace(r#""9.50""#, r#""9.505""#), "items[0].unit_price"),
        (good.replace(r#""4.90","currency":"EUR""#, r#""4.90","currency":"USD""#), "items[1].unit_price"),
        (good.replace(r#""23.90""#, r#""23.91""#), "total"),
        (good.replace(r#""currency":"EUR","items""#, r#""currency":"eur","items""#), "currency"),
        (good.replace(r#""quantity":2"#, r#""quantity":0"#), "items"),
        (good.replace(r#""quantity":2"#, r#""quantity":1.5"#), "items[0].quantity"),
        (good.replace(r#""quantity":2"#, r#""quantity":-1"#), "items[0].quantity"),
        (good.replace(r#""de""#, r#""fr""#), "language"),
        (good.replace(r#""name":"Tea""#, r#""name":"""#), "items[0].name"),
        (good.replace("A-1", ""), "reference"),
        (good.replace("A-1", r"A\u0000"), "reference"),
        (good.replace("Zoë", r"Z\r\nBcc: x"), "customer.name"),
        (good.replace(r#""email""#, r#""mail""#), "customer.mail"),
        (good.replace(r#""reference""#, r#""ref""#), "ref"),
    ];
    for (body, field) in rows {
        let document = problem(&server.api("POST", "/v1/orders", &body).await, 422, "invalid");
        assert_eq!(document["errors"][0]["field"], field, "{document}");
    }
    assert_eq!(server.api("GET", "/v1/orders", "").await.json()["data"], json!([]));
}

#[tokio::test]
async fn t_b11_duplicate_json_keys() {
    let server = Server::start().await;
    let good = order("A-1");
    for body in [
        good.replacen('{', r#"{"total":"1.00","#, 1),
        good.replacen('{', r#"{"tot\u0061l":"1.00","#, 1),
        good.replace(r#""name":"Tea""#, r#""name":"Tea","unit_price":"0.01""#),
        good.replace(r#""amount":"4.90""#, r#""amount":"4.90","amount":"0.01""#),
        good.replace(r#""name":"Zoë""#, r#""name":"Zoë","name":"Eve""#),
    ] {
        problem(&server.api("POST", "/v1/orders", &body).await, 400, "malformed");
    }
    let account = r#"{"gateway":"paypal-ipn","name":"x","environment":"live","settings":{"receivers":"a@example.com","receivers":"b@example.com"}}"#;
    problem(&server.api("POST", "/v1/accounts", account).await, 400, "malformed");
}

#[tokio::test]
async fn everything_that_goes_wrong_is_a_problem_document() {
    let server = Server::start().await;
    let key = format!("Bearer {}", server.key);
    problem(&server.get("/v1/orders").await, 401, "key-missing");
    problem(
        &server.send("GET", "/v1/orders", &[("authorization", "Basic eDp5")], b"").await,
        401,
        "key-missing",
    );
    problem(&server.api_as("ipnd_key_x", "GET", "/v1/orders", "").await, 401, "key-unknown");
    for path in ["/v1", "/v1/", "/v1/nothing", "/v1/orders/", "/v1/orders/ord_1/x/y", "/v1/openapi.yaml"] {
        problem(&server.api("GET", path, "").await, 404, "no-such-route");
    }
    for path in [
        "/v1/orders/ord_999",
        "/v1/orders/17",
        "/v1/orders/acc_1",
        "/v1/orders/ref:none",
        "/v1/accounts/acc_999",
    ] {
        problem(&server.api("GET", path, "").await, 404, "not-found");
    }
    let answer = server.api("DELETE", "/v1/orders", "").await;
    problem(&answer, 405, "method-not-allowed");
    assert_eq!(answer.header("allow"), Some("GET, POST"));
    problem(&server.api("PATCH", "/v1/accounts/acc_1", "").await, 405, "method-not-allowed");
    let text = server
        .send("POST", "/v1/orders", &[("authorization", &key), ("content-type", "text/plain")], b"{}")
        .await;
    problem(&text, 415, "not-json");
    problem(&server.api("POST", "/v1/orders", "{").await, 400, "malformed");
    problem(&server.api("POST", "/v1/orders", &"[".repeat(1_000)).await, 400, "malformed");
    problem(&server.api("POST", "/v1/orders", &" ".repeat(300_000)).await, 413, "body-too-large");
    problem(&server.api("GET", "/v1/orders?limit=0", "").await, 422, "invalid");
    problem(&server.api("GET", "/v1/orders?limit=x", "").await, 400, "malformed");
    problem(&server.api("GET", "/v1/orders?colour=red", "").await, 400, "malformed");
    problem(&server.api("GET", "/v1/orders?limit=1&limit=2", "").await, 400, "malformed");
    problem(&server.api("GET", "/v1/orders?status=nice", "").await, 422, "invalid");
    problem(&server.api("GET", "/v1/orders?before=acc_1", "").await, 422, "invalid");
    server.store.limit_pages(Some(1)).await.unwrap();
    let large = order("A-1").replace("Zoë", &"x".repeat(200)).replace(TEA, &[TEA; 190].join(","));
    let large = large.replace(r#""total":"23.90","#, "");
    let mut full = server.api("POST", "/v1/orders", &large).await;
    for number in 0..50 {
        if full.status == 503 {
            break;
        }
        full = server.api("POST", "/v1/orders", &large.replace("A-1", &format!("B-{number}"))).await;
    }
    problem(&full, 503, "unavailable");
    assert_eq!(full.header("retry-after"), Some("5"));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let server = Server::start().await;
    for number in 0..5 {
        server.api("POST", "/v1/orders", &order(&format!("A-{number}"))).await;
    }
    let mut seen = Vec::new();
    let mut path = "/v1/orders?limit=2".to_owned();
    loop {
        let page = server.api("GET", &path, "").await.json();
        seen.extend(
            page["data"]
                .as_array()
                .unwrap()
                .iter()
                .map(|line| line["reference"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/v1/orders?limit=2&before={next}");
    }
    assert_eq!(seen, ["A-4", "A-3", "A-2", "A-1", "A-0"]);
    let exact = server.api("GET", "/v1/orders?limit=5", "").await.json();
    assert_eq!(exact["next"], Value::Null, "nothing follows the last one");
}

#[tokio::test]
async fn t_d14_an_absent_field_changes_nothing() {
    let server = Server::start().await;
    let made = r#"{"gateway":"paypal-ipn","name":"Shop","environment":"sandbox","creates_orders":true,"settings":{"receivers":["a@example.com","MERCHANT1"],"postback_url":"http://127.0.0.1:9/"}}"#;
    let made = server.api("POST", "/v1/accounts", made).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let made = made.json();
    let url = format!("/v1/accounts/{}", made["id"].as_str().unwrap());
    assert_eq!(made["settings"]["receivers"], json!(["a@example.com", "MERCHANT1"]));
    assert!(made["intake_url"].as_str().unwrap().starts_with(&format!("http://{}/in/", server.addr)));
    for change in ["{}", r#"{"settings":{}}"#, r#"{"name":"Shop"}"#, r#"{"creates_orders":true}"#] {
        let changed = server.api("PUT", &url, change).await;
        assert_eq!((changed.status, changed.json()), (200, made.clone()), "{change}");
    }
    let changed = server.api("PUT", &url, r#"{"settings":{"postback_url":null}}"#).await.json();
    assert_eq!(changed["settings"], json!({"receivers": ["a@example.com", "MERCHANT1"]}));
    problem(&server.api("PUT", &url, r#"{"settings":{"receivers":null}}"#).await, 422, "invalid");

    let product =
        r#"{"sku":"a/b c","name":"Tea","price":"9.50","kind":"digital","stock":5,"access":"secret"}"#;
    let made = server.api("POST", "/v1/products", product).await;
    assert_eq!(
        (made.status, made.header("location")),
        (201, Some("/v1/products/a%2Fb%20c")),
        "{}",
        made.text()
    );
    let url = "/v1/products/a%2Fb%20c";
    assert_eq!(server.api("PUT", url, "{}").await.json(), made.json());
    let changed = server.api("PUT", url, r#"{"stock":null,"price":"8.00"}"#).await.json();
    assert_eq!(
        (&changed["stock"], &changed["price"]["amount"], &changed["access"]),
        (&Value::Null, &json!("8.00"), &json!("secret"))
    );
    assert_eq!(server.api("GET", url, "").await.json(), changed);
    problem(&server.api("POST", "/v1/products", product).await, 409, "conflict");
    problem(&server.api("PUT", "/v1/products/new", "{}").await, 422, "invalid");
    problem(&server.api("PUT", url, r#"{"price":8}"#).await, 422, "invalid");
}

#[tokio::test]
async fn notifications_are_shown_with_their_proof() {
    let server = Server::start().await;
    server.notify(b"txn_id=1&memo=%E4").await;
    let list = server.api("GET", "/v1/notifications?state=waiting", "").await.json();
    let id = list["data"][0]["id"].as_str().unwrap();
    let shown = server.api("GET", &format!("/v1/notifications/{id}"), "").await.json();
    assert_eq!(shown["body_text"], "txn_id=1&memo=%E4");
    assert_eq!(shown["headers"][0], json!({"name": "host", "value": "localhost"}));
    assert_eq!(shown["check"]["state"], "waiting");
    assert!(shown["check"]["sentence"].as_str().unwrap().contains("not known yet"), "{shown}");
    assert_eq!(server.api("GET", "/v1/notifications?state=forged", "").await.json()["data"], json!([]));
    assert_eq!(server.api("GET", "/v1/events?kind=payment.completed", "").await.json()["data"], json!([]));
}

#[tokio::test]
async fn gateways_say_what_an_account_needs() {
    let server = Server::start().await;
    let list = server.api("GET", "/v1/gateways", "").await.json();
    let own = list["data"].as_array().unwrap().iter().find(|gateway| gateway["id"] == "paypal-ipn");
    assert_eq!(own.unwrap()["settings"][0]["key"], "receivers");
    problem(
        &server.api("POST", "/v1/accounts", r#"{"gateway":"none","name":"x","environment":"live"}"#).await,
        422,
        "invalid",
    );
    let without = r#"{"gateway":"paypal-ipn","name":"x","environment":"live"}"#;
    let document = problem(&server.api("POST", "/v1/accounts", without).await, 422, "invalid");
    assert_eq!(document["errors"][0]["field"], "settings.receivers");
}

#[tokio::test]
async fn t_f11_api_keys_readable_at_rest() {
    let server = Server::start().await;
    server.api("POST", "/v1/orders", &order("A-1")).await;
    let secret = server.key.strip_prefix("ipnd_key_").unwrap();
    let mut files = 0;
    for entry in std::fs::read_dir(server.dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(!bytes.windows(secret.len() - 8).any(|window| window == &secret.as_bytes()[8..]));
        files += 1;
    }
    assert!(files > 0);
    let keys = ipnd_store::Store::api_keys(&*server.store, server.shop.id).await.unwrap();
    assert!(keys[0].last_used_at.is_some());
    assert!(ipnd_store::Store::revoke_api_key(&*server.store, server.shop.id, keys[0].id).await.unwrap());
    problem(&server.api("GET", "/v1/orders", "").await, 401, "key-unknown");
}

#[tokio::test]
async fn wrong_keys_can_be_tried_only_so_often() {
    let server = Server::start().await;
    let mut statuses = Vec::new();
    for number in 0..25 {
        statuses.push(server.api_as(&format!("ipnd_key_{number}"), "GET", "/v1/orders", "").await.status);
    }
    assert_eq!((statuses[19], statuses[20]), (401, 429));
    assert_eq!(server.api("GET", "/v1/orders", "").await.status, 200, "the right one always works");
    server.clock.advance(jiff::SignedDuration::from_secs(2));
    assert_eq!(server.api_as("ipnd_key_x", "GET", "/v1/orders", "").await.status, 401);
}

#[tokio::test]
async fn t_f13_the_key_of_one_shop_sees_nothing_of_another() {
    let server = Server::start().await;
    let id = server.api("POST", "/v1/orders", &order("A-1")).await.json()["id"].as_str().unwrap().to_owned();
    server.notify(b"txn_id=1").await;
    server.api("PUT", "/v1/products/tea", r#"{"name":"Tea","price":"1.00"}"#).await;
    let (_, _, other) = server.other_shop().await;
    let account = server.account.id;
    for path in [
        format!("/v1/orders/{id}"),
        "/v1/orders/ref:A-1".into(),
        "/v1/notifications/ntf_1".into(),
        format!("/v1/accounts/{account}"),
        "/v1/products/tea".into(),
    ] {
        assert_eq!(server.api("GET", &path, "").await.status, 200, "{path}");
        problem(&server.api_as(&other, "GET", &path, "").await, 404, "not-found");
    }
    let change = r#"{"name":"mine"}"#;
    problem(
        &server.api_as(&other, "PUT", &format!("/v1/accounts/{account}"), change).await,
        404,
        "not-found",
    );
    problem(&server.api_as(&other, "POST", &format!("/v1/orders/{id}/cancel"), "").await, 404, "not-found");
    for list in ["orders", "notifications", "events", "products", "reviews"] {
        let shown = server.api_as(&other, "GET", &format!("/v1/{list}"), "").await.json();
        assert_eq!(shown["data"], json!([]), "{list}");
    }
    let same = server.api_as(&other, "POST", "/v1/orders", &order("A-1")).await;
    assert_eq!(same.status, 201, "references are each shop's own");
}

#[tokio::test]
async fn an_answer_to_a_question_may_be_repeated_and_not_be_changed() {
    let server = Server::start().await;
    server.is_paid("nobody-ordered-this", "9.00").await;
    let open = server.api("GET", "/v1/reviews", "").await.json();
    assert_eq!(open["data"][0]["kind"], "unknown_order", "{open}");
    let path = format!("/v1/reviews/{}", open["data"][0]["id"].as_str().unwrap());
    let accept = r#"{"answer":"accept"}"#;
    let first = server.api("POST", &path, accept).await;
    assert_eq!(first.status, 200, "{}", first.text());
    let again = server.api("POST", &path, accept).await;
    assert_eq!((again.status, again.json()), (200, first.json()), "for a client that heard no reply");
    problem(&server.api("POST", &path, r#"{"answer":"reject"}"#).await, 409, "conflict");
    problem(&server.api("POST", "/v1/reviews/rev_99", accept).await, 404, "not-found");
    let (_, _, other) = server.other_shop().await;
    problem(&server.api_as(&other, "POST", &path, accept).await, 404, "not-found");
    let orders = server.api("GET", "/v1/orders", "").await.json();
    assert_eq!(orders["data"].as_array().unwrap().len(), 1, "one order was made of it: {orders}");
    assert_eq!(orders["data"][0]["status"], "paid");
}

#[tokio::test]
async fn the_description_is_served_and_health_is_told() {
    let server = Server::start().await;
    let answer = server.get("/v1/openapi.json").await;
    assert_eq!((answer.status, &answer.json()["openapi"]), (200, &json!("3.1.0")));
    assert_eq!(server.get("/healthz").await.json()["status"], "alive");
    let ready = server.get("/readyz").await;
    assert_eq!((ready.status, &ready.json()["can_write"]), (200, &json!(true)), "{}", ready.text());
    server.notify(b"txn_id=1").await;
    server.clock.advance(jiff::SignedDuration::from_secs(61));
    let late = server.get("/readyz").await;
    assert_eq!((late.status, &late.json()["checks_waiting"]), (503, &json!(1)), "nobody works on it");
    let metrics = server.get("/metrics").await.text();
    assert!(metrics.contains("ipnd_checks_waiting 1"), "{metrics}");
}

#[tokio::test]
async fn every_answer_of_the_api_says_that_it_is_not_to_be_kept() {
    let server = Server::start().await;
    for path in ["/v1/orders", "/v1/nothing"] {
        let bytes = server.raw(&request("GET", path, &[], b"")).await;
        let answer = Answer::parse(&bytes);
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
}
