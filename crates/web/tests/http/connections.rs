//! Time-outs, places, and the stop.

use crate::harness::{Answer, FORM, Server, paid, read_to_end, read_until, within};
use ipnd_core::Limits;
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;

fn impatient() -> Limits {
    Limits { header_read_ms: 1_000, body_read_ms: 1_000, idle_ms: 1_000, ..Limits::default() }
}

#[tokio::test]
async fn t_g01_slow_clients() {
    let server = Server::start_with(impatient()).await;
    let path = server.intake();
    let head =
        format!("POST {path} HTTP/1.1\r\nHost: a\r\n{}: {}\r\nContent-Length: 100\r\n\r\n", FORM.0, FORM.1);
    for (name, sent, status) in [
        ("silent", "", None),
        ("half a head", "POST /in/x HTTP/1.1\r\nHos", None),
        ("half a body", &*format!("{head}txn_id="), Some(408)),
        ("no body", &*head, Some(408)),
    ] {
        let mut socket = server.connect().await;
        socket.write_all(sent.as_bytes()).await.unwrap();
        let began = Instant::now();
        let answer = read_to_end(&mut socket).await;
        assert!(began.elapsed() < Duration::from_secs(10), "{name}");
        match status {
            None => assert!(answer.is_empty(), "{name}"),
            Some(status) => assert_eq!(Answer::parse(&answer).status, status, "{name}"),
        }
    }
}

#[tokio::test]
async fn t_g01_a_byte_now_and_then_does_not_buy_time() {
    let server = Server::start_with(impatient()).await;
    let mut socket = server.connect().await;
    let began = Instant::now();
    let mut pause = tokio::time::interval(Duration::from_millis(50));
    // The server closes, and writing to it fails soon afterwards.
    while socket.write_all(b"G").await.is_ok() {
        assert!(began.elapsed() < Duration::from_secs(10));
        pause.tick().await;
    }
    assert!(began.elapsed() >= Duration::from_millis(900));
}

const ASK: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

async fn is_answered(socket: &mut tokio::net::TcpStream) -> bool {
    socket.write_all(ASK).await.unwrap();
    Answer::parse(&read_until(socket, |bytes| bytes.ends_with(b"}")).await).status == 200
}

#[tokio::test]
async fn t_g01_idle_connections_are_closed() {
    let server = Server::start_with(impatient()).await;
    let mut socket = server.connect().await;
    for _ in 0..3 {
        assert!(is_answered(&mut socket).await);
    }
    let began = Instant::now();
    assert!(read_to_end(&mut socket).await.is_empty());
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_connection_that_has_asked_may_be_idle_for_longer_than_a_head_may_take() {
    let server = Server::start_with(Limits { header_read_ms: 1_000, ..Limits::default() }).await;
    let mut used = server.connect().await;
    assert!(is_answered(&mut used).await);
    for _ in 0..2 {
        // One that says nothing is closed meanwhile.
        let mut silent = server.connect().await;
        assert!(read_to_end(&mut silent).await.is_empty());
    }
    assert!(is_answered(&mut used).await);
    used.write_all(&ASK[..10]).await.unwrap();
    assert!(read_to_end(&mut used).await.is_empty(), "having begun, it has to go on");
}

#[tokio::test]
async fn t_g01_there_are_only_so_many_places() {
    let limits = Limits { connections_per_address_max: 2, ..Limits::default() };
    let server = Server::start_with(limits).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut socket = server.connect().await;
        assert!(is_answered(&mut socket).await);
        held.push(socket);
    }
    let mut socket = server.connect().await;
    let answer = Answer::parse(&read_to_end(&mut socket).await);
    assert_eq!((answer.status, answer.header("retry-after")), (503, Some("5")));
    held.clear();
    // The server hears of the closing a moment later.
    let again = async {
        loop {
            let mut socket = server.connect().await;
            let _ = socket.write_all(&[&ASK[..ASK.len() - 2], b"Connection: close\r\n\r\n"].concat()).await;
            if read_to_end(&mut socket).await.starts_with(b"HTTP/1.1 200") {
                break;
            }
        }
    };
    within(again).await;
}

