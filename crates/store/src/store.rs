//! The store's operations: coarse, named, each one transaction.

use crate::ids::{AccountId, ApiKeyId, MailId, NotificationId, OrderId, ReviewId, ShopId, UserId};
use crate::mail_records::{DueMail, MailLine, MailOutcome, TemplateText};
use crate::records::{
    Account, ApiKey, CheckOutcome, DueCheck, EventFilter, Happening, Journaled, KeptAnswer, NewAccount,
    NewNotification, NewOrder, NewOwner, NewProduct, NewShop, Notification, NotificationFilter,
    NotificationLine, Order, OrderFilter, OrderLine, Product, RecordedEvent, ReviewLine, Settled, Settlement,
    Shop, User,
};
use crate::retained::{Forgotten, Retained};
use crate::running::{Backlog, Change, Durability, Leases, Queue, QueueLine, Standstill};
use crate::telling::EndpointPlan;
use crate::telling_store::TellingStore;
use async_trait::async_trait;
use ipnd_core::{Language, MailKind, Reason, Verdict};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Why an operation did not happen. Nothing of it did.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk is full or cannot be written. Try again later; nothing was lost that had been acknowledged.
    #[error("there is no room left to write ({0})")]
    NoRoom(String),
    /// Too much is queued already. Try again in a moment.
    #[error("too much work is queued")]
    Busy,
    /// The database cannot be reached, or takes no writes just now. Try again in a moment; nothing was acknowledged.
    #[error("{0}")]
    Unreachable(String),
    /// The account has too many notifications whose proof is still open.
    #[error("too many notifications of this account wait to be proved")]
    TooManyWaiting,
    /// What was to be created exists already, or what was to be changed has changed.
    #[error("{0}")]
    Conflict(String),
    /// A defect, or damage. The text is for the operator.
    #[error("{0}")]
    Failed(String),
}

pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// Everything durable. Implementations commit before they return.
#[async_trait]
pub trait Store: TellingStore {
    // --- Intake ---

    /// Keeps a notification for good. When this returns `Ok`, it is on the disk.
    ///
    /// # Errors
    /// [`StoreError::TooManyWaiting`] when `waiting_max` notifications of the account are unproven already.
    async fn journal(&self, notification: NewNotification, waiting_max: u32) -> Result<Journaled>;

    /// Leases notifications whose proof is due, oldest first. A lease that is not handed back runs out.
    async fn claim_checks(&self, now: Timestamp, limit: u32, lease: SignedDuration) -> Result<Vec<DueCheck>>;

    /// Hands a lease back with what came of it: records the events, folds the orders they belong to, and keeps new
    /// state, reviews, stock and mails, all in one transaction.
    async fn settle_check(
        &self,
        notification: NotificationId,
        lease: i64,
        now: Timestamp,
        outcome: CheckOutcome,
    ) -> Result<Settled>;

    /// As [`Store::settle_check`], for several in one transaction: all of them or none.
    async fn settle_checks(&self, settlements: Arc<[Settlement]>, now: Timestamp) -> Result<Vec<Settled>>;

    /// Whether that is cheaper than one by one. It is not where several nodes wait for each other's transactions.
    fn settles_together(&self) -> bool;

    /// Makes an unproven or given-up notification due at once.
    async fn check_again(&self, shop: ShopId, notification: NotificationId, now: Timestamp) -> Result<bool>;

    // --- Orders and reviews ---

    /// # Errors
    /// [`StoreError::Conflict`] when the reference exists already in this shop.
    async fn register_order(&self, order: NewOrder) -> Result<Order>;

    /// As [`Store::register_order`], with a URL of its own to which it is told, and nowhere else.
    async fn register_invoice(
        &self,
        order: NewOrder,
        plan: EndpointPlan,
        key: Option<String>,
        by: &str,
    ) -> Result<Order>;

    /// Marks an order cancelled (by the customer coming back, or by the owner). False when it was already, and when
    /// money counts towards it ([`ipnd_core::OrderState::may_be_cancelled`]), which is refunded and not cancelled.
    async fn cancel_order(&self, shop: ShopId, order: OrderId, now: Timestamp) -> Result<bool>;

    /// The owner's answer: folds the order again, or makes an order from the payment that no order was known for.
    /// `None` when there is no such open question in this shop.
    async fn answer_review(
        &self,
        shop: ShopId,
        review: ReviewId,
        verdict: Verdict,
        by: &str,
        now: Timestamp,
    ) -> Result<Option<ReviewLine>>;

    /// Puts what the owner wrote to an order's customer into the outbox.
    /// `None` when there is no such order or its customer has no address.
    async fn write_message(
        &self,
        shop: ShopId,
        order: OrderId,
        text: &str,
        now: Timestamp,
    ) -> Result<Option<MailId>>;

