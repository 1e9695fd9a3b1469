//! The client against servers of our own, on loopback, that behave in one chosen way each.

mod answers;
mod dialling;
mod kept;
mod tls;

use super::dial::Lookup;
use super::{Client, Policy};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// A server that says the same to everybody, and keeps what it heard.
struct Recorder {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Recorder {
    async fn start(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let request = serve(stream, &answer).await;
                kept.lock().unwrap().push(request);
            }
        });
        Self { address, heard }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn heard(&self) -> Vec<Vec<u8>> {
        self.heard.lock().unwrap().clone()
    }
}

/// Reads one request (head, and a body of the announced length), answers, and closes.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, answer: &[u8]) -> Vec<u8> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !is_whole(&request) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(length) => request.extend_from_slice(&buffer[..length]),
        }
    }
    let _ = stream.write_all(answer).await;
    let _ = stream.shutdown().await;
    request
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    body.len() >= length.unwrap_or(0)
}

fn policy(allowed: &[SocketAddr]) -> Policy {
    Policy {
        allowed: allowed.to_vec(),
        connect: Duration::from_secs(5),
        total: Duration::from_secs(10),
        answer_bytes_max: 1024,
        ..Policy::default()
    }
}

fn client(allowed: &[SocketAddr]) -> Client {
    Client::new(policy(allowed)).unwrap()
}

/// A client for which every name leads to the addresses that `look` says.
fn client_with(
    policy: Policy,
    look: impl Fn(&str, u16) -> std::io::Result<Vec<SocketAddr>> + Send + Sync + 'static,
) -> Client {
    Client::with_lookup(policy, Lookup::fake(look)).unwrap()
}
