//! Endpoints, deliveries, vendors and invoices, as programs see them.

use crate::harness::{Answer, Server};
use ipnd_core::ExaminedEvent;
use ipnd_store::{CheckOutcome, Evidence, Store as _, TellingStore as _};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// Asks for a vendor of the server's shop.
async fn as_vendor(server: &Server, vendor: &str, method: &str, path: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {}", server.key);
    let mut headers = vec![("authorization", bearer.as_str()), ("ipnd-vendor", vendor)];
    let body = if body.is_null() { String::new() } else { body.to_string() };
    if !body.is_empty() {
        headers.push(("content-type", "application/json"));
    }
    server.send(method, path, &headers, body.as_bytes()).await
}

/// Does what the workers would do with what has proved itself.
async fn work(server: &Server) {
    let now = server.clock.now();
    for due in server.store.claim_checks(now, 50, SignedDuration::from_secs(60)).await.unwrap() {
        let Evidence::Proven(interpretation) = &due.evidence else { panic!("it was proved on its way in") };
        let fine = |event: &ipnd_core::Event| ExaminedEvent { event: event.clone(), concerns: Vec::new() };
        let events = interpretation.events.iter().map(fine).collect();
        let genuine = CheckOutcome::genuine(events, None);
        server.store.settle_check(due.notification, due.lease, now, genuine).await.unwrap();
    }
}

