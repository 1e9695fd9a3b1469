//! Nothing changes without a form of ours, and forms lead only to pages of ours.

use crate::shop::{Fixture, alex};
use axum::body::Body;
use http::header::CONTENT_TYPE;
use http::{Method, StatusCode};
use ipnd_core::Language;

/// Every address that changes something, with an example of what it needs.
const FORMS: [(&str, &[(&str, &str)]); 29] = [
    ("/login", &[("email", "owner@example.com"), ("password", "x")]),
    ("/setup", &[("code", "x")]),
    ("/logout", &[]),
    ("/owner/orders/{order}/message", &[("text", "Hello")]),
    ("/owner/orders/{order}/cancel", &[]),
    ("/owner/reviews/rev_1", &[("verdict", "accept")]),
    ("/owner/notifications/ntf_1/check", &[]),
    ("/owner/products/new", &[("sku", "new-one"), ("name", "New"), ("price", "1.00"), ("kind", "digital")]),
    ("/owner/products/mug", &[("name", "Changed"), ("price", "1.00"), ("kind", "digital")]),
    ("/owner/accounts/new", &[("gateway", "paypal-ipn"), ("environment", "live"), ("name", "x")]),
    ("/owner/accounts/new/try", &[("gateway", "paypal-ipn"), ("name", "x"), ("sample", "A: b")]),
    ("/owner/accounts/acc_1/try", &[("sample", "A: b")]),
    ("/owner/accounts/acc_1/edit", &[("name", "Changed"), ("set.receivers", "EVIL")]),
    ("/owner/endpoints/new", &[("dialect", "standard"), ("name", "Evil"), ("url", "https://evil.example")]),
    (
        "/owner/endpoints/end_1/edit",
        &[("dialect", "standard"), ("name", "x"), ("url", "https://evil.example")],
    ),
    ("/owner/endpoints/end_1/test", &[]),
    ("/owner/endpoints/end_1/pause", &[]),
    ("/owner/endpoints/end_1/resume", &[]),
    ("/owner/endpoints/end_1/rotate", &[("hours", "0")]),
    ("/owner/endpoints/end_1/remove", &[]),
    ("/owner/deliveries/resend", &[("endpoint", "end_1"), ("sure", "yes")]),
    ("/owner/deliveries/dlv_1/resend", &[]),
    ("/owner/templates/customer.paid/en", &[("subject", "x"), ("text", "x"), ("html", "x")]),
    ("/owner/templates/customer.paid/en/reset", &[]),
    ("/owner/templates/customer.paid/en/preview", &[("subject", "x"), ("text", "x"), ("html", "x")]),
    ("/owner/settings/shop", &[("name", "Changed"), ("owner_email", "evil@example.com"), ("language", "de")]),
    ("/owner/settings/language", &[("language", "de")]),
    ("/owner/settings/keys", &[("name", "evil")]),
    ("/owner/settings/keys/key_1/revoke", &[]),
];

/// The pages whose forms are sent before anybody is logged in: no session, so no token of one.
const BEFORE_LOG_IN: [&str; 2] = ["/login", "/setup"];

#[test]
fn the_list_of_forms_is_complete() {
    let routes = [include_str!("../../src/owner/mod.rs"), include_str!("../../src/owner/telling/mod.rs")];
    let posts: usize = routes.iter().map(|routes| routes.matches("post(").count()).sum();
    assert_eq!(posts, FORMS.len(), "a form was added or removed: bring this list up to date");
}

