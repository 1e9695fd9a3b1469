//! A small mail server that keeps every byte it hears and can be told to misbehave at any step.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// What the server does at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// What a good server would say.
    Proceed,
    /// Something else.
    Say(&'static str),
    /// Hangs up without a word.
    HangUp,
}

/// One connection as it was heard.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    /// Every byte from the client.
    pub(crate) raw: Vec<u8>,
    pub(crate) commands: Vec<String>,
    /// Messages that ended with a lone dot, dots undoubled.
    pub(crate) messages: Vec<Vec<u8>>,
}

/// By the number of the connection (from 0) and the step: CONNECT, the verb of a command, or DOT.
type Plan = Arc<dyn Fn(usize, &str) -> Step + Send + Sync>;

pub(crate) struct SmtpPeer {
    pub(crate) address: SocketAddr,
    sessions: Arc<Mutex<Vec<Session>>>,
}

impl SmtpPeer {
    pub(crate) async fn good() -> Self {
        Self::planned(|_, _| Step::Proceed).await
    }

    pub(crate) async fn planned(plan: impl Fn(usize, &str) -> Step + Send + Sync + 'static) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").await.unwrap(), plan)
    }

    pub(crate) fn on(
        listener: TcpListener,
        plan: impl Fn(usize, &str) -> Step + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let sessions = Arc::new(Mutex::new(Vec::new()));
        let (kept, plan): (_, Plan) = (Arc::clone(&sessions), Arc::new(plan));
        tokio::spawn(async move {
            let mut number = 0;
            while let Ok((stream, _)) = listener.accept().await {
                let (kept, plan) = (Arc::clone(&kept), Arc::clone(&plan));
                tokio::spawn(async move {
                    let step = move |name: &str| plan(number, name);
                    kept.lock().unwrap().push(Session::default());
                    let keep = move |session: &Session| kept.lock().unwrap()[number] = session.clone();
                    talk(stream, step, keep).await;
                });
                number += 1;
            }
        });
        Self { address, sessions }
    }

    pub(crate) fn sessions(&self) -> Vec<Session> {
        self.sessions.lock().unwrap().clone()
    }

    pub(crate) fn messages(&self) -> Vec<Vec<u8>> {
        self.sessions().into_iter().flat_map(|session| session.messages).collect()
    }
}

/// Speaks with one client. Lines end with CRLF and nothing else; a message with a lone dot and nothing else.
pub(crate) async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    step: impl Fn(&str) -> Step,
    keep: impl Fn(&Session),
) {
    if answer(&mut stream, step("CONNECT"), "220 peer ready").await {
        converse(stream, step, keep).await;
    }
}

/// As [`talk`], after the greeting.
pub(crate) async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    step: impl Fn(&str) -> Step,
    keep: impl Fn(&Session),
) {
    let mut session = Session::default();
    let mut read = 0;
    let mut in_message = false;
    loop {
        let end: &[u8] = if in_message { b"\r\n.\r\n" } else { b"\r\n" };
        let Some(length) = find(&session.raw[read..], end) else {
            let mut buffer = [0; 4096];
            match stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return keep(&session),
                Ok(length) => session.raw.extend_from_slice(&buffer[..length]),
            }
            continue;
        };
        let heard = session.raw[read..read + length].to_vec();
        read += length + end.len();
        let (name, good) = if in_message {
            session.messages.push(undotted(&heard));
            ("DOT".to_owned(), "250 taken")
        } else {
            let command = String::from_utf8_lossy(&heard).into_owned();
            let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            session.commands.push(command);
            let good = match verb.as_str() {
                "EHLO" => "250-peer\r\n250 8BITMIME",
                "DATA" => "354 go ahead",
                "QUIT" => "221 bye",
                _ => "250 fine",
            };
            (verb, good)
        };
        let chosen = step(&name);
        // A message that was not taken was not taken.
        if name == "DOT" && matches!(chosen, Step::Say(_)) {
            session.messages.pop();
        }
        keep(&session);
        in_message = name == "DATA" && chosen == Step::Proceed;
        if !answer(&mut stream, chosen, good).await {
            return;
        }
    }
}

async fn answer<S: AsyncWrite + Unpin>(stream: &mut S, step: Step, good: &str) -> bool {
    let line = match step {
        Step::Proceed => good,
        Step::Say(line) => line,
        Step::HangUp => return false,
    };
    stream.write_all(format!("{line}\r\n").as_bytes()).await.is_ok()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn undotted(message: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(message).into_owned();
    let lines: Vec<&str> = text.split("\r\n").map(|line| line.strip_prefix('.').unwrap_or(line)).collect();
    lines.join("\r\n").into_bytes()
}
