//! What goes into the store and what comes out of it.

use crate::ids::{
    AccountId, ApiKeyId, EventId, NotificationId, OrderId, ProductId, ReviewId, ShopId, UserId,
};
use crate::mail_records::MailLine;
use ipnd_core::{
    Currency, Customer, Environment, Event, ExaminedEvent, Language, Money, OrderState, OrderStatus,
    Question, Reason, Terms, Verdict,
};
use ipnd_gateways::{Interpretation, RawRequest};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

// --- Shop, accounts, products ---------------------------------------------------------------------------------

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewShop {
    /// In addresses: `/shop/SLUG`. Lower-case letters, digits and hyphens.
    pub slug: String,
    pub name: String,
    pub language: Language,
    pub currency: Currency,
    /// Where the owner's copies go.
    pub owner_email: String,
    /// The demo's shop: sandbox money pays in it even if somebody adds a live account.
    pub is_sample: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shop {
    pub id: ShopId,
    pub slug: String,
    pub name: String,
    pub language: Language,
    pub currency: Currency,
    pub owner_email: String,
    /// As it was created; nothing changes it.
    pub is_sample: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewAccount {
    pub shop: ShopId,
    /// A gateway's id.
    pub gateway: String,
    pub name: String,
    pub environment: Environment,
    /// Checked against the gateway's table before it gets here.
    pub settings: BTreeMap<String, String>,
    /// Whether a genuine payment for an unknown reference makes an order (else it asks the owner).
    pub creates_orders: bool,
    /// Who makes it, for the audit.
    pub by: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub shop: ShopId,
    pub gateway: String,
    pub name: String,
    pub environment: Environment,
    pub settings: BTreeMap<String, String>,
    pub creates_orders: bool,
    /// The unguessable part of the intake address `/in/TOKEN`.
    pub token: String,
    pub created_at: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductKind {
    Physical,
    Digital,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewProduct {
    pub shop: ShopId,
    /// The article number; unique within the shop. Putting a known one replaces the product.
    pub sku: String,
    pub name: String,
    pub description: String,
    pub price: Money,
    pub kind: ProductKind,
    /// Units on hand; `None` means there is always enough.
    pub stock: Option<i64>,
    /// What a customer gets to see once it is paid: a download address, a licence text. Empty for none.
    pub access: String,
    /// Whether it is offered in the storefront.
    pub is_offered: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Product {
    pub id: ProductId,
    pub shop: ShopId,
    pub sku: String,
    pub name: String,
    pub description: String,
    pub price: Money,
    pub kind: ProductKind,
    /// Units on hand now. Negative when more was sold than there was.
    pub stock: Option<i64>,
    pub access: String,
    pub is_offered: bool,
}

// --- Orders ---------------------------------------------------------------------------------------------------

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderSource {
    Storefront,
    Api,
    /// Made from a genuine payment that named an unknown reference.
    Event,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    pub shop: ShopId,
    /// The shop's own reference; `None` takes the shop's next number. Unique within the shop.
    pub reference: Option<String>,
    pub terms: Terms,
    pub customer: Customer,
    /// The customer's, if known.
    pub language: Option<Language>,
    pub source: OrderSource,
    pub created_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    pub id: OrderId,
    pub shop: ShopId,
    pub reference: String,
    /// The unguessable part of the customer's order page.
    pub token: String,
    pub terms: Terms,
    pub customer: Customer,
    pub language: Option<Language>,
    pub source: OrderSource,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    pub cancelled_at: Option<Timestamp>,
    pub state: OrderState,
}

/// One line of the list of orders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    pub id: OrderId,
    pub reference: String,
    pub status: OrderStatus,
    pub total: Money,
    pub customer_name: Option<String>,
    pub customer_email: Option<String>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Questions that wait for the owner.
    pub open_reviews: u32,
}

/// Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Found in reference, customer's name or address, transaction id.
    pub search: Option<String>,
    pub reference: Option<String>,
    pub status: Option<OrderStatus>,
    pub only_with_open_reviews: bool,
    /// Only orders older than this one (the last of the page before).
    pub before: Option<OrderId>,
    /// At most 200.
    pub limit: u32,
}

/// Something that happened to an order, for its time line. Sorted by time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    Registered {
        at: Timestamp,
        source: OrderSource,
    },
    Cancelled {
        at: Timestamp,
    },
    Event {
        at: Timestamp,
        recorded_at: Timestamp,
        id: EventId,
        event: Box<Event>,
        notification: NotificationId,
    },
    Answered {
        at: Timestamp,
        review: ReviewId,
        question: Question,
        verdict: Verdict,
        by: String,
    },
    Mail {
        at: Timestamp,
        mail: MailLine,
    },
}

/// A question to the owner with where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReviewLine {
    pub id: ReviewId,
    pub shop: ShopId,
    /// `None` for questions about payments that no order is known for.
    pub order: Option<OrderId>,
    pub notification: Option<NotificationId>,
    pub question: Question,
    pub asked_at: Timestamp,
    pub verdict: Option<Verdict>,
    pub answered_at: Option<Timestamp>,
    pub answered_by: Option<String>,
    /// The question settled itself: later messages made the order fit. Nothing to answer.
    pub is_moot: bool,
}

