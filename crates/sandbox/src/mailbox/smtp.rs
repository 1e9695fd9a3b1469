//! Just enough of SMTP (RFC 5321) to receive: no relaying, no log-in, no TLS, this machine only.

use super::spool::Spool;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

const LINE_BYTES_MAX: usize = 4096;
const MAIL_BYTES_MAX: usize = 10 * 1024 * 1024;
const RECIPIENTS_MAX: usize = 100;
const SESSIONS_MAX: usize = 50;
/// Five minutes, as RFC 5321 asks of servers.
const IDLE: Duration = Duration::from_secs(300);

pub(super) async fn serve(listener: TcpListener, spool: Arc<Spool>, stop: CancellationToken) {
    let mut sessions = JoinSet::new();
    loop {
        while sessions.try_join_next().is_some() {}
        tokio::select! {
            () = stop.cancelled() => break,
            _ = sessions.join_next(), if sessions.len() >= SESSIONS_MAX => {}
            accepted = listener.accept(), if sessions.len() < SESSIONS_MAX => match accepted {
                Ok((stream, _)) => {
                    let session = Session::new(stream, spool.clone());
                    sessions.spawn(session.run(stop.clone()));
                }
                Err(error) => tracing::warn!(%error, "the mailbox cannot accept a connection"),
            },
        }
    }
    while sessions.join_next().await.is_some() {}
}

struct Session {
    stream: BufReader<TcpStream>,
    spool: Arc<Spool>,
    sender: Option<String>,
    recipients: Vec<String>,
}

/// A line of the client, without its line end.
enum Line {
    Text(Vec<u8>),
    TooLong,
    Gone,
}

impl Session {
    fn new(stream: TcpStream, spool: Arc<Spool>) -> Self {
        Self { stream: BufReader::new(stream), spool, sender: None, recipients: Vec::new() }
    }

    async fn run(mut self, stop: CancellationToken) {
        if self.say("220 mailbox.invalid ESMTP").await.is_err() {
            return;
        }
        loop {
            // A stop ends the session between commands: a mail that is being received is received.
            let line = tokio::select! {
                () = stop.cancelled() => break,
                line = tokio::time::timeout(IDLE, self.line()) => line,
            };
            let Ok(Ok(line)) = line else { break };
            let keep_on = match line {
                Line::Gone => break,
                Line::TooLong => self.say("500 5.5.2 line too long").await.map(|()| true),
                Line::Text(line) => self.command(&String::from_utf8_lossy(&line)).await,
            };
            if !matches!(keep_on, Ok(true)) {
                break;
            }
        }
    }

