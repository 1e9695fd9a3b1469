//! The stand-in for PayPal over real HTTP, against a shop that is not ours.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use common::{Answer, Shop, get, get_in, raw, send, serve, until};
use ipnd_sandbox::Paypal;
use ipnd_store::Clock;
use std::net::SocketAddr;
use std::path::Path;
use tempfile::TempDir;

struct Sandbox {
    paypal: Paypal,
    address: SocketAddr,
    shop: Shop,
    shop_address: SocketAddr,
    dir: TempDir,
}

impl Sandbox {
    async fn start(shop_answers: &[u16]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (shop, shop_address) = Shop::start(shop_answers).await;
        let paypal = open(dir.path());
        paypal.start();
        let address = serve(paypal.router()).await;
        Self { paypal, address, shop, shop_address, dir }
    }

    fn form(&self) -> String {
        form(self.shop_address)
    }

    async fn pay(&self, outcome: &str) -> String {
        pay(self.address, &self.form(), outcome).await
    }

    async fn act(&self, id: &str, form: &str) -> Answer {
        send(self.address, &format!("/sandbox/paypal/transactions/{id}"), form.as_bytes()).await
    }

    async fn heard(&self, count: usize) -> Vec<String> {
        until(&format!("{count} notifications"), async || {
            let bodies = self.shop.bodies();
            (bodies.len() >= count).then_some(bodies)
        })
        .await
    }

    async fn validate(&self, message: &str) -> String {
        let body = format!("cmd=_notify-validate&{message}");
        send(self.address, WEBSCR, body.as_bytes()).await.body
    }

    async fn faults(&self, form: &str) {
        assert_eq!(send(self.address, "/sandbox/paypal/faults", form.as_bytes()).await.status, 303);
    }
}

const WEBSCR: &str = "/sandbox/paypal/cgi-bin/webscr";

fn open(dir: &Path) -> Paypal {
    Paypal::open(dir, Clock::system(), None).unwrap()
}

fn form(shop: SocketAddr) -> String {
    let mut form =
        "cmd=_cart&upload=1&business=seller%40example.com&currency_code=EUR&invoice=A-17&custom=c%261\
                    &item_name_1=Caf%C3%A9%20cr%C3%A8me&item_number_1=CAFE&amount_1=12.50&quantity_1=2\
                    &item_name_2=Card&amount_2=2.00&first_name=J%C3%BCrgen&last_name=Test\
                    &email=buyer%40example.com&notify_url="
            .to_owned();
    form.push_str(&format!("http%3A%2F%2F{shop}%2Fin%2Ftoken"));
    form.push_str(&format!("&return=http%3A%2F%2F{shop}%2Fback%3Forder%3D1"));
    form.push_str(&format!("&cancel_return=http%3A%2F%2F{shop}%2Fcancelled"));
    form
}

async fn open_checkout(address: SocketAddr, form: &str) -> String {
    let answer = send(address, WEBSCR, form.as_bytes()).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.location().to_owned()
}

/// Pays and gives the transaction id that the buyer brings back to the shop.
async fn pay(address: SocketAddr, form: &str, outcome: &str) -> String {
    let page = open_checkout(address, form).await;
    let answer = finish(address, &page, outcome).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let (_, id) = answer.location().split_once("tx=").unwrap();
    id.split('&').next().unwrap().to_owned()
}

async fn finish(address: SocketAddr, page: &str, outcome: &str) -> Answer {
    let form = format!("name=J%C3%BCrgen+Test&email=buyer%40example.com&outcome={outcome}");
    send(address, page, form.as_bytes()).await
}

fn field(body: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(body.as_bytes()).find(|(own, _)| own == name).map(|(_, value)| value.into_owned())
}

