//! The commands around telling the shop: `ipnd listen`, `tail`, `deliveries` and `resend` beside a running demo.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use common::browser::Browser;
use common::receiver::{Message, Receiver};
use common::shopping::{api, rows};
use common::{Demo, Program, ipnd, until};
use ipnd_gateways::kit::webhook_signing::sign;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

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

/// Has the sandbox tell that the order was paid.
fn pay(url: &str, reference: &str) {
    let event = ["trigger", "stripe", "payment.completed", "--order", reference];
    let output =
        ipnd().args(event).args(["--amount", "12.34", "--currency", "EUR", "--demo", url]).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a command against this demo.
fn run(demo: &Demo, arguments: &[&str]) -> Output {
    let place = ["--url", demo.text("base_url"), "--key", demo.text("api_key")];
    ipnd().args(arguments).args(place).output().unwrap()
}

fn said(demo: &Demo, arguments: &[&str]) -> String {
    let output = run(demo, arguments);
    assert!(output.status.success(), "{arguments:?}: {}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

fn follow(demo: &Demo, arguments: &[&str]) -> Program {
    let place = ["--url", demo.text("base_url"), "--key", demo.text("api_key")];
    Program::start(ipnd().args(arguments).args(place))
}

/// The next line of JSON of this type.
fn next(program: &mut Program, kind: &str) -> Value {
    program.line(kind, |line| {
        let line: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        (line["type"] == kind).then_some(line)
    })
}

fn assert_signed(message: &Message, secret: &str) {
    let at = Timestamp::from_second(message.header("webhook-timestamp").parse().unwrap()).unwrap();
    let expected = sign(message.header("webhook-id"), at, &message.body, [secret].into_iter()).unwrap();
    assert_eq!(message.header("webhook-signature"), expected);
}

#[test]
fn what_the_sandbox_tells_is_forwarded_once_and_signed() {
    let demo = Demo::start(None);
    let mut api = api(&demo);
    let shop = Receiver::start(200);
    let url = shop.url();
    let arguments = ["listen", "--json", "--forward-to", &url, "--events", "payment.*,refund.completed"];
    let mut listen = follow(&demo, &arguments);
    let ready = next(&mut listen, "ready");
    register(&mut api, "A-1");
    pay(demo.text("base_url"), "A-1");
    let line = next(&mut listen, "forwarded");
    assert_eq!((&line["kind"], &line["order"]), (&json!("payment.completed"), &json!("A-1")), "{line}");
    assert_eq!((&line["status"], &line["state"]), (&json!(200), &json!("delivered")), "{line}");

    let seen = shop.seen();
    assert_eq!(seen.len(), 1);
    assert_eq!((seen[0].target.as_str(), seen[0].header("content-type")), ("/ipn", "application/json"));
    assert_eq!(seen[0].json()["data"]["order"]["reference"], "A-1");
    assert_eq!(line["message_id"], seen[0].header("webhook-id"));
    let secret = ready["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"));
    assert_signed(&seen[0], secret);
    let told = rows(&api.get("/v1/deliveries"));
    assert_eq!((told.len(), &told[0]["attempts"]), (1, &json!(1)), "{told:?}");

    listen.signal("INT");
    assert!(listen.end().success(), "{}", listen.errors());
    assert!(rows(&api.get("/v1/endpoints")).is_empty(), "it is removed at the end");
    assert_eq!(shop.seen().len(), 1);
}

#[test]
fn whoever_stops_it_does_not_wait_for_a_program_that_thinks() {
    let demo = Demo::start(None);
    let mut api = api(&demo);
    let shop = Receiver::start(0);
    let mut listen = follow(&demo, &["listen", "--json", "--forward-to", &shop.url()]);
    next(&mut listen, "ready");
    register(&mut api, "A-1");
    pay(demo.text("base_url"), "A-1");
    until("the message", || (shop.seen().len() == 1).then_some(()));
    let began = Instant::now();
    listen.signal("INT");
    assert!(listen.end().success(), "{}", listen.errors());
    assert!(began.elapsed() < Duration::from_secs(10), "less than a reply is waited for");
    assert!(rows(&api.get("/v1/endpoints")).is_empty());
    let told = rows(&api.get("/v1/deliveries")).remove(0);
    assert_ne!(told["state"], "delivered", "{told}");
}

#[test]
fn an_endpoint_that_is_there_already_is_listened_to_and_stays_as_it_is() {
    let demo = Demo::start(None);
    let mut api = api(&demo);
    let shop = Receiver::start(200);
    let url = shop.url();
    let plan = json!({ "name": "Desk", "dialect": "standard", "fetches": true, "filter": { "kinds": ["payment.*"] } });
    let made = api.post_json("/v1/endpoints", &plan).json();
    api.post_json("/v1/endpoints", &json!({ "name": "Shop", "dialect": "standard", "url": url }));
    register(&mut api, "A-1");
    pay(demo.text("base_url"), "A-1");
    for name in ["Desk", made["id"].as_str().unwrap()] {
        let mut listen = follow(&demo, &["listen", "--json", "--endpoint", name, "--forward-to", &url]);
        let ready = next(&mut listen, "ready");
        assert_eq!((&ready["secret"], &ready["events"]), (&Value::Null, &json!(["payment.*"])), "{ready}");
        if name == "Desk" {
            assert_eq!(next(&mut listen, "forwarded")["state"], "delivered");
        }
        listen.signal("INT");
        assert!(listen.end().success(), "{}", listen.errors());
    }
    let kept = rows(&api.get("/v1/endpoints")).into_iter().find(|one| one["name"] == "Desk").unwrap();
    assert_eq!((&kept["id"], &kept["filter"]), (&made["id"], &made["filter"]));
    for (name, why) in [("Nobody", "Those that fetch: Desk"), ("Shop", "is told at its URL")] {
        let mut listen = follow(&demo, &["listen", "--json", "--endpoint", name, "--forward-to", &url]);
        assert!(!listen.end().success() && listen.errors().contains(why), "{}", listen.errors());
    }
}

#[test]
fn an_endpoint_that_is_kept_is_found_again_with_what_waited_for_it() {
    let demo = Demo::start(None);
    let mut api = api(&demo);
    let shop = Receiver::start(200);
    let url = shop.url();
    let arguments = ["listen", "--json", "--keep", "--forward-to", &url];
    let mut first = follow(&demo, &arguments);
    let secret = next(&mut first, "ready")["secret"].as_str().unwrap().to_owned();
    first.signal("TERM");
    assert!(first.end().success());
    register(&mut api, "A-1");
    pay(demo.text("base_url"), "A-1");
    until("the message", || (rows(&api.get("/v1/deliveries")).len() == 1).then_some(()));

    let mut second = follow(&demo, &arguments);
    let ready = next(&mut second, "ready");
    assert_eq!((&ready["secret"], &ready["waiting"]), (&Value::Null, &json!(1)), "shown once");
    next(&mut second, "forwarded");
    assert_signed(&shop.seen()[0], &secret);
    drop(second);
    let mut third = follow(&demo, &[&arguments[..], &["--new-secret"]].concat());
    let new = next(&mut third, "ready")["secret"].as_str().unwrap().to_owned();
    assert_ne!(new, secret);
    assert_eq!(rows(&api.get("/v1/endpoints")).len(), 1, "one for each address");
}

/// Starts a demo at this address, with its key where others find it; gives the key as well.
fn demo_at(address: &str, data: &Path, keys: &Path) -> (Program, String) {
    let mut command = ipnd();
    command.args(["demo", "--json", "--listen", address, "--data"]).arg(data).env("XDG_RUNTIME_DIR", keys);
    let mut program = Program::start(&mut command);
    let ready: Value = program.line("line of JSON", |line| serde_json::from_str(line).ok());
    (program, ready["api_key"].as_str().unwrap().to_owned())
}

#[test]
fn a_restart_of_ipnd_loses_nothing_and_repeats_nothing() {
    let (data, keys) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let url = format!("http://{address}");
    let (demo, key) = demo_at(&address, data.path(), keys.path());
    let mut api = Browser::new(address.parse().unwrap());
    api.bearer = Some(key);
    register(&mut api, "A-1");
    register(&mut api, "A-2");
    let shop = Receiver::start(0);
    // Without a key: that of the demo is found, also the new one after its restart.
    let mut command = ipnd();
    command.args(["listen", "--json", "--forward-to", &shop.url(), "--url", &url]);
    let mut listen = Program::start(command.env("XDG_RUNTIME_DIR", keys.path()));
    next(&mut listen, "ready");
    pay(&url, "A-1");
    until("the message", || (shop.seen().len() == 1).then_some(()));
    demo.kill();
    shop.reply(200);
    let line = next(&mut listen, "forwarded");
    assert_eq!(
        (&line["status"], &line["state"]),
        (&json!(200), &Value::Null),
        "nobody could be told: {line}"
    );
    next(&mut listen, "away");
    let (_demo, key) = demo_at(&address, data.path(), keys.path());
    next(&mut listen, "back");
    pay(&url, "A-2");
    assert_eq!(next(&mut listen, "forwarded")["state"], "delivered");
    let seen = shop.seen();
    assert_eq!(seen.len(), 2);
    assert_ne!(seen[0].header("webhook-id"), seen[1].header("webhook-id"));
    api.bearer = Some(key);
    let told = rows(&api.get("/v1/deliveries"));
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().all(|told| told["state"] == "delivered"), "{told:?}");
    assert_eq!(shop.seen().len(), 2, "what was forwarded before is not forwarded again");
}

#[test]
fn an_ipnd_that_has_forgotten_everything_is_listened_to_all_the_same() {
    let (first, second, keys) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let url = format!("http://{address}");
    let (demo, _) = demo_at(&address, first.path(), keys.path());
    let shop = Receiver::start(200);
    let mut command = ipnd();
    command.args(["listen", "--json", "--forward-to", &shop.url(), "--url", &url]);
    let mut listen = Program::start(command.env("XDG_RUNTIME_DIR", keys.path()));
    let old = next(&mut listen, "ready");
    demo.kill();
    next(&mut listen, "away");
    let (_demo, key) = demo_at(&address, second.path(), keys.path());
    let new = next(&mut listen, "ready");
    assert_ne!(old["secret"], new["secret"]);
    let mut api = Browser::new(address.parse().unwrap());
    api.bearer = Some(key);
    register(&mut api, "A-1");
    pay(&url, "A-1");
    assert_eq!(next(&mut listen, "forwarded")["state"], "delivered");
    assert_signed(&shop.seen()[0], new["secret"].as_str().unwrap());
}

#[test]
fn a_reply_that_is_not_good_is_shown_as_such_and_tried_again() {
    let demo = Demo::start(None);
    let mut api = api(&demo);
    let shop = Receiver::start(500);
    let url = shop.url();
    let mut listen = follow(&demo, &["listen", "--forward-to", &url]);
    let secret = listen.line("secret", |line| {
        let (_, rest) = line.split_once("Your secret for signatures is ")?;
        Some(rest.split(' ').next().unwrap().to_owned())
    });
    register(&mut api, "A-1");
    pay(demo.text("base_url"), "A-1");
    let line = listen.line("line", |line| line.contains("payment.completed").then(|| line.to_owned()));
    assert!(line.contains("A-1 #1  500  ") && line.contains(" ms  again at "), "{line}");
    shop.reply(204);
    let line = listen.line("line", |line| line.contains("payment.completed").then(|| line.to_owned()));
    assert!(line.contains("A-1 #1  204  ") && !line.contains("again"), "{line}");
    let seen = shop.seen();
    assert_eq!((seen.len(), seen[0].header("webhook-id")), (2, seen[1].header("webhook-id")));
    seen.iter().for_each(|message| assert_signed(message, &secret));
}

#[test]
fn a_program_that_does_not_run_yet_is_not_pestered_and_gets_it_later() {
    let demo = Demo::start(None);
    let mut api = api(&demo);
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let mut listen = follow(&demo, &["listen", "--json", "--forward-to", &format!("http://{address}/ipn")]);
    next(&mut listen, "ready");
    register(&mut api, "A-1");
    pay(demo.text("base_url"), "A-1");
    let line = next(&mut listen, "forwarded");
    assert!(line["error"].as_str().unwrap().contains("no connection"), "{line}");
    let time = |key: &str| line[key].as_str().unwrap().parse::<Timestamp>().unwrap();
    assert!(time("next_at").duration_since(time("at")).as_millis() > 1_000, "{line}");
    let shop = Receiver::start_at(&address, 200);
    assert_eq!(next(&mut listen, "forwarded")["state"], "delivered");
    let told = rows(&api.get("/v1/deliveries")).remove(0);
    assert_eq!((shop.seen().len(), &told["attempts"]), (1, &json!(2)), "{told}");
}

#[test]
fn a_gateways_form_is_forwarded_as_that_gateway_would_tell_it() {
    let demo = Demo::start(None);
    let mut api = api(&demo);
    let shop = Receiver::start(200);
    let url = shop.url();
    let paypal = ["listen", "--json", "--forward-to", &url, "--dialect", "paypal-ipn"];
    let refused = run(&demo, &paypal);
    assert!(!refused.status.success());
    assert!(text(&refused.stderr).contains("--set KEY=VALUE"), "{}", text(&refused.stderr));
    assert!(text(&refused.stderr).contains("receivers"), "{}", text(&refused.stderr));
    let unknown = run(&demo, &["listen", "--forward-to", &url, "--dialect", "morse"]);
    assert!(text(&unknown.stderr).contains("cloudevents"), "{}", text(&unknown.stderr));

    let mut listen = follow(&demo, &[&paypal[..], &["--set", "receivers=seller@example.com"]].concat());
    let ready = next(&mut listen, "ready");
    assert_eq!(ready["secret"], Value::Null);
    register(&mut api, "A-1");
    pay(demo.text("base_url"), "A-1");
    let line = next(&mut listen, "forwarded");
    assert_eq!(line["status"], 200, "{line}");
    let message = shop.seen().remove(0);
    let body = text(&message.body);
    assert!(body.contains("payment_status=Completed") && body.contains("A-1"), "{body}");
    // It may ask back about exactly these bytes.
    let ask = ready["ask_url"].as_str().unwrap().strip_prefix(demo.text("base_url")).unwrap().to_owned();
    let question = format!("cmd=_notify-validate&{body}");
    let head = format!(
        "POST {ask} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\n\r\n",
        demo.address,
        question.len()
    );
    let mut stream = TcpStream::connect(demo.address).unwrap();
    stream.write_all(format!("{head}{question}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("\r\n\r\nVERIFIED"), "{answer}");
}

#[test]
fn what_happens_is_followed() {
    let demo = Demo::start(None);
    let mut api = api(&demo);
    let shop = Receiver::start(200);
    let endpoint = json!({"name": "Shop", "url": shop.url()});
    assert_eq!(api.post_json("/v1/endpoints", &endpoint).status, 201);
    let mut tail = follow(&demo, &["tail", "--json", "--events", "payment.*"]);
    next(&mut tail, "ready");
    register(&mut api, "A-1");
    pay(demo.text("base_url"), "A-1");
    let event = next(&mut tail, "event");
    assert_eq!(event["event"]["order"]["reference"], "A-1", "{event}");
    let delivery = next(&mut tail, "delivery");
    assert_eq!(delivery["delivery"]["state"], "delivered", "{delivery}");
    tail.signal("INT");
    assert!(tail.end().success());

    let mut tail = follow(&demo, &["tail"]);
    tail.line("head", |line| line.contains("Following ipnd").then_some(()));
    register(&mut api, "A-2");
    pay(demo.text("base_url"), "A-2");
    let line = tail.line("event", |line| line.contains("  event  ").then(|| line.to_owned()));
    assert!(line.contains("payment.completed") && line.contains("A-2  12.34 EUR"), "{line}");
    let line = tail.line("delivery", |line| line.contains("dlv_").then(|| line.to_owned()));
    assert!(line.contains("A-2  to “Shop”  delivered 200"), "{line}");
}

#[test]
fn what_the_shop_did_not_get_is_explained_and_sent_again() {
    let demo = Demo::start(None);
    let mut api = api(&demo);
    let shop = Receiver::start(500);
    assert_eq!(said(&demo, &["deliveries"]), "There are none.\n");
    assert_eq!(said(&demo, &["deliveries", "--missing"]), "Your shop got everything.\n");
    let endpoint = json!({"name": "Shop", "url": shop.url()});
    assert_eq!(api.post_json("/v1/endpoints", &endpoint).status, 201);
    register(&mut api, "A-1");
    pay(demo.text("base_url"), "A-1");
    let row = until("the first attempt", || {
        let row = rows(&api.get("/v1/deliveries")).pop()?;
        (row["status"] == 500).then_some(row)
    });
    let id = row["id"].as_str().unwrap();
    let missing = said(&demo, &["deliveries", "--missing", "--endpoint", "Shop"]);
    let expected = format!("{id}  payment.completed of order A-1 to “Shop”: The receiver answered 500.");
    assert!(missing.contains(&expected), "{missing}");
    let table = said(&demo, &["deliveries", "--state", "waiting", "--order", "A-1", "--since", "1h"]);
    assert!(table.starts_with("ID ") && table.contains("A-1") && table.contains(" 500 "), "{table}");
    assert_eq!(said(&demo, &["deliveries", "--state", "failed"]), "There are none.\n");
    let one = said(&demo, &["deliveries", id]);
    assert!(one.contains("try 1") && one.contains("> said"), "{one}");

    let failed = run(&demo, &["resend", id]);
    assert!(
        !failed.status.success() && text(&failed.stderr).contains("answered 500"),
        "{}",
        text(&failed.stderr)
    );
    shop.reply(200);
    let sent = said(&demo, &["resend", id]);
    assert!(sent.contains("payment.completed to “Shop”: it has arrived (200)"), "{sent}");
    let count = shop.seen().len();

    let many = ["resend", "--endpoint", "Shop", "--since", "1h"];
    let with = |more: &[&'static str]| [&many[..], more].concat();
    assert_eq!(said(&demo, &with(&["--dry-run"])), "1 message would be sent.\n");
    assert_eq!(said(&demo, &with(&["--state", "failed"])), "There is nothing to send.\n");
    let asked = run(&demo, &many);
    assert!(!asked.status.success() && text(&asked.stderr).contains("--yes"), "{}", text(&asked.stderr));
    assert_eq!(shop.seen().len(), count, "nothing was sent yet");
    assert!(said(&demo, &with(&["--yes"])).starts_with("1 message was sent"));
    assert_eq!(shop.seen().len(), count + 1);

    let all = rows(&api.get("/v1/endpoints"));
    let path = format!("/v1/endpoints/{}", all[0]["id"].as_str().unwrap());
    assert_eq!(api.post_json(&format!("{path}/pause"), &json!({})).status, 200);
    let paused = run(&demo, &["resend", id]);
    assert!(text(&paused.stderr).contains("the endpoint “Shop” is paused"), "{}", text(&paused.stderr));
    let waits = said(&demo, &with(&["--yes"]));
    assert!(waits.contains("1 wait there: the endpoint “Shop” is paused."), "{waits}");

    let late = Receiver::start(200);
    let endpoint = json!({"name": "Late", "url": late.url()});
    assert_eq!(api.post_json("/v1/endpoints", &endpoint).status, 201);
    let filled = ["resend", "--endpoint", "Late", "--since", "1h", "--fill-in", "--yes", "--json"];
    let filled: Value = serde_json::from_str(&said(&demo, &filled)).unwrap();
    assert_eq!(filled, json!({"again": 0, "new": 1, "waiting": 0}));
    assert_eq!(late.seen()[0].json()["data"]["order"]["reference"], "A-1");
}

#[test]
fn what_goes_wrong_is_explained() {
    let demo = Demo::start(None);
    let url = demo.text("base_url");
    let nobody = format!("http://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    let shop = Receiver::start(200);
    let foreign = format!("http://{}", shop.address);
    let key = demo.text("api_key");
    let cases: [(&[&str], &[&str]); 9] = [
        (&["deliveries", "--url", url], &["wants an API key", "--key", "ipnd demo"]),
        (&["tail", "--url", url, "--key", "ipnd_key_wrong"], &["does not know this API key"]),
        (&["listen", "--forward-to", "3000", "--url", &nobody, "--key", "x"], &["no ipnd answers", "--url"]),
        (&["deliveries", "--url", &foreign, "--key", "x"], &["not as ipnd does"]),
        (&["deliveries", "dlv_99", "--url", url, "--key", key], &["there is no delivery"]),
        (&["deliveries", "--order", "B-1", "--url", url, "--key", key], &["there is no order “B-1”"]),
        (&["resend", "--endpoint", "Shop", "--url", url, "--key", key], &["there is no endpoint"]),
        (&["resend", "--since", "soon", "--url", url, "--key", key], &["--since", "12h"]),
        (
            &["listen", "--forward-to", "3000", "--events", "payment.payed", "--url", url, "--key", key],
            &["payment.payed"],
        ),
    ];
    for (arguments, expected) in cases {
        let output = ipnd().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let errors = text(&output.stderr);
        assert!(expected.iter().all(|part| errors.contains(part)), "{arguments:?}: {errors}");
    }
}
