//! A shop with an account at a gateway, and the verbs that tests speak in.

use ipnd_core::{
    Currency, Customer, Environment, Event, EventKind, ExaminedEvent, Item, Language, Money, Reason, Terms,
};
use ipnd_gateways::RawRequest;
use ipnd_store::{
    Account, CheckOutcome, DueCheck, Evidence, Journaled, MailLine, NewAccount, NewNotification, NewOrder,
    NewProduct, NewShop, NotificationId, Order, OrderId, OrderSource, Product, ProductKind, ReviewLine,
    Settled, Shop, Store,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

pub const WAITING_MAX: u32 = 1_000_000;
pub const LEASE: SignedDuration = SignedDuration::from_secs(60);
const NOON: &str = "2026-03-01T12:00:00Z";

/// Several worlds fit into one store: each has a shop of its own.
pub struct World {
    pub store: Arc<dyn Store>,
    pub shop: Shop,
    pub account: Account,
}

/// Minutes after noon.
pub fn noon(minutes: i64) -> Timestamp {
    NOON.parse::<Timestamp>().unwrap().checked_add(SignedDuration::from_mins(minutes)).unwrap()
}

pub fn eur(amount: &str) -> Money {
    Money::parse(amount, Currency::from_code("EUR").unwrap()).unwrap()
}

/// A number that no other call in this process has given.
pub fn unique() -> i64 {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub fn new_shop() -> NewShop {
    NewShop {
        // Tests that start further processes over the same file have shops of their own.
        slug: format!("shop-{}-{}", std::process::id(), unique()),
        name: "Teashop".to_owned(),
        language: Language::En,
        currency: Currency::from_code("EUR").unwrap(),
        owner_email: "owner@example.com".to_owned(),
        is_sample: false,
    }
}

pub fn terms(items: &[(&str, u32, &str)]) -> Terms {
    let items = items.iter().map(|(sku, quantity, price)| Item {
        sku: (*sku).to_owned(),
        name: format!("Article {sku}"),
        quantity: *quantity,
        unit_price: eur(price),
    });
    Terms::from_items(items.collect(), Currency::from_code("EUR").unwrap()).unwrap()
}

/// An event about a transaction.
pub fn event(kind: EventKind, transaction: &str, amount: &str, minute: i64) -> Event {
    let mut event = Event::new(kind, format!("{transaction}/{}", kind.word()), Environment::Live);
    event.occurred_at = Some(noon(minute));
    event.transaction = Some(transaction.to_owned());
    event.amount = Some(eur(amount));
    event
}

/// A completed payment for a reference.
pub fn payment(reference: &str, transaction: &str, amount: &str) -> Event {
    let mut event = event(EventKind::PaymentCompleted, transaction, amount, 1);
    event.order_ref = Some(reference.to_owned());
    event
}

pub fn refund(parent: &str, transaction: &str, amount: &str) -> Event {
    let mut event = event(EventKind::RefundCompleted, transaction, amount, 2);
    event.parent = Some(parent.to_owned());
    event
}

pub fn fine(event: Event) -> ExaminedEvent {
    ExaminedEvent { event, concerns: Vec::new() }
}

pub fn reason() -> Reason {
    Reason::new("test", "because of the test")
}

pub fn ada() -> Customer {
    Customer {
        name: Some("Ada Byron".to_owned()),
        email: Some("ada@example.com".to_owned()),
        phone: None,
        address: vec!["1 Example Street".to_owned(), "Exampleton".to_owned()],
        country: Some("GB".to_owned()),
    }
}

/// The request that a worker has got.
pub fn sent(due: &DueCheck) -> &RawRequest {
    let Evidence::Request(request) = &due.evidence else { panic!("proved already") };
    request
}

impl World {
    /// The same shop by a further account, at this gateway.
    pub async fn with_account(&self, gateway: &str) -> Self {
        let new = NewAccount {
            shop: self.shop.id,
            gateway: gateway.to_owned(),
            name: "Another".to_owned(),
            environment: self.account.environment,
            settings: BTreeMap::new(),
            creates_orders: false,
            by: "owner".to_owned(),
        };
        let account = self.store.create_account(new, noon(0)).await.unwrap();
        Self { store: self.store.clone(), shop: self.shop.clone(), account }
    }

    pub async fn new(store: &Arc<dyn Store>) -> Self {
        Self::with(store, Environment::Live, false).await
    }

    pub async fn with(store: &Arc<dyn Store>, environment: Environment, creates_orders: bool) -> Self {
        let shop = store.create_shop(new_shop(), noon(0)).await.unwrap();
        let account = Self::open_account(store, &shop, environment, creates_orders).await;
        Self { store: Arc::clone(store), shop, account }
    }

    pub async fn open_account(
        store: &Arc<dyn Store>,
        shop: &Shop,
        environment: Environment,
        creates_orders: bool,
    ) -> Account {
        let account = NewAccount {
            shop: shop.id,
            gateway: "paypal-ipn".to_owned(),
            name: "PayPal".to_owned(),
            environment,
            settings: BTreeMap::from([("receivers".to_owned(), "seller@example.com".to_owned())]),
            creates_orders,
            by: "owner".to_owned(),
        };
        store.create_account(account, noon(0)).await.unwrap()
    }

    pub async fn product(&self, sku: &str, price: &str, stock: Option<i64>, access: &str) -> Product {
        let product = NewProduct {
            shop: self.shop.id,
            sku: sku.to_owned(),
            name: format!("Article {sku}"),
            description: String::new(),
            price: eur(price),
            kind: if stock.is_some() { ProductKind::Physical } else { ProductKind::Digital },
            stock,
            access: access.to_owned(),
            is_offered: true,
        };
        self.store.put_product(product).await.unwrap()
    }

    pub fn new_order(&self, reference: Option<&str>, terms: Terms) -> NewOrder {
        NewOrder {
            shop: self.shop.id,
            reference: reference.map(str::to_owned),
            terms,
            customer: ada(),
            language: Some(Language::De),
            source: OrderSource::Api,
            created_at: noon(0),
        }
    }

    /// An order over one line of this amount.
    pub async fn order(&self, reference: &str, amount: &str) -> Order {
        let order = self.new_order(Some(reference), terms(&[("", 1, amount)]));
        self.store.register_order(order).await.unwrap()
    }

    pub async fn read(&self, order: OrderId) -> Order {
        self.store.order(self.shop.id, order).await.unwrap().unwrap()
    }

    pub fn notification(&self, body: &[u8], received_at: Timestamp) -> NewNotification {
        NewNotification {
            account: self.account.id,
            received_at,
            remote: Some("192.0.2.7".parse().unwrap()),
            request: RawRequest {
                method: "POST".to_owned(),
                query: String::new(),
                headers: vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())],
                body: body.to_vec(),
            },
            repeats_are_news: false,
            proven: None,
        }
    }

    pub async fn journal(&self, body: &[u8], received_at: Timestamp) -> Journaled {
        self.store.journal(self.notification(body, received_at), WAITING_MAX).await.unwrap()
    }

    /// Leases everything that is due and gives what is this world's.
    pub async fn claim(&self, now: Timestamp) -> Vec<DueCheck> {
        let due = self.store.claim_checks(now, 1_000, LEASE).await.unwrap();
        due.into_iter().filter(|due| due.account.id == self.account.id).collect()
    }

    /// Journals a notification that nobody has sent before, and leases its check.
    pub async fn receive(&self) -> DueCheck {
        let body = format!("n={}", unique());
        let Journaled::New(id) = self.journal(body.as_bytes(), noon(0)).await else { panic!("a copy") };
        self.claim(noon(0)).await.into_iter().find(|due| due.notification == id).unwrap()
    }

    pub async fn settle(&self, due: &DueCheck, outcome: CheckOutcome) -> Settled {
        self.store.settle_check(due.notification, due.lease, noon(5), outcome).await.unwrap()
    }

    /// A genuine notification that says all of this.
    pub async fn tell_examined(&self, events: Vec<ExaminedEvent>) -> NotificationId {
        let due = self.receive().await;
        let settled = self.settle(&due, CheckOutcome::genuine(events, None)).await;
        assert_eq!(settled, Settled::Done);
        due.notification
    }

    pub async fn tell(&self, event: Event) -> NotificationId {
        self.tell_examined(vec![fine(event)]).await
    }

    pub async fn open_reviews(&self) -> Vec<ReviewLine> {
        self.store.open_reviews(self.shop.id).await.unwrap()
    }

    pub async fn mails(&self, order: OrderId) -> Vec<MailLine> {
        self.store.mails(self.shop.id, order).await.unwrap()
    }

    /// Words of the kinds of an order's mails, sorted.
    pub async fn mail_kinds(&self, order: OrderId) -> Vec<&'static str> {
        let mut kinds: Vec<_> = self.mails(order).await.iter().map(|mail| mail.kind.word()).collect();
        kinds.sort_unstable();
        kinds
    }
}
