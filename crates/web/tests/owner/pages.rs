//! What the owner can see and do.

use crate::shop::{Fixture, alex, euro};
use http::StatusCode;
use ipnd_core::{Customer, Environment, EventKind, Language, MailKind, OrderStatus, Reason};
use ipnd_store::{CheckOutcome, CheckState, MailOutcome, NewAccount, ProductKind, ProvedBy, Queue};
use jiff::SignedDuration;

#[tokio::test]
async fn an_empty_shop_says_what_to_do() {
    let shop = Fixture::new(Language::En).await;
    let page = shop.get("/owner/orders").await.body;
    assert!(page.contains("No orders yet") && page.contains("https://shop.example.com/shop/demo"));
    assert!(shop.get("/owner/reviews").await.body.contains("Nothing waits for you"));
    assert!(shop.get("/owner/notifications").await.body.contains("No notifications yet"));
    assert!(shop.get("/owner/products").await.body.contains("No products yet"));
}

#[tokio::test]
async fn orders_are_searched_filtered_and_paged() {
    let shop = Fixture::new(Language::En).await;
    let mut last = None;
    for index in 0..55 {
        let customer = Customer { name: Some(format!("Customer No{index}.")), ..alex() };
        last = Some(shop.order(customer).await);
    }
    let last = last.unwrap();
    shop.hear(b"x=1", vec![shop.paid(&last, "TX777", "19.95")]).await;
    let first_page = shop.get("/owner/orders").await.body;
    assert!(first_page.contains("No54.") && first_page.contains("No5.") && !first_page.contains("No4."));
    let older = first_page.split("rel=\"next\"").next().unwrap().rsplit("href=\"").next().unwrap();
    let older = older.split('"').next().unwrap();
    let second_page = shop.get(older).await.body;
    assert!(second_page.contains("No4.") && second_page.contains("No0.") && !second_page.contains("No5."));
    assert!(!second_page.contains("rel=\"next\"") && second_page.contains("Newest"));
    for (search, expected) in [("TX777", "No54."), ("No17.", "No17."), (last.reference.as_str(), "No54.")] {
        let page = shop.get(&format!("/owner/orders?search={search}")).await.body;
        assert!(page.contains(expected) && !page.contains("No3."), "{search}");
    }
    let paid = shop.get("/owner/orders?status=paid").await.body;
    assert!(paid.contains("No54.") && !paid.contains("No53."));
    assert!(shop.get("/owner/orders?status=failed").await.body.contains("Nothing found"));
    // The search keeps the filter, and the filter the search.
    let both = shop.get("/owner/orders?search=No1&status=paid").await.body;
    assert!(both.contains("name=\"status\" value=\"paid\"") && both.contains("?search=No1&#38;status=open"));
}

