//! `ipnd trigger` and the player of the demo: any gateway tells the demo something, and ipnd makes the right thing of
//! it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use common::browser::Browser;
use common::shopping::{api, order, rows};
use common::{Demo, Program, deaf_shop, ipnd, until};
use ipnd_gateways::{ALL, Gateway};
use ipnd_sandbox::Paypal;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::Output;

/// Runs `ipnd trigger` against this demo.
fn trigger(demo: &Demo, arguments: &[&str]) -> Output {
    let mut command = ipnd();
    command.arg("trigger").args(arguments).args(["--demo", demo.text("base_url")]);
    command.output().unwrap()
}

/// The same, with success and the messages as data.
fn messages(demo: &Demo, arguments: &[&str]) -> Vec<Value> {
    let output = trigger(demo, &[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    document["messages"].as_array().unwrap().clone()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Registers an order of 12.34 EUR.
fn register(api: &mut Browser, reference: &str) {
    let order = json!({
        "reference": reference,
        "currency": "EUR",
        "items": [{ "name": "Something", "quantity": 1, "unit_price": "12.34" }],
        "customer": { "name": "Ada Example", "email": "ada@example.com" },
    });
    let answer = api.post_json("/v1/orders", &order);
    assert_eq!(answer.status, 201, "{}", answer.body);
}

fn status(api: &mut Browser, reference: &str) -> String {
    let order = api.get(&format!("/v1/orders/ref:{reference}")).json();
    order["status"].as_str().unwrap_or_else(|| panic!("{order}")).to_owned()
}

fn until_status(api: &mut Browser, reference: &str, wanted: &str) {
    until(&format!("{reference} to be {wanted}"), || (status(api, reference) == wanted).then_some(()));
}

/// All notifications that the API lists.
fn notifications(api: &mut Browser) -> Vec<Value> {
    let mut all = Vec::new();
    let mut before = String::new();
    loop {
        let page = api.get(&format!("/v1/notifications?limit=100{before}"));
        all.extend(rows(&page));
        match page.json()["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => return all,
        }
    }
}

#[test]
fn a_payment_pays_an_order_that_came_by_the_api() {
    let demo = Demo::start(None);
    let mut api = api(&demo);
    register(&mut api, "A-1");
    let output = trigger(
        &demo,
        &["stripe", "payment.completed", "--order", "A-1", "--amount", "12.34", "--currency", "EUR"],
    );
    let said = text(&output.stdout);
    assert!(output.status.success(), "{said}{}", text(&output.stderr));
    for expected in ["stripe tells payment.completed, 12.34 EUR, order A-1", "200", "content"] {
        assert!(said.contains(expected), "{expected} is missing in {said}");
    }
    until_status(&mut api, "A-1", "paid");
    // What comes later refers to the payment without being told.
    messages(&demo, &["stripe", "refund.completed", "--order", "A-1"]);
    until_status(&mut api, "A-1", "refunded");
}

#[test]
fn a_scenario_plays_a_whole_history() {
    let demo = Demo::start(None);
    let mut api = api(&demo);
    let gateways = ["stripe", "adyen", "copecart"];
    for gateway in gateways {
        register(&mut api, gateway);
        let told = messages(
            &demo,
            &[gateway, "--scenario", "sale-and-refund", "--order", gateway, "--amount", "12.34"],
        );
        assert_eq!(told.len(), 2);
        assert!(told.iter().all(|message| message["state"] == "content"), "{told:?}");
    }
    for gateway in gateways {
        until_status(&mut api, gateway, "refunded");
    }
}

/// Waits until a play is over.
fn played(browser: &mut Browser, number: &Value) -> Vec<Value> {
    until(&format!("the end of play {number}"), || {
        let messages = browser.get(&format!("/sandbox/plays/{number}")).json()["messages"].clone();
        let messages = messages.as_array().unwrap().clone();
        messages.iter().all(|message| message["is_over"] == true).then_some(messages)
    })
}

#[test]
fn every_gateway_tells_the_demo_every_event_and_all_of_it_is_genuine() {
    let demo = Demo::start(None);
    let mut browser = Browser::new(demo.address);
    let mut api = api(&demo);
    let accounts = demo.ready["accounts"].as_array().unwrap();
    assert_eq!(accounts.len(), ALL.len(), "one account for every gateway");
    let mut plays: Vec<(&Gateway, &str, Value)> = Vec::new();
    for gateway in ALL {
        for kind in gateway.tells {
            let wish = json!({ "gateway": gateway.id, "event": kind.word(), "repeats_max": 0 });
            let begun = browser.post_json("/sandbox/plays", &wish);
            assert_eq!(begun.status, 202, "{} {}: {}", gateway.id, kind.word(), begun.body);
            plays.push((gateway, kind.word(), begun.json()["play"].clone()));
        }
    }
    let mut wrong = Vec::new();
    for (gateway, event, number) in &plays {
        let message = played(&mut browser, number).remove(0);
        let status = message["hearings"][0]["status"].as_u64().unwrap_or_default();
        if message["state"] != "content" || !(200..300).contains(&status) {
            wrong.push(format!("{} {event}: {message}", gateway.id));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // Those that are asked back take a moment.
    let seen = until("every notification to be decided", || {
        let seen = notifications(&mut api);
        let is_open = |one: &Value| one["state"] == "waiting" || one["state"] == "checking";
        (!seen.iter().any(is_open)).then_some(seen)
    });
    for one in &seen {
        assert_eq!(one["state"], "genuine", "{one}");
    }
    // Every event was understood as what was told, as far as its gateway's messages can be told apart by it.
    let mut understood: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in &seen {
        let kinds = one["kinds"].as_array().unwrap().iter().map(|kind| kind.as_str().unwrap().to_owned());
        understood.entry(one["gateway"].as_str().unwrap().to_owned()).or_default().extend(kinds);
    }
    for (gateway, event, _) in &plays {
        assert!(understood[gateway.id].iter().any(|kind| kind == event), "{} {event}", gateway.id);
    }
}

#[test]
fn every_fault_ends_as_it_should() {
    let demo = Demo::start(None);
    let mut api = api(&demo);
    let play = |reference: &str, more: &[&str]| {
        let common = ["stripe", "--order", reference, "--amount", "12.34", "--currency", "EUR"];
        trigger(&demo, &[&common, more].concat())
    };
    let pay = |reference: &str, fault: &str| play(reference, &["payment.completed", "--fault", fault]);

    for fault in ["wrong-signature", "wrong-secret", "wrong-charset", "stale"] {
        register(&mut api, fault);
        let output = pay(fault, fault);
        assert_eq!(output.status.code(), Some(1), "{fault}");
        assert!(text(&output.stdout).contains("reply    400: "), "{fault}: {}", text(&output.stdout));
        assert!(text(&output.stdout).contains("not content: it wants status 200 to 299"), "{fault}");
        assert!(text(&output.stderr).contains("did not get the reply"), "{fault}");
    }
    assert_eq!(notifications(&mut api).len(), 0, "what is refused is not kept");

    register(&mut api, "drop");
    assert!(text(&pay("drop", "drop").stdout).contains("lost on purpose"));

    for (reference, fault) in [("twice", "duplicate"), ("ignored", "reply-ignored"), ("late", "delay")] {
        register(&mut api, reference);
        let output = pay(reference, fault);
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
        until_status(&mut api, reference, "paid");
        let order = api.get(&format!("/v1/orders/ref:{reference}")).json();
        assert_eq!(order["payments"].as_array().unwrap().len(), 1, "{order}");
        assert_eq!(order["paid"], order["total"], "counted once");
    }
    let twice = notifications(&mut api).pop().unwrap();
    assert_eq!(twice["copies_count"], 1, "{twice}");

    register(&mut api, "short");
    assert!(pay("short", "wrong-amount").status.success());
    until_status(&mut api, "short", "in_review");
    assert!(!rows(&api.get("/v1/reviews")).is_empty(), "a question to the owner");

    register(&mut api, "swapped");
    let output = play("swapped", &["--scenario", "sale-and-refund", "--fault", "reorder"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    until_status(&mut api, "swapped", "refunded");

    for refused in ["wrong-signature", "wrong-secret", "wrong-charset", "stale", "drop"] {
        assert_eq!(status(&mut api, refused), "open", "{refused}");
    }
}

#[test]
fn everything_that_can_be_played_is_listed() {
    let output = ipnd().args(["trigger", "--list", "--json"]).output().unwrap();
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(list["gateways"].as_array().unwrap().len(), ALL.len());
    assert_eq!(list["faults"].as_array().unwrap().len(), 10);
    let shown = text(&ipnd().args(["trigger", "--list"]).output().unwrap().stdout);
    for gateway in ALL {
        assert!(shown.contains(gateway.name) && shown.contains(gateway.tells[0].word()), "{}", gateway.id);
    }
}

#[test]
fn a_request_can_be_written_instead_of_sent() {
    let output = ipnd()
        .args([
            "trigger",
            "stripe",
            "payment.completed",
            "--print",
            "--to",
            "http://shop.example:8080/in/x?a=1",
        ])
        .args(["--set", "signing_secret=whsec_another_secret"])
        .output()
        .unwrap();
    let written = text(&output.stdout);
    let (head, body) = written.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /in/x?a=1 HTTP/1.1\r\nhost: shop.example:8080\r\n"), "{head}");
    assert!(head.contains("stripe-signature: t="), "{head}");
    assert!(body.contains("payment_intent.succeeded"), "{body}");
}

#[test]
fn what_goes_wrong_is_explained() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = format!("http://{closed}");
    let cases: [(&[&str], &[&str]); 6] = [
        (&["stripe", "payment.completed", "--demo", &nobody], &["no demo answers", "ipnd demo", "--to URL"]),
        (&["nobody", "payment.completed", "--to", &nobody], &["nobody", "--list"]),
        (&["stripe", "payment.imagined", "--to", &nobody], &["payment.imagined", "payment.completed"]),
        (&["stripe", "--scenario", "fairy-tale", "--to", &nobody], &["fairy-tale", "sale-and-refund"]),
        (&["stripe", "payment.completed", "--amount", "1,5", "--to", &nobody], &["1,5", "12.34"]),
        (&["stripe", "payment.completed", "--to", &nobody], &["did not get the reply"]),
    ];
    for (arguments, expected) in cases {
        let output = ipnd().arg("trigger").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let errors = text(&output.stderr);
        assert!(expected.iter().all(|part| errors.contains(part)), "{arguments:?}: {errors}");
    }
}

#[test]
fn whoever_is_told_at_an_own_address_can_ask_back() {
    let thin = ALL.iter().find(|gateway| gateway.answer.is_some() && Paypal::path_for(gateway.id).is_none());
    let Some(gateway) = thin else { return };
    let to = format!("http://{}/in/x", deaf_shop());
    let mut command = ipnd();
    command.args(["trigger", gateway.id, gateway.tells[0].word(), "--to", &to]);
    command.args(["--serve-at", "127.0.0.1:0", "--json"]);
    // The address is said on standard error, which people read while programs read the rest.
    let mut child =
        command.stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stderr.take().unwrap()));
    let line = lines.next().unwrap().unwrap();
    let (_, url) = line.split_once("http://").unwrap();
    let (host, path) = url.split_once('/').unwrap();
    let mut answer = String::new();
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!("GET /{path}/anything HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    stream.read_to_string(&mut answer).unwrap();
    // Without the account's key it hears no more than that; that somebody answers is what counts here.
    assert!(answer.starts_with("HTTP/1.1 "), "{answer}");
    assert!(!answer.contains("Nobody is played here"), "{answer}");
    let output = child.wait_with_output().unwrap();
    let told: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["messages"][0]["hearings"][0]["status"], 200, "{told}");
}

#[test]
fn the_page_plays_in_four_languages_and_on_an_orders_behalf() {
    let demo = Demo::start(None);
    let mut browser = Browser::new(demo.address);
    let (order_page, _) = order(&mut browser, "MUG");
    let page = browser.get(&order_page).body;
    let link = page.split("href=\"").filter_map(|rest| rest.split_once('"')).map(|(href, _)| href);
    let link =
        link.map(|href| href.replace("&#38;", "&")).find(|href| href.contains("/sandbox?order=")).unwrap();
    let filled = browser.get(common::browser::path(&link));
    assert_eq!(filled.status, 200);
    assert!(filled.header("content-security-policy").unwrap().contains("default-src 'none'"));
    assert!(
        filled.body.contains("value=\"14.90\"") && filled.body.contains("value=\"EUR\""),
        "{}",
        filled.body
    );
    let reference = link.split("order=").nth(1).unwrap().split('&').next().unwrap().to_owned();

    let form = [
        ("gateway", "stripe"),
        ("what", "event:payment.completed"),
        ("order", &reference),
        ("amount", "14.90"),
        ("currency", "EUR"),
        ("times", "1"),
        ("speed", "1000"),
    ];
    let played = browser.post("/sandbox/play", &form);
    assert_eq!(played.status, 303, "{}", played.body);
    let log = browser.get(played.location().split('#').next().unwrap()).body;
    assert!(log.contains("Heard") && log.contains("€14.90"), "{log}");
    until_status(&mut api(&demo), &reference, "paid");
    assert_eq!(browser.get("/sandbox/messages/1").status, 200);
    assert_eq!(browser.post("/sandbox/messages/1/resend", &[]).status, 303);
    assert_eq!(browser.get("/sandbox/messages/99").status, 404);

    let wrong = browser.post("/sandbox/play", &[("gateway", "stripe"), ("what", "event:x"), ("amount", "7")]);
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("role=\"alert\"") && wrong.body.contains("value=\"7\""));
    for (language, word) in
        [("de", "Alle Zahlungsdienste"), ("es", "Todas las pasarelas"), ("uk", "Усі платіжні")]
    {
        assert!(browser.get(&format!("/sandbox?lang={language}")).body.contains(word), "{language}");
    }
    for gateway in ALL {
        assert_eq!(browser.get(&format!("/sandbox?gateway={}", gateway.id)).status, 200, "{}", gateway.id);
    }
}

#[test]
fn t_f05_csrf_no_other_site_can_make_the_player_send() {
    let demo = Demo::start(None);
    let foreign = |path: &str, kind: &str, body: &str| {
        let mut stream = TcpStream::connect(demo.address).unwrap();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {}\r\norigin: https://evil.example\r\ncontent-type: {kind}\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            demo.address,
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let form = "gateway=stripe&what=event%3Apayment.completed";
    assert!(foreign("/sandbox/play", "application/x-www-form-urlencoded", form).starts_with("HTTP/1.1 400"));
    let wish = json!({ "gateway": "stripe", "event": "payment.completed" }).to_string();
    assert!(foreign("/sandbox/plays", "application/json", &wish).starts_with("HTTP/1.1 400"));
    assert_eq!(notifications(&mut api(&demo)).len(), 0);
}

#[test]
fn what_was_told_is_remembered_over_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let mut demo = Demo::start(Some(data.path()));
    let thin = ALL.iter().find(|gateway| gateway.answer.is_some() && Paypal::path_for(gateway.id).is_none());
    let Some(gateway) = thin else { return };
    messages(&demo, &[gateway.id, gateway.tells[0].word()]);
    demo.program.signal("TERM");
    assert!(demo.program.end().success());
    let demo = Demo::start(Some(data.path()));
    let mut browser = Browser::new(demo.address);
    let kept = browser.get("/sandbox/plays/1").json();
    assert_eq!(kept["messages"][0]["state"], "content");
    let url = kept["messages"][0]["url"].as_str().unwrap();
    assert!(url.starts_with(demo.text("base_url")), "{url} follows the port");
    assert_eq!(browser.post("/sandbox/messages/1/resend", &[]).status, 303);
    let again = until("the second reply", || {
        let kept = browser.get("/sandbox/plays/1").json();
        (kept["messages"][0]["hearings"].as_array().unwrap().len() == 2).then_some(kept)
    });
    assert_eq!(again["messages"][0]["hearings"][1]["is_content"], true);
}

/// The player's own pages and addresses are the demo's alone.
#[test]
fn t_f20_sample_or_test_code_in_production_plays_no_gateway() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = ipnd();
    command.current_dir(dir.path()).args(["serve", "--listen", "127.0.0.1:0"]);
    let mut program = Program::start(&mut command);
    let address = program.line("address of the set-up", |line| {
        line.split_once("http://")?.1.strip_suffix("/setup")?.parse().ok()
    });
    let mut browser = Browser::new(address);
    for path in ["/sandbox", "/sandbox/accounts.json", "/sandbox/plays/1", "/sandbox/api/stripe/v1/x"] {
        assert_eq!(browser.get(path).status, 404, "{path}");
    }
    assert_eq!(browser.post_json("/sandbox/plays", &json!({})).status, 404);
}
