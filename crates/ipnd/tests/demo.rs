//! The demo as a new user meets it: the whole loop over plain HTTP.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use common::browser::{Browser, path};
use common::shopping::{api, mails, order, orders, outcome, path_of, rows, until_all};
use common::{Demo, Program, ipnd, until};
use std::net::TcpListener;

#[test]
fn the_line_of_json_says_where_everything_is() {
    let mut demo = Demo::start(None);
    let base = demo.text("base_url").to_owned();
    for key in ["owner_login_url", "storefront_url", "mailbox_url", "sandbox_url"] {
        assert!(demo.text(key).starts_with(&format!("{base}/")), "{key}");
    }
    let account = &demo.ready["accounts"][0];
    assert_eq!(account["gateway"], "paypal-ipn");
    assert_eq!(account["environment"], "sandbox");
    assert!(account["intake_url"].as_str().unwrap().starts_with(&format!("{base}/in/")));
    let mut browser = Browser::new(demo.address);
    for address in ["/", "/readyz", "/healthz", "/metrics"] {
        assert_eq!(browser.get(address).status, 200, "{address}");
    }
    for key in ["storefront_url", "mailbox_url", "sandbox_url"] {
        let page = browser.get(&path_of(&demo, key));
        assert_eq!(page.status, 200, "{key}");
        assert!(page.header("content-security-policy").is_some(), "{key}");
    }
    let login = browser.get(&path_of(&demo, "owner_login_url"));
    assert!(matches!(login.status, 302 | 303), "{}", login.status);
    assert_eq!(browser.get("/owner/orders").status, 200);
    assert_eq!(api(&demo).get("/v1/products").status, 200);
    demo.program.signal("TERM");
    assert!(demo.program.end().success());
    assert_eq!(demo.program.errors(), "", "nothing to complain about");
    assert_eq!(demo.program.leftovers(), 0, "without --data everything is forgotten");
}

#[test]
fn a_customer_orders_pays_and_is_told() {
    let data = tempfile::tempdir().unwrap();
    let demo = Demo::start(Some(data.path()));
    let mut customer = Browser::new(demo.address);
    let (order_page, payment_page) = order(&mut customer, "MUG");
    let paid = customer.post(&payment_page, &outcome("pay"));
    assert!(paid.location().starts_with(&order_page), "{}", paid.location());
    let mut api = api(&demo);
    until_all(&mut api, 1, "paid");
    assert_eq!(customer.get(&order_page).status, 200);
    let mails = until("both mails", || Some(mails(data.path())).filter(|mails| mails.len() >= 2));
    assert_eq!(mails.len(), 2, "{mails:?}");
    assert!(mails.values().all(|(_, times)| *times == 1), "{mails:?}");
    let mug = api.get("/v1/products/MUG").json();
    assert_eq!(mug["stock"], 11);
    assert_eq!(rows(&api.get("/v1/notifications")).len(), 1);
}

#[test]
fn what_happens_in_the_sandbox_afterwards_reaches_the_order() {
    let demo = Demo::start(None);
    let mut customer = Browser::new(demo.address);
    let mut api = api(&demo);
    let (_, payment_page) = order(&mut customer, "EBOOK");
    let paid = customer.post(&payment_page, &outcome("echeck"));
    until_all(&mut api, 1, "pending");
    let location = paid.location();
    let id = location.split("tx=").nth(1).unwrap().split('&').next().unwrap();
    let transaction = format!("/sandbox/paypal/transactions/{id}");
    for (action, status) in [
        ("clear", "paid"),
        ("refund_part", "partly_refunded"),
        ("reverse_chargeback", "reversed"),
        ("cancel_reversal", "partly_refunded"),
        ("refund_full", "refunded"),
    ] {
        let answer = customer.post(&transaction, &[("action", action), ("amount", "2.00")]);
        assert_eq!(answer.status, 303, "{action}: {}", answer.body);
        until_all(&mut api, 1, status);
    }
}

#[test]
fn t_c05_out_of_order_and_twice_bends_nothing() {
    let data = tempfile::tempdir().unwrap();
    let demo = Demo::start(Some(data.path()));
    let mut customer = Browser::new(demo.address);
    customer.post("/sandbox/paypal/faults", &[("double", "1"), ("hold", "1"), ("postback", "truthful")]);
    let (_, payment_page) = order(&mut customer, "MUG");
    let location = customer.post(&payment_page, &outcome("pay")).location();
    let id = location.split("tx=").nth(1).unwrap().split('&').next().unwrap();
    let transaction = format!("/sandbox/paypal/transactions/{id}");
    customer.post(&transaction, &[("action", "refund_full")]);
    customer.post("/sandbox/paypal/release", &[("sequence", "reversed")]);
    let mut api = api(&demo);
    until_all(&mut api, 1, "refunded");
    until("the second copies", || {
        let page = customer.get("/sandbox/paypal");
        (!page.body.contains("Queued")).then_some(())
    });
    assert_eq!(rows(&api.get("/v1/notifications")).len(), 2, "copies are counted, not kept");
    let order = rows(&api.get("/v1/orders"))[0]["id"].as_str().unwrap().to_owned();
    let order = api.get(&format!("/v1/orders/{order}")).json();
    assert_eq!(order["payments"].as_array().unwrap().len(), 1);
    assert_eq!(order["refunds"].as_array().unwrap().len(), 1);
    let mails = until("a mail", || Some(mails(data.path())).filter(|mails| !mails.is_empty()));
    assert!(mails.values().all(|(_, times)| *times == 1), "{mails:?}");
}