    async fn order(&self, shop: ShopId, order: OrderId) -> Result<Option<Order>>;
    async fn order_by_reference(&self, shop: ShopId, reference: &str) -> Result<Option<Order>>;
    /// By the unguessable token of the customer's page.
    async fn order_by_token(&self, token: &str) -> Result<Option<Order>>;
    async fn orders(&self, shop: ShopId, filter: OrderFilter) -> Result<Vec<OrderLine>>;
    async fn happenings(&self, shop: ShopId, order: OrderId) -> Result<Vec<Happening>>;
    async fn reviews_of(&self, shop: ShopId, order: OrderId) -> Result<Vec<ReviewLine>>;
    async fn review(&self, shop: ShopId, review: ReviewId) -> Result<Option<ReviewLine>>;
    /// Open questions of the whole shop, oldest first, at most 200.
    async fn open_reviews(&self, shop: ShopId) -> Result<Vec<ReviewLine>>;
    /// What the paid products of a settled order give the customer: name and access text. Empty otherwise.
    async fn access_of(&self, shop: ShopId, order: OrderId) -> Result<Vec<(String, String)>>;

    // --- Notifications and events ---

    async fn notification(&self, shop: ShopId, id: NotificationId) -> Result<Option<Notification>>;
    /// The answers by which a notification was decided, each look's with the number of that look, oldest first.
    async fn answers(&self, shop: ShopId, id: NotificationId) -> Result<Vec<(u32, KeptAnswer)>>;
    async fn notifications(&self, shop: ShopId, filter: NotificationFilter) -> Result<Vec<NotificationLine>>;
    async fn events(&self, shop: ShopId, filter: EventFilter) -> Result<Vec<RecordedEvent>>;

    // --- Mails ---

    /// Leases mails that are due, oldest first. The lease is written before the mail may go out, so an attempt
    /// whose end is unknown can be seen afterwards.
    async fn claim_mails(&self, now: Timestamp, limit: u32, lease: SignedDuration) -> Result<Vec<DueMail>>;
    async fn settle_mail(
        &self,
        mail: MailId,
        lease: i64,
        now: Timestamp,
        outcome: MailOutcome,
    ) -> Result<Settled>;
    /// Puts off mails that are due, oldest first, `limit` at most, without an attempt. Gives how many there were.
    async fn put_off_mails(
        &self,
        now: Timestamp,
        limit: u32,
        again_at: Timestamp,
        reason: Reason,
    ) -> Result<u32>;
    async fn mails(&self, shop: ShopId, order: OrderId) -> Result<Vec<MailLine>>;

    /// The owner's own version of a template, if there is one.
    async fn template(
        &self,
        shop: ShopId,
        kind: MailKind,
        language: Language,
    ) -> Result<Option<TemplateText>>;
    /// `None` goes back to the built-in template.
    async fn put_template(
        &self,
        shop: ShopId,
        kind: MailKind,
        language: Language,
        text: Option<TemplateText>,
    ) -> Result<()>;

    // --- Shop, accounts, products ---

    /// # Errors
    /// [`StoreError::Conflict`] when the slug is taken.
    async fn create_shop(&self, shop: NewShop, now: Timestamp) -> Result<Shop>;
    async fn shop(&self, id: ShopId) -> Result<Option<Shop>>;
    async fn shop_by_slug(&self, slug: &str) -> Result<Option<Shop>>;
    async fn shops(&self) -> Result<Vec<Shop>>;
    async fn update_shop(&self, shop: Shop) -> Result<()>;

    async fn create_account(&self, account: NewAccount, now: Timestamp) -> Result<Account>;
    /// Replaces name, settings and `creates_orders`; gateway, environment and token never change. The audit keeps by
    /// whom, and the names of what has changed.
    async fn update_account(
        &self,
        shop: ShopId,
        account: AccountId,
        name: &str,
        settings: BTreeMap<String, String>,
        creates_orders: bool,
        by: &str,
    ) -> Result<Option<Account>>;
    async fn account(&self, shop: ShopId, account: AccountId) -> Result<Option<Account>>;
    async fn account_by_token(&self, token: &str) -> Result<Option<Account>>;
    async fn accounts(&self, shop: ShopId) -> Result<Vec<Account>>;

    async fn put_product(&self, product: NewProduct) -> Result<Product>;
    async fn product(&self, shop: ShopId, sku: &str) -> Result<Option<Product>>;
    async fn products(&self, shop: ShopId) -> Result<Vec<Product>>;

    // --- People and keys ---

