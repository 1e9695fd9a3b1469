use super::*;
use crate::client::ExchangeError;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nVERIFIED";

async fn get(client: &Client, url: &str) -> Result<crate::client::Answer, ExchangeError> {
    client.exchange("GET", url, &[], Vec::new()).await
}

#[tokio::test]
async fn t_a12_addresses_inside_are_not_fetched_whatever_names_them() {
    let canary = Recorder::start(OK).await;
    let client = client(&[]);
    let port = canary.address.port();
    for url in [
        canary.url("/"),
        format!("https://localhost:{port}/"),
        format!("https://[::1]:{port}/"),
        "http://169.254.169.254/latest/meta-data/".into(),
        "https://169.254.169.254/".into(),
        "file:///etc/passwd".into(),
    ] {
        let error = get(&client, &url).await.unwrap_err();
        assert!(error.is_refused() || error.is_connect(), "{url}: {error}");
    }
    assert_eq!(canary.heard(), Vec::<Vec<u8>>::new());
}

#[tokio::test]
async fn t_d04_a_public_name_with_one_private_address() {
    let canary = Recorder::start(OK).await;
    let inside = canary.address;
    let outside: SocketAddr = "1.1.1.1:443".parse().unwrap();
    for answer in [vec![inside], vec![outside, inside], vec![inside, outside]] {
        let client = client_with(policy(&[]), move |_, _| Ok(answer.clone()));
        let error = get(&client, "https://harmless.example/").await.unwrap_err();
        assert!(error.is_refused(), "{error}");
    }
    assert!(canary.heard().is_empty());
}

/// The name leads outside when it is looked at and inside when it is used: there is no second look.
#[tokio::test]
async fn t_d05_the_answer_changes_between_check_and_use() {
    let (checked, trap) = (Recorder::start(OK).await, Recorder::start(OK).await);
    let (first, second) = (checked.address, trap.address);
    let lookups = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&lookups);
    // The checked address stands in for a public one: it is the only exception.
    let client = client_with(policy(&[first]), move |_, _| {
        let is_even = counted.fetch_add(1, Ordering::SeqCst).is_multiple_of(2);
        Ok(vec![if is_even { first } else { second }])
    });
    for attempt in 0..1_000 {
        let result = get(&client, "http://rebinding.example/").await;
        assert_eq!(result.is_ok(), attempt % 2 == 0, "{result:?}");
    }
    assert_eq!(lookups.load(Ordering::SeqCst), 1_000, "one look for each attempt");
    assert_eq!((checked.heard().len(), trap.heard().len()), (500, 0));
    let request = String::from_utf8(checked.heard().remove(0)).unwrap();
    assert!(
        request.contains("host: rebinding.example\r\n"),
        "the name is kept for the Host header: {request}"
    );
}

#[tokio::test]
async fn t_d06_an_error_of_the_name_service_means_no_request() {
    let canary = Recorder::start(OK).await;
    let failing = client_with(policy(&[canary.address]), |_, _| Err(io::Error::other("SERVFAIL")));
    let empty = client_with(policy(&[canary.address]), |_, _| Ok(Vec::new()));
    for client in [failing, empty] {
        let error = get(&client, "http://example.com/").await.unwrap_err();
        assert!(matches!(error, ExchangeError::Unresolved { .. }) && error.is_connect(), "{error}");
    }
    assert!(canary.heard().is_empty());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_said_so() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = get(&client(&[address]), &format!("http://{address}/")).await.unwrap_err();
    assert!(error.is_connect() && !error.is_refused() && !error.is_tls(), "{error}");
    assert!(error.to_string().contains("firewall"), "it says what to do: {error}");
}

#[test]
fn a_host_that_is_an_address_is_named_once() {
    let refused =
        |host: &str| ExchangeError::Connect { host: host.into(), problem: "192.0.2.7:443: no".into() };
    assert_eq!(refused("192.0.2.7").reason().detail, "192.0.2.7:443: no");
    assert_eq!(refused("shop.example.com").reason().detail, "shop.example.com, 192.0.2.7:443: no");
}
