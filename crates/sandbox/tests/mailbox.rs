//! The mailbox against a real mail client, and against bytes that no good client sends.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use common::{get, serve};
use ipnd_sandbox::Mailbox;
use ipnd_store::Clock;
use lettre::message::{Mailbox as Address, MultiPart};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use std::net::SocketAddr;
use std::path::Path;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

const TEXT: &str = "Grüße,\r\n.\r\n..two dots\r\n.\r\nend";

fn mail(subject: &str, id: &str) -> Message {
    let address = |text: &str| text.parse::<Address>().unwrap();
    let html = "<p onclick=\"x()\">Grüße<script>alert(1)</script></p>".to_owned();
    Message::builder()
        .from(address("Shop <shop@example.com>"))
        .to(address("Käthe <kaethe@example.com>"))
        .subject(subject)
        .message_id(Some(id.to_owned()))
        .multipart(MultiPart::alternative_plain_html(TEXT.to_owned(), html))
        .unwrap()
}

async fn start(dir: &Path) -> (Mailbox, SocketAddr, AsyncSmtpTransport<Tokio1Executor>) {
    let mailbox = Mailbox::start(dir, Clock::system()).await.unwrap();
    let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(mailbox.smtp_addr().port())
        .build();
    let address = serve(mailbox.router()).await;
    (mailbox, address, transport)
}

#[tokio::test]
async fn a_mail_is_kept_and_shown() {
    let dir = tempfile::tempdir().unwrap();
    let (mailbox, address, transport) = start(dir.path()).await;
    transport.send(mail("Zahlung <eingegangen>", "<1@example.com>")).await.unwrap();
    let list = get(address, "/mailbox").await.body;
    assert!(list.contains("Zahlung &#60;eingegangen&#62;"), "{list}");
    assert!(list.contains("kaethe@example.com"));
    let id = get(address, "/mailbox/newest").await.body;
    let page = get(address, &format!("/mailbox/{id}")).await.body;
    assert!(page.contains("Grüße,") && page.contains("..two dots") && !page.contains("<script>"));
    let html = get(address, &format!("/mailbox/{id}/html")).await;
    assert!(html.header("content-security-policy").unwrap().starts_with("sandbox "));
    assert!(html.body.contains("Grüße"));
    let raw = get(address, &format!("/mailbox/{id}/raw")).await.body;
    assert!(raw.starts_with("Return-Path: <shop@example.com>\r\nDelivered-To: kaethe@example.com\r\n"));
    mailbox.stop().await;
}

#[tokio::test]
async fn copies_of_one_mail_are_one_entry_that_counts() {
    let dir = tempfile::tempdir().unwrap();
    let (_mailbox, address, transport) = start(dir.path()).await;
    for _ in 0..2 {
        transport.send(mail("Twice", "<same@example.com>")).await.unwrap();
    }
    transport.send(mail("Once", "<other@example.com>")).await.unwrap();
    let list = get(address, "/mailbox").await.body;
    assert_eq!(list.matches("class=\"subject\"").count(), 2);
    assert!(list.contains("received 2 times"));
}

#[tokio::test]
async fn mails_are_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let (mailbox, _, transport) = start(dir.path()).await;
    transport.send(mail("Kept", "<kept@example.com>")).await.unwrap();
    mailbox.stop().await;
    let (_, address, _) = start(dir.path()).await;
    assert!(get(address, "/mailbox").await.body.contains("Kept"));
}

/// One line to the server, and the code of its answer.
async fn dialogue(stream: &mut BufReader<TcpStream>, line: &[u8]) -> String {
    stream.get_mut().write_all(line).await.unwrap();
    let mut answer = String::new();
    loop {
        answer.clear();
        stream.read_line(&mut answer).await.unwrap();
        if answer.get(3..4) != Some("-") {
            return answer[..3].to_owned();
        }
    }
}

#[tokio::test]
async fn a_mail_ends_only_at_a_dot_between_line_ends() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = Mailbox::start(dir.path(), Clock::system()).await.unwrap();
    let mut stream = BufReader::new(TcpStream::connect(mailbox.smtp_addr()).await.unwrap());
    let script: [(&[u8], &str); 10] = [
        (b"", "220"),
        (b"DATA\r\n", "503"),
        (b"EHLO test\r\n", "250"),
        (b"RCPT TO:<b@example.com>\r\n", "503"),
        (b"MAIL FROM:<a@example.com>\r\n", "250"),
        (b"RCPT TO:<>\r\n", "501"),
        (b"RCPT TO:<b@example.com>\r\n", "250"),
        (b"DATA\r\n", "354"),
        (b"Subject: x\r\n\r\na\n.\nb\r.\rc\r\n..d\r\n.\r\n", "250"),
        (b"NOOP\r\n", "250"),
    ];
    for (line, code) in script {
        assert_eq!(dialogue(&mut stream, line).await, code, "{}", String::from_utf8_lossy(line));
    }
    assert_eq!(dialogue(&mut stream, b"QUIT\r\n").await, "221");
    let files: Vec<_> = std::fs::read_dir(dir.path().join("mailbox")).unwrap().collect();
    assert_eq!(files.len(), 1);
    let content = std::fs::read(files[0].as_ref().unwrap().path()).unwrap();
    assert!(content.ends_with(b"\r\n\r\na\n.\nb\r.\rc\r\n.d\r\n"), "{content:?}");
}

#[tokio::test]
async fn a_mail_that_breaks_off_was_never_received() {
    let dir = tempfile::tempdir().unwrap();
    let mailbox = Mailbox::start(dir.path(), Clock::system()).await.unwrap();
    let mut stream = BufReader::new(TcpStream::connect(mailbox.smtp_addr()).await.unwrap());
    for line in [
        &b""[..],
        b"HELO x\r\n",
        b"MAIL FROM:<a@example.com>\r\n",
        b"RCPT TO:<b@example.com>\r\n",
        b"DATA\r\n",
    ] {
        dialogue(&mut stream, line).await;
    }
    stream.get_mut().write_all(b"Subject: half").await.unwrap();
    drop(stream);
    mailbox.stop().await;
    assert_eq!(std::fs::read_dir(dir.path().join("mailbox")).unwrap().count(), 0);
}
