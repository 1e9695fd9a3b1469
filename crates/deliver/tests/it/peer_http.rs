//! A gateway's side of the post-back: keeps what it was asked and answers what it is told to.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// The raw answer to the question of this number (from 0) with this body; `None` hangs up.
type Answer = Arc<dyn Fn(usize, &[u8]) -> Option<String> + Send + Sync>;

pub(crate) struct HttpPeer {
    pub(crate) address: SocketAddr,
    asked: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl HttpPeer {
    pub(crate) async fn start(
        answer: impl Fn(usize, &[u8]) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer): (_, Answer) = (Arc::clone(&asked), Arc::new(answer));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (kept, answer) = (Arc::clone(&kept), Arc::clone(&answer));
                tokio::spawn(async move {
                    let mut request = Vec::new();
                    let body = loop {
                        let mut buffer = [0; 4096];
                        match stream.read(&mut buffer).await {
                            Ok(0) | Err(_) => return,
                            Ok(length) => request.extend_from_slice(&buffer[..length]),
                        }
                        if let Some(body) = body(&request) {
                            break body;
                        }
                    };
                    let number = {
                        let mut kept = kept.lock().unwrap();
                        kept.push(body.clone());
                        kept.len() - 1
                    };
                    if let Some(answer) = answer(number, &body) {
                        let _ = stream.write_all(answer.as_bytes()).await;
                    }
                });
            }
        });
        Self { address, asked }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/cgi-bin/webscr", self.address)
    }

    pub(crate) fn asked(&self) -> Vec<Vec<u8>> {
        self.asked.lock().unwrap().clone()
    }
}

pub(crate) fn says(word: &str) -> Option<String> {
    Some(format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{word}", word.len()))
}

/// The body, once it is there in full.
fn body(request: &[u8]) -> Option<Vec<u8>> {
    let end = request.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
    let length: usize =
        head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    (request.len() >= end + length).then(|| request[end..end + length].to_vec())
}