#[tokio::test]
async fn t_d13_t_d14_keys_are_shown_once_rotated_by_themselves_and_kept_by_an_edit() {
    let server = Server::start().await;
    let body =
        json!({"name": "Shop", "url": "https://shop.example.com/ipn", "headers": {"x-token": "hush-hush"}});
    let made = server.api("POST", "/v1/endpoints", &body.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let key = made.json()["key"].as_str().unwrap().to_owned();
    assert!(key.starts_with("whsec_"));
    let path = format!("/v1/endpoints/{}", made.json()["id"].as_str().unwrap());
    let edited = server.api("PUT", &path, r#"{"name":"Shop 2"}"#).await;
    assert_eq!((edited.status, &edited.json()["headers"]), (200, &json!(["x-token"])));
    let endpoint = server.store.endpoints(server.shop.id).await.unwrap().remove(0);
    assert_eq!(endpoint.keys_at(server.clock.now()), std::slice::from_ref(&key));
    let rotated = server.api("POST", &format!("{path}/rotate"), r#"{"key_pair":true}"#).await;
    let public = rotated.json()["key"].as_str().unwrap().to_owned();
    assert!(public.starts_with("whpk_"), "{public}");
    let signs = server.store.endpoints(server.shop.id).await.unwrap().remove(0).keys_at(server.clock.now());
    assert!(signs.len() == 2 && signs[0].starts_with("whsk_") && signs[1] == key, "both sign for a day");
    for path in [path.as_str(), "/v1/endpoints"] {
        let text = server.api("GET", path, "").await.text();
        assert!(!text.contains("whsec_") && !text.contains("whsk_") && !text.contains("hush"), "{text}");
    }
}

#[tokio::test]
async fn an_endpoint_is_described_well_or_refused() {
    let server = Server::start().await;
    for (body, field) in [
        (json!({"name": "x"}), "url"),
        (json!({"name": "x", "url": "https://127.1/ipn"}), "url"),
        (json!({"name": "x", "url": "https://a:b@shop.example.com/"}), "url"),
        (json!({"name": "x", "url": "https://shop.example.com/", "headers": {"Host": "x"}}), "headers[0]"),
        (
            json!({"name": "x", "url": "https://shop.example.com/", "filter": {"kinds": ["nonsense"]}}),
            "filter.kinds",
        ),
        (
            json!({"name": "x", "url": "https://shop.example.com/", "dialect": "stripe"}),
            "settings.signing_secret",
        ),
        (json!({"name": "x", "url": "https://shop.example.com/", "concurrency": 65}), "concurrency"),
    ] {
        let answer = server.api("POST", "/v1/endpoints", &body.to_string()).await;
        assert_eq!(
            (answer.status, &answer.json()["errors"][0]["field"]),
            (422, &json!(field)),
            "{}",
            answer.text()
        );
    }
    let other = server.other_shop().await.2;
    let body = json!({"name": "Shop", "url": "https://shop.example.com/ipn"}).to_string();
    let made = server.api("POST", "/v1/endpoints", &body).await.json()["id"].as_str().unwrap().to_owned();
    for (method, path) in [("GET", ""), ("PUT", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/pause")] {
        let body = if method == "PUT" { "{}" } else { "" };
        let answer = server.api_as(&other, method, &format!("/v1/endpoints/{made}{path}"), body).await;
        assert_eq!(answer.status, 404, "{method} {path}");
    }
}

#[tokio::test]
async fn what_is_decided_when_an_endpoint_is_made_is_refused_later_by_its_own_name() {
    let server = Server::start().await;
    let called = json!({"name": "Shop", "url": "https://shop.example.com/ipn"});
    let fetches = json!({"name": "Desk", "fetches": true});
    let mut paths = Vec::new();
    for body in [called, fetches] {
        let made = server.api("POST", "/v1/endpoints", &body.to_string()).await.json();
        paths.push(format!("/v1/endpoints/{}", made["id"].as_str().unwrap()));
    }
    let url = "https://shop.example.com/other";
    for (path, body, fields) in [
        (&paths[0], json!({"fetches": true}), vec!["fetches"]),
        (&paths[0], json!({"key_pair": true}), vec!["key_pair"]),
        (&paths[0], json!({"key_pair": true, "fetches": true}), vec!["key_pair", "fetches"]),
        (&paths[1], json!({"fetches": true, "url": url}), vec!["fetches", "url"]),
    ] {
        let answer = server.api("PUT", path, &body.to_string()).await;
        let errors = answer.json()["errors"].as_array().cloned().unwrap_or_default();
        let named: Vec<&str> = errors.iter().map(|error| error["field"].as_str().unwrap()).collect();
        assert_eq!((answer.status, named), (422, fields), "{}", answer.text());
    }
}

#[tokio::test]
async fn what_the_shop_did_not_get_is_one_call() {
    let server = Server::start().await;
    let body = json!({"name": "Shop", "url": "https://shop.example.com/ipn"}).to_string();
    server.api("POST", "/v1/endpoints", &body).await;
    let order = json!({"reference": "A-1", "currency": "EUR", "items": [{"name": "Tea", "quantity": 1, "unit_price": "10.00"}]});
    server.api("POST", "/v1/orders", &order.to_string()).await;
    server.is_paid("A-1", "10.00").await;
    server.is_paid("A-2", "10.00").await;
    let missing = server.api("GET", "/v1/missing", "").await.json();
    assert_eq!(missing["held_back"][0]["question"], "unknown_order");
    let one = &missing["deliveries"][0];
    assert_eq!(
        (&one["state"], &one["order"]["reference"], &one["sequence"]),
        (&json!("waiting"), &json!("A-1"), &json!(1))
    );
    let whole =
        server.api("GET", &format!("/v1/deliveries/{}", one["message_id"].as_str().unwrap()), "").await;
    assert_eq!(whole.json()["content"]["data"]["order"]["status"], "paid", "{}", whole.text());
    let dry = server.api("POST", "/v1/deliveries/resend", r#"{"state":"waiting","dry_run":true}"#).await;
    assert_eq!(dry.json(), json!({"again": 1, "new": 0, "dry_run": true}));
    let vague = server.api("POST", "/v1/deliveries/resend", "{}").await;
    assert_eq!(vague.status, 422);
}

#[tokio::test]
async fn a_platform_tells_what_happened_at_its_vendors_and_each_hears_its_own() {
    let server = Server::start().await;
    for reference in ["ana", "bo"] {
        let body = json!({"reference": reference, "name": format!("Vendor {reference}")});
        let made = server.api("POST", "/v1/vendors", &body.to_string()).await;
        assert_eq!(made.status, 201, "{}", made.text());
        assert!(made.json()["page_url"].as_str().unwrap().contains("/vendor/"));
        assert_eq!(server.api("POST", "/v1/vendors", &body.to_string()).await.status, 409);
        let connection = json!({"name": "Course tool", "url": format!("https://{reference}.example.com/ipn"),
            "dialect": "copecart", "settings": {"secret_key": "a secret of this vendor"}, "filter": {"products": ["COURSE"]}});
        let made = as_vendor(&server, reference, "POST", "/v1/endpoints", &connection).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let connection = json!({"name": "Everything", "url": format!("https://{reference}.example.com/all")});
        as_vendor(&server, reference, "POST", "/v1/endpoints", &connection).await;
        let product = json!({"sku": "COURSE", "name": "Course", "price": {"amount": "49.00", "currency": "EUR"}, "kind": "digital"});
        let made = as_vendor(&server, reference, "POST", "/v1/products", &product).await;
        assert_eq!(made.status, 201, "{}", made.text());
    }
    let event = json!({"id": "sale-1", "type": "payment.completed", "order": "S1", "amount": "49.00", "currency": "EUR",
        "customer": {"email": "buyer@example.com"},
        "items": [{"sku": "COURSE", "name": "Course", "quantity": 1, "amount": "49.00"}]});
    let posted = as_vendor(&server, "ana", "POST", "/v1/events", &event).await;
    assert_eq!((posted.status, &posted.json()["is_new"]), (202, &json!(true)), "{}", posted.text());
    work(&server).await;
    server.clock.advance(SignedDuration::from_secs(1));
    as_vendor(&server, "ana", "POST", "/v1/events", &event).await;
    work(&server).await;
    let got = as_vendor(&server, "ana", "GET", "/v1/deliveries", &Value::Null).await.json();
    let names: Vec<&str> =
        got["data"].as_array().unwrap().iter().map(|one| one["endpoint_name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Everything", "Course tool"], "each connection once, however often it is posted");
    // At a discount it is still that product, and one that nobody has registered is one as well.
    let sale = json!({"id": "sale-2", "type": "payment.completed", "order": "S2", "amount": "39.00", "currency": "EUR",
        "items": [{"sku": "COURSE", "name": "Course", "quantity": 1, "amount": "29.00"},
            {"sku": "BOOK", "name": "Book", "quantity": 2, "amount": "10.00"}]});
    as_vendor(&server, "ana", "POST", "/v1/events", &sale).await;
    work(&server).await;
    let order = as_vendor(&server, "ana", "GET", "/v1/orders/ref:S2", &Value::Null).await.json();
    let skus: Vec<&Value> = order["items"].as_array().unwrap().iter().map(|item| &item["sku"]).collect();
    assert_eq!((&order["status"], skus), (&json!("paid"), vec![&json!("COURSE"), &json!("BOOK")]));
    let got = as_vendor(&server, "ana", "GET", "/v1/deliveries", &Value::Null).await.json();
    let told = |name: &str| {
        let rows = got["data"].as_array().unwrap().iter();
        rows.filter(|one| one["endpoint_name"] == name && one["order"]["reference"] == "S2").count()
    };
    assert_eq!((told("Course tool"), told("Everything")), (1, 1), "{got}");
    let none = as_vendor(&server, "bo", "GET", "/v1/deliveries", &Value::Null).await.json();
    assert_eq!(none["data"], json!([]), "another vendor hears nothing");
    assert_eq!(server.api("GET", "/v1/deliveries", "").await.json()["data"], json!([]));
    // The platform mails its customers itself.
    let order = as_vendor(&server, "ana", "GET", "/v1/orders/ref:S1", &Value::Null).await.json();
    assert_eq!(order["status"], "paid");
    assert!(
        server
            .store
            .claim_mails(server.clock.now(), 50, SignedDuration::from_secs(60))
            .await
            .unwrap()
            .is_empty()
    );
    // Only for vendors, and only for one's own.
    let own = server.api("POST", "/v1/events", &event.to_string()).await;
    assert_eq!((own.status, &own.json()["errors"][0]["field"]), (422, &json!("ipnd-vendor")));
    let unknown = as_vendor(&server, "zoe", "GET", "/v1/orders", &Value::Null).await;
    assert_eq!(unknown.status, 422, "{}", unknown.text());
    let nested = as_vendor(&server, "ana", "GET", "/v1/vendors", &Value::Null).await;
    assert_eq!(nested.status, 422);
    let (_, _, other) = server.other_shop().await;
    let bearer = format!("Bearer {other}");
    let foreign =
        server.send("GET", "/v1/orders", &[("authorization", &bearer), ("ipnd-vendor", "ana")], b"").await;
    assert_eq!(foreign.status, 422, "another platform does not have this vendor");
}

#[tokio::test]
async fn an_invoice_is_told_to_its_own_url_only() {
    let server = Server::start().await;
    let usual = json!({"name": "Shop", "url": "https://shop.example.com/ipn"}).to_string();
    server.api("POST", "/v1/endpoints", &usual).await;
    let order = json!({"reference": "I-1", "currency": "EUR", "items": [{"name": "Tea", "quantity": 1, "unit_price": "10.00"}]});
    let body = json!({"notify_url": "https://pay.example.com/ipn?invoice=1", "order": order}).to_string();
    let made = server.api("POST", "/v1/invoices", &body).await;
    assert_eq!(made.status, 201, "{}", made.text());
    assert!(made.json()["notify_key"].as_str().unwrap().starts_with("whsec_"));
    let again = server.api("POST", "/v1/invoices", &body).await;
    assert_eq!((again.status, &again.json()["notify_key"]), (200, &Value::Null));
    let wrong = json!({"notify_url": "gopher://x", "order": {"currency": "EUR", "items": [{"name": "Tea", "quantity": 1, "unit_price": "1.00"}]}});
    let refused = server.api("POST", "/v1/invoices", &wrong.to_string()).await;
    assert_eq!((refused.status, &refused.json()["errors"][0]["field"]), (422, &json!("notify_url")));
    server.is_paid("I-1", "10.00").await;
    let told = server.api("GET", "/v1/deliveries", "").await.json();
    assert_eq!(told["data"].as_array().unwrap().len(), 1);
    assert_eq!(told["data"][0]["endpoint_name"], "I-1");
    let listed = server.api("GET", "/v1/endpoints", "").await.json();
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_receiver_of_paypals_form_hears_verified_for_its_bytes_and_invalid_for_anything_else() {
    let server = Server::start().await;
    let body = json!({"name": "Old shop", "url": "https://shop.example.com/ipn", "dialect": "paypal-ipn",
        "settings": {"receivers": "shop@example.com"}});
    let made = server.api("POST", "/v1/endpoints", &body.to_string()).await.json();
    let ask = made["ask_url"].as_str().unwrap().split_once("/ask/").unwrap().1.to_owned();
    let order = json!({"reference": "A-1", "currency": "EUR", "items": [{"name": "Tea", "quantity": 1, "unit_price": "10.00"}]});
    server.api("POST", "/v1/orders", &order.to_string()).await;
    server.is_paid("A-1", "10.00").await;
    let now = server.clock.now();
    let due = server.store.claim_deliveries(now, 1, SignedDuration::from_secs(60)).await.unwrap().remove(0);
    let prepared = ipnd_deliver::deliveries::prepare(&due, "https://ipnd.example.com", now).unwrap();
    let sent = String::from_utf8(prepared.request.body.clone()).unwrap();
    let says = async |path: &str, body: String| {
        let form = ("content-type", "application/x-www-form-urlencoded");
        let answer = server.send("POST", path, &[form], body.as_bytes()).await;
        (answer.status, answer.text())
    };
    let verified = (200, "VERIFIED".to_owned());
    let invalid = (200, "INVALID".to_owned());
    assert_eq!(
        says("/cgi-bin/webscr", format!("cmd=_notify-validate&{sent}")).await,
        invalid,
        "not sent yet"
    );
    let digest = <sha2::Sha256 as sha2::Digest>::digest(sent.as_bytes()).to_vec();
    server.store.note_sent_body(due.id, digest).await.unwrap();
    for path in ["/cgi-bin/webscr".to_owned(), format!("/ask/{ask}")] {
        assert_eq!(says(&path, format!("cmd=_notify-validate&{sent}")).await, verified, "{path}");
        assert_eq!(says(&path, format!("{sent}&cmd=_notify-validate")).await, verified, "{path}");
        let more = sent.replace("mc_gross=10.00", "mc_gross=1.00");
        assert_ne!(more, sent);
        assert_eq!(says(&path, format!("cmd=_notify-validate&{more}")).await, invalid, "{path}");
        assert_eq!(says(&path, sent.clone()).await, invalid, "{path}");
    }
    assert_eq!(says("/ask/nobody", format!("cmd=_notify-validate&{sent}")).await, invalid);
}

#[tokio::test]
async fn a_vendors_page_shows_what_was_told_to_this_vendor_and_nothing_else() {
    let server = Server::start().await;
    let mut pages = Vec::new();
    for reference in ["ana", "bo"] {
        let body = json!({"reference": reference, "name": format!("Vendor {reference}"), "language": "de"});
        let made = server.api("POST", "/v1/vendors", &body.to_string()).await.json();
        pages.push(format!(
            "/vendor/{}",
            made["page_url"].as_str().unwrap().split_once("/vendor/").unwrap().1
        ));
        let connection = json!({"name": format!("Tool of {reference}"), "url": format!("https://{reference}.example.com/all")});
        as_vendor(&server, reference, "POST", "/v1/endpoints", &connection).await;
        let event = json!({"id": format!("sale-{reference}"), "type": "payment.completed", "order": format!("Sale-{reference}"),
            "amount": "49.00", "currency": "EUR", "customer": {"email": "<b>buyer</b>@example.com"}});
        let posted = as_vendor(&server, reference, "POST", "/v1/events", &event).await;
        assert_eq!(posted.status, 202, "{}", posted.text());
    }
    work(&server).await;
    let page = server.get(&pages[0]).await;
    assert_eq!(page.status, 200, "{}", page.text());
    let text = page.text();
    assert!(
        text.contains("Sale-ana")
            && text.contains("Tool of ana")
            && text.contains("Was Ihnen gemeldet wurde")
    );
    assert!(!text.contains("Sale-bo") && !text.contains("Tool of bo") && !text.contains("whsec_"), "{text}");
    assert!(
        !text.contains("/owner/") && !text.contains("<form"),
        "nothing leads to the owner's pages: {text}"
    );
    let own = as_vendor(&server, "ana", "GET", "/v1/deliveries", &Value::Null).await.json();
    let id = own["data"][0]["id"].as_str().unwrap().to_owned();
    let detail = server.get(&format!("{}/{id}", pages[0])).await;
    assert_eq!(detail.status, 200);
    assert!(detail.text().contains("Sale-ana") && !detail.text().contains("<b>buyer"), "{}", detail.text());
    assert_eq!(server.get(&format!("{}/{id}", pages[1])).await.status, 404, "another vendor's delivery");
    assert_eq!(server.get("/vendor/guessed").await.status, 404);
    let renewed = server.api("POST", "/v1/vendors/ana/page", "").await.json();
    assert!(renewed["page_url"].as_str().unwrap().contains("/vendor/"));
    assert_eq!(server.get(&pages[0]).await.status, 404, "the address of before leads nowhere");
}
