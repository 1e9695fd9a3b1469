//! A server with a shop, an account and an API key, and a client that sends exactly the bytes it is told.

use ipnd_core::{Currency, Environment, Event, EventKind, ExaminedEvent, Language, Limits, Money};
use ipnd_store::sqlite::{Options, SqliteStore};
use ipnd_store::{Account, CheckOutcome, Clock, NewAccount, NewShop, Shop, Store};
use ipnd_web::{App, Inner, auth};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Longer than anything here takes; reached only when something hangs.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    pub(crate) addr: SocketAddr,
    pub(crate) app: App,
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) clock: Clock,
    pub(crate) shop: Shop,
    pub(crate) account: Account,
    pub(crate) key: String,
    pub(crate) dir: tempfile::TempDir,
    stop: Option<oneshot::Sender<()>>,
    running: JoinHandle<std::io::Result<()>>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::start_with(Limits::default()).await
    }

    pub(crate) async fn start_with(limits: Limits) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
        let options = Options { clock: clock.clone(), ..Options::default() };
        let store = Arc::new(SqliteStore::open_with(&dir.path().join("ipnd.db"), options).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let app = App::new(Inner {
            store: store.clone(),
            clock: clock.clone(),
            base_url: format!("http://{addr}").parse().unwrap(),
            limits: limits.clone(),
            demo: None,
        });
        let shop = store.create_shop(new_shop("tea"), clock.now()).await.unwrap();
        let account = store.create_account(new_account(&shop), clock.now()).await.unwrap();
        let key = auth::create_key(&*store, shop.id, "test", clock.now()).await.unwrap().secret;
        let (stop, stopped) = oneshot::channel::<()>();
        let router = ipnd_web::router(app.clone());
        let running = tokio::spawn(ipnd_web::serve(
            listener,
            router,
            limits,
            ipnd_web::Proxies::default(),
            async move {
                let _ = stopped.await;
            },
        ));
        Self { addr, app, store, clock, shop, account, key, dir, stop: Some(stop), running }
    }

    pub(crate) fn tell_to_stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    pub(crate) async fn stopped(self) {
        within(self.running).await.unwrap().unwrap();
    }

    pub(crate) fn intake(&self) -> String {
        format!("/in/{}", self.account.token)
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.addr).await.unwrap()
    }

    /// Sends the bytes on a connection of their own and gives everything that comes back until it is closed.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> Vec<u8> {
        let mut socket = self.connect().await;
        // The server may close before everything has been sent; what it said still counts.
        let _ = socket.write_all(bytes).await;
        read_to_end(&mut socket).await
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        Answer::parse(&self.raw(&request(method, path, headers, body)).await)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"").await
    }

    /// A notification as PayPal sends it.
    pub(crate) async fn notify(&self, body: &[u8]) -> Answer {
        self.send("POST", &self.intake(), &[FORM], body).await
    }

    pub(crate) async fn api(&self, method: &str, path: &str, body: &str) -> Answer {
        self.api_as(&self.key, method, path, body).await
    }

    pub(crate) async fn api_as(&self, key: &str, method: &str, path: &str, body: &str) -> Answer {
        let bearer = format!("Bearer {key}");
        let mut headers = vec![("authorization", bearer.as_str())];
        if !body.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        self.send(method, path, &headers, body.as_bytes()).await
    }

    /// Lets a genuine payment for this reference come in.
    pub(crate) async fn is_paid(&self, reference: &str, amount: &str) {
        let answer = self.notify(paid(reference).as_bytes()).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let now = self.clock.now();
        let due = self.store.claim_checks(now, 1, SignedDuration::from_secs(60)).await.unwrap().remove(0);
        let mut event = Event::new(EventKind::PaymentCompleted, reference, Environment::Live);
        event.transaction = Some(reference.to_owned());
        event.order_ref = Some(reference.to_owned());
        event.amount = Some(Money::parse(amount, self.shop.currency).unwrap());
        let events = vec![ExaminedEvent { event, concerns: Vec::new() }];
        let genuine = CheckOutcome::genuine(events, None);
        self.store.settle_check(due.notification, due.lease, now, genuine).await.unwrap();
    }

    /// A second shop with a key of its own.
    pub(crate) async fn other_shop(&self) -> (Shop, Account, String) {
        let shop = self.store.create_shop(new_shop("coffee"), self.clock.now()).await.unwrap();
        let account = self.store.create_account(new_account(&shop), self.clock.now()).await.unwrap();
        let key = auth::create_key(&*self.store, shop.id, "other", self.clock.now()).await.unwrap();
        (shop, account, key.secret)
    }

    /// Everything that an owner could see, to be compared before and after something that must change nothing.
    pub(crate) async fn everything(&self) -> String {
        let mut all = String::new();
        for path in ["orders", "notifications", "events", "accounts", "products", "reviews"] {
            all.push_str(&self.api("GET", &format!("/v1/{path}"), "").await.text());
        }
        all
    }
}

pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");

pub(crate) fn new_shop(slug: &str) -> NewShop {
    NewShop {
        slug: slug.into(),
        name: format!("The {slug} shop"),
        language: Language::En,
        currency: Currency::from_code("EUR").unwrap(),
        owner_email: format!("owner@{slug}.example"),
        is_sample: false,
    }
}

pub(crate) fn new_account(shop: &Shop) -> NewAccount {
    NewAccount {
        shop: shop.id,
        gateway: "paypal-ipn".into(),
        name: "Test".into(),
        environment: Environment::Live,
        settings: BTreeMap::from([("receivers".into(), "seller@example.com".into())]),
        creates_orders: false,
        by: "owner".to_owned(),
    }
}

/// A body that says that an order was paid.
pub(crate) fn paid(reference: &str) -> String {
    format!(
        "payment_status=Completed&txn_type=web_accept&txn_id=7XY12345AB678901C&mc_gross=19.95&mc_currency=EUR\
         &receiver_email=seller%40example.com&invoice={reference}&payment_date=04%3A00%3A00+Mar+01%2C+2026+PST\
         &charset=UTF-8"
    )
}

pub(crate) fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut bytes =
        format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n").into_bytes();
    for (name, value) in headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(body);
    bytes
}

/// Fails instead of hanging.
pub(crate) async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.expect("this takes far less time when nothing hangs")
}

pub(crate) async fn read_to_end(socket: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = within(socket.read(&mut piece)).await {
        answer.extend_from_slice(&piece[..count]);
    }
    answer
}

/// Reads until what has come satisfies `is_enough`.
pub(crate) async fn read_until(socket: &mut TcpStream, is_enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut answer = Vec::new();
    while !is_enough(&answer) {
        let mut piece = [0; 4096];
        let count = within(socket.read(&mut piece)).await.unwrap();
        assert!(count > 0, "the connection was closed after {:?}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&piece[..count]);
    }
    answer
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        let shown = || String::from_utf8_lossy(bytes).into_owned();
        let at = bytes.windows(4).position(|window| window == b"\r\n\r\n");
        let at = at.unwrap_or_else(|| panic!("this is no answer: {:?}", shown()));
        let head = String::from_utf8(bytes[..at].to_vec()).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).unwrap().parse().unwrap();
        let header = |line: &str| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        };
        Self { status, headers: lines.map(header).collect(), body: bytes[at + 4..].to_vec() }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// Without the header that changes with the time of day.
    pub(crate) fn undated(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "date");
        self
    }
}