#[tokio::test]
async fn t_f05_csrf() {
    let shop = Fixture::new(Language::En).await;
    shop.product("mug", "Mug", ipnd_store::ProductKind::Physical, Some(3)).await;
    let order = shop.order(alex()).await;
    let waiting = shop.journal(b"txn_id=1").await;
    assert_eq!(waiting.to_string(), "ntf_1");
    let endpoint = crate::telling::add(&shop, "Shop", &[]).await;
    let tried = shop.app.store.test_endpoint(shop.shop.id, endpoint.id, shop.app.clock.now()).await.unwrap();
    assert_eq!(tried.unwrap().to_string(), "dlv_1");
    let before = everything(&shop).await;
    for (path, fields) in FORMS {
        let path = path.replace("{order}", &order.id.to_string());
        if !BEFORE_LOG_IN.contains(&path.as_str()) {
            for token in [None, Some(""), Some("0"), Some(&"a".repeat(64)[..])] {
                let answer = shop.post_with_token(&path, fields, token).await;
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} with token {token:?}");
            }
        }
        for (header, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "null"),
            ("x-nothing", "neither"),
        ] {
            let answer = foreign(&shop, &path, fields, header, value).await;
            assert_eq!(answer, StatusCode::FORBIDDEN, "{path} with {header}: {value}");
        }
        // Nothing that changes anything answers to GET.
        let answer = shop.get(&path).await;
        assert!(!answer.headers.contains_key("set-cookie"), "GET {path}");
    }
    assert_eq!(everything(&shop).await, before);
    assert_eq!(shop.get("/owner/orders").await.status, StatusCode::OK, "the session has survived all of it");
}

/// The right token, but from a page that is not ours.
async fn foreign(
    shop: &Fixture,
    path: &str,
    fields: &[(&str, &str)],
    header: &str,
    value: &str,
) -> StatusCode {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("csrf", &shop.session.as_ref().unwrap().1).extend_pairs(fields);
    let request = shop
        .request(Method::POST, path)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header, value)
        .body(Body::from(form.finish()));
    shop.send(request.unwrap()).await.status
}

/// All that a form could have changed, as text.
async fn everything(shop: &Fixture) -> String {
    let store = &shop.app.store;
    let id = shop.shop.id;
    let orders = store.orders(id, ipnd_store::OrderFilter { limit: 10, ..Default::default() }).await.unwrap();
    let mut all = format!("{orders:?}");
    for order in &orders {
        all += &format!("{:?}", store.happenings(id, order.id).await.unwrap());
    }
    all += &format!("{:?}", store.products(id).await.unwrap());
    all += &format!("{:?}", store.accounts(id).await.unwrap());
    for endpoint in store.endpoints(id).await.unwrap() {
        // How the keys are shown to logs says nothing of them.
        let keys = endpoint.keys_at(shop.app.clock.now());
        all += &format!("{endpoint:?}{keys:?}");
    }
    all += &format!("{:?}", crate::telling::all(shop).await);
    all += &format!("{:?}", store.api_keys(id).await.unwrap());
    all += &format!("{:?}", store.shop(id).await.unwrap());
    all += &format!("{:?}", store.user_by_email("owner@example.com").await.unwrap());
    all
}

#[tokio::test]
async fn t_f06_method_tricks() {
    let shop = Fixture::new(Language::En).await;
    let order = shop.order(alex()).await;
    let path = format!("/owner/orders/{}/cancel", order.id);
    for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT, Method::DELETE, Method::PATCH] {
        let request = shop
            .request(method.clone(), &format!("{path}?_method=POST"))
            .header("x-http-method-override", "POST")
            .header("sec-fetch-site", "same-origin")
            .body(Body::empty());
        let status = shop.send(request.unwrap()).await.status;
        assert!(status.is_client_error(), "{method}: {status}");
    }
    let order = shop.app.store.order(shop.shop.id, order.id).await.unwrap().unwrap();
    assert_eq!(order.cancelled_at, None);
}

#[tokio::test]
async fn t_f08_link_parameters() {
    let shop = Fixture::new(Language::En).await;
    for strange in
        ["https://evil.example", "//evil.example", "javascript:alert(1)", "/\\evil.example", "ord_1x"]
    {
        let fields = [("verdict", "accept"), ("order", strange), ("next", strange), ("back", strange)];
        let answer = shop.post("/owner/reviews/rev_9", &fields).await;
        assert_eq!(answer.location(), "/owner/reviews?done=answered_before", "{strange}");
        let page = shop.get(&format!("/owner/orders?done={strange}&next={strange}")).await.body;
        assert!(!page.contains("class=\"alert"), "{strange}");
    }
    // Every link of a page leads to a page of ours, also when the address was bent.
    let page = shop.get("/owner/orders?search=%22%3E%3Ca%20href=//evil.example%3E").await.body;
    for link in page.split("href=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let is_ours = link.starts_with("/owner") || link.starts_with("/assets") || link.starts_with('#');
        assert!(is_ours || link.starts_with("https://shop.example.com/"), "{link}");
    }
}
