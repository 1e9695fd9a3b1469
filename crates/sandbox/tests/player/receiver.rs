//! A receiver of notifications: keeps what it hears, replies as it is told, and looks at a message as ipnd would,
//! asking the played API over real HTTP.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::any;
use ipnd_gateways::drive::{Decided, decide};
use ipnd_gateways::{Ask, AskedAnswer, Gateway, Outcome, RawRequest, Settings};
use ipnd_sandbox::player::{Report, Wish, sandbox_setting, settings};
use ipnd_sandbox::{Player, SandboxAccount};
use ipnd_store::Clock;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

/// How long anything may take. Generous: machines that test are busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A player with a receiver that has an account of one gateway.
pub(crate) struct Stage {
    pub(crate) gateway: &'static Gateway,
    pub(crate) settings: Settings,
    pub(crate) player: Player,
    pub(crate) heard: Arc<Mutex<Vec<RawRequest>>>,
}

#[derive(Clone)]
struct Ear {
    heard: Arc<Mutex<Vec<RawRequest>>>,
    gateway: &'static Gateway,
    settings: Settings,
    /// Instead of the reply that the gateway wants.
    status: Option<u16>,
}

impl Stage {
    /// With a receiver that replies as the gateway wants, or with this status.
    pub(crate) async fn set(gateway: &'static Gateway, status: Option<u16>) -> Self {
        let player = Player::in_memory(Clock::system()).unwrap();
        let api = serve(player.api_router()).await;
        let own: BTreeMap<String, String> = sandbox_setting(gateway)
            .map(|setting| (setting.key.to_owned(), format!("http://{api}/sandbox/api/{}", gateway.id)))
            .into_iter()
            .collect();
        let settings = settings(gateway, &own).unwrap();
        let heard = Arc::default();
        let ear = Ear { heard: Arc::clone(&heard), gateway, settings: settings.clone(), status };
        let intake = serve(Router::new().route("/in/token", any(hear)).with_state(ear)).await;
        player.tell_to(vec![SandboxAccount {
            gateway: gateway.id.to_owned(),
            name: gateway.name.to_owned(),
            settings: own,
            intake_url: format!("http://{intake}/in/token"),
        }]);
        player.start();
        Self { gateway, settings, player, heard }
    }

    pub(crate) fn wish(&self, event: &str) -> Wish {
        Wish {
            gateway: self.gateway.id.to_owned(),
            event: Some(event.to_owned()),
            order: Some("A-1001".to_owned()),
            ..Wish::default()
        }
    }

    pub(crate) async fn play(&self, wish: &Wish) -> Vec<Report> {
        let number = self.player.play(wish).await.unwrap_or_else(|error| panic!("{wish:?}: {error}"));
        self.player.finish(number, PATIENCE).await.unwrap()
    }

    pub(crate) fn heard(&self) -> Vec<RawRequest> {
        self.heard.lock().unwrap().clone()
    }

    /// What ipnd would make of a request now.
    pub(crate) async fn decide(&self, request: &RawRequest) -> Decided {
        let (gateway, settings, request) = (self.gateway, self.settings.clone(), request.clone());
        let now = Clock::system().now();
        let decide = move || decide(gateway, &request, &settings, now, &mut |question| Some(ask(question)));
        tokio::task::spawn_blocking(decide).await.unwrap()
    }
}

pub(crate) async fn serve(router: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    address
}

async fn hear(
    State(ear): State<Ear>,
    method: Method,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let text = |value: &axum::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let request = RawRequest {
        method: method.to_string(),
        query: query.unwrap_or_default(),
        headers: headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: body.to_vec(),
    };
    let reply = (ear.gateway.reply)(&request, &ear.settings, Outcome::Accepted, Clock::system().now());
    ear.heard.lock().unwrap().push(request);
    match ear.status {
        Some(status) => (StatusCode::from_u16(status).unwrap(), String::new()),
        None => (StatusCode::from_u16(reply.status).unwrap(), reply.body),
    }
}

/// Puts a question over real HTTP.
fn ask(question: &Ask) -> AskedAnswer {
    let rest = question.url.strip_prefix("http://").unwrap_or_else(|| panic!("asks {}", question.url));
    let (host, _) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut head = format!("{} {} HTTP/1.1\r\nhost: {host}\r\n", question.method, question.target());
    for (name, value) in question.headers.iter().filter(|(name, _)| name != "connection") {
        head += &format!("{name}: {value}\r\n");
    }
    head += &format!("connection: close\r\ncontent-length: {}\r\n\r\n", question.body.len());
    stream.write_all(&[head.as_bytes(), &question.body].concat()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap();
    let status = String::from_utf8_lossy(&answer[..end]).split(' ').nth(1).unwrap().parse().unwrap();
    AskedAnswer::new(status, &answer[end + 4..])
}
