//! Whatever strangers write is shown as text, everywhere.

use crate::shop::{Fixture, euro};
use ipnd_core::{
    Concern, Customer, EventItem, EventKind, ExaminedEvent, Item, Language, QuestionKind, Reason,
};
use ipnd_store::{CheckOutcome, MailOutcome, ProductKind};
use jiff::SignedDuration;

/// Texts that would run, break out of an attribute, close an element or turn the page around.
const NAUGHTY: [&str; 8] = [
    "<script>alert(1)</script>",
    "<svg/onload=alert(1)>",
    "\"><img src=x onerror=alert(1)>",
    "'><img src=x onerror=alert(1)>",
    "</textarea></script></style></title><svg/onload=alert(1)>",
    "javascript:alert(1)",
    "{{ 7331*7331 }}{% raw %}${7331*7331}<%= 7331*7331 %>",
    "\u{202e}drow\u{2066}<b onmouseover=alert(1)>\u{0}\u{7}",
];

/// What must not stand in any page, whichever text was put in.
fn assert_harmless(path: &str, page: &str) {
    let lower = page.to_lowercase();
    for raw in ["<script>", "<script ", "<svg/onload", "<img src=x", "<b onmouseover", "<%="] {
        assert!(!lower.contains(raw), "{path} contains {raw}");
    }
    for attribute in
        ["href=\"javascript:", "src=\"javascript:", "action=\"javascript:", "onerror=\"", "style=\""]
    {
        assert!(!lower.contains(attribute), "{path} contains {attribute}");
    }
    assert!(!page.contains("53743561"), "{path} has worked something out");
}

/// The pages with everything that strangers can fill in, in it.
async fn pages_with(naughty: &str) -> Vec<(String, String)> {
    let shop = Fixture::new(Language::En).await;
    let text = || naughty.to_owned();
    let customer = Customer {
        name: Some(text()),
        email: Some(text()),
        phone: Some(text()),
        address: vec![text(), text()],
        country: Some(text()),
    };
    shop.product("mug", naughty, ProductKind::Physical, Some(1)).await;
    let item = |sku: &str| Item { sku: sku.into(), name: text(), quantity: 1, unit_price: euro("5.00") };
    let order = shop.order_of(vec![item("mug"), item(naughty)], customer.clone()).await;

    // An endpoint may hold back what it is told of; what it answers is a stranger's text.
    crate::telling::add(&shop, "Told", &[("products", &format!("mug\n{naughty}"))]).await;
    let good = shop.order_of(vec![item("mug"), item(naughty)], customer.clone()).await;
    let mut event = shop.paid(&good, &format!("{naughty}/good"), "10.00");
    event.note = Some(text());
    event.custom = Some(text());
    shop.hear(format!("good={}", order.id).as_bytes(), vec![event]).await;
    let reason = Reason::new("endpoint_reply", naughty);
    assert_eq!(crate::telling::attempt(&shop, naughty, crate::telling::later(&shop, reason)).await, 1);
    let told = crate::telling::all(&shop).await.remove(0).id;

    let mut event = shop.paid(&order, naughty, "3.00");
    event.fee = None;
    event.parent = Some(text());
    event.identity = text();
    event.receivers = vec![text()];
    event.items = vec![EventItem { sku: Some(text()), name: text(), quantity: 1, amount: None }];
    event.subscription = Some(text());
    event.case = Some(text());
    event.status = Some(text());
    event.reason = Some(text());
    event.custom = Some(text());
    event.note = Some(text());
    let mut dispute = event.clone();
    dispute.kind = EventKind::DisputeOpened;
    dispute.identity = format!("{naughty}/dispute");
    let mut unknown = event.clone();
    unknown.identity = format!("{naughty}/unknown");
    unknown.transaction = Some(format!("{naughty}/unknown"));
    unknown.order_ref = Some(format!("{naughty} nobody"));

    let body = naughty.replace('&', "%26");
    let body = format!("txn_id={body}&memo={body}&{body}=1");
    let notification = shop.journal(body.as_bytes()).await;
    let concern = Concern { kind: QuestionKind::Receiver, expected: text(), got: text() };
    let examined = |event| ExaminedEvent { event, concerns: vec![concern.clone()] };
    let events = vec![examined(event), examined(dispute), examined(unknown)];
    let remark = Some(Reason::new("unknown_type", naughty));
    shop.settle(notification, CheckOutcome::genuine(events, remark)).await;
    let json = shop.journal(format!("{{\"a\": {:?}}}", naughty).as_bytes()).await;
    shop.settle(json, CheckOutcome::forged(Reason::new(naughty, naughty))).await;

    let escaped: String =
        naughty.chars().filter(|c| !c.is_control()).map(|c| format!("&#{};", u32::from(c))).collect();
    let xml = shop.journal(format!("<a b='{escaped}'><!-- > --><c>{escaped}</c></a>").as_bytes()).await;
    let within = data_encoding::BASE64URL_NOPAD.encode(format!("{{\"a\": [{:?}]}}", naughty).as_bytes());
    let within = shop.journal(format!("data={within}").as_bytes()).await;

    let now = shop.app.clock.now();
    let sent = shop.app.store.write_message(shop.shop.id, order.id, naughty, now).await.unwrap();
    assert!(sent.is_some());
    for mail in shop.app.store.claim_mails(now, 50, SignedDuration::from_secs(60)).await.unwrap() {
        let outcome = MailOutcome::Sent { to: text(), subject_line: text() };
        shop.app.store.settle_mail(mail.id, mail.lease, now, outcome).await.unwrap();
    }
    shop.post("/owner/settings/keys", &[("name", naughty)]).await;
    shop.post("/owner/accounts/acc_1/edit", &[("name", naughty), ("set.receivers", naughty)]).await;
    shop.post(
        "/owner/settings/shop",
        &[("name", naughty), ("owner_email", "owner@example.com"), ("language", "en")],
    )
    .await;

    let search: String = form_urlencoded::byte_serialize(naughty.as_bytes()).collect();
    let paths = [
        "/owner/orders".to_owned(),
        format!("/owner/orders?search={search}"),
        format!("/owner/orders/{}", order.id),
        "/owner/reviews".to_owned(),
        "/owner/notifications".to_owned(),
        format!("/owner/notifications/{notification}"),
        format!("/owner/notifications/{notification}?view=raw"),
        format!("/owner/notifications/{notification}?view=hex"),
        format!("/owner/notifications/{json}"),
        format!("/owner/notifications/{json}?view=raw"),
        format!("/owner/notifications/{xml}"),
        format!("/owner/notifications/{within}"),
        "/owner/products".to_owned(),
        "/owner/products/mug".to_owned(),
        "/owner/accounts".to_owned(),
        "/owner/accounts/acc_1".to_owned(),
        "/owner/accounts/acc_1/edit".to_owned(),
        "/owner/settings".to_owned(),
        format!("/owner/settings?done={search}"),
        format!("/owner/orders/{}", good.id),
        "/owner/endpoints".to_owned(),
        "/owner/endpoints/end_1".to_owned(),
        "/owner/endpoints/end_1/edit".to_owned(),
        format!("/owner/deliveries?endpoint={search}&kind={search}&before={search}"),
        "/owner/deliveries?view=all".to_owned(),
        format!("/owner/deliveries/{told}"),
    ];
    let mut pages = Vec::new();
    for path in paths {
        let answer = shop.get(&path).await;
        assert!(answer.status.is_success(), "{path}: {}", answer.status);
        pages.push((path, answer.body));
    }
    let wrong =
        shop.post("/owner/products/new", &[("sku", naughty), ("name", naughty), ("price", naughty)]).await;
    pages.push(("/owner/products/new".to_owned(), wrong.body));
    let fields = [("dialect", "paypal-ipn"), ("name", naughty), ("url", naughty), ("set.receivers", naughty)];
    let more = [("expression", naughty), ("headers", naughty), ("rate", naughty), ("products", naughty)];
    let wrong = shop.post("/owner/endpoints/new", &[fields, more].concat()).await;
    pages.push(("/owner/endpoints/new".to_owned(), wrong.body));
    let wrong = shop.post("/owner/deliveries/resend", &[("since", naughty), ("endpoint", naughty)]).await;
    pages.push(("/owner/deliveries/resend".to_owned(), wrong.body));
    let wrong = shop.post("/login", &[("email", naughty), ("password", naughty)]).await;
    pages.push(("/login".to_owned(), wrong.body));
    pages
}