#[tokio::test]
async fn a_cart_is_paid_notified_and_proved() {
    let sandbox = Sandbox::start(&[]).await;
    let page = open_checkout(sandbox.address, &sandbox.form()).await;
    let shown = get(sandbox.address, &page).await;
    assert_eq!(shown.status, 200);
    for text in ["€27.00", "Café crème", "value=\"Jürgen Test\"", "play money", "buyer@example.com"] {
        assert!(shown.body.contains(text), "{text} is missing");
    }
    let paid = finish(sandbox.address, &page, "pay").await;
    assert!(paid.location().starts_with(&format!("http://{}/back?order=1&tx=", sandbox.shop_address)));
    let body = sandbox.heard(1).await.remove(0);
    let (headers, _) = sandbox.shop.heard.lock().unwrap()[0].clone();
    assert_eq!(headers["user-agent"], "PayPal IPN ( https://www.paypal.com/ipn )");
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    for (name, value) in [
        ("payment_status", "Completed"),
        ("mc_gross", "27.00"),
        ("mc_currency", "EUR"),
        ("invoice", "A-17"),
        ("custom", "c&1"),
        ("business", "seller@example.com"),
        ("test_ipn", "1"),
    ] {
        assert_eq!(field(&body, name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(sandbox.validate(&body).await, "VERIFIED");
}

#[tokio::test]
async fn only_the_exact_bytes_are_verified_in_every_published_form() {
    let sandbox = Sandbox::start(&[]).await;
    sandbox.pay("pay").await;
    let body = sandbox.heard(1).await.remove(0);
    let post =
        |path: String, body: String| async move { send(sandbox.address, &path, body.as_bytes()).await };
    let genuine = [
        (WEBSCR.to_owned(), format!("cmd=_notify-validate&{body}")),
        (WEBSCR.to_owned(), format!("{body}&cmd=_notify-validate")),
        (format!("{WEBSCR}?cmd=_notify-validate"), body.clone()),
        (format!("{WEBSCR}?cmd=_notify-validate&{body}"), String::new()),
    ];
    for (path, form) in genuine {
        let answer = post(path.clone(), form).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "VERIFIED"), "{path}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=UTF-8"));
        assert_eq!(answer.header("content-length"), Some("8"));
    }
    let altered = [
        body.replace("27.00", "2.00"),
        format!("{body}&"),
        body.replace('+', "%20"),
        body.to_lowercase(),
        String::new(),
    ];
    for message in altered {
        assert_eq!(sandbox.validate(&message).await, "INVALID", "{message}");
    }
}

#[tokio::test]
async fn t_f05_csrf_forms_of_other_sites_move_no_money() {
    let sandbox = Sandbox::start(&[]).await;
    let id = sandbox.pay("pay").await;
    sandbox.heard(1).await;
    let cross = async |path: &str, form: &str| {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nOrigin: http://evil.example\r\nUser-Agent: test\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            sandbox.address,
            form.len()
        );
        raw(sandbox.address, request.as_bytes()).await.status
    };
    for (path, form) in [
        (format!("/sandbox/paypal/transactions/{id}"), "action=refund_full"),
        ("/sandbox/paypal/faults".into(), "disabled=1"),
        ("/sandbox/paypal/release".into(), "sequence=kept"),
        ("/sandbox/paypal/messages/1/resend".into(), ""),
        ("/sandbox/paypal/checkout/anything".into(), "outcome=pay"),
    ] {
        assert_eq!(cross(&path, form).await, 400, "{path}");
    }
    // A shop's own form does come from another site.
    assert_eq!(cross(WEBSCR, &sandbox.form()).await, 303);
    assert_eq!(sandbox.shop.bodies().len(), 1, "nothing was sent because of them");
}

#[tokio::test]
async fn askers_without_a_name_or_a_host_are_turned_away() {
    let sandbox = Sandbox::start(&[]).await;
    let post = |head: &str| {
        let request = format!(
            "POST {WEBSCR} HTTP/1.1\r\n{head}Connection: close\r\nContent-Length: 25\r\n\r\ncmd=_notify-validate&a=12"
        );
        async move { raw(sandbox.address, request.as_bytes()).await.status }
    };
    assert_eq!(post("Host: x\r\nUser-Agent: shop/1\r\n").await, 200);
    assert_eq!(post("Host: x\r\n").await, 403);
    assert_eq!(post("Host: x\r\nUser-Agent:  \r\n").await, 403);
    assert_eq!(post("User-Agent: shop/1\r\n").await, 400);
}

#[tokio::test]
async fn what_was_paid_is_notified_even_by_the_next_process() {
    let dir = tempfile::tempdir().unwrap();
    let (shop, shop_address) = Shop::start(&[]).await;
    {
        // This one takes the payment and never sends anything, as if it were killed at that moment.
        let paypal = open(dir.path());
        pay(serve(paypal.router()).await, &form(shop_address), "pay").await;
        assert!(shop.bodies().is_empty());
    }
    let paypal = open(dir.path());
    let address = serve(paypal.router()).await;
    paypal.start();
    let body = until("the notification", async || shop.bodies().pop()).await;
    let answer = send(address, WEBSCR, format!("cmd=_notify-validate&{body}").as_bytes()).await;
    assert_eq!(answer.body, "VERIFIED");
    paypal.stop().await;
}

