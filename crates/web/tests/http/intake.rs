//! `/in/{token}`: what is kept, what is refused, and with which words.

use crate::harness::{FORM, Server, new_account, paid};
use ipnd_core::limits::{UNPROVEN_BURST_PER_ADDRESS, UNPROVEN_PER_ADDRESS_A_SECOND};
use ipnd_core::{Currency, Environment, Event, EventKind, Limits, Money, OrderStatus};
use ipnd_gateways::{Outcome, RawRequest, Settings};
use ipnd_store::{CheckOutcome, CheckState, NewAccount, NotificationFilter, NotificationLine, Store as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

async fn kept(server: &Server) -> Vec<NotificationLine> {
    let filter = NotificationFilter { limit: 200, ..NotificationFilter::default() };
    server.store.notifications(server.shop.id, filter).await.unwrap()
}

const ORDER: &str =
    r#"{"reference":"A-1","currency":"EUR","items":[{"name":"Tea","quantity":1,"unit_price":"19.95"}]}"#;

#[tokio::test]
async fn a_notification_is_kept_as_it_came_and_answered_as_paypal_expects() {
    let server = Server::start().await;
    let body = b"payment_status=Completed&first_name=Bj%F6rn&charset=windows-1252&txn_id=1&a=%00";
    let headers = [FORM, ("User-Agent", "PayPal IPN ( https://www.paypal.com/ipn )"), ("X-Two", "one")];
    let answer = server.send("POST", &format!("{}?q=1&r=%41", server.intake()), &headers, body).await;
    assert_eq!((answer.status, answer.body.len()), (200, 0));
    let id = kept(&server).await[0].id;
    let notification = server.store.notification(server.shop.id, id).await.unwrap().unwrap();
    assert_eq!(notification.request.method, "POST");
    assert_eq!(notification.request.query, "q=1&r=%41");
    assert_eq!(notification.request.body, body);
    let names: Vec<&str> = notification.request.headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["host", "connection", "content-type", "user-agent", "x-two", "content-length"]);
    assert_eq!(notification.remote, Some(server.addr.ip()));
    assert_eq!(notification.check.state, CheckState::Waiting);
    assert_eq!(server.notify(body).await.status, 200, "the same again");
}

#[tokio::test]
async fn copies_are_counted_and_answered_like_the_first() {
    let server = Server::start().await;
    for _ in 0..3 {
        let answer = server.notify(paid("A-1").as_bytes()).await;
        assert_eq!((answer.status, answer.body.len()), (200, 0));
    }
    let lines = kept(&server).await;
    assert_eq!((lines.len(), lines[0].copies_count), (1, 2));
}

/// The same bytes at a gateway whose messages only say that something has changed.
#[tokio::test]
async fn a_copy_that_is_news_has_the_gateway_asked_again() {
    let server = Server::start().await;
    let thin = NewAccount {
        gateway: "mollie".into(),
        settings: BTreeMap::from([("api_key".into(), "live_nobodysKey".into())]),
        ..new_account(&server.shop)
    };
    let thin = server.store.create_account(thin, server.clock.now()).await.unwrap();
    for (token, is_asked_again) in [(&thin.token, true), (&server.account.token, false)] {
        let comes = || async {
            let path = format!("/in/{token}");
            server.send("POST", &path, &[FORM], b"id=tr_1&txn_id=1").await.status
        };
        let lease = SignedDuration::from_secs(60);
        assert_eq!(comes().await, 200);
        let due = server.store.claim_checks(server.clock.now(), 9, lease).await.unwrap().remove(0);
        let genuine = CheckOutcome::genuine(vec![], None);
        server.store.settle_check(due.notification, due.lease, server.clock.now(), genuine).await.unwrap();
        server.clock.advance(SignedDuration::from_secs(5));
        assert_eq!(comes().await, 200);
        let again = server.store.claim_checks(server.clock.now(), 9, lease).await.unwrap();
        assert_eq!(again.len() == 1, is_asked_again);
    }
}

#[tokio::test]
async fn t_a01_an_unverified_body_changes_nothing() {
    let server = Server::start().await;
    assert_eq!(server.api("POST", "/v1/orders", ORDER).await.status, 201);
    let before = server.api("GET", "/v1/orders/ref:A-1", "").await.json();
    assert_eq!(server.notify(paid("A-1").as_bytes()).await.status, 200);
    let order = server.store.order_by_reference(server.shop.id, "A-1").await.unwrap().unwrap();
    assert_eq!(order.state.status, OrderStatus::Open);
    assert!(server.store.mails(server.shop.id, order.id).await.unwrap().is_empty());
    assert_eq!(server.api("GET", "/v1/orders/ref:A-1", "").await.json(), before);
    assert_eq!(server.api("GET", "/v1/events", "").await.json()["data"], serde_json::json!([]));
    assert_eq!(kept(&server).await[0].state, CheckState::Waiting);
}

