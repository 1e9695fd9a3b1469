//! Endpoints without an address, which fetch what they are told.

use crate::shop::Fixture;
use crate::telling::URL;
use http::StatusCode;
use ipnd_core::{Language, Reason};
use ipnd_store::{Attempt, DeliveryOutcome, Endpoint};
use jiff::SignedDuration;

async fn endpoint(shop: &Fixture) -> Endpoint {
    shop.app.store.endpoints(shop.shop.id).await.unwrap().pop().unwrap()
}

/// Adds one on its page.
async fn add(shop: &Fixture, more: &[(&str, &str)]) -> Endpoint {
    let fields = [&[("dialect", "standard"), ("name", "Desk"), ("way", "fetch"), ("url", "")], more].concat();
    let answer = shop.post("/owner/endpoints/new", &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    endpoint(shop).await
}

#[tokio::test]
async fn an_endpoint_that_fetches_is_made_without_an_address() {
    let shop = Fixture::new(Language::En).await;
    let form = shop.get("/owner/endpoints/new?dialect=standard").await.body;
    assert!(form.contains("value=\"call\" checked") && form.contains("value=\"fetch\">"), "{form}");
    let field = form.split("id=\"url\"").nth(1).unwrap().split('>').next().unwrap();
    assert!(!field.contains("required") && !field.contains("type="), "it may be out of sight: {field}");

    // Whoever wants to be called has to say where.
    let called = [("dialect", "standard"), ("name", "Shop"), ("way", "call"), ("url", "")];
    let answer = shop.post("/owner/endpoints/new", &called).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("This is needed."));

    // What is wrong elsewhere does not lose the choice.
    let nameless = [("dialect", "standard"), ("name", ""), ("way", "fetch")];
    let answer = shop.post("/owner/endpoints/new", &nameless).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("value=\"fetch\" checked") && !answer.body.contains("This is needed."));

    // What was typed before the choice counts for nothing.
    let fields = [
        ("dialect", "standard"),
        ("name", "Desk"),
        ("way", "fetch"),
        ("url", "half an addr"),
        ("concurrency", "many"),
        ("rate", "-"),
        ("ordered", "on"),
        ("headers", "X-Desk: 1"),
    ];
    let made = shop.post("/owner/endpoints/new", &fields).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.body);
    let own = endpoint(&shop).await;
    assert_eq!((&own.plan.url, own.plan.rate, own.plan.is_ordered), (&None, 0, false));
    assert_eq!(own.plan.headers, [("X-Desk".to_owned(), "1".to_owned())]);
    for expected in [
        &own.keys[0].key,
        "curl &#34;https://shop.example.com/v1/endpoints/end_1/fetch&#34;",
        "https://shop.example.com/v1/deliveries/dlv_1/settle",
        "Within 60 seconds",
        "ipnd listen --url https://shop.example.com --key",
        "Decode request.body from Base64",
    ] {
        assert!(made.body.contains(expected), "{expected}: {}", made.body);
    }

    // A form that is not signed with keys of ours leads to the endpoint's page, which says the same.
    let paypal =
        [("dialect", "paypal-ipn"), ("name", "Cart"), ("way", "fetch"), ("set.receivers", "SELLER1234567")];
    let made = shop.post("/owner/endpoints/new", &paypal).await;
    let page = shop.get(made.location()).await.body;
    assert!(page.contains("/v1/endpoints/end_2/fetch") && page.contains("/ask/"), "{page}");
}

#[tokio::test]
async fn its_pages_show_nothing_that_only_one_with_an_address_has() {
    let shop = Fixture::new(Language::En).await;
    let path = format!("/owner/endpoints/{}", add(&shop, &[]).await.id);
    let page = shop.get(&path).await.body;
    let fold = "<details class=\"card fold\" open>";
    assert!(page.contains(fold) && page.contains("/v1/endpoints/end_1/fetch"), "{page}");
    assert!(page.contains("it fetches what it is told") && page.contains("nothing to fetch yet"), "{page}");
    for absent in
        ["/test\"", "At the same time", "A second", "Strict sequence", "Address", "Try the connection"]
    {
        assert!(!page.contains(absent), "{absent}: {page}");
    }
    let form = shop.get(&format!("{path}/edit")).await.body;
    for absent in ["way", "url", "concurrency", "rate", "ordered"] {
        assert!(!form.contains(&format!("name=\"{absent}\"")), "{absent}: {form}");
    }
    assert!(form.contains("name=\"headers\"") && form.contains("name=\"products\""));

    // It remains one that fetches, whatever is sent, and one with an address keeps it.
    let fields = [("dialect", "standard"), ("name", "Desk 2"), ("way", "call"), ("url", URL)];
    assert!(shop.post(&format!("{path}/edit"), &fields).await.location().ends_with("?done=endpoint"));
    let changed = endpoint(&shop).await;
    assert_eq!((changed.plan.name.as_str(), &changed.plan.url), ("Desk 2", &None));
    let called = crate::telling::add(&shop, "Shop", &[("rate", "7")]).await;
    let path = format!("/owner/endpoints/{}", called.id);
    let fields = [("dialect", "standard"), ("name", "Shop"), ("way", "fetch"), ("url", URL), ("rate", "7")];
    shop.post(&format!("{path}/edit"), &fields).await;
    assert_eq!(endpoint(&shop).await.plan, called.plan);
    let page = shop.get(&path).await.body;
    assert!(page.contains("/test\"") && !page.contains("/fetch") && page.contains("At the same time"));
}

#[tokio::test]
async fn one_that_fetches_is_never_said_to_be_left_alone() {
    let shop = Fixture::new(Language::En).await;
    let own = add(&shop, &[]).await;
    let store = &shop.app.store;
    for _ in 0..12 {
        let now = shop.app.clock.now();
        store.test_endpoint(shop.shop.id, own.id, now).await.unwrap();
        let lease = SignedDuration::from_secs(60);
        for due in store.fetch_deliveries(shop.shop.id, own.id, now, 50, lease).await.unwrap() {
            let attempt = Attempt { started_at: now, duration: 1, status: Some(500), reply: None };
            let reason = Reason::new("endpoint_status", "500");
            let outcome = DeliveryOutcome::Failed { reason, is_gone: false };
            store.settle_delivery(due.id, due.lease, now, attempt, outcome).await.unwrap();
        }
    }
    for path in ["/owner/endpoints".to_owned(), format!("/owner/endpoints/{}", own.id)] {
        let page = shop.get(&path).await.body;
        assert!(page.contains("Failing") && page.contains("that failed: 12"), "{page}");
        assert!(!page.contains("Resting") && !page.contains("left alone"), "{page}");
    }
}