#[tokio::test]
async fn a_program_that_comes_back_on_another_port_is_still_found() {
    let dir = tempfile::tempdir().unwrap();
    let (_, former) = Shop::start(&[]).await;
    let (shop, present) = Shop::start(&[]).await;
    let paypal = Paypal::open(dir.path(), Clock::system(), Some(former)).unwrap();
    let address = serve(paypal.router()).await;
    let unpaid = open_checkout(address, &form(former)).await;
    pay(address, &form(former), "pay").await;
    drop(paypal);
    let paypal = Paypal::open(dir.path(), Clock::system(), Some(present)).unwrap();
    let address = serve(paypal.router()).await;
    paypal.start();
    until("the notification", async || shop.bodies().pop()).await;
    let answer = finish(address, &unpaid, "pay").await;
    assert!(answer.location().starts_with(&format!("http://{present}/back")));
    until("the second notification", async || shop.bodies().get(1).cloned()).await;
}

#[tokio::test]
async fn a_checkout_sent_twice_pays_once() {
    let sandbox = Sandbox::start(&[]).await;
    let page = open_checkout(sandbox.address, &sandbox.form()).await;
    let first = finish(sandbox.address, &page, "pay").await;
    let second = finish(sandbox.address, &page, "pay").await;
    assert_eq!(first.location(), second.location());
    assert_eq!(get(sandbox.address, &page).await.location(), first.location());
    sandbox
        .act(first.location().split("tx=").nth(1).unwrap().split('&').next().unwrap(), "action=refund_full")
        .await;
    let bodies = sandbox.heard(2).await;
    assert_eq!(bodies.len(), 2, "one payment and one refund");
}

#[tokio::test]
async fn cancelling_tells_nobody() {
    let sandbox = Sandbox::start(&[]).await;
    let page = open_checkout(sandbox.address, &sandbox.form()).await;
    let answer = finish(sandbox.address, &page, "cancel").await;
    assert_eq!(answer.location(), format!("http://{}/cancelled", sandbox.shop_address));
    assert!(get(sandbox.address, "/sandbox/paypal").await.body.contains("Nothing has been sent yet"));
}

#[tokio::test]
async fn every_life_cycle_is_told_in_paypals_words() {
    let sandbox = Sandbox::start(&[]).await;
    let cases: [(&str, &[&str], &[&str]); 5] = [
        ("pay", &["refund_part&amount=7.00", "refund_full"], &["Completed", "Refunded", "Refunded"]),
        (
            "pay",
            &["open_dispute", "reverse_chargeback", "cancel_reversal", "lose_dispute"],
            &["Completed", "", "Reversed", "Canceled_Reversal", "Completed"],
        ),
        ("echeck", &["clear"], &["Pending", "Completed"]),
        ("echeck", &["bounce"], &["Pending", "Failed"]),
        ("authorize", &["capture&amount=20.00", "void"], &["Pending", "Completed", "Voided"]),
    ];
    let mut sent = 0;
    for (outcome, actions, statuses) in cases {
        let id = sandbox.pay(outcome).await;
        for action in actions {
            let answer = sandbox.act(&id, &format!("action={action}")).await;
            assert_eq!(answer.status, 303, "{outcome}, {action}: {}", answer.body);
        }
        let bodies = sandbox.heard(sent + statuses.len()).await.split_off(sent);
        sent += bodies.len();
        let told: Vec<_> =
            bodies.iter().map(|body| field(body, "payment_status").unwrap_or_default()).collect();
        assert_eq!(told, statuses, "{outcome}");
        for body in bodies {
            assert_eq!(sandbox.validate(&body).await, "VERIFIED");
            let ids = [field(&body, "txn_id"), field(&body, "parent_txn_id")];
            assert!(ids.contains(&Some(id.clone())), "{body}");
        }
    }
    let declined = open_checkout(sandbox.address, &sandbox.form()).await;
    let answer = finish(sandbox.address, &declined, "decline").await;
    assert!(answer.status == 200 && answer.body.contains("refused"));
    assert_eq!(field(&sandbox.heard(sent + 1).await[sent], "payment_status").as_deref(), Some("Denied"));
}

#[tokio::test]
async fn refunds_beyond_the_payment_and_stale_forms_change_nothing() {
    let sandbox = Sandbox::start(&[]).await;
    let id = sandbox.pay("pay").await;
    for amount in ["27.01", "0", "-1", "1e1", "1,5", ""] {
        let answer = sandbox.act(&id, &format!("action=refund_part&amount={amount}")).await;
        assert_eq!(answer.status, 422, "{amount}");
    }
    assert_eq!(sandbox.act(&id, "action=clear").await.status, 422);
    assert_eq!(sandbox.act(&id, "action=refund_part&amount=7&revision=0").await.status, 303);
    assert_eq!(sandbox.act(&id, "action=refund_part&amount=7&revision=0").await.status, 422, "sent twice");
    assert_eq!(sandbox.act("0000000000000000A", "action=clear").await.status, 404);
    assert_eq!(sandbox.heard(2).await.len(), 2);
}