    /// Whether set-up is over for good (T-F01).
    async fn has_owner(&self) -> Result<bool>;
    /// Creates the first shop and its owner in one transaction, if nobody has before. The code is the one-time
    /// code from the console; `None` when it is wrong, used or expired, or an owner exists.
    async fn set_up(
        &self,
        code_fingerprint: &str,
        shop: NewShop,
        email: &str,
        password_hash: &str,
        now: Timestamp,
    ) -> Result<Option<User>>;
    async fn create_owner(&self, owner: NewOwner, now: Timestamp) -> Result<User>;
    async fn user_by_email(&self, email: &str) -> Result<Option<User>>;
    async fn set_user_language(&self, user: UserId, language: Language) -> Result<()>;
    /// Gives a user another password and ends all of their sessions.
    async fn set_password(&self, user: UserId, password_hash: &str, now: Timestamp) -> Result<()>;

    /// Keeps a one-time code: for set-up (`user` is `None`) or for logging a user in.
    async fn put_code(&self, fingerprint: &str, user: Option<UserId>, expires_at: Timestamp) -> Result<()>;
    /// Uses up a log-in code.
    async fn take_code(&self, fingerprint: &str, now: Timestamp) -> Result<Option<User>>;

    async fn start_session(&self, fingerprint: &str, user: UserId, now: Timestamp) -> Result<()>;
    /// The user of a session that is neither ended nor idle for `idle` nor older than `absolute`; moves its last use.
    async fn session_user(
        &self,
        fingerprint: &str,
        now: Timestamp,
        idle: SignedDuration,
        absolute: SignedDuration,
    ) -> Result<Option<User>>;
    async fn end_session(&self, fingerprint: &str) -> Result<()>;

    /// Counts an attempt against each key (account, address) and says whether all are still within their maximum
    /// for the window. Atomic: parallel attempts cannot slip through together (T-F03).
    async fn count_attempt(
        &self,
        keys: &[(String, u32)],
        now: Timestamp,
        window: SignedDuration,
    ) -> Result<bool>;

    async fn create_api_key(
        &self,
        shop: ShopId,
        name: &str,
        prefix: &str,
        fingerprint: &str,
        now: Timestamp,
    ) -> Result<ApiKey>;
    /// The key with this fingerprint; moves its last use, at most once a minute.
    async fn api_key(&self, fingerprint: &str, now: Timestamp) -> Result<Option<ApiKey>>;
    async fn api_keys(&self, shop: ShopId) -> Result<Vec<ApiKey>>;
    async fn revoke_api_key(&self, shop: ShopId, key: ApiKeyId) -> Result<bool>;

    // --- Running ---

    /// Deletes a handful of what is older than `before`, behind the row `after`. Looking for it keeps no writer waiting.
    async fn forget(
        &self,
        what: Retained,
        before: Timestamp,
        after: i64,
        now: Timestamp,
    ) -> Result<Forgotten>;

    async fn backlog(&self, now: Timestamp) -> Result<Backlog>;
    /// How each queue stands, for whoever looks again and again.
    async fn queues(&self, now: Timestamp) -> Result<Vec<QueueLine>>;
    /// Notes that a queue stands still, and puts a mail into the outbox for every owner who has something overdue in it:
    /// one for each standstill, however often this is called and by how many nodes. True when it was not known yet.
    async fn note_standstill(&self, queue: Queue, since: Timestamp, now: Timestamp) -> Result<bool>;
    /// Notes that a queue goes on. True when it was known to stand still.
    async fn end_standstill(&self, queue: Queue, now: Timestamp) -> Result<bool>;
    /// Those that have not ended.
    async fn standstills(&self) -> Result<Vec<Standstill>>;
    /// Lets leases that the caller still holds last for `lease` from now, whatever the clock did meanwhile. One that
    /// somebody else has taken over stays with them.
    async fn keep_leases(&self, held: Leases, now: Timestamp, lease: SignedDuration) -> Result<()>;
    /// For when the clock was put back: makes everything that waits beyond `latest` due now, and lets no lease last
    /// longer than `lease` from now.
    async fn bring_forward(&self, now: Timestamp, latest: Timestamp, lease: SignedDuration) -> Result<()>;
    /// Succeeds when a write reaches the disk.
    async fn probe(&self) -> Result<()>;
    /// Sends everything that is kept, as one moment shows it, line by line of JSON. It holds every secret.
    async fn export(&self, lines: mpsc::Sender<String>) -> Result<()>;
    /// Writes an export into this store, which has to be empty. Gives the number of rows.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when it is not empty.
    async fn import(&self, lines: mpsc::Receiver<String>) -> Result<u64>;
    /// How far a commit reaches, as read when the store was opened.
    fn durability(&self) -> Durability;
    /// Hears of every change after this call. A listener that falls behind misses some; it then looks for itself.
    fn changes(&self) -> tokio::sync::broadcast::Receiver<Change>;
    /// Finishes what is queued and closes the files.
    async fn close(&self);
}
