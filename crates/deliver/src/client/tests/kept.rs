use super::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// Answers so many requests on each connection, then closes it. Counts connections and requests.
async fn server(requests_each: usize) -> (std::net::SocketAddr, Arc<AtomicUsize>, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (connections, requests) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = (Arc::clone(&connections), Arc::clone(&requests));
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            counts.0.fetch_add(1, Ordering::SeqCst);
            let requests = Arc::clone(&counts.1);
            tokio::spawn(async move {
                for _ in 0..requests_each {
                    let mut heard = Vec::new();
                    while !heard.ends_with(b"body") {
                        let mut some = [0; 1024];
                        match socket.read(&mut some).await {
                            Ok(0) | Err(_) => return,
                            Ok(count) => heard.extend_from_slice(&some[..count]),
                        }
                    }
                    requests.fetch_add(1, Ordering::SeqCst);
                    let _ = socket.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
                }
            });
        }
    });
    (address, connections, requests)
}

async fn tell(client: &Client, address: std::net::SocketAddr, count: usize) {
    for _ in 0..count {
        let answer =
            client.tell("POST", &format!("http://{address}/x"), &[], b"body".to_vec()).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"ok"[..]));
    }
}

#[tokio::test]
async fn requests_to_one_receiver_share_a_connection() {
    let (address, connections, requests) = server(usize::MAX).await;
    let client = client(&[address]);
    tell(&client, address, 5).await;
    assert_eq!((connections.load(Ordering::SeqCst), requests.load(Ordering::SeqCst)), (1, 5));
    // Questions to gateways have connections of their own.
    client.exchange("POST", &format!("http://{address}/x"), &[], b"body".to_vec()).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_replaced() {
    let (address, connections, requests) = server(2).await;
    let client = client(&[address]);
    tell(&client, address, 6).await;
    assert_eq!(
        (connections.load(Ordering::SeqCst), requests.load(Ordering::SeqCst)),
        (3, 6),
        "each arrived once"
    );
}
