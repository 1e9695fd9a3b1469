//! Endpoints, and what the shop was told.

use crate::shop::{Fixture, alex, euro};
use http::StatusCode;
use ipnd_core::{EventKind, Language, Reason};
use ipnd_store::{
    Attempt, DeliveryFilter, DeliveryLine, DeliveryOutcome, DeliveryState, Endpoint, EndpointState,
};
use jiff::SignedDuration;

/// Parts of what no page may show once it has been entered or made.
const SECRETS: [&str; 3] = ["whsk_", "hush-header", "hush-setting"];

pub(crate) const URL: &str = "https://shop.example.com/told";

/// An endpoint of the usual form, added on its page, with everything that it can have.
pub(crate) async fn add(shop: &Fixture, name: &str, more: &[(&str, &str)]) -> Endpoint {
    let fields = [&[("dialect", "standard"), ("name", name), ("url", URL)], more].concat();
    let answer = shop.post("/owner/endpoints/new", &fields).await;
    assert!(answer.status.is_success() || answer.status.is_redirection(), "{}", answer.body);
    shop.app.store.endpoints(shop.shop.id).await.unwrap().pop().unwrap()
}

/// Does what the worker would do with all that is due.
pub(crate) async fn attempt(shop: &Fixture, reply: &str, outcome: DeliveryOutcome) -> usize {
    let now = shop.app.clock.now();
    let lease = SignedDuration::from_secs(60);
    let due = shop.app.store.claim_deliveries(now, 50, lease).await.unwrap();
    let count = due.len();
    for due in due {
        let attempt =
            Attempt { started_at: now, duration: 120, status: Some(500), reply: Some(reply.into()) };
        shop.app.store.settle_delivery(due.id, due.lease, now, attempt, outcome.clone()).await.unwrap();
    }
    count
}

pub(crate) fn later(shop: &Fixture, reason: Reason) -> DeliveryOutcome {
    let again_at = shop.app.clock.now() + SignedDuration::from_mins(5);
    DeliveryOutcome::Later { reason, again_at, is_down: false }
}

pub(crate) async fn all(shop: &Fixture) -> Vec<DeliveryLine> {
    let filter = DeliveryFilter { limit: 200, ..DeliveryFilter::default() };
    shop.app.store.deliveries(shop.shop.id, filter).await.unwrap()
}

/// An order that was paid just now, with the number of its payment.
async fn paid(shop: &Fixture, number: u32) -> ipnd_store::Order {
    let order = shop.order(alex()).await;
    let transaction = format!("TX{number}");
    shop.hear(transaction.as_bytes(), vec![shop.paid(&order, &transaction, "19.95")]).await;
    order
}

#[tokio::test]
async fn an_endpoint_is_added_and_its_key_shown_once() {
    let shop = Fixture::new(Language::En).await;
    assert!(shop.get("/owner/endpoints").await.body.contains("No endpoint yet"));
    let choice = shop.get("/owner/endpoints/new").await.body;
    assert!(choice.contains("Standard Webhooks") && choice.contains("?dialect=paypal-ipn"));
    assert!(!choice.contains("?dialect=custom"), "a form that only reads what others define is none");
    let found = shop.get("/owner/endpoints/new?search=cloud").await.body;
    assert!(found.contains("CloudEvents") && !found.contains("?dialect=stripe"));

    let fields = [("dialect", "standard"), ("name", "Web shop"), ("url", URL), ("concurrency", "3")];
    let made = shop.post("/owner/endpoints/new", &fields).await;
    assert_eq!(made.status, StatusCode::OK);
    assert!(made.location().is_empty(), "a key stands in no address");
    let endpoint = shop.app.store.endpoints(shop.shop.id).await.unwrap().pop().unwrap();
    let key = endpoint.keys[0].key.clone();
    assert!(made.body.contains(&key), "{}", made.body);
    assert!(made.body.contains("compare_digest"));
    assert_eq!((endpoint.plan.concurrency, endpoint.state), (3, EndpointState::Active));
    let page = shop.get("/owner/endpoints").await.body;
    assert!(page.contains("Web shop") && page.contains(URL) && page.contains("Active"));

    let pair = add(&shop, "Pair", &[("key_pair", "on")]).await;
    assert!(pair.keys[0].key.starts_with("whsk_"));
    let page = shop.get(&format!("/owner/endpoints/{}", pair.id)).await.body;
    assert!(page.contains("whpk_") && !page.contains("whsk_"), "only the half that everybody may know");
}