#[tokio::test]
async fn t_f07_stored_script_from_a_notification() {
    for naughty in NAUGHTY {
        for (path, page) in pages_with(naughty).await {
            assert_harmless(&path, &page);
        }
    }
}

/// Were nothing shown, nothing would run either: the texts are there, escaped.
#[tokio::test]
async fn strangers_texts_are_shown_in_full() {
    let pages = pages_with("<i>Löwe</i>").await;
    for part in [
        "/owner/orders/",
        "/owner/notifications/",
        "/owner/reviews",
        "/owner/products/mug",
        "/owner/deliveries/dlv",
        "/owner/endpoints/end_1",
    ] {
        let (path, page) = pages.iter().find(|(path, _)| path.starts_with(part)).unwrap();
        assert!(page.contains("&#60;i&#62;Löwe&#60;/i&#62;"), "{path}");
    }
}

#[tokio::test]
async fn pages_may_run_nothing_and_be_framed_by_nobody() {
    let shop = Fixture::new(Language::En).await;
    for path in ["/owner/orders", "/owner/templates/customer.paid/en", "/owner/settings", "/owner/nothing"] {
        let answer = shop.get(path).await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.headers["cache-control"], "no-store", "{path}");
    }
}

#[tokio::test]
async fn the_preview_of_a_mail_can_do_nothing_but_be_looked_at() {
    let shop = Fixture::new(Language::En).await;
    let answer = shop.get("/owner/templates/customer.paid/en/preview").await;
    let policy = answer.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'none'") && policy.ends_with("sandbox"), "{policy}");
    assert!(!policy.contains("script-src") && policy.contains("form-action 'none'"), "{policy}");
    // The mail lies in a frame of the frame, as an attribute, so that it cannot end the page around it.
    assert!(answer.body.contains("sandbox=\"\" srcdoc=\"&#60;!"), "{}", answer.body);
}

#[tokio::test]
async fn the_bytes_themselves_are_only_ever_a_file() {
    let shop = Fixture::new(Language::En).await;
    let id = shop.journal(b"<script>alert(1)</script>").await;
    let answer = shop.get(&format!("/owner/notifications/{id}/body")).await;
    assert_eq!(answer.body, "<script>alert(1)</script>");
    assert_eq!(answer.headers["content-type"], "application/octet-stream");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    assert_eq!(answer.headers["content-disposition"], format!("attachment; filename=\"{id}.txt\""));
    assert!(answer.headers["content-security-policy"].to_str().unwrap().contains("sandbox"));
}