#[tokio::test]
async fn a_shop_that_fails_is_told_again_until_it_answers_200() {
    let sandbox = Sandbox::start(&[500, 302, 204]).await;
    sandbox.faults("speed=1000").await;
    sandbox.pay("pay").await;
    let bodies = sandbox.heard(4).await;
    assert!(bodies.iter().all(|body| *body == bodies[0]), "repeats are the same bytes");
    until("the state Sent", async || {
        let page = get(sandbox.address, "/sandbox/paypal/messages/1").await.body;
        (page.contains("Sent") && page.matches("<tr>").count() == 4).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_message_sent_again_by_hand_says_so_and_is_genuine() {
    let sandbox = Sandbox::start(&[]).await;
    sandbox.pay("pay").await;
    sandbox.heard(1).await;
    assert_eq!(send(sandbox.address, "/sandbox/paypal/messages/1/resend", b"").await.status, 303);
    let bodies = sandbox.heard(2).await;
    assert_eq!(bodies[1], format!("{}&resend=true", bodies[0]));
    assert_eq!(sandbox.validate(&bodies[1]).await, "VERIFIED");
}

#[tokio::test]
async fn held_back_messages_come_late_and_in_reverse() {
    let sandbox = Sandbox::start(&[]).await;
    sandbox.faults("hold=1&speed=10").await;
    let id = sandbox.pay("pay").await;
    sandbox.act(&id, "action=refund_full").await;
    assert!(sandbox.shop.bodies().is_empty());
    assert_eq!(send(sandbox.address, "/sandbox/paypal/release", b"sequence=reversed").await.status, 303);
    let bodies = sandbox.heard(2).await;
    let statuses: Vec<_> = bodies.iter().filter_map(|body| field(body, "payment_status")).collect();
    assert_eq!(statuses, ["Refunded", "Completed"]);
}

#[tokio::test]
async fn the_fault_switches_work() {
    let sandbox = Sandbox::start(&[]).await;
    sandbox.faults("double=1").await;
    sandbox.pay("pay").await;
    let bodies = sandbox.heard(2).await;
    assert_eq!(bodies[0], bodies[1]);
    sandbox.faults("postback=padded").await;
    let padded = sandbox.validate(&bodies[0]).await;
    assert!(padded != "VERIFIED" && padded.trim() == "VERIFIED");
    sandbox.faults("postback=error").await;
    let ask = format!("cmd=_notify-validate&{}", bodies[0]);
    assert_eq!(send(sandbox.address, WEBSCR, ask.as_bytes()).await.status, 500);
    sandbox.faults("disabled=1").await;
    sandbox.pay("pay").await;
    assert!(get(sandbox.address, "/sandbox/paypal").await.body.contains("Disabled"));
    // A silent checker must not hold up a stop.
    sandbox.faults("postback=silent").await;
    let paypal = sandbox.paypal.clone();
    let (answer, ()) = tokio::join!(send(sandbox.address, WEBSCR, ask.as_bytes()), paypal.stop());
    assert_eq!(answer.status, 503);
}

#[tokio::test]
async fn pages_speak_four_languages_and_run_nothing_inline() {
    let sandbox = Sandbox::start(&[]).await;
    let checkout = open_checkout(sandbox.address, &sandbox.form()).await;
    let id = sandbox.pay("authorize").await;
    sandbox.heard(1).await;
    let pages = [
        checkout,
        "/sandbox/paypal".to_owned(),
        format!("/sandbox/paypal/transactions/{id}"),
        "/sandbox/paypal/messages/1".to_owned(),
    ];
    for page in &pages {
        for language in ["en", "de-AT", "es", "uk"] {
            let answer = get_in(sandbox.address, page, language).await;
            assert_eq!(answer.status, 200, "{page}");
            assert!(answer.body.contains(&format!("<html lang=\"{}\">", &language[..2])), "{page}");
            assert!(!answer.body.contains("<script>") && !answer.body.contains("style="), "{page}");
            assert!(answer.header("content-security-policy").unwrap().contains("default-src 'none'"));
        }
    }
    assert!(get(sandbox.address, "/sandbox/paypal/checkout/nonsense").await.status == 404);
    assert!(sandbox.dir.path().join("sandbox.db").exists());
}