// --- Notifications, checks and events -------------------------------------------------------------------------

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNotification {
    pub account: AccountId,
    pub received_at: Timestamp,
    pub remote: Option<IpAddr>,
    pub request: RawRequest,
    /// The gateway sends the same bytes for every change, so a copy of this is a reason to ask it again.
    pub repeats_are_news: bool,
    /// What it says, where it has been proved by itself already. Need not be given: it is proved once more then.
    pub proven: Option<Arc<Interpretation>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Journaled {
    New(NotificationId),
    /// The same bytes came to the same account before; the copy was counted. Where copies are news, the gateway will
    /// be asked again.
    Copy(NotificationId),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CheckState {
    /// Not yet known: waiting to be asked, or asked again later.
    Waiting,
    Genuine,
    Forged,
    /// The gateway did not say within four days.
    GivenUp,
}

impl CheckState {
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Genuine, Self::Forged, Self::GivenUp];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Genuine => "genuine",
            Self::Forged => "forged",
            Self::GivenUp => "given_up",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// A notification with all that is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    pub id: NotificationId,
    pub shop: ShopId,
    pub account: AccountId,
    pub gateway: String,
    pub received_at: Timestamp,
    pub remote: Option<IpAddr>,
    pub request: RawRequest,
    pub check: Check,
    /// When further copies of the same bytes came, oldest first, at most the 100 latest.
    pub copies: Vec<Timestamp>,
    /// How many copies came in all.
    pub copies_count: u32,
    /// When the request was deleted, because it had been kept long enough; it is empty since.
    pub deleted_at: Option<Timestamp>,
    pub events: Vec<RecordedEvent>,
}

/// By whom or what a genuine notification was proved, as things stood when it was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProvedBy {
    /// By itself: signature, secret or token.
    Message,
    /// By the gateway, which was asked.
    Gateway,
    /// By nobody, and the account's owner has decided to believe such messages.
    Setting,
    /// By nobody. The owner is asked before money counts.
    Nobody,
}

impl ProvedBy {
    pub const ALL: [Self; 4] = [Self::Message, Self::Gateway, Self::Setting, Self::Nobody];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Gateway => "gateway",
            Self::Setting => "setting",
            Self::Nobody => "nobody",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.word() == word)
    }
}

/// How far the proof of a notification has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    pub state: CheckState,
    /// Only of genuine ones.
    pub proved_by: Option<ProvedBy>,
    /// Why it is in this state, or why there was nothing to do.
    pub reason: Option<Reason>,
    /// Every time it was looked at or the gateway was asked, oldest first, at most the 100 latest.
    pub attempts: Vec<CheckAttempt>,
    pub next_at: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckAttempt {
    pub at: Timestamp,
    /// `genuine`, `forged` or `unknown`.
    pub outcome: String,
    pub reason: Option<Reason>,
}

