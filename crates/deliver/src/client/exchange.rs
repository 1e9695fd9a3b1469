//! One request and its answer.

use super::kept::Open;
use super::target::Target;
use super::{Client, ExchangeError};
use bytes::Bytes;
use http::header::{ACCEPT, CONNECTION, HOST, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, USER_AGENT};
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use ipnd_gateways::AskedAnswer;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

/// Headers that decide where a message goes or where it ends: never taken from elsewhere (T-D09).
const RESERVED: [&str; 10] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// How much of the answer's head is read, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// What came back. Any status is an answer, a redirect too: it is reported and never followed (T-D08).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    /// Where a redirect would have led.
    pub location: Option<String>,
    /// How long the other side asks to be left alone.
    pub retry_after: Option<String>,
    /// As it came: never decompressed.
    pub body: Vec<u8>,
    /// False when the body went on beyond what is read.
    pub complete: bool,
}

impl From<Answer> for AskedAnswer {
    fn from(answer: Answer) -> Self {
        Self { complete: answer.complete, ..Self::new(answer.status, answer.body) }
    }
}

impl Client {
    /// Sends one request over a connection of its own and reads the answer.
    ///
    /// # Errors
    /// [`ExchangeError`] for everything that kept an answer from coming back whole or up to the size limit.
    pub async fn exchange(
        &self,
        method: &str,
        url: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> Result<Answer, ExchangeError> {
        let target = Target::read(url)?;
        let request = request(method, &target, headers, body, Keeps::No)?;
        self.within(&target, async {
            let mut open = self.connect(&target).await?;
            self.talk(&target, &mut open, request).await
        })
        .await
    }

    /// As [`Client::exchange`], over a connection that an earlier request to the same receiver may have left open, and
    /// that stays open for the next. Where an old one turns out to be closed, the request goes over a new one: it may
    /// then arrive twice, which is nothing new to who tells at least once.
    ///
    /// # Errors
    /// As [`Client::exchange`].
    pub async fn tell(
        &self,
        method: &str,
        url: &str,
        headers: &[(String, String)],
        body: Vec<u8>,
    ) -> Result<Answer, ExchangeError> {
        let target = Target::read(url)?;
        let request = request(method, &target, headers, body, Keeps::Yes)?;
        self.within(&target, async {
            if let Some(mut open) = self.0.kept.take(&target)
                && let Ok(answer) = self.talk(&target, &mut open, request.clone()).await
            {
                self.keep(&target, open, &answer).await;
                return Ok(answer);
            }
            let mut open = self.connect(&target).await?;
            let answer = self.talk(&target, &mut open, request).await?;
            self.keep(&target, open, &answer).await;
            Ok(answer)
        })
        .await
    }

    async fn within(
        &self,
        target: &Target,
        exchange: impl Future<Output = Result<Answer, ExchangeError>>,
    ) -> Result<Answer, ExchangeError> {
        timeout(self.0.total, exchange).await.unwrap_or_else(|_| {
            Err(ExchangeError::Timeout {
                host: target.host.clone(),
                phase: ExchangeError::ANSWERING,
                after: self.0.total,
            })
        })
    }

    async fn connect(&self, target: &Target) -> Result<Open, ExchangeError> {
        let stream = self.0.dialler.dial(&target.host, target.port, target.is_tls).await?;
        if target.is_tls {
            open(target, self.secure(stream, &target.host).await?).await
        } else {
            open(target, stream).await
        }
    }

    async fn talk(
        &self,
        target: &Target,
        open: &mut Open,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, ExchangeError> {
        let response = open.sender.send_request(request).await.map_err(|error| broken(target, &error))?;
        read(response, self.0.answer_bytes_max).await.map_err(|error| broken(target, &error))
    }

    /// Only one whose answer has been read to its end can be used again.
    async fn keep(&self, target: &Target, mut open: Open, answer: &Answer) {
        if answer.complete && open.sender.ready().await.is_ok() {
            self.0.kept.put(target, open);
        }
    }
}

async fn open<S>(target: &Target, stream: S) -> Result<Open, ExchangeError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| broken(target, &error))?;
    // The connection has to be driven while we wait.
    Ok(Open::new(sender, tokio::spawn(connection)))
}

fn broken(target: &Target, error: &hyper::Error) -> ExchangeError {
    ExchangeError::Broken { host: target.host.clone(), problem: error.to_string() }
}

/// Reads up to `bytes_max`; what follows stays unread and the connection is closed on it.
async fn read(response: Response<Incoming>, bytes_max: usize) -> Result<Answer, hyper::Error> {
    let (head, mut incoming) = response.into_parts();
    let text =
        |name| head.headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let (location, retry_after) = (text(LOCATION), text(RETRY_AFTER));
    let mut body = Vec::new();
    let mut complete = true;
    while let Some(frame) = incoming.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        let room = bytes_max - body.len();
        body.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            complete = false;
            break;
        }
    }
    Ok(Answer { status: head.status.as_u16(), location, retry_after, body, complete })
}

/// Whether a header may be sent in addition to our own (T-D09).
///
/// # Errors
/// What is wrong with it.
pub fn check_header(name: &str, value: &str) -> Result<(), ExchangeError> {
    read_header(name, value).map(|_| ())
}

fn read_header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), ExchangeError> {
    if RESERVED.iter().any(|reserved| reserved.eq_ignore_ascii_case(name)) {
        return Err(bad(name, "it belongs to the connection"));
    }
    let header =
        HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad(name, "this is not a header name"))?;
    let value = HeaderValue::from_str(value).map_err(|_| bad(name, "its value has a control character"))?;
    Ok((header, value))
}

fn bad(name: &str, problem: &'static str) -> ExchangeError {
    ExchangeError::Header { name: name.chars().take(80).collect(), problem }
}

/// Whether the connection is to stay open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Keeps {
    Yes,
    No,
}

fn request(
    method: &str,
    target: &Target,
    headers: &[(String, String)],
    body: Vec<u8>,
    keeps: Keeps,
) -> Result<Request<Full<Bytes>>, ExchangeError> {
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| bad(method, "this is not a method"))?;
    let mut request = Request::new(Full::new(Bytes::from(body)));
    *request.method_mut() = method;
    *request.uri_mut() = target.path.parse().map_err(|_| ExchangeError::Url {
        url: target.path.clone(),
        problem: "its path is not one that can be sent".into(),
    })?;
    let own = request.headers_mut();
    own.insert(USER_AGENT, HeaderValue::from_static(concat!("ipnd/", env!("CARGO_PKG_VERSION"))));
    own.insert(ACCEPT, HeaderValue::from_static("*/*"));
    for (name, value) in headers {
        // What we do anyway may be asked for.
        if name.eq_ignore_ascii_case("connection") && value.eq_ignore_ascii_case("close") {
            continue;
        }
        let (header, value) = read_header(name, value)?;
        own.insert(header, value);
    }
    // One request a connection: nothing of one exchange can leak into the next, and the gateway need not keep it.
    if keeps == Keeps::No {
        own.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    let host = HeaderValue::from_str(&target.authority).map_err(|_| bad("host", "this is not a host"))?;
    own.insert(HOST, host);
    Ok(request)
}
