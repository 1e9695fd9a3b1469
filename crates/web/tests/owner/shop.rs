//! A shop with an owner, on a disk of its own, asked through the router as a browser would.

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use ipnd_core::{
    Currency, Customer, Environment, Event, EventKind, ExaminedEvent, Item, Language, Limits, Money, Terms,
};
use ipnd_gateways::RawRequest;
use ipnd_store::sqlite::SqliteStore;
use ipnd_store::{
    Account, CheckOutcome, Clock, Journaled, NewAccount, NewNotification, NewOrder, NewOwner, NewProduct,
    NewShop, NotificationId, Order, OrderSource, ProductKind, Shop, User,
};
use ipnd_web::{App, DemoLinks, Inner, auth};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use tower::ServiceExt as _;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// Hashing is slow on purpose; once is enough.
static HASH: tokio::sync::OnceCell<String> = tokio::sync::OnceCell::const_new();

/// Everything one test needs. The store's files go away with it.
pub(crate) struct Fixture {
    pub(crate) app: App,
    pub(crate) shop: Shop,
    pub(crate) account: Account,
    pub(crate) owner: User,
    /// The owner's cookie and form token, once logged in.
    pub(crate) session: Option<(String, String)>,
    pub(crate) _dir: tempfile::TempDir,
}

/// What came back, read to its end.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn location(&self) -> &str {
        self.headers.get("location").map_or("", |value| value.to_str().unwrap())
    }
}

/// A moment of the tests' own calendar.
pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn euro(text: &str) -> Money {
    Money::parse(text, Currency::from_code("EUR").unwrap()).unwrap()
}

/// An app over an empty store in a directory that goes away with the returned value.
pub(crate) fn empty_app(demo: bool) -> (App, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&dir.path().join("ipnd.db")).unwrap();
    let link = |path: &str| format!("https://shop.example.com{path}");
    let app = App::new(Inner {
        store: Arc::new(store),
        clock: Clock::manual(at("2026-03-01T12:00:00Z")),
        base_url: "https://shop.example.com".parse().unwrap(),
        limits: Limits::default(),
        demo: demo.then(|| DemoLinks {
            mailbox_url: link("/mailbox"),
            sandbox_url: link("/sandbox"),
            storefront_url: link("/shop/demo"),
        }),
    });
    (app, dir)
}

impl Fixture {
    /// A shop with one account and an owner who is logged in.
    pub(crate) async fn new(language: Language) -> Self {
        let (app, dir) = empty_app(true);
        let now = app.clock.now();
        let shop = NewShop {
            slug: "demo".into(),
            name: "Tea & Things".into(),
            language,
            currency: Currency::from_code("EUR").unwrap(),
            owner_email: "owner@example.com".into(),
            is_sample: false,
        };
        let shop = app.store.create_shop(shop, now).await.unwrap();
        let account = NewAccount {
            shop: shop.id,
            gateway: "paypal-ipn".into(),
            name: "PayPal sandbox".into(),
            environment: Environment::Sandbox,
            settings: [("receivers".to_owned(), "SELLER1234567\nseller@example.com".to_owned())].into(),
            creates_orders: false,
            by: "owner".to_owned(),
        };
        let account = app.store.create_account(account, now).await.unwrap();
        let owner = NewOwner {
            shop: shop.id,
            email: "owner@example.com".into(),
            password_hash: Some(HASH.get_or_init(|| auth::hash_password(PASSWORD)).await.clone()),
            language,
        };
        let owner = app.store.create_owner(owner, now).await.unwrap();
        let mut fixture = Self { app, shop, account, owner, session: None, _dir: dir };
        fixture.log_in().await;
        fixture
    }