#[tokio::test]
async fn an_order_shows_what_is_true_and_what_happened() {
    let shop = Fixture::new(Language::En).await;
    let order = shop.order(alex()).await;
    shop.pass(5);
    let mut event = shop.paid(&order, "TX1", "19.95");
    event.note = Some("Gift wrap, please".into());
    let heard = shop.hear(b"txn_id=TX1", vec![event.clone()]).await;
    shop.pass(5);
    event.kind = EventKind::RefundCompleted;
    event.identity = "R1".into();
    event.transaction = Some("R1".into());
    event.parent = Some("TX1".into());
    event.amount = Some(euro("4.50"));
    event.note = None;
    shop.hear(b"txn_id=R1", vec![event]).await;
    let page = shop.get(&format!("/owner/orders/{}", order.id)).await.body;
    for expected in [
        "badge-partly_refunded",
        "Mug, hand-made",
        "€19.95",
        "−€4.50",
        "€15.45",
        "TX1",
        "€0.93",
        "of TX1",
        "Alex Example",
        "Example Street 12",
        "Ordered in the storefront",
        "Payment completed · €19.95",
        "The gateway says: Completed",
        "Gift wrap, please",
        "E-mail waiting to be sent",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    assert!(page.contains(&format!("href=\"/owner/notifications/{heard}\"")));
    assert!(page.contains(&format!("https://shop.example.com/shop/demo/order/{}", order.token)));
    assert!(!page.contains("/cancel"), "what is paid cannot be cancelled");
    assert_eq!(shop.get("/owner/orders/ord_999").await.status, StatusCode::NOT_FOUND);
    assert_eq!(shop.get("/owner/orders/1").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_owner_writes_to_the_customer() {
    let shop = Fixture::new(Language::En).await;
    let order = shop.order(alex()).await;
    let path = format!("/owner/orders/{}/message", order.id);
    let answer = shop.post(&path, &[("text", "Dear Alex,\r\nit is on its way.")]).await;
    assert_eq!(answer.location(), format!("/owner/orders/{}?done=message", order.id));
    let page = shop.get(answer.location()).await.body;
    assert!(page.contains("Your message is on its way") && page.contains("Dear Alex,\nit is on its way."));
    assert!(shop.post(&path, &[("text", " \r\n ")]).await.location().ends_with("message_empty"));
    assert!(shop.post(&path, &[("text", &"x".repeat(20_001))]).await.location().ends_with("message_long"));
    let nobody = shop.order(Customer::default()).await;
    let page = shop.get(&format!("/owner/orders/{}", nobody.id)).await.body;
    assert!(page.contains("no e-mail address for this customer") && !page.contains("<textarea"));
    let answer = shop.post(&format!("/owner/orders/{}/message", nobody.id), &[("text", "x")]).await;
    assert!(answer.location().ends_with("no_address"));
}

#[tokio::test]
async fn the_time_line_tells_what_became_of_each_mail() {
    let shop = Fixture::new(Language::En).await;
    let order = shop.order(alex()).await;
    shop.hear(b"x=1", vec![shop.paid(&order, "TX1", "19.95")]).await;
    let now = shop.app.clock.now();
    let due = shop.app.store.claim_mails(now, 10, SignedDuration::from_secs(60)).await.unwrap();
    assert_eq!(due.len(), 2);
    for mail in due {
        let outcome = if mail.kind == MailKind::CustomerPaid {
            let again_at = now + SignedDuration::from_mins(5);
            MailOutcome::Later { reason: Reason::new("smtp_temporary", "451 busy"), again_at }
        } else {
            MailOutcome::Failed { reason: Reason::new("smtp_permanent", "550 unknown") }
        };
        shop.app.store.settle_mail(mail.id, mail.lease, now, outcome).await.unwrap();
    }
    let path = format!("/owner/orders/{}", order.id);
    let page = shop.get(&path).await.body;
    for expected in ["451 busy", "550 unknown", "next one 1 Mar 2026, 12:05", "E-mail could not be sent"] {
        assert!(page.contains(expected), "{expected}");
    }
    // An attempt that began and whose end is not known is marked.
    for _ in 0..2 {
        shop.pass(6);
        let lease = SignedDuration::from_secs(1);
        shop.app.store.claim_mails(shop.app.clock.now(), 10, lease).await.unwrap();
    }
    let page = shop.get(&path).await.body;
    assert!(page.contains("in doubt"), "{page}");
}

#[tokio::test]
async fn an_unpaid_order_can_be_cancelled_once() {
    let shop = Fixture::new(Language::En).await;
    let order = shop.order(alex()).await;
    let path = format!("/owner/orders/{}", order.id);
    assert!(shop.get(&path).await.body.contains("Cancel the order"));
    let answer = shop.post(&format!("{path}/cancel"), &[]).await;
    assert_eq!(answer.location(), format!("{path}?done=cancelled"));
    assert!(shop.get(&path).await.body.contains("badge-cancelled"));
    assert!(shop.post(&format!("{path}/cancel"), &[]).await.location().ends_with("not_cancelled"));
    let paid = shop.order(alex()).await;
    shop.hear(b"x=1", vec![shop.paid(&paid, "TX1", "19.95")]).await;
    let answer = shop.post(&format!("/owner/orders/{}/cancel", paid.id), &[]).await;
    assert!(answer.location().ends_with("not_cancelled"));
    let paid = shop.app.store.order(shop.shop.id, paid.id).await.unwrap().unwrap();
    assert_eq!(paid.state.status, OrderStatus::Paid);
}

#[tokio::test]
async fn questions_are_answered_where_they_are_asked() {
    let shop = Fixture::new(Language::En).await;
    let order = shop.order(alex()).await;
    shop.hear(b"x=1", vec![shop.paid(&order, "SHORT1", "9.95")]).await;
    let list = shop.get("/owner/reviews").await.body;
    assert!(list.contains("The amount is different") && list.contains("SHORT1"));
    assert!(list.contains("<span class=\"count tone-ask\">1</span>"), "the menu counts what waits");
    let path = format!("/owner/orders/{}", order.id);
    let page = shop.get(&path).await.body;
    let review = page.split("action=\"/owner/reviews/").nth(1).unwrap().split('"').next().unwrap().to_owned();
    let back = order.id.to_string();
    let answer =
        shop.post(&format!("/owner/reviews/{review}"), &[("verdict", "accept"), ("order", &back)]).await;
    assert_eq!(answer.location(), format!("{path}?done=accepted"));
    let page = shop.get(&path).await.body;
    assert!(page.contains("badge-paid") && page.contains("owner@example.com accepted"));
    assert!(!page.contains("action=\"/owner/reviews/"));
    let again = shop.post(&format!("/owner/reviews/{review}"), &[("verdict", "reject")]).await;
    assert_eq!(again.location(), "/owner/reviews?done=answered_before");
    let unclear = shop.post(&format!("/owner/reviews/{review}"), &[("verdict", "perhaps")]).await;
    assert_eq!(unclear.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn notifications_are_listed_and_filtered() {
    let shop = Fixture::new(Language::En).await;
    let order = shop.order(alex()).await;
    shop.hear(b"x=1", vec![shop.paid(&order, "TX1", "19.95")]).await;
    shop.journal(b"x=1").await;
    let forged = shop.journal(b"x=2").await;
    shop.settle(forged, CheckOutcome::forged(Reason::new("gateway_says_invalid", ""))).await;
    shop.journal(b"x=3").await;
    let all = shop.get("/owner/notifications").await.body;
    for expected in ["Payment completed", "came 2 times", "badge-forged", "badge-waiting", "never sent this"]
    {
        assert!(all.contains(expected), "{expected}");
    }
    assert!(all.contains(&format!("/owner/orders/{}", order.id)));
    let forged_only = shop.get("/owner/notifications?state=forged").await.body;
    assert!(forged_only.contains("badge-forged") && !forged_only.contains("badge-genuine"));
    let given_up = shop.get("/owner/notifications?state=given_up").await.body;
    assert!(given_up.contains("No notification matches"));
    assert!(
        shop.get("/owner/notifications?account=acc_1&state=genuine").await.body.contains("badge-genuine")
    );
}

#[tokio::test]
async fn a_notification_shows_every_byte_and_how_it_was_proved() {
    let shop = Fixture::new(Language::En).await;
    let order = shop.order(alex()).await;
    let body = b"first_name=J%FCrgen&charset=windows-1252&raw=\xff\x00";
    let heard = shop.hear(body, vec![shop.paid(&order, "TX1", "19.95")]).await;
    shop.journal(body).await;
    let path = format!("/owner/notifications/{heard}");
    let page = shop.get(&path).await.body;
    for expected in [
        "The message proves by its own signature",
        "The proof covers every byte of the message.",
        "Jürgen",
        "Read as windows-1252",
        "192.0.2.7",
        "PayPal IPN ( https://www.paypal.com/ipn )",
        "Payment completed",
        "TX1/completed",
        "came 1 times more",
    ] {
        assert!(page.contains(expected), "{expected}");
    }
    assert!(!page.contains("Ask again now"), "what is proved is not asked again");
    let raw = shop.get(&format!("{path}?view=raw")).await.body;
    assert!(raw.contains("first_name=J%FCrgen&#38;charset=windows-1252&#38;raw=\\xff\\x00"));
    let hex = shop.get(&format!("{path}?view=hex")).await.body;
    assert!(hex.contains("00000000  66 69 72 73 74"));
    assert_eq!(shop.get("/owner/notifications/ntf_99").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_notification_says_who_stands_for_it() {
    let shop = Fixture::new(Language::En).await;
    for (proved_by, title, tone) in [
        (ProvedBy::Message, "Genuine", "verdict tone-good"),
        (ProvedBy::Gateway, "confirmed by the gateway", "verdict tone-good"),
        (ProvedBy::Setting, "Believed, not confirmed", "verdict tone-wait"),
        (ProvedBy::Nobody, "You are asked before money counts.", "verdict tone-ask"),
    ] {
        let id = shop.journal(proved_by.word().as_bytes()).await;
        let (events, answers) = (Vec::new(), Vec::new());
        shop.settle(id, CheckOutcome::Genuine { events, remark: None, proved_by, answers }).await;
        let page = shop.get(&format!("/owner/notifications/{id}")).await.body;
        assert!(page.contains(title) && page.contains(tone), "{proved_by:?}");
    }
}

#[tokio::test]
async fn the_gateway_is_asked_again_on_demand() {
    let shop = Fixture::new(Language::En).await;
    let id = shop.journal(b"x=1").await;
    let reason = || Reason::new("asked_in_vain", "connection refused");
    shop.settle(id, CheckOutcome::NotYetKnown { reason: reason(), again_at: None }).await;
    let path = format!("/owner/notifications/{id}");
    let page = shop.get(&path).await.body;
    assert!(page.contains("Ask again now") && page.contains("connection refused"));
    let answer = shop.post(&format!("{path}/check"), &[]).await;
    assert_eq!(answer.location(), format!("{path}?done=check"));
    let after = shop.app.store.notification(shop.shop.id, id).await.unwrap().unwrap();
    assert_eq!(after.check.state, CheckState::Waiting);
    assert!(shop.get(&format!("{path}?done=check")).await.body.contains("is being asked again"));
}

#[tokio::test]
async fn products_are_added_and_changed() {
    let shop = Fixture::new(Language::En).await;
    let form = [
        ("sku", "mug"),
        ("name", "Mug"),
        ("price", "12.50"),
        ("kind", "physical"),
        ("stock", "3"),
        ("offered", "on"),
    ];
    assert_eq!(shop.post("/owner/products/new", &form).await.location(), "/owner/products?done=product");
    let taken = shop.post("/owner/products/new", &form).await;
    assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        taken.body.contains("Another product has this article number")
            && taken.body.contains("value=\"12.50\"")
    );
    let wrong =
        shop.post("/owner/products/mug", &[("name", "Mug"), ("price", "12,50"), ("stock", "3")]).await;
    assert!(wrong.body.contains("This is not a price"));
    let product = || async { shop.app.store.product(shop.shop.id, "mug").await.unwrap().unwrap() };
    assert_eq!((product().await.price, product().await.stock), (euro("12.50"), Some(3)));

    // Somebody buys one while the form is open: its old number does not come back.
    let order = shop.order(alex()).await;
    shop.hear(b"x=1", vec![shop.paid(&order, "TX1", "19.95")]).await;
    assert_eq!(product().await.stock, Some(2));
    let form =
        [("name", "Mug"), ("price", "13.00"), ("kind", "physical"), ("stock", "3"), ("stock_was", "3")];
    shop.post("/owner/products/mug", &form).await;
    assert_eq!(
        (product().await.price, product().await.stock, product().await.is_offered),
        (euro("13.00"), Some(2), false)
    );
    let form =
        [("name", "Mug"), ("price", "13.00"), ("kind", "digital"), ("stock", "10"), ("stock_was", "3")];
    shop.post("/owner/products/mug", &form).await;
    assert_eq!((product().await.stock, product().await.kind), (Some(10), ProductKind::Digital));
    assert_eq!(shop.get("/owner/products/nothing").await.status, StatusCode::NOT_FOUND);
}

/// A gateway whose messages prove too little by themselves.
fn doubtful() -> &'static ipnd_gateways::Gateway {
    ipnd_gateways::ALL.iter().find(|gateway| gateway.needs_confirmation()).unwrap()
}

#[tokio::test]
async fn an_account_that_believes_what_nobody_has_confirmed_says_so() {
    let shop = Fixture::new(Language::En).await;
    let gateway = doubtful();
    let mut settings = ipnd_gateways::Settings::sample(gateway.settings).values().clone();
    let account = NewAccount {
        shop: shop.shop.id,
        gateway: gateway.id.into(),
        name: "Doubtful".into(),
        environment: Environment::Sandbox,
        settings: settings.clone(),
        creates_orders: false,
        by: "owner".to_owned(),
    };
    let account = shop.app.store.create_account(account, shop.app.clock.now()).await.unwrap();
    let path = format!("/owner/accounts/{}", account.id);
    let warning = "Believes unconfirmed payments";
    assert!(!shop.get("/owner/accounts").await.body.contains(warning));
    let page = shop.get(&path).await.body;
    assert!(!page.contains(warning) && (page.contains("Weak proof") || page.contains("Only a hint")));

    settings.insert("accept_unconfirmed".into(), "yes".into());
    let form: Vec<(String, String)> =
        settings.iter().map(|(key, value)| (format!("set.{key}"), value.clone())).collect();
    let mut form: Vec<(&str, &str)> =
        form.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    form.push(("name", "Doubtful"));
    assert_eq!(shop.post(&format!("{path}/edit"), &form).await.location(), format!("{path}?done=account"));
    assert!(shop.get("/owner/accounts").await.body.contains(warning));
    assert!(shop.get(&path).await.body.contains(warning));
    // A box that is not ticked is not sent: the account asks again.
    form.retain(|(key, _)| *key != "set.accept_unconfirmed");
    shop.post(&format!("{path}/edit"), &form).await;
    assert!(!shop.get("/owner/accounts").await.body.contains(warning));
}

#[tokio::test]
async fn gateways_are_found_by_their_names() {
    let shop = Fixture::new(Language::En).await;
    let found = |page: &str| page.matches("data-words=").count();
    assert_eq!(found(&shop.get("/owner/accounts/new").await.body), ipnd_gateways::ALL.len());
    let some = shop.get("/owner/accounts/new?search=PAYPAL").await.body;
    assert!(found(&some) >= 1 && found(&some) < ipnd_gateways::ALL.len());
    assert!(some.contains("value=\"PAYPAL\"") && some.contains("gateway=paypal-ipn"));
    let none = shop.get("/owner/accounts/new?search=%3Cb%3Enothing").await.body;
    assert!(found(&none) == 0 && none.contains("No gateway is called that") && !none.contains("<b>nothing"));
}

#[tokio::test]
async fn an_account_is_connected_in_a_form_made_from_the_gateways_table() {
    let shop = Fixture::new(Language::En).await;
    let page = shop.get("/owner/accounts/new").await.body;
    for gateway in ipnd_gateways::ALL {
        assert!(page.contains(&format!("/owner/accounts/new?gateway={}", gateway.id)), "{}", gateway.id);
        let form = shop.get(&format!("/owner/accounts/new?gateway={}", gateway.id)).await;
        assert_eq!(form.status, StatusCode::OK, "{}", gateway.id);
        for setting in gateway.settings {
            assert!(form.body.contains(&format!("name=\"set.{}\"", setting.key)), "{}", setting.key);
        }
    }
    let page = shop.get("/owner/accounts/new?gateway=paypal-ipn").await.body;
    assert!(page.contains("name=\"set.receivers\"") && page.contains("Your PayPal account"));
    let incomplete = [("gateway", "paypal-ipn"), ("name", "Live"), ("environment", "live")];
    let answer = shop.post("/owner/accounts/new", &incomplete).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(answer.body.contains("This is needed."));
    let form = [
        incomplete.as_slice(),
        &[("set.receivers", "SELLER\r\nseller@example.com"), ("set.postback_url", "")],
    ]
    .concat();
    let answer = shop.post("/owner/accounts/new", &form).await;
    let path = answer.location().strip_suffix("?done=account_new").unwrap().to_owned();
    let page = shop.get(answer.location()).await.body;
    let account = shop.app.store.accounts(shop.shop.id).await.unwrap().pop().unwrap();
    assert!(page.contains(&format!("https://shop.example.com/in/{}", account.token)));
    assert!(page.contains("Setting it up at") && page.contains("What it sends"), "steps and documentation");
    assert_eq!(account.settings["receivers"], "SELLER\nseller@example.com");
    let changed = [
        ("name", "Live EU"),
        ("set.receivers", "OTHER"),
        ("environment", "sandbox"),
        ("creates_orders", "on"),
    ];
    let answer = shop.post(&format!("{path}/edit"), &changed).await;
    assert_eq!(answer.location(), format!("{path}?done=account"));
    let after = shop.app.store.account(shop.shop.id, account.id).await.unwrap().unwrap();
    assert_eq!((after.name.as_str(), after.creates_orders), ("Live EU", true));
    assert_eq!((after.environment, after.token), (account.environment, account.token), "these never change");
    let unknown = shop.post("/owner/accounts/new", &[("gateway", "nobody")]).await;
    assert_eq!(unknown.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_mail_is_changed_previewed_and_put_back() {
    let shop = Fixture::new(Language::En).await;
    let path = "/owner/templates/customer.paid/de";
    let stored =
        async || shop.app.store.template(shop.shop.id, MailKind::CustomerPaid, Language::De).await.unwrap();
    let broken = [("subject", "Danke"), ("text", "Hallo\n{{ order.nothing }}"), ("html", "<p>Hallo</p>")];
    let answer = shop.post(path, &broken).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(
        answer.body.contains("Text, line 2")
            && answer.body.contains("<pre class=\"code\">{{ order.nothing }}")
    );
    assert!(answer.body.contains("value=\"Danke\""), "what was written is still there");
    assert_eq!(stored().await, None);
    let preview = shop.post(&format!("{path}/preview"), &broken).await;
    assert!(preview.body.contains("Text, line 2"));
    let fine = [("subject", "Danke {{ customer.name }}"), ("text", "Hallo\r\n"), ("html", "<p>Hallo</p>")];
    let preview = shop.post(&format!("{path}/preview"), &fine).await;
    assert!(preview.body.contains("Danke Alex Example"), "{}", preview.body);
    assert_eq!(stored().await, None, "a preview keeps nothing");
    assert_eq!(shop.post(path, &fine).await.location(), format!("{path}?done=template"));
    assert_eq!(stored().await.unwrap().text, "Hallo\n");
    assert!(shop.get("/owner/templates").await.body.contains("chip-changed"));
    assert_eq!(
        shop.post(&format!("{path}/reset"), &[]).await.location(),
        format!("{path}?done=template_reset")
    );
    assert_eq!(stored().await, None);
    // Saving the built-in text unchanged leaves it the built-in one.
    let builtin = ipnd_deliver::templates::builtin(MailKind::CustomerPaid, Language::De);
    let same = [("subject", &*builtin.subject), ("text", &*builtin.text), ("html", &*builtin.html)];
    shop.post(path, &same).await;
    assert_eq!(stored().await, None);
}

#[tokio::test]
async fn settings_are_kept_and_keys_are_shown_once() {
    let shop = Fixture::new(Language::En).await;
    let form = [("name", "New name"), ("owner_email", "new@example.com"), ("language", "es")];
    assert_eq!(shop.post("/owner/settings/shop", &form).await.location(), "/owner/settings?done=settings");
    let stored = shop.app.store.shop(shop.shop.id).await.unwrap().unwrap();
    assert_eq!(
        (stored.name.as_str(), stored.owner_email.as_str(), stored.language),
        ("New name", "new@example.com", Language::Es)
    );
    for wrong in ["nobody", "a@b\r\nBcc: c@d.test", ""] {
        let form = [("name", "x"), ("owner_email", wrong), ("language", "es")];
        assert_eq!(shop.post("/owner/settings/shop", &form).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    let page = shop.post("/owner/settings/keys", &[("name", "Bookkeeping")]).await.body;
    let key = page.split("ipnd_key_").nth(1).unwrap().split('<').next().unwrap();
    assert_eq!(key.len(), 40);
    let page = shop.get("/owner/settings").await.body;
    assert!(page.contains("Bookkeeping") && !page.contains(key) && page.contains(&key[..6]));
    let id = page.split("/owner/settings/keys/").nth(1).unwrap().split('/').next().unwrap();
    let answer = shop.post(&format!("/owner/settings/keys/{id}/revoke"), &[]).await;
    assert_eq!(answer.location(), "/owner/settings?done=key_revoked");
    assert!(!shop.get("/owner/settings").await.body.contains("Bookkeeping"));
    let again = shop.post(&format!("/owner/settings/keys/{id}/revoke"), &[]).await;
    assert_eq!(again.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn i_21_a_queue_that_stands_still_is_said_on_every_page() {
    for (language, what, since) in [
        (Language::En, "Notifications of the gateways are not being checked.", "1 Mar 2026, 12:00"),
        (Language::De, "Die Meldungen der Zahlungsdienste werden nicht geprüft.", "01.03.2026, 12:00"),
        (Language::Es, "No se están comprobando los avisos de las pasarelas.", "01/03/2026, 12:00"),
        (Language::Uk, "Сповіщення платіжних систем не перевіряються.", "01.03.2026, 12:00"),
    ] {
        let shop = Fixture::new(language).await;
        let (store, began) = (&shop.app.store, shop.app.clock.now());
        shop.journal(b"txn_id=1").await;
        shop.pass(2);
        let has = async |path: &str| {
            let page = shop.get(path).await.body;
            assert!(!page.contains("standstill"), "every word has its text: {page}");
            let alerts = page.matches(r#"role="alert""#).count();
            (page.contains(what) && page.contains(since), alerts)
        };
        assert_eq!(has("/owner/orders").await, (false, 0), "readiness alone may be a matter of seconds");
        store.note_standstill(Queue::Checks, began, shop.app.clock.now()).await.unwrap();
        assert_eq!(has("/owner/orders").await, (true, 1), "{language:?}");
        store.note_standstill(Queue::Mails, began, shop.app.clock.now()).await.unwrap();
        assert_eq!(has("/owner/settings").await, (true, 2), "{language:?}");
        for queue in Queue::ALL {
            store.end_standstill(queue, shop.app.clock.now()).await.unwrap();
        }
        assert_eq!(has("/owner/orders").await, (false, 0), "{language:?}");
    }
}
