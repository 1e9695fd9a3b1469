//! Endpoints that fetch what they are told, as their programs see it.

use crate::harness::{Answer, FORM, Server, read_to_end, request, within};
use crate::owner;
use data_encoding::BASE64;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt as _;

async fn endpoint(server: &Server, more: &Value) -> String {
    let mut body = json!({"name": "desk", "fetches": true});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = server.api("POST", "/v1/endpoints", &body.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text());
    made.json()["id"].as_str().unwrap().to_owned()
}

async fn fetch(server: &Server, endpoint: &str, wait: u64) -> Answer {
    let body = json!({"wait_seconds": wait, "limit": 5}).to_string();
    server.api("POST", &format!("/v1/endpoints/{endpoint}/fetch"), &body).await
}

async fn fetched(server: &Server, endpoint: &str) -> Vec<Value> {
    let answer = fetch(server, endpoint, 0).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["data"].as_array().unwrap().clone()
}

async fn settle(server: &Server, delivery: &Value, result: Value) -> Answer {
    let mut body = json!({"lease": delivery["lease"], "duration_ms": 12});
    body.as_object_mut().unwrap().extend(result.as_object().unwrap().clone());
    let path = format!("/v1/deliveries/{}/settle", delivery["id"].as_str().unwrap());
    server.api("POST", &path, &body.to_string()).await
}

