//! Who gets in, and whose data they see.

use crate::shop::{Fixture, PASSWORD, alex, empty_app};
use axum::body::Body;
use http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::{Method, Request, StatusCode};
use ipnd_core::{Currency, Environment, Language};
use ipnd_store::{NewAccount, NewShop};
use ipnd_web::auth;
use tower::ServiceExt as _;

/// Pages that only the owner may see.
const PAGES: [&str; 16] = [
    "/owner",
    "/owner/orders",
    "/owner/orders/ord_1",
    "/owner/reviews",
    "/owner/notifications",
    "/owner/notifications/ntf_1",
    "/owner/products",
    "/owner/accounts",
    "/owner/endpoints",
    "/owner/endpoints/end_1",
    "/owner/deliveries",
    "/owner/deliveries/dlv_1",
    "/owner/templates",
    "/owner/settings",
    "/owner/settings/keys",
    "/owner/anything/else",
];

#[tokio::test]
async fn nobody_sees_a_page_without_a_session() {
    let mut shop = Fixture::new(Language::En).await;
    shop.session = None;
    for path in PAGES {
        let answer = shop.get(path).await;
        let is_turned_away = answer.location() == "/login" || answer.status == StatusCode::METHOD_NOT_ALLOWED;
        assert!(is_turned_away, "{path}: {}", answer.status);
        assert!(answer.body.is_empty() || !answer.body.contains("Tea"), "{path}");
    }
}

