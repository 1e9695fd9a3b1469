//! From a configured mail server to a connection that may be spoken over.
//!
//! The dialling and the TLS are those of the guarded client, so there is one way out and one set of authorities.
//! STARTTLS is spoken here and not by the mail library, for one reason: whatever the server sent after "go ahead"
//! and before the handshake came from somebody in between, and has to end the connection instead of being read as
//! the first answers of the secured one.

use super::send::SendError;
use super::{MailConfig, Tls};
use crate::client::Client;
use lettre::transport::smtp::client::{AsyncSmtpConnection, AsyncTokioStream};
use lettre::transport::smtp::extension::ClientId;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader, ReadBuf,
};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Lines and bytes a line that a server may use for one reply.
const REPLY_LINES_MAX: usize = 100;
const LINE_BYTES_MAX: u64 = 1_000;

/// Greeted, secured and past EHLO.
pub(super) async fn connect(client: &Client, config: &MailConfig) -> Result<AsyncSmtpConnection, SendError> {
    let hello = ClientId::default();
    let stream = client.dial_operators(&config.host, config.port).await.map_err(SendError::unusable)?;
    let stream: Box<dyn AsyncTokioStream> = match config.tls {
        Tls::None => {
            password_stays_here(config, &stream)?;
            Box::new(stream)
        }
        Tls::Implicit => {
            let stream = client.secure(stream, &config.host).await.map_err(SendError::unusable)?;
            Box::new(Secured { greeting: b"", stream })
        }
        Tls::StartTls => {
            let stream = start_tls(stream, &hello).await?;
            let stream = client.secure(stream, &config.host).await.map_err(SendError::unusable)?;
            // The server greeted before TLS; the library waits for a greeting and gets this one.
            Box::new(Secured { greeting: b"220 ready\r\n", stream })
        }
    };
    AsyncSmtpConnection::connect_with_transport(stream, &hello).await.map_err(SendError::unusable)
}

/// A password goes in the clear over this machine's own wires only.
fn password_stays_here(config: &MailConfig, stream: &TcpStream) -> Result<(), SendError> {
    let is_local = stream.peer_addr().is_ok_and(|address| address.ip().is_loopback());
    if config.password.is_some() && !is_local {
        return Err(SendError::Unusable(
            "the password is not sent without TLS; configure TLS or no password".into(),
        ));
    }
    Ok(())
}

/// Speaks up to the point where TLS begins.
async fn start_tls(stream: TcpStream, hello: &ClientId) -> Result<TcpStream, SendError> {
    let mut wire = BufReader::new(stream);
    reply(&mut wire, "220").await?;
    say(&mut wire, &format!("EHLO {hello}\r\n")).await?;
    let offers = reply(&mut wire, "250").await?;
    if !offers.iter().any(|offer| offer.eq_ignore_ascii_case("STARTTLS")) {
        return Err(SendError::Unusable("the mail server does not offer STARTTLS, which is required".into()));
    }
    say(&mut wire, "STARTTLS\r\n").await?;
    reply(&mut wire, "220").await?;
    if !wire.buffer().is_empty() {
        return Err(SendError::Unusable("somebody spoke between STARTTLS and the handshake".into()));
    }
    Ok(wire.into_inner())
}

async fn say(wire: &mut BufReader<TcpStream>, line: &str) -> Result<(), SendError> {
    wire.get_mut().write_all(line.as_bytes()).await.map_err(SendError::unusable)
}

/// The texts of a reply, if it has the code that is wanted.
async fn reply(wire: &mut BufReader<TcpStream>, wanted: &str) -> Result<Vec<String>, SendError> {
    let mut texts = Vec::new();
    for _ in 0..REPLY_LINES_MAX {
        let mut line = Vec::new();
        (&mut *wire).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await.map_err(SendError::unusable)?;
        let line = String::from_utf8_lossy(&line);
        let Some(rest) = line.strip_prefix(wanted).filter(|_| line.ends_with('\n')) else {
            return Err(SendError::Unusable(format!("the mail server said “{}”", line.trim())));
        };
        texts.push(rest.get(1..).unwrap_or_default().trim().to_owned());
        if !rest.starts_with('-') {
            return Ok(texts);
        }
    }
    Err(SendError::Unusable("the mail server does not stop talking".into()))
}

/// A secured stream that first says a greeting.
#[derive(Debug)]
struct Secured {
    greeting: &'static [u8],
    stream: TlsStream<TcpStream>,
}

impl AsyncTokioStream for Secured {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.stream.get_ref().0.peer_addr()
    }
}

impl AsyncRead for Secured {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.greeting.is_empty() {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let length = self.greeting.len().min(buf.remaining());
        buf.put_slice(&self.greeting[..length]);
        self.greeting = &self.greeting[length..];
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Secured {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