#[tokio::test]
async fn t_a02_no_setting_turns_verification_off() {
    let server = Server::start().await;
    let tries = [
        r#"{"verify":"false"}"#,
        r#"{"skip_verification":"true"}"#,
        r#"{"disable_ipn_verification":"1"}"#,
        r#"{"postback_url":"http://127.0.0.1:1/"}"#,
        r#"{"postback_url":"https://www.paypal.com.evil.example/"}"#,
    ];
    let account = server.account.id;
    for settings in tries {
        let change = format!(r#"{{"settings":{settings}}}"#);
        let answer = server.api("PUT", &format!("/v1/accounts/{account}"), &change).await;
        assert_eq!(answer.status, 422, "{settings}: {}", answer.text());
    }
    assert_eq!(server.store.account(server.shop.id, account).await.unwrap(), Some(server.account.clone()));
}

#[tokio::test]
async fn t_a18_the_environment_belongs_to_the_account_and_not_to_the_message() {
    let server = Server::start().await;
    let url = format!("/v1/accounts/{}", server.account.id);
    assert_eq!(server.api("PUT", &url, r#"{"environment":"sandbox"}"#).await.status, 422);
    assert_eq!(server.notify(b"payment_status=Completed&test_ipn=1&txn_id=1").await.status, 200);
    let account = server.store.account(server.shop.id, server.account.id).await.unwrap().unwrap();
    assert_eq!(account.environment, Environment::Live);
}

/// Name, method, path, content type, body, the status that is expected.
type Row<'a> = (&'a str, &'a str, &'a str, (&'a str, &'a str), &'a [u8], u16);

#[tokio::test]
async fn bad_input_gets_a_clear_answer_and_loses_nothing() {
    let limits = Limits { body_bytes_max: 2_000, ..Limits::default() };
    let server = Server::start_with(limits).await;
    let json = ("content-type", "application/json");
    let text = ("content-type", "text/plain");
    let large = vec![b'a'; 2_001];
    let wrong = format!("/in/{}", "a".repeat(26));
    let right = server.intake();
    let rows: [Row<'_>; 14] = [
        ("unknown token", "POST", &wrong, FORM, b"a=b", 404),
        ("token in capitals", "POST", &right.to_uppercase().replace("/IN/", "/in/"), FORM, b"a=b", 404),
        ("too large", "POST", &right, FORM, &large, 413),
        ("JSON", "POST", &right, json, b"{}", 400),
        ("text", "POST", &right, text, b"a=b", 400),
        ("empty", "POST", &right, FORM, b"", 400),
        ("GET", "GET", &right, FORM, b"", 405),
        ("HEAD", "HEAD", &right, FORM, b"", 405),
        ("PUT", "PUT", &right, FORM, b"a=b", 405),
        ("OPTIONS", "OPTIONS", &right, FORM, b"", 405),
        ("GET of an unknown token", "GET", &wrong, FORM, b"", 405),
        ("below", "POST", &format!("{right}/x"), FORM, b"a=b", 404),
        ("with a slash", "POST", &format!("{right}/"), FORM, b"a=b", 404),
        ("no text at all", "POST", "/in/%00%ff", FORM, b"a=b", 404),
    ];
    for (name, method, path, content_type, body, status) in rows {
        let answer = server.send(method, path, &[content_type], body).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        let explains = !matches!(status, 404 | 405);
        assert_eq!(answer.body.is_empty(), !explains, "{name}: {}", answer.text());
    }
    assert!(kept(&server).await.is_empty());
    let answer = server.send("POST", &right, &[text], b"a=b").await;
    assert_eq!(answer.text(), "The message is not a form with fields of this gateway.");
}

#[tokio::test]
async fn unknown_tokens_look_all_the_same() {
    let server = Server::start().await;
    let mut answers = Vec::new();
    for token in ["a", "shp_1", "%00", "..%2f", &"x".repeat(26), &"y".repeat(5_000)] {
        answers.push(server.send("POST", &format!("/in/{token}"), &[FORM], b"a=b").await.undated());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!((answers[0].status, answers[0].body.len()), (404, 0));
}

#[tokio::test]
async fn t_d16_our_own_endpoint_redirects() {
    let server = Server::start().await;
    let right = server.intake();
    let paths = [
        right.clone(),
        format!("{right}/"),
        format!("{right}//"),
        format!("/{right}"),
        "/in".into(),
        "/in/".into(),
        "/in/x".into(),
        format!("{right}?a=b"),
        format!("http://elsewhere.example{right}"),
    ];
    for path in &paths {
        for method in ["POST", "GET", "HEAD", "PUT", "OPTIONS", "PATCH", "DELETE"] {
            for headers in [
                &[FORM][..],
                &[FORM, ("x-forwarded-proto", "http")],
                &[FORM, ("upgrade-insecure-requests", "1")],
            ] {
                let status = server.send(method, path, headers, b"a=b&txn_id=1").await.status;
                assert!(!(300..400).contains(&status), "{method} {path}: {status}");
            }
        }
    }
    for gateway in ipnd_gateways::ALL {
        let settings = Settings::sample(gateway.settings);
        let request = RawRequest::post("text/plain", "");
        for outcome in [Outcome::Accepted, Outcome::Duplicate, Outcome::Probed, Outcome::Refused] {
            let status = (gateway.reply)(&request, &settings, outcome, Timestamp::UNIX_EPOCH).status;
            assert!(!(300..400).contains(&status), "{} {outcome:?}", gateway.id);
        }
    }
}

#[tokio::test]
async fn t_b12_duplicate_or_smuggled_form_fields() {
    let server = Server::start().await;
    for body in ["txn_id=1&mc_gross=1.00&mc_gross=2000.00", "txn_id=1&mc%5Fgross=1&mc_gross=2"] {
        let answer = server.notify(body.as_bytes()).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.text().contains("more than once"), "{}", answer.text());
    }
    assert!(kept(&server).await.is_empty());
}

#[tokio::test]
async fn t_b13_no_encoding_makes_a_loop_of_500s() {
    let server = Server::start().await;
    let bodies: [&[u8]; 8] = [
        b"txn_id=1&memo=%00",
        b"txn_id=2&memo=\0raw",
        b"txn_id=3&memo=%FF%FE",
        b"txn_id=4&memo=\xff\xfe",
        b"txn_id=5&memo=%C0%AF",
        b"txn_id=6&memo=%ED%A0%80",
        b"\xef\xbb\xbftxn_id=7",
        b"txn_id=8&charset=no-such-charset&memo=%",
    ];
    for body in bodies {
        let shown = String::from_utf8_lossy(body).into_owned();
        let first = server.notify(body).await;
        assert!(matches!(first.status, 200 | 400), "{shown:?}: {}", first.status);
        assert_eq!(server.notify(body).await.status, first.status, "{shown:?} again");
    }
    for line in kept(&server).await {
        let shown = server.api("GET", &format!("/v1/notifications/{}", line.id), "").await;
        assert_eq!(shown.status, 200);
        let body = data_encoding::BASE64.decode(shown.json()["body"].as_str().unwrap().as_bytes()).unwrap();
        assert!(bodies.contains(&body.as_slice()), "the bytes are the same");
    }
}

#[tokio::test]
async fn t_b17_sql_in_fields_is_text() {
    let server = Server::start().await;
    let nasty = "x%27%3B+DROP+TABLE+orders%3B--%22%29+OR+1%3D1";
    let body = format!(
        "payment_status={nasty}&txn_id={nasty}&invoice={nasty}&receiver_email={nasty}&custom={nasty}"
    );
    let header = ("user-agent", "'; DROP TABLE notifications; --");
    let path = format!("{}?q={nasty}", server.intake());
    assert_eq!(server.send("POST", &path, &[FORM, header], body.as_bytes()).await.status, 200);
    let wrong = server.send("POST", "/in/'%20OR%20'1'='1", &[FORM], b"a=b").await;
    assert_eq!(wrong.status, 404);
    for path in
        ["/v1/orders?search='%20OR%201=1--", "/v1/orders?reference=%27%3B--", "/v1/orders/ref:'%20OR%20''='"]
    {
        let answer = server.api("GET", path, "").await;
        assert!(matches!(answer.status, 200 | 404), "{path}: {}", answer.text());
    }
    let id = kept(&server).await[0].id;
    let notification = server.store.notification(server.shop.id, id).await.unwrap().unwrap();
    assert_eq!(notification.request.body, body.as_bytes());
    assert_eq!(notification.request.header("user-agent"), Some(header.1));
}

#[tokio::test]
async fn a_full_disk_is_503_with_retry_after_and_nothing_is_acknowledged() {
    let server = Server::start().await;
    assert_eq!(server.notify(b"txn_id=0").await.status, 200);
    server.store.limit_pages(Some(1)).await.unwrap();
    let body = |number: u32| format!("txn_id={number}&memo={}", "x".repeat(200_000));
    let mut accepted = 1;
    let refused = loop {
        let answer = server.notify(body(accepted).as_bytes()).await;
        if answer.status != 200 {
            break answer;
        }
        accepted += 1;
        assert!(accepted < 50, "the file was to be full by now");
    };
    assert_eq!(refused.status, 503);
    assert!(refused.header("retry-after").is_some());
    assert_eq!(
        kept(&server).await.len(),
        usize::try_from(accepted).unwrap(),
        "what was acknowledged is there"
    );
    server.store.limit_pages(None).await.unwrap();
    assert_eq!(server.notify(body(accepted).as_bytes()).await.status, 200, "sent again, it is kept");
}

#[tokio::test]
async fn t_g07_one_account_can_have_only_so_many_unproven_ones() {
    let limits = Limits { waiting_per_account_max: 3, ..Limits::default() };
    let server = Server::start_with(limits).await;
    for number in 0..3 {
        assert_eq!(server.notify(format!("txn_id={number}").as_bytes()).await.status, 200);
    }
    let answer = server.notify(b"txn_id=4").await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("30")));
    let other = server.store.create_account(new_account(&server.shop), server.clock.now()).await.unwrap();
    let path = format!("/in/{}", other.token);
    assert_eq!(
        server.send("POST", &path, &[FORM], b"txn_id=5").await.status,
        200,
        "others are not concerned"
    );
}

#[tokio::test]
async fn what_proves_itself_is_not_turned_away_because_others_wait() {
    let limits = Limits { waiting_per_account_max: 1, ..Limits::default() };
    let server = Server::start_with(limits).await;
    let gateway = ipnd_gateways::find("stripe").unwrap();
    let values = BTreeMap::from([("signing_secret".to_owned(), "whsec_nobodysSecretAtAll".to_owned())]);
    let new =
        NewAccount { gateway: gateway.id.to_owned(), settings: values.clone(), ..new_account(&server.shop) };
    let settings = Settings::check(gateway.settings, new.environment, values).unwrap();
    let account = server.store.create_account(new, server.clock.now()).await.unwrap();
    let path = format!("/in/{}", account.token);
    for number in 0..3 {
        let mut event = Event::new(EventKind::PayoutCompleted, format!("x/{number}"), account.environment);
        event.transaction = Some(format!("po_{number}"));
        event.amount = Some(Money::parse("1.00", Currency::from_code("EUR").unwrap()).unwrap());
        let request = (gateway.compose)(&event, &settings, server.clock.now()).unwrap();
        let headers: Vec<(&str, &str)> =
            request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(server.send("POST", &path, &headers, &request.body).await.status, 200, "{number}");
    }
}

#[tokio::test]
async fn t_g07_one_address_can_send_only_so_much_that_nothing_proves() {
    let server = Server::start().await;
    // Guessing at tokens draws from the same well.
    let guess = || server.send("POST", "/in/guessed", &[FORM], b"txn_id=1");
    for number in 0..UNPROVEN_BURST_PER_ADDRESS {
        assert_eq!(guess().await.status, 404, "{number}");
    }
    assert_eq!((guess().await.status, server.notify(b"txn_id=1").await.status), (503, 503));
    server.clock.advance(jiff::SignedDuration::from_secs(1));
    for number in 0..UNPROVEN_PER_ADDRESS_A_SECOND {
        assert_eq!(server.notify(format!("txn_id={number}").as_bytes()).await.status, 200);
    }
    assert_eq!(server.notify(b"txn_id=one+too+many").await.status, 503);
}

#[tokio::test]
async fn t_g08_refused_messages_are_counted_and_not_stored() {
    let server = Server::start().await;
    for _ in 0..5 {
        server.send("POST", &server.intake(), &[("content-type", "text/plain")], b"x").await;
    }
    assert!(kept(&server).await.is_empty());
    let metrics = server.get("/metrics").await.text();
    let line = metrics.lines().find(|line| line.contains(r#"reason="not_a_form""#)).unwrap();
    assert!(line.starts_with("ipnd_notifications_refused_total"), "{line}");
}