#[tokio::test]
async fn t_f04_session_fixation_or_revival() {
    let mut shop = Fixture::new(Language::En).await;
    let (first, _) = shop.session.clone().unwrap();
    // A cookie that somebody planted before the log-in is not taken over.
    shop.session = Some(("ipnd_session=planted".into(), String::new()));
    let answer = shop.post("/login", &[("email", "owner@example.com"), ("password", PASSWORD)]).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/owner"));
    let cookie = answer.headers[SET_COOKIE].to_str().unwrap();
    assert!(
        !cookie.contains("planted") && !cookie.contains(&first) && cookie.contains("HttpOnly"),
        "{cookie}"
    );
    assert_eq!(shop.get("/owner/orders").await.location(), "/login");
    // Logging out is final, for this session and for it alone.
    shop.log_in().await;
    let answer = shop.post("/logout", &[]).await;
    assert_eq!(answer.location(), "/login?done=out");
    assert_eq!(shop.get("/owner/orders").await.location(), "/login");
    shop.session = Some((first, String::new()));
    assert_eq!(shop.get("/owner/orders").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_login_link_works_once() {
    let mut shop = Fixture::new(Language::De).await;
    let link = auth::new_login_link(&shop.app, &shop.owner).await.unwrap();
    let path = link.strip_prefix("https://shop.example.com").unwrap().to_owned();
    shop.session = None;
    // What mail and chat programs do to show a preview leaves the link good.
    let request = shop.request(Method::HEAD, &path).body(Body::empty()).unwrap();
    let looked = shop.send(request).await;
    assert_eq!(looked.status, StatusCode::NO_CONTENT);
    assert!(!looked.headers.contains_key(SET_COOKIE));
    assert_eq!(shop.get(&path).await.location(), "/owner");
    let again = shop.get(&path).await;
    assert_eq!(again.status, StatusCode::GONE);
    assert!(!again.headers.contains_key(SET_COOKIE));
    assert!(again.body.contains("This link has been used"));
    assert!(!again.body.contains(path.strip_prefix("/login/").unwrap()), "the page does not repeat the code");
    let expired = auth::new_login_link(&shop.app, &shop.owner).await.unwrap();
    shop.pass(61);
    let answer = shop.get(expired.strip_prefix("https://shop.example.com").unwrap()).await;
    assert_eq!(answer.status, StatusCode::GONE);
}

#[tokio::test]
async fn t_f03_password_guessing_is_answered_alike_and_limited() {
    let mut shop = Fixture::new(Language::En).await;
    shop.session = None;
    let guess = async |email: &str| shop.post("/login", &[("email", email), ("password", "wrong")]).await;
    let known = guess("owner@example.com").await;
    let unknown = guess("nobody@example.com").await;
    assert_eq!(known.status, StatusCode::UNAUTHORIZED);
    assert_eq!((known.status, known.body), (unknown.status, unknown.body));
    for _ in 0..9 {
        guess("owner@example.com").await;
    }
    let limited = shop.post("/login", &[("email", "owner@example.com"), ("password", PASSWORD)]).await;
    assert_eq!(limited.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(!limited.headers.contains_key(SET_COOKIE));
}

#[tokio::test]
async fn t_f13_cross_tenant_reads_and_writes() {
    let shop = Fixture::new(Language::En).await;
    let now = shop.app.clock.now();
    let other = NewShop {
        slug: "other".into(),
        name: "Other".into(),
        language: Language::En,
        currency: Currency::from_code("EUR").unwrap(),
        owner_email: "other@example.com".into(),
        is_sample: false,
    };
    let other = shop.app.store.create_shop(other, now).await.unwrap();
    let account = NewAccount {
        shop: other.id,
        gateway: "paypal-ipn".into(),
        name: "Other".into(),
        environment: Environment::Live,
        settings: [("receivers".to_owned(), "X".to_owned())].into(),
        creates_orders: true,
        by: "owner".to_owned(),
    };
    let account = shop.app.store.create_account(account, now).await.unwrap();
    let elsewhere = Fixture { shop: other, account, ..shop };
    let order = elsewhere.order(alex()).await;
    let heard = elsewhere.hear(b"txn_id=1", vec![elsewhere.paid(&order, "T1", "1.00")]).await;
    let review = elsewhere.app.store.reviews_of(elsewhere.shop.id, order.id).await.unwrap()[0].id;
    let key = auth::create_key(&*elsewhere.app.store, elsewhere.shop.id, "other", now).await.unwrap().key;
    let plan = ipnd_store::EndpointPlan {
        name: "Other".into(),
        url: Some("https://other.example.com".into()),
        dialect: "standard".into(),
        filter: ipnd_store::EndpointFilter::default(),
        headers: Vec::new(),
        settings: std::collections::BTreeMap::new(),
        concurrency: 1,
        rate: 0,
        is_ordered: false,
    };
    let store = &elsewhere.app.store;
    let endpoint = store.create_endpoint(elsewhere.shop.id, plan, None, None, "other").await.unwrap().id;
    let delivery = store.test_endpoint(elsewhere.shop.id, endpoint, now).await.unwrap().unwrap();

    for path in [
        format!("/owner/orders/{}", order.id),
        format!("/owner/notifications/{heard}"),
        format!("/owner/notifications/{heard}/body"),
        format!("/owner/accounts/{}", elsewhere.account.id),
        format!("/owner/accounts/{}/edit", elsewhere.account.id),
        format!("/owner/endpoints/{endpoint}"),
        format!("/owner/endpoints/{endpoint}/edit"),
        format!("/owner/endpoints/{endpoint}/form"),
        format!("/owner/endpoints/{endpoint}/remove"),
        format!("/owner/deliveries/{delivery}"),
    ] {
        assert_eq!(elsewhere.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for (path, fields) in [
        (format!("/owner/orders/{}/message", order.id), vec![("text", "x")]),
        (format!("/owner/orders/{}/cancel", order.id), vec![]),
        (
            format!("/owner/accounts/{}/edit", elsewhere.account.id),
            vec![("name", "x"), ("set.receivers", "E")],
        ),
        (format!("/owner/settings/keys/{}/revoke", key.id), vec![]),
        (
            format!("/owner/endpoints/{endpoint}/edit"),
            vec![("dialect", "standard"), ("name", "x"), ("url", "https://evil.example")],
        ),
        (format!("/owner/endpoints/{endpoint}/test"), vec![]),
        (format!("/owner/endpoints/{endpoint}/pause"), vec![]),
        (format!("/owner/endpoints/{endpoint}/resume"), vec![]),
        (format!("/owner/endpoints/{endpoint}/rotate"), vec![("hours", "0")]),
        (format!("/owner/endpoints/{endpoint}/remove"), vec![]),
        (format!("/owner/deliveries/{delivery}/resend"), vec![]),
    ] {
        assert_eq!(elsewhere.post(&path, &fields).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let answer = elsewhere.post(&format!("/owner/reviews/{review}"), &[("verdict", "accept")]).await;
    assert_eq!(answer.location(), "/owner/reviews?done=answered_before");
    let answer = elsewhere.post(&format!("/owner/notifications/{heard}/check"), &[]).await;
    assert!(answer.location().ends_with("done=no_check"), "{}", answer.location());
    let counted = elsewhere.post("/owner/deliveries/resend", &[("endpoint", &endpoint.to_string())]).await;
    assert!(counted.body.contains("sent again: 0"), "{}", counted.body);
    for path in ["/owner/endpoints", "/owner/deliveries", "/owner/deliveries?view=all"] {
        let path = format!("{path}{}endpoint={endpoint}", if path.contains('?') { '&' } else { '?' });
        let page = elsewhere.get(&path).await.body;
        assert!(!page.contains("other.example.com") && !page.contains(&delivery.to_string()), "{path}");
    }
    assert!(!elsewhere.get("/owner/orders").await.body.contains("Alex"));
    assert!(!elsewhere.get("/owner/notifications").await.body.contains(&heard.to_string()));
}

fn setup_form(code: &str) -> String {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs([
        ("code", code),
        ("name", "New shop"),
        ("slug", "new-shop"),
        ("currency", "CHF"),
        ("language", "uk"),
        ("email", "New.Owner@example.com"),
        ("password", "a long enough password"),
    ]);
    form.finish()
}

#[tokio::test]
async fn t_f01_first_run_takeover() {
    let (app, _dir) = empty_app(false);
    let send = async |method: Method, path: &str, body: String| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        let request = request.body(Body::from(body)).unwrap();
        crate::shop::read(ipnd_web::router(app.clone()).oneshot(request).await.unwrap()).await
    };
    assert_eq!(send(Method::GET, "/login", String::new()).await.location(), "/setup");
    assert_eq!(send(Method::GET, "/setup", String::new()).await.status, StatusCode::OK);
    let code = auth::new_setup_code(&*app.store, &app.clock).await.unwrap();
    for wrong in ["", "wrong", &code[1..], &code.to_uppercase()] {
        let answer = send(Method::POST, "/setup", setup_form(wrong)).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{wrong}");
        assert!(answer.body.contains("New shop"), "what was filled in is still there");
        assert!(!answer.body.contains("a long enough password"), "but the password is not");
    }
    let answer = send(Method::POST, "/setup", setup_form(&code)).await;
    assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/owner/accounts"));
    let cookie = answer.headers[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned();
    let request =
        Request::builder().uri("/owner/settings").header(COOKIE, cookie).body(Body::empty()).unwrap();
    let page = crate::shop::read(ipnd_web::router(app.clone()).oneshot(request).await.unwrap()).await.body;
    assert!(page.contains("new.owner@example.com") && page.contains("CHF") && page.contains("Налаштування"));
    // Closed for ever, with any code.
    let fresh = auth::new_setup_code(&*app.store, &app.clock).await.unwrap();
    for code in [&code, &fresh] {
        assert_eq!(send(Method::POST, "/setup", setup_form(code)).await.status, StatusCode::NOT_FOUND);
    }
    assert_eq!(send(Method::GET, "/setup", String::new()).await.status, StatusCode::NOT_FOUND);
}