    /// Answers one command; false ends the session.
    async fn command(&mut self, line: &str) -> std::io::Result<bool> {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => {
                self.reset();
                self.say(&format!(
                    "250-mailbox.invalid\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE {MAIL_BYTES_MAX}"
                ))
                .await?;
            }
            "HELO" => {
                self.reset();
                self.say("250 mailbox.invalid").await?;
            }
            "MAIL" => match path(line, "FROM:") {
                Some(path) => {
                    self.reset();
                    self.sender = Some(path);
                    self.say("250 2.1.0 ok").await?;
                }
                None => self.say("501 5.5.4 MAIL FROM:<address>").await?,
            },
            "RCPT" => self.recipient(line).await?,
            "DATA" if self.recipients.is_empty() => self.say("503 5.5.1 who is it for?").await?,
            "DATA" => return self.data().await,
            "RSET" => {
                self.reset();
                self.say("250 2.0.0 ok").await?;
            }
            "NOOP" => self.say("250 2.0.0 ok").await?,
            "QUIT" => {
                self.say("221 2.0.0 bye").await?;
                return Ok(false);
            }
            _ => self.say("502 5.5.1 not understood").await?,
        }
        Ok(true)
    }

    async fn recipient(&mut self, line: &str) -> std::io::Result<()> {
        if self.sender.is_none() {
            return self.say("503 5.5.1 MAIL first").await;
        }
        if self.recipients.len() >= RECIPIENTS_MAX {
            return self.say("452 4.5.3 too many recipients").await;
        }
        match path(line, "TO:").filter(|path| !path.is_empty()) {
            Some(path) => {
                self.recipients.push(path);
                self.say("250 2.1.5 ok").await
            }
            None => self.say("501 5.5.4 RCPT TO:<address>").await,
        }
    }

    /// Receives the mail and says so only when it is on the disk.
    async fn data(&mut self) -> std::io::Result<bool> {
        self.say("354 go on").await?;
        let mut mail = self.envelope();
        let mut is_acceptable = true;
        loop {
            match tokio::time::timeout(IDLE, self.line()).await?? {
                Line::Gone => return Ok(false),
                Line::TooLong => is_acceptable = false,
                Line::Text(line) if line == b"." => break,
                Line::Text(line) => {
                    is_acceptable &= mail.len() + line.len() < MAIL_BYTES_MAX;
                    if is_acceptable {
                        mail.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
                        mail.extend_from_slice(b"\r\n");
                    }
                }
            }
        }
        self.reset();
        if !is_acceptable {
            self.say("552 5.3.4 too large").await?;
            return Ok(true);
        }
        let spool = self.spool.clone();
        let kept = tokio::task::spawn_blocking(move || spool.keep(&mail)).await;
        match kept {
            Ok(Ok(())) => self.say("250 2.0.0 kept").await?,
            problem => {
                tracing::error!(?problem, "the mailbox cannot keep a mail");
                self.say("451 4.3.0 cannot keep it now").await?;
            }
        }
        Ok(true)
    }

    /// What a mail server writes on top when it delivers: who it came from and who it is for.
    fn envelope(&self) -> Vec<u8> {
        let mut lines = format!("Return-Path: <{}>\r\n", self.sender.as_deref().unwrap_or_default());
        for recipient in &self.recipients {
            lines.push_str(&format!("Delivered-To: {recipient}\r\n"));
        }
        lines.into_bytes()
    }

    fn reset(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    async fn say(&mut self, text: &str) -> std::io::Result<()> {
        self.stream.get_mut().write_all(format!("{text}\r\n").as_bytes()).await
    }

    /// Reads one line. Only CR LF ends one, so that a bare CR or LF inside a mail cannot end the mail early.
    async fn line(&mut self) -> std::io::Result<Line> {
        let mut line = Vec::new();
        let mut is_too_long = false;
        loop {
            let room = u64::try_from(LINE_BYTES_MAX).expect("a small number");
            let read = (&mut self.stream).take(room).read_until(b'\n', &mut line).await?;
            if read == 0 {
                return Ok(Line::Gone);
            }
            if line.ends_with(b"\r\n") {
                line.truncate(line.len() - 2);
                return Ok(if is_too_long { Line::TooLong } else { Line::Text(line) });
            }
            if line.len() >= LINE_BYTES_MAX {
                is_too_long = true;
                // Keep a last CR: its LF may be the next byte.
                let rest = line.split_off(line.len() - 1);
                line = rest;
            }
        }
    }
}

/// The address of `MAIL FROM:<a@b> SIZE=1`, without the angle brackets.
fn path(line: &str, keyword: &str) -> Option<String> {
    let rest = line.get(5..)?.trim_start();
    let rest = rest
        .get(..keyword.len())
        .filter(|word| word.eq_ignore_ascii_case(keyword))
        .and(rest.get(keyword.len()..))?;
    let (path, _) = rest.trim_start().strip_prefix('<')?.split_once('>')?;
    (!path.contains(|c: char| c.is_control() || c == '<')).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn addresses_are_read_from_commands() {
        assert_eq!(path("MAIL FROM:<a@example.com> SIZE=10", "FROM:").as_deref(), Some("a@example.com"));
        assert_eq!(path("mail from: <a@example.com>", "FROM:").as_deref(), Some("a@example.com"));
        assert_eq!(path("MAIL FROM:<>", "FROM:").as_deref(), Some(""));
        for wrong in ["MAIL", "MAIL FROM", "MAIL FROM:a@example.com", "RCPT TO:<a\u{1}>", "RCPT FROM:<a>"] {
            assert_eq!(path(wrong, "TO:"), None, "{wrong}");
        }
    }
}
