//! A store with one shop and one order, a clock that stands still, and the workers.

use crate::peer_smtp::SmtpPeer;
use ipnd_core::{
    Currency, Customer, Environment, Event, EventKind, ExaminedEvent, Item, Language, Money, Terms,
};
use ipnd_deliver::client::{Client, Policy};
use ipnd_deliver::mail::{MailConfig, Tls};
use ipnd_deliver::{Workers, WorkersConfig};
use ipnd_gateways::RawRequest;
use ipnd_store::sqlite::SqliteStore;
use ipnd_store::{
    Account, CheckOutcome, Clock, MailLine, MailState, NewAccount, NewNotification, NewOrder, NewShop, Order,
    OrderSource, Shop, Store,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(crate) struct World {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Clock,
    pub(crate) shop: Shop,
    _directory: tempfile::TempDir,
}

pub(crate) const START: &str = "2024-05-01T12:00:00Z";

impl World {
    pub(crate) async fn new() -> Self {
        Self::with_shop_name("Corner shop").await
    }

    pub(crate) async fn with_shop_name(name: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Clock::manual(START.parse::<Timestamp>().unwrap());
        let store = SqliteStore::open(&directory.path().join("ipnd.db")).unwrap();
        let shop = NewShop {
            slug: "corner".into(),
            name: name.into(),
            language: Language::En,
            currency: Currency::from_code("EUR").unwrap(),
            owner_email: "owner@example.com".into(),
            is_sample: false,
        };
        let shop = store.create_shop(shop, clock.now()).await.unwrap();
        Self { store: Arc::new(store), clock, shop, _directory: directory }
    }

    pub(crate) async fn order(&self, name: &str, email: Option<&str>, item: &str) -> Order {
        self.order_in(None, name, email, item).await
    }

    pub(crate) async fn order_in(
        &self,
        language: Option<Language>,
        name: &str,
        email: Option<&str>,
        item: &str,
    ) -> Order {
        let euro = Currency::from_code("EUR").unwrap();
        let item = Item {
            sku: String::new(),
            name: item.into(),
            quantity: 1,
            unit_price: Money::from_minor(1_995, euro),
        };
        let order = NewOrder {
            shop: self.shop.id,
            reference: None,
            terms: Terms::from_items(vec![item], euro).unwrap(),
            customer: Customer {
                name: Some(name.into()),
                email: email.map(str::to_owned),
                ..Customer::default()
            },
            language,
            source: OrderSource::Api,
            created_at: self.clock.now(),
        };
        self.store.register_order(order).await.unwrap()
    }

    /// An order with one mail waiting for its customer.
    pub(crate) async fn order_with_mail(&self, text: &str) -> Order {
        let order = self.order("Alex Example", Some("alex@example.com"), "Tea").await;
        self.store.write_message(self.shop.id, order.id, text, self.clock.now()).await.unwrap().unwrap();
        order
    }

    pub(crate) async fn account(&self, postback_url: &str) -> Account {
        let settings = BTreeMap::from([
            ("receivers".to_owned(), "seller@example.com".to_owned()),
            ("postback_url".to_owned(), postback_url.to_owned()),
        ]);
        let account = NewAccount {
            shop: self.shop.id,
            gateway: "paypal-ipn".into(),
            name: "PayPal".into(),
            environment: Environment::Sandbox,
            settings,
            creates_orders: false,
            by: "owner".to_owned(),
        };
        self.store.create_account(account, self.clock.now()).await.unwrap()
    }

    /// An account at a gateway whose messages only name what is to be fetched.
    pub(crate) async fn thin_account(&self, api_url: &str) -> Account {
        let settings = BTreeMap::from([
            ("api_key".to_owned(), "test_nobodysKey".to_owned()),
            ("api_url".to_owned(), api_url.to_owned()),
        ]);
        let account = NewAccount {
            shop: self.shop.id,
            gateway: "mollie".into(),
            name: "Mollie".into(),
            environment: Environment::Sandbox,
            settings,
            creates_orders: false,
            by: "owner".to_owned(),
        };
        self.store.create_account(account, self.clock.now()).await.unwrap()
    }

    /// A genuine payment for a reference that no order has.
    pub(crate) async fn payment_without_an_order(&self, reference: &str, transaction: &str) {
        let (store, now) = (&self.store, self.clock.now());
        let account = self.account("https://127.0.0.1:1/").await;
        let request = RawRequest {
            method: "POST".into(),
            query: String::new(),
            headers: Vec::new(),
            body: transaction.as_bytes().to_vec(),
        };
        let new = NewNotification {
            account: account.id,
            received_at: now,
            remote: None,
            request,
            repeats_are_news: false,
            proven: None,
        };
        store.journal(new, 1).await.unwrap();
        let due = store.claim_checks(now, 1, SignedDuration::from_secs(60)).await.unwrap().remove(0);
        let mut event = Event::new(EventKind::PaymentCompleted, transaction, Environment::Sandbox);
        event.transaction = Some(transaction.into());
        event.order_ref = Some(reference.into());
        event.amount = Some(Money::from_minor(1_995, Currency::from_code("EUR").unwrap()));
        let events = vec![ExaminedEvent { event, concerns: Vec::new() }];
        let genuine = CheckOutcome::genuine(events, None);
        store.settle_check(due.notification, due.lease, now, genuine).await.unwrap();
    }

    pub(crate) fn workers(&self, mail: Option<MailConfig>, policy: Policy) -> Workers {
        Workers::start(WorkersConfig {
            store: Arc::clone(&self.store),
            clock: self.clock.clone(),
            client: Client::new(policy).unwrap(),
            mail,
            base_url: "https://shop.example.com".parse().unwrap(),
        })
    }

    pub(crate) fn mailing(&self, peer: &SmtpPeer) -> Workers {
        self.workers(Some(config(peer.address)), policy(&[]))
    }

    pub(crate) async fn mail(&self, order: &Order) -> MailLine {
        self.store.mails(self.shop.id, order.id).await.unwrap().remove(0)
    }

    /// Waits until the order's only mail is as `wanted`.
    pub(crate) async fn mail_becomes(&self, order: &Order, wanted: impl Fn(&MailLine) -> bool) -> MailLine {
        let mail = until("the mail is as wanted", async || {
            let mail = self.mail(order).await;
            wanted(&mail).then_some(mail)
        });
        mail.await
    }

    pub(crate) async fn mail_is_sent(&self, order: &Order) -> MailLine {
        self.mail_becomes(order, |mail| mail.state == MailState::Sent).await
    }

    /// The reason for which a mail waits or has failed.
    pub(crate) async fn mail_reason(&self, order: &Order, code: &str) -> MailLine {
        let has = |mail: &MailLine| mail.last_reason.as_ref().is_some_and(|reason| reason.code == code);
        self.mail_becomes(order, has).await
    }
}

pub(crate) fn config(peer: SocketAddr) -> MailConfig {
    MailConfig {
        host: peer.ip().to_string(),
        port: peer.port(),
        tls: Tls::None,
        username: None,
        password: None,
        from: "orders@shop.example".into(),
        from_name: None,
    }
}

pub(crate) fn policy(allowed: &[SocketAddr]) -> Policy {
    Policy { allowed: allowed.to_vec(), total: Duration::from_secs(10), ..Policy::default() }
}

/// Looks again and again until there is something, for at most twenty seconds.
pub(crate) async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
