use super::*;
use crate::client::ExchangeError;

async fn ask(server: &Recorder) -> Result<crate::client::Answer, ExchangeError> {
    client(&[server.address]).exchange("POST", &server.url("/ask?x=1"), &[], b"a=1&b=%FC".to_vec()).await
}

#[tokio::test]
async fn the_body_goes_out_byte_for_byte_with_our_headers() {
    let server = Recorder::start("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nVERIFIED").await;
    let headers = [("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    let answer = client(&[server.address])
        .exchange("POST", &server.url("/ask?x=1"), &headers, b"cmd=_notify-validate&a=\xfc".to_vec())
        .await
        .unwrap();
    assert_eq!((answer.status, answer.body.as_slice(), answer.complete), (200, &b"VERIFIED"[..], true));
    let request = server.heard().remove(0);
    assert!(request.ends_with(b"\r\n\r\ncmd=_notify-validate&a=\xfc"));
    let head = String::from_utf8_lossy(&request).into_owned();
    assert!(head.starts_with("POST /ask?x=1 HTTP/1.1\r\n"), "{head}");
    for header in [
        "user-agent: ipnd/",
        "connection: close\r\n",
        "content-length: 24\r\n",
        "content-type: application/x-",
    ] {
        assert!(head.contains(header), "{header} is missing in {head}");
    }
    assert!(head.contains(&format!("host: {}\r\n", server.address)));
}

#[tokio::test]
async fn t_d08_redirects_are_answers_and_not_followed() {
    let trap = Recorder::start("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nVERIFIED").await;
    for status in [301, 302, 303, 307, 308] {
        let location = trap.url("/inside");
        let server = Recorder::start(format!(
            "HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n"
        ))
        .await;
        let answer = ask(&server).await.unwrap();
        assert_eq!((answer.status, answer.location), (status, Some(location)));
    }
    assert!(trap.heard().is_empty());
}

#[tokio::test]
async fn t_a20_only_so_much_is_read_and_it_is_said() {
    let exact =
        Recorder::start(format!("HTTP/1.1 200 OK\r\ncontent-length: 1024\r\n\r\n{}", "x".repeat(1024))).await;
    let answer = ask(&exact).await.unwrap();
    assert_eq!((answer.body.len(), answer.complete), (1024, true));
    // Endless for our purposes: ten megabytes, with and without an announced length.
    let long = "x".repeat(10 * 1024 * 1024);
    for head in [format!("content-length: {}\r\n", long.len()), String::new()] {
        let server = Recorder::start(format!("HTTP/1.1 200 OK\r\n{head}\r\n{long}")).await;
        let answer = ask(&server).await.unwrap();
        assert_eq!((answer.body.len(), answer.complete), (1024, false));
    }
}

#[tokio::test]
async fn t_a20_what_breaks_off_is_no_answer() {
    for answer in [
        "",
        "garbage\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nVERI",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\nVERIFIED\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 8\r\ncontent-length: 9\r\n\r\nVERIFIED",
    ] {
        let server = Recorder::start(answer).await;
        let error = ask(&server).await.unwrap_err();
        assert!(matches!(error, ExchangeError::Broken { .. }), "{answer:?}: {error}");
    }
}

#[tokio::test]
async fn t_d11_a_server_that_never_answers_or_drips_runs_out_of_time() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    // Whoever connects gets a head that promises a body, and then nothing, for ever.
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nV").await;
            open.push(stream);
        }
    });
    let client = Client::new(Policy { total: Duration::from_millis(200), ..policy(&[address]) }).unwrap();
    let error = client.exchange("GET", &format!("http://{address}/"), &[], Vec::new()).await.unwrap_err();
    assert!(error.is_timeout() && !error.is_connect(), "{error}");
}

#[tokio::test]
async fn t_d11_nothing_is_decompressed() {
    let bomb = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03".to_vec();
    let mut answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 10\r\n\r\n".to_vec();
    answer.extend_from_slice(&bomb);
    let server = Recorder::start(answer).await;
    assert_eq!(ask(&server).await.unwrap().body, bomb);
}

#[tokio::test]
async fn t_d09_headers_that_would_bend_the_request_are_refused() {
    let server = Recorder::start("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let client = client(&[server.address]);
    for (name, value) in [
        ("Host", "inside.example"),
        ("transfer-encoding", "chunked"),
        ("Content-Length", "0"),
        ("connection", "upgrade"),
        ("upgrade", "h2c"),
        ("x-a", "b\r\nx-c: d"),
        ("x-a", "b\nc"),
        ("x-a\r\nx-b", "c"),
        ("x a", "b"),
        ("", "b"),
        ("x-a", "b\0"),
        ("Proxy-Authorization", "x"),
        ("te", "trailers"),
    ] {
        let error = client
            .exchange("POST", &server.url("/"), &[(name.to_owned(), value.to_owned())], Vec::new())
            .await
            .unwrap_err();
        assert!(matches!(error, ExchangeError::Header { .. }) && error.is_refused(), "{name:?}: {value:?}");
    }
    assert!(client.exchange("GET / HTTP/1.1\r\nX: y", &server.url("/"), &[], Vec::new()).await.is_err());
    assert!(server.heard().is_empty());
}