#[test]
fn t_b13_text_encoding_every_manner_of_writing_goes_through_the_loop() {
    let demo = Demo::start(None);
    let mut browser = Browser::new(demo.address);
    let manners = ["as_needed", "utf8", "gb2312", "koi8_r", "simulator"];
    for manner in manners {
        browser.post("/sandbox/paypal/faults", &[("writing", manner), ("speed", "1000")]);
        let (_, checkout) = order(&mut browser, "EBOOK");
        browser.post(&checkout, &[("name", "Олена Ко"), ("email", "olena@example.com"), ("outcome", "pay")]);
    }
    let mut api = api(&demo);
    until_all(&mut api, manners.len(), "paid");
    // The simulator's escapes are no percent-encoding; such text is kept as it came.
    for number in 1..manners.len() {
        let seen = api.get(&format!("/v1/notifications/ntf_{number}"));
        assert!(seen.body.contains("Олена"), "{}: {}", manners[number - 1], seen.body);
    }
}

#[test]
fn t_c07_acknowledged_before_durable_killed_anywhere_the_loop_is_finished_by_the_next_start() {
    let data = tempfile::tempdir().unwrap();
    // Milliseconds between the customer's last click and the end of the process: from before the payment is kept
    // until after the mails are out.
    let lives = [0_u64, 1, 2, 3, 5, 8, 12, 18, 25, 35, 50, 70, 100];
    let mut unanswered: Option<String> = None;
    let mut cut_short = 0;
    for (round, life) in lives.into_iter().enumerate() {
        let demo = Demo::start(Some(data.path()));
        let mut customer = Browser::new(demo.address);
        // What was not answered is tried again, as people do; it must not pay twice.
        if let Some(page) = unanswered.take() {
            customer.post(&page, &outcome("pay"));
        }
        let (_, payment_page) = order(&mut customer, "TEA");
        let clicking = std::thread::spawn({
            let page = payment_page.clone();
            move || customer.try_post(&page, &outcome("pay")).is_ok()
        });
        // Not waiting for anything: this is the moment at which the fault comes.
        std::thread::park_timeout(std::time::Duration::from_millis(life));
        demo.program.kill();
        if !clicking.join().unwrap() {
            unanswered = Some(payment_page);
        }
        cut_short += usize::from(mails(data.path()).len() < 2 * (round + 1));
    }
    assert!(cut_short >= 3, "only {cut_short} kills came before the loop was finished");
    let demo = Demo::start(Some(data.path()));
    if let Some(page) = unanswered {
        Browser::new(demo.address).post(&page, &outcome("pay"));
    }
    let mut api = api(&demo);
    until_all(&mut api, lives.len(), "paid");
    let mails =
        until("two mails an order", || Some(mails(data.path())).filter(|m| m.len() >= 2 * lives.len()));
    assert_eq!(mails.len(), 2 * lives.len(), "nobody is told twice: {mails:#?}");
    // One repeat, under the same Message-ID, is possible where the process died before it could note the answer.
    assert!(mails.values().all(|(_, times)| *times <= 2), "{mails:#?}");
    assert_eq!(api.get("/v1/products/TEA").json()["stock"], 40 - lives.len());
    assert_eq!(rows(&api.get("/v1/notifications?limit=100")).len(), lives.len());
    for order in orders(&mut api) {
        let id = order["id"].as_str().unwrap();
        let order = api.get(&format!("/v1/orders/{id}")).json();
        assert_eq!(order["payments"].as_array().unwrap().len(), 1, "{order}");
        assert_eq!(order["paid"], order["total"], "{order}");
    }
}

#[test]
fn a_restart_keeps_everything_and_makes_a_new_key() {
    let data = tempfile::tempdir().unwrap();
    let mut first = Demo::start(Some(data.path()));
    order(&mut Browser::new(first.address), "MUG");
    first.program.signal("INT");
    assert!(first.program.end().success());
    let second = Demo::start(Some(data.path()));
    assert_eq!(orders(&mut api(&second)).len(), 1);
    assert_eq!(rows(&api(&second).get("/v1/products")).len(), 5);
    let token = |demo: &Demo| path(demo.ready["accounts"][0]["intake_url"].as_str().unwrap()).to_owned();
    assert_eq!(token(&first), token(&second), "gateways remember this address");
    let mut old = Browser::new(second.address);
    old.bearer = Some(first.text("api_key").to_owned());
    assert_eq!(old.get("/v1/orders").status, 401);
}

#[test]
fn a_taken_port_is_explained() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut program = Program::start(ipnd().args(["demo", "--listen", &address]));
    assert_eq!(program.end().code(), Some(1));
    let errors = program.errors();
    assert!(errors.contains(&address) && errors.contains("--listen 127.0.0.1:0"), "{errors}");
}

#[test]
fn the_demo_tells_people_what_to_try() {
    let mut program = Program::start(ipnd().args(["demo", "--listen", "127.0.0.1:0"]));
    program.line("list of things to try", |line| line.contains("Try this").then_some(()));
    program.line("end", |line| line.contains("forgotten at the end").then_some(()));
}
