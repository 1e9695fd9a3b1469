//! A browser and a shop's server, as small as they can be.
#![allow(dead_code, reason = "each test file uses its own part")]

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn location(&self) -> &str {
        self.header("location").unwrap_or_else(|| panic!("{} is no redirect: {}", self.status, self.body))
    }
}

/// Sends exactly these bytes and reads to the end.
pub(crate) async fn raw(address: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    get_in(address, path, "en").await
}

pub(crate) async fn get_in(address: SocketAddr, path: &str, language: &str) -> Answer {
    let head = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: test\r\nAccept-Language: {language}\r\n\
         Connection: close\r\n\r\n"
    );
    raw(address, head.as_bytes()).await
}

pub(crate) async fn send(address: SocketAddr, path: &str, body: &[u8]) -> Answer {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: test\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    request.extend_from_slice(body);
    raw(address, &request).await
}

pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

/// One request: its headers and its body.
type Heard = (HeaderMap, Vec<u8>);

/// A shop's notification address that keeps what it hears and answers as it is told (200 when it is told nothing).
#[derive(Clone, Default)]
pub(crate) struct Shop {
    pub(crate) heard: Arc<Mutex<Vec<Heard>>>,
    pub(crate) answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Shop {
    pub(crate) async fn start(answers: &[u16]) -> (Self, SocketAddr) {
        let shop = Self::default();
        shop.answers.lock().unwrap().extend(answers);
        let router = Router::new().route("/in/token", post(Self::hear)).with_state(shop.clone());
        (shop, serve(router).await)
    }

    async fn hear(State(shop): State<Self>, headers: HeaderMap, body: Bytes) -> StatusCode {
        shop.heard.lock().unwrap().push((headers, body.to_vec()));
        let answer = shop.answers.lock().unwrap().pop_front().unwrap_or(200);
        StatusCode::from_u16(answer).unwrap()
    }

    pub(crate) fn bodies(&self) -> Vec<String> {
        let heard = self.heard.lock().unwrap();
        heard.iter().map(|(_, body)| String::from_utf8(body.clone()).unwrap()).collect()
    }
}

/// Looks again until `look` finds something.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain for {what}");
}
