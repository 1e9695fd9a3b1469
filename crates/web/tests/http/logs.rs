//! What strangers send must not write our log.

use crate::harness::{FORM, Server};
use std::io::Write;
use std::sync::{Arc, Mutex};

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The runtime of this test has one thread, so everything the server logs goes to this subscriber.
#[tokio::test]
async fn t_f14_log_injection() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = Server::start().await;
    let nasty = "%0A%7B%22level%22%3A%22FAKE%22%7D%1B%5B31m%00%0D%E2%80%AE";
    let body = format!("txn_id={nasty}&payment_status={nasty}&charset={nasty}&invoice={nasty}");
    server.send("POST", &format!("{}?q={nasty}", server.intake()), &[FORM], body.as_bytes()).await;
    server.send("POST", &format!("/in/{nasty}"), &[FORM], body.as_bytes()).await;
    server.send("POST", &server.intake(), &[("content-type", "text/\u{1b}[31m")], body.as_bytes()).await;
    let login = format!("email={nasty}&password={nasty}");
    let same = ("sec-fetch-site", "same-origin");
    server.send("POST", "/login", &[FORM, same], login.as_bytes()).await;
    server.get(&format!("/login/{nasty}")).await;
    server.get(&format!("/v1/{nasty}")).await;
    server.api_as("ipnd_key_\u{1b}[31m", "GET", "/v1/orders", "").await;
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(text.lines().count() > 3, "something was logged");
    for line in text.lines() {
        let entry: serde_json::Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("not an entry: {line}"));
        assert_ne!(entry["level"], "FAKE");
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
    assert!(!text.contains(&server.key), "no secret is logged");
}
