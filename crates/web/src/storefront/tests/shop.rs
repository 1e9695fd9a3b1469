//! A shop to test with: its products, its account, and what a gateway would have to say about an order.

use crate::app::{App, DemoLinks, Inner};
use crate::headers;
use axum::Router;
use axum::middleware::from_fn;
use ipnd_core::{Currency, Environment, Event, EventKind, ExaminedEvent, Language, Limits, Money};
use ipnd_gateways::RawRequest;
use ipnd_store::sqlite::SqliteStore;
use ipnd_store::{
    Account, CheckOutcome, Clock, Journaled, NewAccount, NewNotification, NewProduct, NewShop, Order,
    ProductKind, Shop, Store,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use tempfile::TempDir;

pub(super) struct TestShop {
    pub(super) app: App,
    pub(super) router: Router,
    pub(super) shop: Shop,
    pub(super) account: Account,
    pub(super) dir: TempDir,
}

pub(super) fn euro(text: &str) -> Money {
    Money::parse(text, Currency::from_code("EUR").unwrap()).unwrap()
}

/// A physical product with 3 pieces left, a digital one, and one that is sold out. Pays by a live account.
pub(super) async fn open() -> TestShop {
    open_with(false, Environment::Live).await
}

/// The same, as a sample shop or not, with an account of this environment.
pub(super) async fn open_with(is_sample: bool, environment: Environment) -> TestShop {
    let dir = tempfile::tempdir().unwrap();
    let store: Arc<dyn Store> = Arc::new(SqliteStore::open(&dir.path().join("ipnd.db")).unwrap());
    let clock = Clock::manual("2026-03-01T12:00:00Z".parse::<Timestamp>().unwrap());
    let shop = NewShop { is_sample, ..shop_called("demo", "Paper & Pixel") };
    let shop = store.create_shop(shop, clock.now()).await.unwrap();
    let account = new_account(store.as_ref(), &shop, environment, "Test gateway").await;
    let (app, router) = serve(store, clock, None);
    let test = TestShop { app, router, shop, account, dir };
    test.put("NOTEBOOK-A5", "Notebook", "12.50", ProductKind::Physical, Some(3), "").await;
    test.put(
        "EBOOK-1",
        "Handbook",
        "9.00",
        ProductKind::Digital,
        None,
        "https://files.example.com/handbook.pdf\nLicence: AB-12",
    )
    .await;
    test.put("MUG-1", "Mug", "14.00", ProductKind::Physical, Some(0), "").await;
    test
}

fn serve(store: Arc<dyn Store>, clock: Clock, demo: Option<DemoLinks>) -> (App, Router) {
    let base_url = "http://shop.test".parse().unwrap();
    let app = App::new(Inner { store, clock, base_url, limits: Limits::default(), demo });
    let routes = super::super::routes(&app).layer(from_fn(headers::secure));
    (app.clone(), routes.with_state(app))
}

pub(super) async fn new_shop(store: &dyn Store, slug: &str, name: &str) -> Shop {
    store.create_shop(shop_called(slug, name), "2026-03-01T12:00:00Z".parse().unwrap()).await.unwrap()
}

fn shop_called(slug: &str, name: &str) -> NewShop {
    NewShop {
        slug: slug.into(),
        name: name.into(),
        language: Language::En,
        currency: Currency::from_code("EUR").unwrap(),
        owner_email: "owner@example.com".into(),
        is_sample: false,
    }
}

pub(super) async fn new_account(
    store: &dyn Store,
    shop: &Shop,
    environment: Environment,
    name: &str,
) -> Account {
    let gateway = ipnd_gateways::ALL.iter().find(|gateway| gateway.checkout.is_some()).unwrap();
    let required = gateway.settings.iter().filter(|setting| setting.required);
    let settings: BTreeMap<String, String> =
        required.map(|setting| (setting.key.to_owned(), "owner@example.com".to_owned())).collect();
    let account = NewAccount {
        shop: shop.id,
        gateway: gateway.id.into(),
        name: name.into(),
        environment,
        settings,
        creates_orders: false,
        by: "owner".to_owned(),
    };
    store.create_account(account, "2026-03-01T12:00:00Z".parse().unwrap()).await.unwrap()
}

impl TestShop {
    pub(super) fn store(&self) -> &dyn Store {
        self.app.store.as_ref()
    }

    pub(super) async fn put(
        &self,
        sku: &str,
        name: &str,
        price: &str,
        kind: ProductKind,
        stock: Option<i64>,
        access: &str,
    ) {
        let product = NewProduct {
            shop: self.shop.id,
            sku: sku.into(),
            name: name.into(),
            description: format!("About {name}"),
            price: euro(price),
            kind,
            stock,
            access: access.into(),
            is_offered: true,
        };
        self.store().put_product(product).await.unwrap();
    }

    /// Goes on as a demo.
    pub(super) fn play(&mut self) {
        let links = DemoLinks {
            mailbox_url: "http://shop.test/mailbox".into(),
            sandbox_url: "http://shop.test/sandbox".into(),
            storefront_url: "http://shop.test/shop/demo".into(),
        };
        (self.app, self.router) = serve(self.app.store.clone(), self.app.clock.clone(), Some(links));
    }

    /// Lets a genuine event of this kind happen to the order.
    pub(super) async fn happen(&self, order: &Order, kind: EventKind, amount: Money) {
        let now = self.app.clock.now();
        let identity = format!("{}/{}", order.reference, kind.word());
        let request = RawRequest {
            method: "POST".into(),
            query: String::new(),
            headers: Vec::new(),
            body: identity.clone().into_bytes(),
        };
        let notification = NewNotification {
            account: self.account.id,
            received_at: now,
            remote: None,
            request,
            repeats_are_news: false,
            proven: None,
        };
        let Journaled::New(id) = self.store().journal(notification, 100).await.unwrap() else {
            panic!("the notification is new")
        };
        let due = self.store().claim_checks(now, 100, SignedDuration::from_secs(60)).await.unwrap();
        let lease = due.iter().find(|due| due.notification == id).unwrap().lease;
        let mut event = Event::new(kind, identity, Environment::Live);
        event.occurred_at = Some(now);
        event.order_ref = Some(order.reference.clone());
        event.transaction = Some(format!("T-{}", order.reference));
        event.amount = Some(amount);
        let events = vec![ExaminedEvent { event, concerns: Vec::new() }];
        let outcome = CheckOutcome::genuine(events, None);
        self.store().settle_check(id, lease, now, outcome).await.unwrap();
    }

    /// How many orders there are.
    pub(super) async fn orders(&self) -> usize {
        let filter = ipnd_store::OrderFilter { limit: 200, ..Default::default() };
        self.store().orders(self.shop.id, filter).await.unwrap().len()
    }
}
