//! Ambiguous requests over raw sockets.

use crate::harness::{Answer, FORM, Server, read_to_end, read_until, request, within};
use ipnd_core::Limits;
use tokio::io::AsyncWriteExt as _;

/// What a smuggler hopes to have understood as a second request.
const SMUGGLED: &str = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test]
async fn t_g04_request_smuggling() {
    let server = Server::start().await;
    let path = server.intake();
    let heads = [
        ("length and chunks", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
        ("chunks and length", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
        ("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n"),
        ("the same length twice", "Content-Length: 5\r\nContent-Length: 5\r\n"),
        ("a list of lengths", "Content-Length: 5, 5\r\n"),
        ("a sign", "Content-Length: +5\r\n"),
        ("space before the colon", "Content-Length : 5\r\n"),
        ("bare line feed", "X: y\nContent-Length: 5\r\n"),
        ("bare carriage return", "X: y\rContent-Length: 5\r\n"),
        ("folded line", "X: y\r\n Content-Length: 5\r\n"),
        ("folded length", "Content-Length:\r\n 5\r\n"),
        ("hidden chunks", "Transfer-Encoding: xchunked\r\n"),
        ("chunks by tab", "Transfer-Encoding:\tchunked\r\nTransfer-Encoding: identity\r\n"),
    ];
    for (name, head) in heads {
        let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\n{}: {}\r\n{head}\r\n", FORM.0, FORM.1);
        let answer = server.raw(format!("{head}0\r\n\r\n{SMUGGLED}").as_bytes()).await;
        let text = String::from_utf8_lossy(&answer);
        assert_eq!(Answer::parse(&answer).status, 400, "{name}: {text}");
        assert_eq!(text.matches("HTTP/1.1").count(), 1, "{name}: one answer, then the end: {text}");
    }
}

#[tokio::test]
async fn t_g04_malformed_chunks_end_the_connection() {
    let server = Server::start().await;
    let path = server.intake();
    let bodies = [
        "+3\r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "3\r\nabcX0\r\n\r\n",
        "0\r\nX: y\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
    ];
    for body in bodies {
        let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\n{}: {}\r\n", FORM.0, FORM.1);
        let answer =
            server.raw(format!("{head}Transfer-Encoding: chunked\r\n\r\n{body}{SMUGGLED}").as_bytes()).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(answer.is_empty() || Answer::parse(&answer).status == 400, "{body:?}: {text}");
        assert!(text.matches("HTTP/1.1").count() <= 1, "{body:?}: {text}");
    }
}

#[tokio::test]
async fn good_requests_share_a_connection_and_a_bad_one_ends_it_after_the_answers_before_it() {
    let server = Server::start().await;
    let good = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let chunked = format!(
        "POST {} HTTP/1.1\r\nHost: a\r\n{}: {}\r\nTransfer-Encoding: chunked\r\n\r\n8\r\ntxn_id=1\r\n0\r\n\r\n",
        server.intake(),
        FORM.0,
        FORM.1
    );
    let bad = "GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n";
    let answer = server.raw(format!("{good}{chunked}{good}{bad}{good}").as_bytes()).await;
    let text = String::from_utf8(answer).unwrap();
    let statuses: Vec<&str> = text.split("HTTP/1.1 ").skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(statuses, ["200", "200", "200", "400"], "{text}");
}

#[tokio::test]
async fn t_g05_http_2_is_not_spoken() {
    let server = Server::start().await;
    let answer = server.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
    assert_eq!(Answer::parse(&answer).status, 400);
}

#[tokio::test]
async fn t_g03_many_headers_and_large_heads_are_refused() {
    let server = Server::start_with(Limits { header_bytes_max: 4_096, ..Limits::default() }).await;
    let many = "a: b\r\n".repeat(120);
    let answer = server.raw(format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n").as_bytes()).await;
    assert_eq!(Answer::parse(&answer).status, 431);
    let large = format!("x: {}\r\n", "y".repeat(5_000));
    let answer = server.raw(format!("GET / HTTP/1.1\r\nHost: a\r\n{large}\r\n").as_bytes()).await;
    assert_eq!(Answer::parse(&answer).status, 431);
    let endless = format!("GET /{}", "z".repeat(100_000));
    assert_eq!(Answer::parse(&server.raw(endless.as_bytes()).await).status, 431);
}

#[tokio::test]
async fn t_g03_many_fields_are_refused_in_no_time() {
    let server = Server::start_with(Limits { body_bytes_max: 4 * 1024 * 1024, ..Limits::default() }).await;
    let body: String = (0..200_000).map(|number| format!("f{number}=1&")).collect();
    let answer = server.notify(body.as_bytes()).await;
    assert_eq!((answer.status, answer.text().as_str()), (400, "The message has too many fields."));
}

#[tokio::test]
async fn t_g02_large_bodies_are_refused_while_they_are_read() {
    let server = Server::start().await;
    let path = server.intake();
    let announced = format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\n{}: {}\r\nContent-Length: 10737418240\r\n\r\n",
        FORM.0, FORM.1
    );
    let mut socket = server.connect().await;
    socket.write_all(announced.as_bytes()).await.unwrap();
    let answer = Answer::parse(&read_until(&mut socket, |bytes| bytes.ends_with(b"read.")).await);
    assert_eq!(answer.status, 413, "before a byte of the body was sent");

    let chunked = format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\n{}: {}\r\nTransfer-Encoding: chunked\r\n\r\n",
        FORM.0, FORM.1
    );
    let mut socket = server.connect().await;
    socket.write_all(chunked.as_bytes()).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", "a".repeat(0x10000));
    // Without end: until the server has had enough.
    let mut sent = 0;
    while sent < 100 && within(socket.write_all(chunk.as_bytes())).await.is_ok() {
        sent += 1;
    }
    let answer = read_to_end(&mut socket).await;
    assert_eq!(Answer::parse(&answer).status, 413, "after {sent} chunks");
}

#[tokio::test]
async fn t_f06_method_tricks_change_nothing() {
    let server = Server::start().await;
    let before = server.everything().await;
    for method in ["HEAD", "OPTIONS", "TRACE", "PATCH", "DELETE", "CONNECT", "post", "X"] {
        for path in ["/v1/orders", "/v1/products", "/owner/settings/keys", "/logout", &server.intake()] {
            let bearer = format!("Bearer {}", server.key);
            let overrides = [("authorization", bearer.as_str()), ("x-http-method-override", "POST")];
            let status = Answer::parse(&server.raw(&request(method, path, &overrides, b"{}")).await).status;
            assert!(status >= 300 || method == "HEAD", "{method} {path}: {status}");
        }
    }
    assert_eq!(server.everything().await, before);
}
