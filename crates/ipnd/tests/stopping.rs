//! Being asked to end while somebody else keeps us waiting.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use common::browser::{Browser, Page};
use common::{Program, ipnd, until};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

/// A mail server that greets nobody has half a minute before it counts as broken; a stop does not wait for that.
#[test]
fn a_stalled_mail_server_does_not_hold_the_stop() {
    let dir = tempfile::tempdir().unwrap();
    let stalled = TcpListener::bind("127.0.0.1:0").unwrap();
    stalled.set_nonblocking(true).unwrap();
    let mut command = ipnd();
    command.current_dir(dir.path()).args(["serve", "--listen", "127.0.0.1:0"]).envs([
        ("IPND_MAIL_HOST", "127.0.0.1"),
        ("IPND_MAIL_PORT", &stalled.local_addr().unwrap().port().to_string()),
        ("IPND_MAIL_TLS", "none"),
        ("IPND_MAIL_FROM", "shop@example.com"),
        ("IPND_LIMITS_STOP_MS", "500"),
    ]);
    let mut program = Program::start(&mut command);
    let address: SocketAddr = program.line("address of the set-up", |line| {
        line.split_once("http://")?.1.strip_suffix("/setup")?.parse().ok()
    });
    let code = program.line("code", |line| Some(line.trim().strip_prefix("code")?.trim().to_owned()));
    let mut owner = Browser::new(address);
    let form = [
        ("code", code.as_str()),
        ("name", "My Shop"),
        ("slug", "my-shop"),
        ("currency", "EUR"),
        ("language", "en"),
        ("email", "me@example.com"),
        ("password", "a long enough password"),
    ];
    assert_eq!(owner.post("/setup", &form).status, 303);
    let csrf = |page: Page| page.hidden_fields().into_iter().find(|(name, _)| name == "csrf").unwrap().1;
    let token = csrf(owner.get("/owner/settings"));
    let keys = owner.post("/owner/settings/keys", &[("csrf", &token), ("name", "test")]).body;
    let (_, key) = keys.split_once("ipnd_key_").expect("the key is shown once");
    let key: String = key.chars().take_while(char::is_ascii_alphanumeric).collect();
    let mut shop = Browser::new(address);
    shop.bearer = Some(format!("ipnd_key_{key}"));
    let order = serde_json::json!({
        "currency": "EUR",
        "items": [{"name": "Tea", "quantity": 1, "unit_price": "9.00"}],
        "customer": {"email": "ann@example.com"},
    });
    let made = shop.post_json("/v1/orders", &order);
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("/owner/orders/{}/message", made.json()["id"].as_str().unwrap());
    assert_eq!(owner.post(&path, &[("csrf", &token), ("text", "Hello")]).status, 303);
    let _connection = until("the mail worker calls", || stalled.accept().ok());

    let asked_at = Instant::now();
    program.signal("TERM");
    assert!(program.end().success());
    assert!(asked_at.elapsed() < Duration::from_secs(15), "{:?}", asked_at.elapsed());
}