/// One line of the list of notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationLine {
    pub id: NotificationId,
    pub account: AccountId,
    pub gateway: String,
    pub received_at: Timestamp,
    pub body_bytes: u64,
    pub state: CheckState,
    pub reason: Option<Reason>,
    pub copies_count: u32,
    /// Words of the events it contained, in order.
    pub kinds: Vec<String>,
    /// The orders it belongs to.
    pub orders: Vec<(OrderId, String)>,
}

/// Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NotificationFilter {
    pub state: Option<CheckState>,
    pub account: Option<AccountId>,
    pub order: Option<OrderId>,
    pub before: Option<NotificationId>,
    /// At most 200.
    pub limit: u32,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedEvent {
    pub id: EventId,
    pub notification: NotificationId,
    pub order: Option<(OrderId, String)>,
    pub recorded_at: Timestamp,
    pub examined: ExaminedEvent,
    /// The same event had already been recorded from another notification (this one changed nothing).
    pub is_repeat: bool,
}

/// Newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    pub kind: Option<ipnd_core::EventKind>,
    pub order: Option<OrderId>,
    pub before: Option<EventId>,
    /// At most 200.
    pub limit: u32,
}

/// What there is to judge a notification by.
#[derive(Clone, Debug)]
pub enum Evidence {
    /// It was proved by itself when it came in a moment ago, and said this.
    Proven(Arc<Interpretation>),
    /// What was sent.
    Request(RawRequest),
}

/// A notification whose proof is due, leased to one worker.
#[derive(Clone, Debug)]
pub struct DueCheck {
    pub notification: NotificationId,
    pub account: Account,
    pub received_at: Timestamp,
    /// When the latest news about it came: the notification itself, or a copy of it that is news.
    pub news_at: Timestamp,
    pub evidence: Evidence,
    /// How often it was tried since the latest news.
    pub attempts: u32,
    /// Must be handed back; a stale one changes nothing (T-C09).
    pub lease: i64,
}

#[derive(Clone, Debug)]
pub enum CheckOutcome {
    Genuine {
        events: Vec<ExaminedEvent>,
        remark: Option<Reason>,
        proved_by: ProvedBy,
        /// By which it was decided; none where the notification proves itself.
        answers: Vec<KeptAnswer>,
    },
    Forged {
        reason: Reason,
        answers: Vec<KeptAnswer>,
    },
    /// `again_at` is `None` when the gateway is not asked any more.
    NotYetKnown {
        reason: Reason,
        again_at: Option<Timestamp>,
    },
}

/// What came of a look, and the lease under which it was had.
#[derive(Clone, Debug)]
pub struct Settlement {
    pub notification: NotificationId,
    pub lease: i64,
    pub outcome: CheckOutcome,
}

impl CheckOutcome {
    /// Genuine by its own proof.
    #[must_use]
    pub fn genuine(events: Vec<ExaminedEvent>, remark: Option<Reason>) -> Self {
        Self::Genuine { events, remark, proved_by: ProvedBy::Message, answers: Vec::new() }
    }

    /// Forged, and nothing is kept of how that was found out.
    #[must_use]
    pub fn forged(reason: Reason) -> Self {
        Self::Forged { reason, answers: Vec::new() }
    }
}

/// What a gateway answered when it was asked about a notification. Never one that holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The place of its question among all questions of one look, from 0.
    pub position: u32,
    pub at: Timestamp,
    /// Without its query, which may hold secrets.
    pub address: String,
    pub status: u16,
    /// As far as it was read.
    pub body: Vec<u8>,
    pub is_complete: bool,
}

/// What became of handing back a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Settled {
    Done,
    /// Somebody else had taken over; nothing was changed.
    Stale,
}

// --- People and keys ------------------------------------------------------------------------------------------

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOwner {
    pub shop: ShopId,
    pub email: String,
    /// Argon2id, PHC text. `None` for an owner who can only come in by a one-time link (the demo).
    pub password_hash: Option<String>,
    pub language: Language,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    pub id: UserId,
    pub shop: ShopId,
    pub email: String,
    pub password_hash: Option<String>,
    pub language: Language,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    pub id: ApiKeyId,
    pub shop: ShopId,
    pub name: String,
    /// The first characters, to tell keys apart.
    pub prefix: String,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}
