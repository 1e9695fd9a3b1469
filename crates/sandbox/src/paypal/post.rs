//! Delivers one notification over HTTP. Only to this machine: the stand-in must not become a way to reach others.

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::net::TcpStream;
use url::Url;

/// PayPal waits 20 seconds the first time and 30 seconds afterwards.
const FIRST_WAIT: Duration = Duration::from_secs(20);
const REPEAT_WAIT: Duration = Duration::from_secs(30);
/// The answer's body means nothing; this much is read so that the connection ends well.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Posts `body` to `url` and gives the status of the answer, or says why there was none.
pub(crate) async fn post(
    url: &str,
    body: Vec<u8>,
    tries: u32,
    own: Option<SocketAddr>,
) -> Result<u16, String> {
    let wait = if tries == 0 { FIRST_WAIT } else { REPEAT_WAIT };
    match tokio::time::timeout(wait, exchange(url, body, own)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {} seconds", wait.as_secs())),
    }
}

async fn exchange(url: &str, body: Vec<u8>, own: Option<SocketAddr>) -> Result<u16, String> {
    let url = Url::parse(url).map_err(|error| error.to_string())?;
    let address = allowed_address(&url, own).await?;
    let stream = TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    let driver = tokio::spawn(connection);
    let request = request(&url, body)?;
    let answer = async {
        let answer = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = answer.status().as_u16();
        // A body that is too long or breaks off changes nothing about the status.
        let _ = Limited::new(answer.into_body(), ANSWER_BYTES_MAX).collect().await;
        Ok(status)
    }
    .await;
    driver.abort();
    answer
}

fn request(url: &Url, body: Vec<u8>) -> Result<Request<Full<Bytes>>, String> {
    let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
    let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
    Request::builder()
        .method(Method::POST)
        .uri(target)
        .header(header::HOST, authority)
        .header(header::USER_AGENT, "PayPal IPN ( https://www.paypal.com/ipn )")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::CONNECTION, "close")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| error.to_string())
}

/// The numeric address that is dialled: on this machine, or the very address this server listens on.
async fn allowed_address(url: &Url, own: Option<SocketAddr>) -> Result<SocketAddr, String> {
    if url.scheme() != "http" {
        return Err("the sandbox notifies plain http addresses on this machine only".to_owned());
    }
    let host = url.host_str().ok_or("the address names no host")?.trim_matches(['[', ']']).to_owned();
    let port = url.port_or_known_default().ok_or("the address names no port")?;
    let resolved = tokio::net::lookup_host((host.as_str(), port))
        .await
        .map_err(|error| format!("{host}: {error}"))?
        .collect::<Vec<_>>();
    resolved
        .into_iter()
        .find(|address| address.ip().is_loopback() || Some(*address) == own)
        .ok_or_else(|| format!("{host} is not this machine; the sandbox notifies nobody else"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobody_but_this_machine_is_notified() {
        for url in [
            "http://192.0.2.7/in/x",
            "http://169.254.169.254/",
            "https://127.0.0.1/",
            "http://[::ffff:10.0.0.1]/",
        ] {
            assert!(post(url, Vec::new(), 0, None).await.is_err(), "{url}");
        }
        let own = "192.0.2.7:8787".parse().ok();
        assert_eq!(allowed_address(&Url::parse("http://192.0.2.7:8787/in/x").unwrap(), own).await.ok(), own);
    }
}