#[tokio::test]
async fn t_d13_signing_secret_leaks_into_no_page_after_it_was_made() {
    let shop = Fixture::new(Language::En).await;
    let headers = [("headers", "X-Token: hush-header\r\nX-Other: hush-header-2")];
    let standard = add(&shop, "Standard", &headers).await;
    let stripe = [
        ("dialect", "stripe"),
        ("name", "Stripe"),
        ("url", URL),
        ("set.signing_secret", "whsec_hush-setting-123456"),
    ];
    let answer = shop.post("/owner/endpoints/new", &stripe).await;
    assert!(answer.location().ends_with("?done=endpoint_new"), "{}", answer.body);
    let stripe = shop.app.store.endpoints(shop.shop.id).await.unwrap().pop().unwrap();
    let order = paid(&shop, 1).await;
    assert_eq!(attempt(&shop, "no", later(&shop, Reason::new("endpoint_status", "500"))).await, 2);

    let mut paths = vec![
        "/owner/endpoints".to_owned(),
        "/owner/deliveries".to_owned(),
        "/owner/deliveries?view=all".to_owned(),
    ];
    paths.push(format!("/owner/orders/{}", order.id));
    for endpoint in [&standard, &stripe] {
        for rest in ["", "/edit", "/form", "/remove"] {
            paths.push(format!("/owner/endpoints/{}{rest}", endpoint.id));
        }
    }
    paths.extend(all(&shop).await.iter().map(|line| format!("/owner/deliveries/{}", line.id)));
    for path in paths {
        let answer = shop.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        for secret in SECRETS {
            assert!(!answer.body.contains(secret), "{path} shows {secret}");
        }
        let key = &standard.keys[0].key["whsec_".len()..][..20];
        assert!(!answer.body.contains(key), "{path} shows the key");
    }
    // Neither does a form in which something is wrong: it asks for them again.
    let path = format!("/owner/endpoints/{}/edit", stripe.id);
    let wrong = [
        ("dialect", "stripe"),
        ("name", ""),
        ("url", URL),
        ("headers", "X: hush-header\nhush-header"),
        ("set.signing_secret", "whsec_hush-setting-654321"),
    ];
    let answer = shop.post(&path, &wrong).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        !answer.body.contains("hush") && answer.body.matches("Type this again").count() == 2,
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn an_edit_changes_what_stands_in_it_and_keeps_what_is_not_shown() {
    let shop = Fixture::new(Language::En).await;
    let more = [
        ("headers", "X-Token: hush-header\nX-Gone: x"),
        ("kind.refund.completed", "yes"),
        ("products", "mug\ntea"),
        ("environment", "sandbox"),
        ("expression", "data.order.paid.currency == \"EUR\""),
        ("ordered", "on"),
    ];
    let endpoint = add(&shop, "Shop", &more).await;
    let path = format!("/owner/endpoints/{}", endpoint.id);
    let form = shop.get(&format!("{path}/edit")).await.body;
    assert!(form.contains("name=\"kind.refund.completed\" value=\"yes\" checked"));
    assert!(
        form.contains("X-Token: \nX-Gone: \n") && form.contains("<details class=\"fold form-part\" open>")
    );

    let fields = [
        ("dialect", "standard"),
        ("name", "New name"),
        ("url", URL),
        ("headers", "X-Token:\nX-New: n"),
        ("rate", "7"),
    ];
    let answer = shop.post(&format!("{path}/edit"), &fields).await;
    assert_eq!(answer.location(), format!("{path}?done=endpoint"));
    let changed = shop.app.store.endpoint(shop.shop.id, endpoint.id).await.unwrap().unwrap();
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(changed.plan.headers, [header("X-Token", "hush-header"), header("X-New", "n")]);
    assert_eq!((changed.plan.rate, changed.plan.is_ordered, &changed.keys), (7, false, &endpoint.keys));
    assert_eq!(changed.plan.filter, ipnd_store::EndpointFilter::default());

    for (field, value, expected) in [
        ("name", "", "at most 100 characters"),
        ("url", "ftp://x", "only http and https"),
        ("concurrency", "65", "A whole number from 1 to 64."),
        ("rate", "x", "A whole number from 0 to 1000."),
        ("expression", "1 +", "This condition does not work"),
        ("headers", "Content-Length: 1", "A header cannot be used"),
        ("headers", "X-Unknown:", "“X-Unknown” has no value yet."),
    ] {
        let mut fields = vec![("dialect", "standard"), (field, value)];
        fields.extend([("name", "Shop"), ("url", URL)].iter().filter(|(own, _)| *own != field));
        let answer = shop.post(&format!("{path}/edit"), &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(answer.body.contains(expected), "{field}: {}", answer.body);
    }
    let same = shop.app.store.endpoint(shop.shop.id, endpoint.id).await.unwrap().unwrap();
    assert_eq!(same, changed, "nothing of what was wrong is kept");
}

#[tokio::test]
async fn a_shop_that_knows_only_paypal_is_told_in_its_form() {
    let shop = Fixture::new(Language::En).await;
    let form = shop.get("/owner/endpoints/new?dialect=paypal-ipn").await.body;
    assert!(form.contains("name=\"set.receivers\"") && !form.contains("accept_unconfirmed"));
    assert!(!form.contains("name=\"key_pair\""), "this form has no keys of ours");
    let fields = [("dialect", "paypal-ipn"), ("name", "Old cart"), ("url", URL)];
    let answer = shop.post("/owner/endpoints/new", &fields).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("This is needed."));
    let endpoint = add(&shop, "x", &[]).await;
    // Another form for one that is there: its settings are asked for, and the key goes on being kept.
    let path = format!("/owner/endpoints/{}", endpoint.id);
    assert!(
        shop.get(&format!("{path}/form")).await.body.contains(&format!("{path}/edit?dialect=paypal-ipn"))
    );
    assert!(
        shop.get(&format!("{path}/edit?dialect=paypal-ipn")).await.body.contains("name=\"set.receivers\"")
    );
    let fields = [&fields[..], &[("set.receivers", "SELLER1234567")]].concat();
    let answer = shop.post(&format!("{path}/edit"), &fields).await;
    assert_eq!(answer.location(), format!("{path}?done=endpoint"));
    let page = shop.get(&path).await.body;
    assert!(page.contains(&format!("https://shop.example.com/ask/{}", endpoint.token)));
    assert!(page.contains("https://shop.example.com/cgi-bin/webscr") && page.contains("VERIFIED"));
    assert!(!page.contains("/rotate"));

    // One that never had a key gets it when its form becomes one that signs.
    let made = shop.post("/owner/endpoints/new", &fields).await;
    let path = made.location().split('?').next().unwrap().to_owned();
    let fields = [("dialect", "cloudevents"), ("name", "Old cart"), ("url", URL)];
    let answer = shop.post(&format!("{path}/edit"), &fields).await;
    assert!(answer.status == StatusCode::OK && answer.body.contains("whsec_"), "{}", answer.body);
    assert!(!shop.get(&path).await.body.contains("/ask/"));
}

#[tokio::test]
async fn the_buttons_do_what_they_say() {
    let shop = Fixture::new(Language::En).await;
    let endpoint = add(&shop, "Shop", &[]).await;
    let path = format!("/owner/endpoints/{}", endpoint.id);
    let tried = shop.post(&format!("{path}/test"), &[]).await;
    assert_eq!(tried.location(), "/owner/deliveries/dlv_1?done=endpoint_test");
    let page = shop.get(tried.location()).await.body;
    assert!(page.contains("Trying the connection") && page.contains("It has not been tried yet."));

    let paused = shop.post(&format!("{path}/pause"), &[]).await;
    assert_eq!(paused.location(), format!("{path}?done=endpoint_paused"));
    let page = shop.get(&path).await.body;
    assert!(page.contains("You have paused it.") && page.contains("1 waiting") && !page.contains("/test\""));
    assert!(shop.get("/owner/deliveries/dlv_1").await.body.contains("Its endpoint is paused"));
    assert!(shop.post(&format!("{path}/test"), &[]).await.location().ends_with("endpoint_no_test"));
    let resumed = shop.post(&format!("{path}/resume"), &[]).await;
    assert_eq!(resumed.location(), format!("{path}?done=endpoint_resumed"));

    let rotated = shop.post(&format!("{path}/rotate"), &[("hours", "24")]).await;
    assert!(rotated.body.contains("Your secret") && rotated.body.contains("whsec_"));
    let both = shop.app.store.endpoint(shop.shop.id, endpoint.id).await.unwrap().unwrap();
    assert_eq!(both.keys_at(shop.app.clock.now()).len(), 2);
    let until = both.keys[1].until.unwrap();
    let until = until.strftime("signs until %-d %b %Y, %H:%M").to_string();
    assert!(shop.get(&path).await.body.contains(&until), "{until}");
    for wrong in ["", "23", "-1", "9999999999"] {
        let answer = shop.post(&format!("{path}/rotate"), &[("hours", wrong)]).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{wrong}");
    }

    let asks = shop.get(&format!("{path}/remove")).await.body;
    assert!(asks.contains("Remove “Shop”?") && asks.contains("cancelled: 1"));
    assert!(
        shop.app.store.endpoint(shop.shop.id, endpoint.id).await.unwrap().is_some(),
        "asking removes nothing"
    );
    let removed = shop.post(&format!("{path}/remove"), &[]).await;
    assert_eq!(removed.location(), "/owner/endpoints?done=endpoint_removed");
    assert_eq!(shop.get(&path).await.status, StatusCode::NOT_FOUND);
    attempt(&shop, "", DeliveryOutcome::Delivered).await;
    let page = shop.get("/owner/deliveries/dlv_1").await.body;
    assert!(page.contains("Its endpoint was removed.") && !page.contains("/resend\""), "{page}");
}

#[tokio::test]
async fn what_the_shop_did_not_get_says_why() {
    let shop = Fixture::new(Language::En).await;
    assert!(shop.get("/owner/deliveries").await.body.contains("No endpoint yet"));
    add(&shop, "Web shop", &[]).await;
    assert!(shop.get("/owner/deliveries").await.body.contains("Your shop got everything"));

    // Too little was paid, so the owner is asked first.
    let order = shop.order(alex()).await;
    shop.hear(b"x=1", vec![shop.paid(&order, "TX0", "1.00")]).await;
    let page = shop.get("/owner/deliveries").await.body;
    assert!(page.contains("Held back") && page.contains("The amount is different"));
    assert!(page.contains(&format!("href=\"/owner/orders/{}\"", order.id)));

    paid(&shop, 1).await;
    attempt(&shop, "busy", later(&shop, Reason::new("endpoint_status", "503"))).await;
    let page = shop.get("/owner/deliveries").await.body;
    assert!(
        page.contains("The receiver answered 503.") && page.contains("Next try 1 Mar 2026, 12:05:00"),
        "{page}"
    );
    shop.pass(6);
    let failed = DeliveryOutcome::Failed { reason: Reason::new("endpoint_status", "404"), is_gone: false };
    attempt(&shop, "gone", failed).await;
    let page = shop.get("/owner/deliveries").await.body;
    assert!(page.contains("Given up") && page.contains("It is not tried again by itself."));
    paid(&shop, 2).await;
    attempt(&shop, "ok", DeliveryOutcome::Delivered).await;
    let missing = shop.get("/owner/deliveries").await.body;
    let everything = shop.get("/owner/deliveries?view=all").await.body;
    assert!(
        !missing.contains("/owner/deliveries/dlv_2\"") && everything.contains("/owner/deliveries/dlv_2\"")
    );

    let [delivered, given_up] = <[DeliveryLine; 2]>::try_from(all(&shop).await).unwrap();
    let states = (delivered.state, given_up.state);
    assert_eq!(states, (DeliveryState::Delivered, DeliveryState::Failed));
    for (query, has) in [
        ("state=failed", [false, true]),
        ("state=delivered", [true, false]),
        ("kind=payment.completed", [true, true]),
        ("kind=refund.completed", [false, false]),
        ("endpoint=end_1", [true, true]),
        ("endpoint=end_9", [false, false]),
        ("before=dlv_2", [false, true]),
        ("state=nonsense&kind=nonsense&endpoint=nonsense&before=nonsense", [true, true]),
    ] {
        let page = shop.get(&format!("/owner/deliveries?view=all&{query}")).await.body;
        let lists = |line: &DeliveryLine| page.contains(&format!("href=\"/owner/deliveries/{}\"", line.id));
        assert_eq!([lists(&delivered), lists(&given_up)], has, "{query}");
    }
}

#[tokio::test]
async fn a_long_list_is_paged() {
    let shop = Fixture::new(Language::En).await;
    let path = format!("/owner/endpoints/{}", add(&shop, "Web shop", &[]).await.id);
    for _ in 0..55 {
        shop.post(&format!("{path}/test"), &[]).await;
    }
    let first = shop.get("/owner/deliveries?view=all").await.body;
    assert!(
        first.contains("deliveries/dlv_55\"")
            && first.contains("deliveries/dlv_6\"")
            && !first.contains("deliveries/dlv_5\"")
    );
    assert!(first.contains("?view=all&#38;before=dlv_6\" rel=\"next\""));
    let second = shop.get("/owner/deliveries?view=all&before=dlv_6").await.body;
    assert!(
        second.contains("deliveries/dlv_5\"")
            && second.contains("Newest")
            && !second.contains("rel=\"next\"")
    );
    let last = shop.get(&path).await.body;
    assert!(last.contains("deliveries/dlv_36\"") && !last.contains("deliveries/dlv_35\""), "the last twenty");
}

#[tokio::test]
async fn a_delivery_shows_what_is_told_and_every_attempt() {
    let shop = Fixture::new(Language::En).await;
    add(&shop, "Web shop", &[]).await;
    let order = paid(&shop, 1).await;
    attempt(&shop, "<b>out of order</b>", later(&shop, Reason::new("endpoint_status", "500"))).await;
    shop.pass(6);
    let line = all(&shop).await.remove(0);
    let path = format!("/owner/deliveries/{}", line.id);
    let page = shop.get(&path).await.body;
    for expected in [
        "Payment completed",
        "  &#34;type&#34;: &#34;payment.completed&#34;,",
        "The receiver answered 500.",
        "status 500 · 120 ms",
        "&#60;b&#62;out of order&#60;/b&#62;",
        "1 Mar 2026, 12:00:00",
        "Web shop",
        URL,
        &line.message_id,
        &format!("href=\"/owner/orders/{}\"", order.id),
    ] {
        assert!(page.contains(expected), "{expected}: {page}");
    }
    assert!(!page.contains("Attempts whose end"));

    // The program stops in the middle of the next one: nobody knows how it ended.
    let now = shop.app.clock.now();
    let leased = shop.app.store.claim_deliveries(now, 5, SignedDuration::from_secs(60)).await.unwrap();
    assert_eq!(leased.len(), 1);
    assert!(shop.get(&path).await.body.contains("Attempts whose end is not known: 1"));
    let answer = shop.post(&format!("{path}/resend"), &[]).await;
    assert_eq!(answer.location(), format!("{path}?done=not_resent"), "it is being sent");
    shop.pass(2);
    attempt(&shop, "ok", DeliveryOutcome::Delivered).await;
    let page = shop.get(&path).await.body;
    assert!(page.contains("It arrived") && page.contains("1 Mar 2026, 12:08:00"));
    let answer = shop.post(&format!("{path}/resend"), &[]).await;
    assert_eq!(answer.location(), format!("{path}?done=resent"));
    assert_eq!(all(&shop).await[0].state, DeliveryState::Waiting);

    assert_eq!(shop.get("/owner/deliveries/dlv_99").await.status, StatusCode::NOT_FOUND);
    assert_eq!(shop.post("/owner/deliveries/dlv_99/resend", &[]).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_order_says_what_was_told_about_it() {
    let shop = Fixture::new(Language::En).await;
    let filter = [("kind.payment.completed", "yes")];
    add(&shop, "Web shop", &filter).await;
    let order = paid(&shop, 1).await;
    let path = format!("/owner/orders/{}", order.id);
    let page = shop.get(&path).await.body;
    assert!(
        page.contains("The shop is yet to hear of it") && page.contains("href=\"/owner/deliveries/dlv_1\"")
    );
    shop.pass(1);
    attempt(&shop, "ok", DeliveryOutcome::Delivered).await;
    let page = shop.get(&path).await.body;
    assert!(page.contains("The shop was told") && page.contains("Payment completed · to “Web shop”"));
    // In the sequence in which it happened.
    let place = |text: &str| page.find(text).unwrap();
    assert!(place("Ordered in the storefront") < place("Payment completed · €19.95"));
    assert!(place("Payment completed · €19.95") < place("The shop was told"));
    let other = shop.order(alex()).await;
    assert!(!shop.get(&format!("/owner/orders/{}", other.id)).await.body.contains("The shop was told"));
}

#[tokio::test]
async fn sending_anew_counts_first_and_then_asks() {
    let shop = Fixture::new(Language::En).await;
    let endpoint = add(&shop, "Web shop", &[]).await.id.to_string();
    paid(&shop, 1).await;
    paid(&shop, 2).await;
    let failed = DeliveryOutcome::Failed { reason: Reason::new("endpoint_status", "404"), is_gone: false };
    while attempt(&shop, "", failed.clone()).await > 0 {}
    let failed_count =
        async || all(&shop).await.iter().filter(|line| line.state == DeliveryState::Failed).count();
    assert_eq!(failed_count().await, 2);
    let path = "/owner/deliveries/resend";
    let counted = shop.post(path, &[("state", "failed")]).await;
    assert!(
        counted.body.contains("Messages that would be sent again: 2")
            && counted.body.contains("name=\"sure\"")
    );
    assert_eq!(failed_count().await, 2, "counting sends nothing");
    let sent = shop.post(path, &[("state", "failed"), ("sure", "yes")]).await;
    assert_eq!(sent.location(), "/owner/deliveries?done=resent");
    assert_eq!(failed_count().await, 0);
    let nothing = shop.post(path, &[("state", "failed")]).await.body;
    assert!(nothing.contains("sent again: 0") && !nothing.contains("name=\"sure\""));

    // An endpoint that came later is told of what was before it.
    let late = add(&shop, "Latecomer", &[]).await.id.to_string();
    let fields = [("endpoint", &*late), ("since", "2026-03-01T11:00"), ("fill_in", "on")];
    let counted = shop.post(path, &fields).await.body;
    assert!(
        counted.contains("never told: 2")
            && counted.contains("name=\"since\" value=\"2026-03-01T11:00:00Z\""),
        "{counted}"
    );
    let sure = [("endpoint", &*late), ("since", "2026-03-01T11:00:00Z"), ("fill_in", "yes"), ("sure", "yes")];
    assert_eq!(shop.post(path, &sure).await.location(), "/owner/deliveries?done=resent");
    assert_eq!(all(&shop).await.len(), 4);

    for (fields, expected) in [
        (vec![], "Choose an endpoint, a state or a time"),
        (vec![("since", "yesterday"), ("state", "failed")], "This is not a time."),
        (vec![("fill_in", "on"), ("endpoint", &*endpoint)], "needs an endpoint and a time"),
        (vec![("sure", "yes")], "Choose an endpoint, a state or a time"),
    ] {
        let answer = shop.post(path, &fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{expected}");
        assert!(answer.body.contains(expected), "{expected}");
    }
}

#[tokio::test]
async fn an_endpoint_says_how_it_is_doing() {
    let shop = Fixture::new(Language::En).await;
    let endpoint = add(&shop, "Web shop", &[]).await;
    let order = paid(&shop, 1).await;
    let mut refund = shop.paid(&order, "R1", "1.00");
    refund.kind = EventKind::RefundCompleted;
    refund.parent = Some("TX1".into());
    refund.amount = Some(euro("1.00"));
    shop.hear(b"r=1", vec![refund]).await;
    for _ in 0..3 {
        let reason = Reason::new("exchange_failed", "nobody answered");
        let again_at = shop.app.clock.now();
        attempt(&shop, "", DeliveryOutcome::Later { reason, again_at, is_down: true }).await;
        shop.pass(6);
    }
    let page = shop.get("/owner/endpoints").await.body;
    assert!(
        page.contains("Nothing has arrived since 1 Mar 2026, 12:00") && page.contains("2 waiting"),
        "{page}"
    );
    let gone = DeliveryOutcome::Failed { reason: Reason::new("endpoint_gone", ""), is_gone: true };
    attempt(&shop, "", gone).await;
    let page = shop.get(&format!("/owner/endpoints/{}", endpoint.id)).await.body;
    assert!(page.contains("Paused") && page.contains("it is gone for good"), "{page}");
}