    pub(crate) async fn log_in(&mut self) {
        let link = auth::new_login_link(&self.app, &self.owner).await.unwrap();
        let path = link.strip_prefix("https://shop.example.com").unwrap();
        let answer = self.get(path).await;
        assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, "/owner"));
        let cookie = answer.headers[SET_COOKIE].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        self.session = Some((cookie, String::new()));
        let page = self.get("/owner/settings").await.body;
        let token = page.split_once("name=\"csrf\" value=\"").unwrap().1.split('"').next().unwrap();
        self.session.as_mut().unwrap().1 = token.to_owned();
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    /// Posts a form with this session's token.
    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.session.as_ref().map_or("", |(_, token)| token);
        self.post_with_token(path, fields, Some(token)).await
    }

    pub(crate) async fn post_with_token(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        token: Option<&str>,
    ) -> Answer {
        let mut form = form_urlencoded::Serializer::new(String::new());
        if let Some(token) = token {
            form.append_pair("csrf", token);
        }
        form.extend_pairs(fields);
        let request = self
            .request(Method::POST, path)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(form.finish()));
        self.send(request.unwrap()).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> http::request::Builder {
        let request = Request::builder().method(method).uri(path);
        match &self.session {
            Some((cookie, _)) => request.header(COOKIE, cookie),
            None => request,
        }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        read(ipnd_web::router(self.app.clone()).oneshot(request).await.unwrap()).await
    }

    /// An order of one mug and two teas, 19.95 EUR.
    pub(crate) async fn order(&self, customer: Customer) -> Order {
        let item = |sku: &str, name: &str, quantity, price: &str| Item {
            sku: sku.into(),
            name: name.into(),
            quantity,
            unit_price: euro(price),
        };
        let items =
            vec![item("mug", "Mug, hand-made", 1, "10.95"), item("tea", "Green tea, 100 g", 2, "4.50")];
        self.order_of(items, customer).await
    }

    pub(crate) async fn order_of(&self, items: Vec<Item>, customer: Customer) -> Order {
        let order = NewOrder {
            shop: self.shop.id,
            reference: None,
            terms: Terms::from_items(items, self.shop.currency).unwrap(),
            customer,
            language: Some(Language::En),
            source: OrderSource::Storefront,
            created_at: self.app.clock.now(),
        };
        self.app.store.register_order(order).await.unwrap()
    }

    /// Keeps a notification with this body, still unproved.
    pub(crate) async fn journal(&self, body: &[u8]) -> NotificationId {
        let notification = NewNotification {
            account: self.account.id,
            received_at: self.app.clock.now(),
            remote: Some("192.0.2.7".parse().unwrap()),
            request: RawRequest {
                method: "POST".into(),
                query: String::new(),
                headers: vec![
                    ("host".into(), "shop.example.com".into()),
                    ("content-type".into(), "application/x-www-form-urlencoded".into()),
                    ("user-agent".into(), "PayPal IPN ( https://www.paypal.com/ipn )".into()),
                ],
                body: body.to_vec(),
            },
            repeats_are_news: false,
            proven: None,
        };
        match self.app.store.journal(notification, 1_000).await.unwrap() {
            Journaled::New(id) | Journaled::Copy(id) => id,
        }
    }

    /// Proves (or not) a notification that was kept before.
    pub(crate) async fn settle(&self, id: NotificationId, outcome: CheckOutcome) {
        let now = self.app.clock.now();
        let due = self.app.store.claim_checks(now, 100, SignedDuration::from_secs(60)).await.unwrap();
        let lease = due.iter().find(|due| due.notification == id).expect("the notification is due").lease;
        self.app.store.settle_check(id, lease, now, outcome).await.unwrap();
    }

    /// A genuine notification that says these events.
    pub(crate) async fn hear(&self, body: &[u8], events: Vec<Event>) -> NotificationId {
        let id = self.journal(body).await;
        let examined = |event| ExaminedEvent { event, concerns: Vec::new() };
        let events = events.into_iter().map(examined).collect();
        self.settle(id, CheckOutcome::genuine(events, None)).await;
        id
    }

    /// A payment for `order` of `amount`.
    pub(crate) fn paid(&self, order: &Order, transaction: &str, amount: &str) -> Event {
        let mut event =
            Event::new(EventKind::PaymentCompleted, format!("{transaction}/completed"), Environment::Sandbox);
        event.order_ref = Some(order.reference.clone());
        event.transaction = Some(transaction.into());
        event.amount = Some(euro(amount));
        event.fee = Some(euro("0.93"));
        event.occurred_at = Some(self.app.clock.now());
        event.receivers = vec!["SELLER1234567".into()];
        event.status = Some("Completed".into());
        event.customer = order.customer.clone();
        event
    }

    pub(crate) async fn product(&self, sku: &str, name: &str, kind: ProductKind, stock: Option<i64>) {
        let product = NewProduct {
            shop: self.shop.id,
            sku: sku.into(),
            name: name.into(),
            description: "Something nice.".into(),
            price: euro("10.95"),
            kind,
            stock,
            access: String::new(),
            is_offered: true,
        };
        self.app.store.put_product(product).await.unwrap();
    }

    pub(crate) fn pass(&self, minutes: i64) {
        self.app.clock.advance(SignedDuration::from_mins(minutes));
    }
}

pub(crate) async fn read(response: Response) -> Answer {
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: String::from_utf8_lossy(&bytes).into_owned(),
    }
}

pub(crate) fn alex() -> Customer {
    Customer {
        name: Some("Alex Example".into()),
        email: Some("alex@example.com".into()),
        phone: Some("+49 30 1234567".into()),
        address: vec!["Example Street 12".into(), "12345 Sample Town".into()],
        country: Some("DE".into()),
    }
}