#[tokio::test]
async fn what_is_fetched_is_leased_and_settled_once() {
    let server = Server::start().await;
    let endpoint = endpoint(&server, &json!({})).await;
    assert!(fetched(&server, &endpoint).await.is_empty());
    server.api("POST", &format!("/v1/endpoints/{endpoint}/test"), "").await;
    let due = fetched(&server, &endpoint).await;
    assert_eq!(due.len(), 1);
    let (one, request) = (&due[0], &due[0]["request"]);
    assert_eq!((&one["kind"], &one["order"]), (&json!("ipnd.test"), &Value::Null));
    assert_eq!(request["method"], "POST");
    let body = BASE64.decode(request["body"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap()["type"], "ipnd.test");
    let headers = request["headers"].as_array().unwrap();
    assert!(headers.contains(&json!(["webhook-id", one["message_id"]])), "{headers:?}");
    assert!(headers.iter().any(|header| header[0] == "webhook-signature"), "{headers:?}");
    assert!(fetched(&server, &endpoint).await.is_empty(), "it is leased");

    let failed = settle(&server, one, json!({"status": 500, "reply": "no"})).await;
    assert_eq!((failed.status, &failed.json()["state"]), (200, &json!("waiting")), "{}", failed.text());
    assert!(failed.json()["reason"].as_str().unwrap().contains("500"), "{}", failed.text());
    assert_eq!(settle(&server, one, json!({"status": 200})).await.status, 409, "settled already");

    server.clock.advance(SignedDuration::from_secs(10));
    let again = fetched(&server, &endpoint).await;
    assert_eq!(again[0]["message_id"], one["message_id"]);
    // Nobody says what came of it: it is given out again, and the old lease is good for nothing.
    server.clock.advance(SignedDuration::from_secs(61));
    let third = fetched(&server, &endpoint).await;
    assert_eq!(settle(&server, &again[0], json!({"status": 200})).await.status, 409);
    let done = settle(&server, &third[0], json!({"status": 204})).await;
    assert_eq!((done.status, &done.json()["state"]), (200, &json!("delivered")), "{}", done.text());
    let path = format!("/v1/deliveries/{}", one["id"].as_str().unwrap());
    let tries = server.api("GET", &path, "").await.json()["tries"].clone();
    assert_eq!((&tries[0]["status"], &tries[0]["reply"]), (&json!(500), &json!("no")));
    assert_eq!((&tries[1]["status"], &tries[1]["duration_ms"]), (&json!(204), &json!(12)));
}

#[tokio::test]
async fn a_program_that_does_not_run_is_tried_again_after_a_pause() {
    let server = Server::start().await;
    let endpoint = endpoint(&server, &json!({})).await;
    server.api("POST", &format!("/v1/endpoints/{endpoint}/test"), "").await;
    for pause in [2, 5, 10, 20, 30, 60, 60] {
        let due = fetched(&server, &endpoint).await;
        let answer = settle(&server, &due[0], json!({"error": "nobody there"})).await.json();
        assert_eq!(answer["state"], "waiting", "{answer}");
        assert!(answer["reason"].as_str().unwrap().contains("nobody there"), "{answer}");
        assert!(fetched(&server, &endpoint).await.is_empty(), "not at once");
        server.clock.advance(SignedDuration::from_secs(pause));
    }
    let due = fetched(&server, &endpoint).await;
    assert_eq!(settle(&server, &due[0], json!({"status": 200})).await.json()["state"], "delivered");

    // Sent anew by hand, it begins anew.
    let path = format!("/v1/deliveries/{}/resend", due[0]["id"].as_str().unwrap());
    assert_eq!(server.api("POST", &path, "").await.status, 200);
    let due = fetched(&server, &endpoint).await;
    settle(&server, &due[0], json!({"error": "nobody there"})).await;
    server.clock.advance(SignedDuration::from_secs(2));
    assert_eq!(fetched(&server, &endpoint).await.len(), 1, "it has to wait as after many attempts");
}

#[tokio::test]
async fn whoever_waits_hears_at_once_and_is_let_go_when_the_server_stops() {
    let mut server = Server::start().await;
    let endpoint = endpoint(&server, &json!({})).await;
    let test = format!("/v1/endpoints/{endpoint}/test");
    let (waited, _) =
        within(async { tokio::join!(fetch(&server, &endpoint, 25), server.api("POST", &test, "")) }).await;
    assert_eq!(waited.json()["data"].as_array().unwrap().len(), 1, "{}", waited.text());
    let bearer = format!("Bearer {}", server.key);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let path = format!("/v1/endpoints/{endpoint}/fetch");
    let mut waiting = server.connect().await;
    waiting.write_all(&request("POST", &path, &headers, br#"{"wait_seconds":25}"#)).await.unwrap();
    // Whoever comes later has been answered, so the one before is being waited on.
    assert_eq!(server.api("GET", "/v1/endpoints", "").await.status, 200);
    let began = Instant::now();
    server.tell_to_stop();
    let answer = Answer::parse(&read_to_end(&mut waiting).await);
    assert_eq!(answer.json(), json!({"data": []}));
    server.stopped().await;
    assert!(began.elapsed() < Duration::from_secs(8), "nobody is waited for: {:?}", began.elapsed());
}

#[tokio::test]
async fn nothing_else_is_fetched_or_settled() {
    let server = Server::start().await;
    let own = endpoint(&server, &json!({})).await;
    let called = json!({"name": "shop", "url": "https://shop.example.com/ipn"}).to_string();
    let called = server.api("POST", "/v1/endpoints", &called).await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(fetch(&server, &called, 0).await.status, 409);
    assert_eq!(fetch(&server, "end_99", 0).await.status, 404);
    assert_eq!(fetch(&server, &own, 26).await.status, 422);
    server.api("POST", &format!("/v1/endpoints/{called}/test"), "").await;
    let delivery = json!({"id": "dlv_1", "lease": 0});
    assert_eq!(settle(&server, &delivery, json!({"status": 200})).await.status, 409, "it is told at its URL");

    server.api("POST", &format!("/v1/endpoints/{own}/test"), "").await;
    let due = fetched(&server, &own).await;
    for wrong in [json!({}), json!({"status": 99}), json!({"status": 200, "error": "x"})] {
        assert_eq!(settle(&server, &due[0], wrong.clone()).await.status, 422, "{wrong}");
    }
    let (_, _, other) = server.other_shop().await;
    let path = format!("/v1/deliveries/{}/settle", due[0]["id"].as_str().unwrap());
    let body = json!({"lease": due[0]["lease"], "status": 200}).to_string();
    assert_eq!(server.api_as(&other, "POST", &path, &body).await.status, 404);
    let gone = settle(&server, &due[0], json!({"status": 410})).await;
    assert_eq!(gone.json()["state"], "failed", "{}", gone.text());
    assert_eq!(fetch(&server, &own, 0).await.status, 200, "it is not paused by that");
    server.api("POST", &format!("/v1/endpoints/{own}/pause"), "").await;
    assert_eq!(fetch(&server, &own, 0).await.status, 409);
}

#[tokio::test]
async fn what_an_endpoint_does_not_want_is_not_given_out() {
    let server = Server::start().await;
    let never = json!({"filter": {"expression": "data.event.amount.currency == \"XXX\""}});
    let endpoint = endpoint(&server, &never).await;
    server.is_paid("nobody-ordered-this", "9.00").await;
    let open = server.api("GET", "/v1/reviews", "").await.json();
    let path = format!("/v1/reviews/{}", open["data"][0]["id"].as_str().unwrap());
    server.api("POST", &path, r#"{"answer":"accept"}"#).await;
    assert!(fetched(&server, &endpoint).await.is_empty());
    let list = server.api("GET", "/v1/deliveries", "").await.json();
    assert_eq!(list["data"][0]["state"], "skipped", "{list}");
}

/// The addresses and bodies of the calls on a page that are to be copied.
fn calls(page: &str) -> Vec<(String, String)> {
    let text = page.replace("&#34;", "\"").replace("&#39;", "'");
    let call = |rest: &str| {
        let (url, rest) = rest.split_once('"').unwrap();
        let body = rest.split('\'').nth(1).unwrap();
        (url.to_owned(), body.to_owned())
    };
    text.split("curl \"").skip(1).map(call).collect()
}

#[tokio::test]
async fn the_calls_that_the_dashboard_shows_fetch_and_settle() {
    let (server, user) = owner::with_owner().await;
    let cookie = owner::cookie(&owner::log_in(&server, &user.email, owner::PASSWORD, &[]).await);
    let token = owner::form_token(&server, &cookie).await;
    let form = format!("csrf={token}&dialect=standard&name=Desk&way=fetch&url=");
    let headers = [FORM, owner::SAME, ("cookie", cookie.as_str())];
    let made = server.send("POST", "/owner/endpoints/new", &headers, form.as_bytes()).await;
    assert_eq!(made.status, 200, "{}", made.text());
    let shown = calls(&made.text());
    let page = server.send("GET", "/owner/endpoints/end_1", &[("cookie", &cookie)], b"").await.text();
    assert_eq!(calls(&page), shown, "they stand on its page as well");

    server.api("POST", "/v1/endpoints/end_1/test", "").await;
    let base = format!("http://{}", server.addr);
    let [(fetch, wait), (settle, settlement)] = &shown[..] else { panic!("{shown:?}") };
    let fetched = server.api("POST", fetch.strip_prefix(&base).unwrap(), wait).await;
    assert_eq!(fetched.status, 200, "{}", fetched.text());
    let one = &fetched.json()["data"][0];
    // What stands for any message is that of the first.
    assert_eq!((&one["id"], &one["lease"]), (&json!("dlv_1"), &json!(1)));
    let settled = server.api("POST", settle.strip_prefix(&base).unwrap(), settlement).await;
    assert_eq!((settled.status, &settled.json()["state"]), (200, &json!("delivered")), "{}", settled.text());
}