#[tokio::test]
async fn a_graceful_stop_answers_everything_that_was_accepted() {
    let mut server = Server::start().await;
    let body = paid("A-1");
    let head = |number: usize| {
        let body = format!("{body}&n={number}");
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: a\r\n{}: {}\r\nContent-Length: {}\r\n\r\n",
            server.intake(),
            FORM.0,
            FORM.1,
            body.len()
        );
        format!("{head}{body}")
    };
    // Half of them have sent half a head, the other half half a body.
    let mut begun = Vec::new();
    for number in 0..20 {
        let whole = head(number);
        let at = if number % 2 == 0 { 30 } else { whole.len() - 10 };
        let mut socket = server.connect().await;
        socket.write_all(&whole.as_bytes()[..at]).await.unwrap();
        begun.push((socket, whole[at..].to_owned()));
    }
    // One more whose first request was answered, so that the server is known to have seen all of them before.
    let mut idle = server.connect().await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    read_until(&mut idle, |bytes| bytes.ends_with(b"}")).await;
    server.tell_to_stop();
    // The idle one is closed: the stop has reached the connections.
    assert!(read_to_end(&mut idle).await.is_empty());
    for (socket, rest) in &mut begun {
        socket.write_all(rest.as_bytes()).await.unwrap();
        let answer = Answer::parse(&read_to_end(socket).await);
        assert_eq!(answer.status, 200);
    }
    let (addr, store, shop) = (server.addr, server.store.clone(), server.shop.id);
    server.stopped().await;
    assert!(tokio::net::TcpStream::connect(addr).await.is_err(), "nobody listens any more");
    let filter = ipnd_store::NotificationFilter { limit: 200, ..Default::default() };
    assert_eq!(ipnd_store::Store::notifications(&*store, shop, filter).await.unwrap().len(), 20);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let mut server = Server::start_with(Limits { stop_ms: 200, ..Limits::default() }).await;
    let mut socket = server.connect().await;
    socket.write_all(b"POST /in/x HTTP/1.1\r\nHost: a\r\nContent-Le").await.unwrap();
    let mut other = server.connect().await;
    other.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    read_until(&mut other, |bytes| bytes.ends_with(b"}")).await;
    server.tell_to_stop();
    server.stopped().await;
    assert!(read_to_end(&mut socket).await.is_empty());
}

#[tokio::test]
async fn live_pages_outlast_every_time_out_and_end_with_the_stop() {
    let mut server = Server::start_with(impatient()).await;
    let order = r#"{"currency":"EUR","items":[{"name":"Tea","quantity":1,"unit_price":"19.95"}]}"#;
    let order = server.api("POST", "/v1/orders", order).await.json();
    let page = order["page_url"].as_str().unwrap().to_owned();
    let path = page.strip_prefix(&format!("http://{}", server.addr)).unwrap();
    let mut socket = server.connect().await;
    let ask = format!("GET {path}/live HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n");
    socket.write_all(ask.as_bytes()).await.unwrap();
    let head = read_until(&mut socket, |bytes| bytes.windows(4).any(|window| window == b"\r\n\r\n")).await;
    assert!(
        String::from_utf8_lossy(&head).contains("text/event-stream"),
        "{}",
        String::from_utf8_lossy(&head)
    );
    // A silent connection, opened later, is closed; the live page is older and still there.
    let mut silent = server.connect().await;
    assert!(read_to_end(&mut silent).await.is_empty());
    let cancel = format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap());
    assert_eq!(server.api("POST", &cancel, "").await.status, 200);
    let news = read_until(&mut socket, |bytes| bytes.windows(5).any(|window| window == b"data:")).await;
    assert!(!news.is_empty());
    server.tell_to_stop();
    read_to_end(&mut socket).await;
    server.stopped().await;
}
