//! Trying a request out: shown step by step, kept nowhere.

use crate::shop::Fixture;
use http::StatusCode;
use ipnd_core::{Currency, Environment, Event, EventKind, Language, Money};
use ipnd_gateways::{Gateway, RawRequest, Settings};
use ipnd_store::{Account, NewAccount, NotificationFilter};

/// What no page may show of an account.
const SECRET: &str = "sandbox-of-ipnd-nobodys-secret";

async fn open_account(shop: &Fixture, gateway: &Gateway) -> Account {
    let account = NewAccount {
        shop: shop.shop.id,
        gateway: gateway.id.into(),
        name: "Tried".into(),
        environment: Environment::Sandbox,
        settings: Settings::sample(gateway.settings).values().clone(),
        creates_orders: false,
        by: "owner".to_owned(),
    };
    shop.app.store.create_account(account, shop.app.clock.now()).await.unwrap()
}

/// A message as the gateway would send it to an account of the sandbox.
fn message(shop: &Fixture, gateway: &Gateway) -> RawRequest {
    let now = shop.app.clock.now();
    let kind =
        gateway.tells.iter().find(|kind| **kind == EventKind::PaymentCompleted).unwrap_or(&gateway.tells[0]);
    let mut event = Event::new(*kind, "x", Environment::Sandbox);
    event.occurred_at = Some(now);
    event.order_ref = Some("A-1001".into());
    event.transaction = Some("T1001x".into());
    event.amount = Some(Money::from_minor(1995, Currency::from_code("EUR").unwrap()));
    (gateway.compose)(&event, &Settings::sample(gateway.settings), now).unwrap()
}

/// The message as somebody would paste it.
fn pasted(request: &RawRequest) -> String {
    let headers: String =
        request.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let body = String::from_utf8(request.body.clone()).unwrap();
    format!("{} /in/x?{} HTTP/1.1\r\n{headers}\r\n{body}", request.method, request.query)
}

async fn nothing_is_kept(shop: &Fixture) {
    let filter = NotificationFilter { limit: 10, ..NotificationFilter::default() };
    assert!(shop.app.store.notifications(shop.shop.id, filter).await.unwrap().is_empty());
    assert_eq!(shop.app.store.backlog(shop.app.clock.now()).await.unwrap().checks_waiting, 0);
}

#[tokio::test]
async fn a_message_of_every_gateway_can_be_tried_out() {
    let shop = Fixture::new(Language::En).await;
    for gateway in ipnd_gateways::ALL {
        let account = open_account(&shop, gateway).await;
        let path = format!("/owner/accounts/{}/try", account.id);
        assert_eq!(shop.get(&path).await.status, StatusCode::OK);
        let sample = pasted(&message(&shop, gateway));
        let answer = shop.post(&path, &[("sample", &sample)]).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", gateway.id);
        let page = answer.body;
        assert!(
            page.contains("It would be ") && !page.contains("It would be refused"),
            "{}: {page}",
            gateway.id
        );
        assert!(page.contains("Step by step") && page.contains("The sender hears"), "{}", gateway.id);
        // The pasted text itself stands in the form again, below; the secret is no part of it.
        if !sample.contains(SECRET) {
            assert!(!page.contains(SECRET), "{}", gateway.id);
        }
        let bent = shop.post(&path, &[("sample", &sample.replacen("POST", "PUT", 1))]).await.body;
        assert!(bent.contains("It would be refused"), "{}", gateway.id);
    }
    nothing_is_kept(&shop).await;
}

#[tokio::test]
async fn what_stands_in_a_form_is_tried_before_it_is_saved() {
    let shop = Fixture::new(Language::En).await;
    let gateway = ipnd_gateways::find("custom").unwrap();
    let sample = pasted(&message(&shop, gateway));
    let settings = Settings::sample(gateway.settings);
    let description = settings.get("description").unwrap();
    let form = |secret, environment| {
        [
            ("gateway", gateway.id),
            ("name", "Tea"),
            ("environment", environment),
            ("set.description", description),
            ("set.secrets", secret),
            ("sample", &sample),
        ]
    };
    let before = shop.app.store.accounts(shop.shop.id).await.unwrap();
    let page = shop.post("/owner/accounts/new/try", &form(SECRET, "sandbox")).await.body;
    assert!(page.contains("It would be accepted") && page.contains("Nothing has been saved"), "{page}");
    assert!(page.contains("payment.order_number") && page.contains("A-1001") && page.contains("€19.95"));
    assert!(!page.contains(SECRET));
    let other = shop.post("/owner/accounts/new/try", &form("another-secret", "sandbox")).await.body;
    assert!(other.contains("It would be refused") && other.contains("It does not fit"));
    let unfinished = shop.post("/owner/accounts/new/try", &form(SECRET, "")).await;
    assert_eq!(unfinished.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        unfinished.body.contains("do not fit yet") && unfinished.body.contains("Environment: Choose one.")
    );
    assert_eq!(shop.app.store.accounts(shop.shop.id).await.unwrap(), before);

    // The form of an account that is there: the secret that is kept is used without being shown.
    let account = open_account(&shop, gateway).await;
    let form = [("name", "Tea"), ("set.description", description), ("set.secrets", ""), ("sample", &*sample)];
    let page = shop.post(&format!("/owner/accounts/{}/try", account.id), &form).await.body;
    assert!(page.contains("It would be accepted") && !page.contains(SECRET));
    let after = shop.app.store.account(shop.shop.id, account.id).await.unwrap();
    assert_eq!(after, Some(account));
    nothing_is_kept(&shop).await;
}

#[tokio::test]
async fn what_cannot_be_tried_says_why() {
    let shop = Fixture::new(Language::En).await;
    let path = format!("/owner/accounts/{}/try", shop.account.id);
    let too_long = "x".repeat(usize::try_from(shop.app.limits.body_bytes_max).unwrap() + 1);
    for (sample, at, expected) in [
        ("", "", "Paste a request first."),
        ("what is this", "", "This is no request"),
        ("A: b\n\nx", "yesterday", "This is not a time."),
        (too_long.as_str(), "", "This is longer than what is accepted"),
    ] {
        let answer = shop.post(&path, &[("sample", sample), ("sample_at", at)]).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{expected}");
        assert!(answer.body.contains(expected), "{expected}");
    }
    assert_eq!(shop.get("/owner/accounts/acc_99/try").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn t_f07_script_in_stored_text_neither_in_what_was_only_tried() {
    let shop = Fixture::new(Language::En).await;
    let naughty = "\"'><script>alert(1)</script>{{7*7}}\u{202e}\u{0}";
    for gateway in ipnd_gateways::ALL {
        let account = open_account(&shop, gateway).await;
        let path = format!("/owner/accounts/{}/try", account.id);
        let mut request = message(&shop, gateway);
        request.headers.push(("x-naughty".into(), naughty.into()));
        let in_headers = pasted(&request);
        let in_body = format!("POST /{naughty} HTTP/1.1\nX: {naughty}\n\n{naughty}");
        for sample in [in_headers, in_body, naughty.to_owned()] {
            let page = shop.post(&path, &[("sample", &sample), ("sample_at", naughty)]).await.body;
            assert!(!page.contains("<script>alert"), "{}", gateway.id);
        }
    }
}
