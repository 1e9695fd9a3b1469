//! The trait's operations, each handed to the engine. What they do stands in the file of their area.

use crate::Retained;
use crate::engine::Engine;
use crate::operations::journal::Prepared;
use crate::operations::orders::OwnUrl;
use crate::operations::{
    Desk, accounts, answers, checks, clock, happenings, health, leases, mail_rows, mails, moving,
    notifications, order_rows, orders, people, products, retention, reviews, settle, shops, standstills,
    templates,
};
use crate::{
    Account, AccountId, ApiKey, ApiKeyId, Backlog, Change, CheckOutcome, DueCheck, DueMail, Durability,
    EndpointPlan, EventFilter, Forgotten, Happening, Journaled, KeptAnswer, Leases, MailId, MailLine,
    MailOutcome, NewAccount, NewNotification, NewOrder, NewOwner, NewProduct, NewShop, Notification,
    NotificationFilter, NotificationId, NotificationLine, Order, OrderFilter, OrderId, OrderLine, Product,
    Queue, QueueLine, RecordedEvent, Result, ReviewId, ReviewLine, Settled, Settlement, Shop, ShopId,
    Standstill, Store, StoreError, TemplateText, User, UserId, token,
};
use async_trait::async_trait;
use ipnd_core::{Language, MailKind, Reason, Verdict};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::sync::{broadcast, mpsc};

#[async_trait]
impl<E: Engine> Store for E {
    // --- Intake ---

    async fn journal(&self, notification: NewNotification, waiting_max: u32) -> Result<Journaled> {
        self.keep(Prepared::new(notification), waiting_max).await
    }

    async fn claim_checks(&self, now: Timestamp, limit: u32, lease: SignedDuration) -> Result<Vec<DueCheck>> {
        let proofs = Arc::clone(self.proofs());
        let claimed = self.write(move |desk| checks::claim(desk, now, limit, lease, &proofs)).await?;
        self.proofs().forget(claimed.iter().map(|due| due.notification));
        Ok(claimed)
    }

    async fn settle_check(
        &self,
        notification: NotificationId,
        lease: i64,
        now: Timestamp,
        outcome: CheckOutcome,
    ) -> Result<Settled> {
        self.write(move |desk| settle::settle(desk, notification, lease, now, &outcome)).await
    }

    async fn settle_checks(&self, settlements: Arc<[Settlement]>, now: Timestamp) -> Result<Vec<Settled>> {
        let each = move |desk: &mut Desk<'_>, it: &Settlement| {
            settle::settle(desk, it.notification, it.lease, now, &it.outcome)
        };
        self.write(move |desk| settlements.iter().map(|it| each(desk, it)).collect()).await
    }

    fn settles_together(&self) -> bool {
        E::HAS_ONE_WRITER
    }

    async fn check_again(&self, shop: ShopId, notification: NotificationId, now: Timestamp) -> Result<bool> {
        self.write(move |desk| checks::again(desk, shop, notification, now)).await
    }

    // --- Orders and reviews ---

    async fn register_order(&self, order: NewOrder) -> Result<Order> {
        self.write(move |desk| orders::register(desk, &order, token::random_at(order.created_at), None)).await
    }

    async fn register_invoice(
        &self,
        order: NewOrder,
        plan: EndpointPlan,
        key: Option<String>,
        by: &str,
    ) -> Result<Order> {
        let (by, own) = (by.to_owned(), token::random());
        self.write(move |desk| {
            let own_url = OwnUrl { plan: &plan, key: key.as_deref(), token: &own, by: &by };
            orders::register(desk, &order, token::random_at(order.created_at), Some(&own_url))
        })
        .await
    }

    async fn cancel_order(&self, shop: ShopId, order: OrderId, now: Timestamp) -> Result<bool> {
        self.write(move |desk| orders::cancel(desk, shop, order, now)).await
    }

    async fn answer_review(
        &self,
        shop: ShopId,
        review: ReviewId,
        verdict: Verdict,
        by: &str,
        now: Timestamp,
    ) -> Result<Option<ReviewLine>> {
        let by = by.to_owned();
        self.write(move |desk| reviews::answer(desk, shop, review, (verdict, &by), now)).await
    }

    async fn write_message(
        &self,
        shop: ShopId,
        order: OrderId,
        text: &str,
        now: Timestamp,
    ) -> Result<Option<MailId>> {
        let text = text.to_owned();
        self.write(move |desk| orders::write_message(desk, shop, order, &text, now)).await
    }

    async fn order(&self, shop: ShopId, order: OrderId) -> Result<Option<Order>> {
        self.read(move |db| order_rows::by_id(db, shop, order)).await
    }

    async fn order_by_reference(&self, shop: ShopId, reference: &str) -> Result<Option<Order>> {
        let reference = reference.to_owned();
        self.read(move |db| order_rows::by_reference(db, shop, &reference)).await
    }

    async fn order_by_token(&self, token: &str) -> Result<Option<Order>> {
        let token = token.to_owned();
        self.read(move |db| order_rows::by_token(db, &token)).await
    }

    async fn orders(&self, shop: ShopId, filter: OrderFilter) -> Result<Vec<OrderLine>> {
        self.read(move |db| order_rows::list(db, shop, &filter)).await
    }

    async fn happenings(&self, shop: ShopId, order: OrderId) -> Result<Vec<Happening>> {
        self.read(move |db| happenings::list(db, shop, order)).await
    }

    async fn reviews_of(&self, shop: ShopId, order: OrderId) -> Result<Vec<ReviewLine>> {
        self.read(move |db| reviews::of_order(db, shop, order)).await
    }

    async fn review(&self, shop: ShopId, review: ReviewId) -> Result<Option<ReviewLine>> {
        self.read(move |db| reviews::by_id(db, shop, review)).await
    }

    async fn open_reviews(&self, shop: ShopId) -> Result<Vec<ReviewLine>> {
        self.read(move |db| reviews::open(db, shop)).await
    }

    async fn access_of(&self, shop: ShopId, order: OrderId) -> Result<Vec<(String, String)>> {
        self.read(move |db| match order_rows::by_id(db, shop, order)? {
            Some(order) => order_rows::access(db, &order),
            None => Ok(Vec::new()),
        })
        .await
    }

    // --- Notifications and events ---

    async fn notification(&self, shop: ShopId, id: NotificationId) -> Result<Option<Notification>> {
        self.read(move |db| notifications::one(db, shop, id)).await
    }

    async fn answers(&self, shop: ShopId, id: NotificationId) -> Result<Vec<(u32, KeptAnswer)>> {
        self.read(move |db| answers::of(db, shop, id)).await
    }

    async fn notifications(&self, shop: ShopId, filter: NotificationFilter) -> Result<Vec<NotificationLine>> {
        self.read(move |db| notifications::list(db, shop, &filter)).await
    }

    async fn events(&self, shop: ShopId, filter: EventFilter) -> Result<Vec<RecordedEvent>> {
        self.read(move |db| notifications::events(db, shop, &filter)).await
    }

    // --- Mails ---

    async fn claim_mails(&self, now: Timestamp, limit: u32, lease: SignedDuration) -> Result<Vec<DueMail>> {
        self.write(move |desk| mails::claim(desk, now, limit, lease)).await
    }

    async fn settle_mail(
        &self,
        mail: MailId,
        lease: i64,
        now: Timestamp,
        outcome: MailOutcome,
    ) -> Result<Settled> {
        self.write(move |desk| mails::settle(desk, mail, lease, now, &outcome)).await
    }

    async fn put_off_mails(
        &self,
        now: Timestamp,
        limit: u32,
        again_at: Timestamp,
        reason: Reason,
    ) -> Result<u32> {
        self.write(move |desk| mails::put_off(desk, now, limit, again_at, &reason)).await
    }

    async fn mails(&self, shop: ShopId, order: OrderId) -> Result<Vec<MailLine>> {
        self.read(move |db| mail_rows::of_order(db, shop, order)).await
    }

    async fn template(
        &self,
        shop: ShopId,
        kind: MailKind,
        language: Language,
    ) -> Result<Option<TemplateText>> {
        self.read(move |db| templates::get(db, shop, kind, language)).await
    }

    async fn put_template(
        &self,
        shop: ShopId,
        kind: MailKind,
        language: Language,
        text: Option<TemplateText>,
    ) -> Result<()> {
        let now = self.clock().now();
        self.write(move |desk| templates::put(desk, shop, (kind, language), text.as_ref(), now)).await
    }

    // --- Shop, accounts, products ---

    async fn create_shop(&self, shop: NewShop, now: Timestamp) -> Result<Shop> {
        self.write(move |desk| shops::create(desk, &shop, now)).await
    }

    async fn shop(&self, id: ShopId) -> Result<Option<Shop>> {
        self.read(move |db| shops::by_id(db, id)).await
    }

    async fn shop_by_slug(&self, slug: &str) -> Result<Option<Shop>> {
        let slug = slug.to_owned();
        self.read(move |db| shops::by_slug(db, &slug)).await
    }

    async fn shops(&self) -> Result<Vec<Shop>> {
        self.read(shops::list).await
    }

    async fn update_shop(&self, shop: Shop) -> Result<()> {
        self.write(move |desk| shops::update(desk, &shop)).await
    }

    async fn create_account(&self, account: NewAccount, now: Timestamp) -> Result<Account> {
        self.write(move |desk| accounts::create(desk, &account, &token::random(), now)).await
    }

    async fn update_account(
        &self,
        shop: ShopId,
        account: AccountId,
        name: &str,
        settings: BTreeMap<String, String>,
        creates_orders: bool,
        by: &str,
    ) -> Result<Option<Account>> {
        let (name, by) = (name.to_owned(), by.to_owned());
        let changes = accounts::Changes { name, settings, creates_orders, by };
        let now = self.clock().now();
        self.write(move |desk| accounts::update(desk, shop, account, &changes, now)).await
    }

    async fn account(&self, shop: ShopId, account: AccountId) -> Result<Option<Account>> {
        self.read(move |db| accounts::of_shop_by_id(db, shop, account)).await
    }

    async fn account_by_token(&self, token: &str) -> Result<Option<Account>> {
        let token = token.to_owned();
        self.read(move |db| accounts::by_token(db, &token)).await
    }

    async fn accounts(&self, shop: ShopId) -> Result<Vec<Account>> {
        self.read(move |db| accounts::list(db, shop)).await
    }

    async fn put_product(&self, product: NewProduct) -> Result<Product> {
        self.write(move |desk| products::put(desk, &product)).await
    }

    async fn product(&self, shop: ShopId, sku: &str) -> Result<Option<Product>> {
        let sku = sku.to_owned();
        self.read(move |db| products::by_sku(db, shop, &sku)).await
    }

    async fn products(&self, shop: ShopId) -> Result<Vec<Product>> {
        self.read(move |db| products::list(db, shop)).await
    }

    // --- People and keys ---

    async fn has_owner(&self) -> Result<bool> {
        self.read(people::has_owner).await
    }

    async fn set_up(
        &self,
        code_fingerprint: &str,
        shop: NewShop,
        email: &str,
        password_hash: &str,
        now: Timestamp,
    ) -> Result<Option<User>> {
        let code = code_fingerprint.to_owned();
        let (email, hash) = (email.to_owned(), password_hash.to_owned());
        self.write(move |desk| people::set_up(desk, &code, &shop, (&email, &hash), now)).await
    }

    async fn create_owner(&self, owner: NewOwner, now: Timestamp) -> Result<User> {
        self.write(move |desk| people::create_owner(desk, &owner, now)).await
    }

    async fn user_by_email(&self, email: &str) -> Result<Option<User>> {
        let email = email.to_owned();
        self.read(move |db| people::by_email(db, &email)).await
    }

    async fn set_user_language(&self, user: UserId, language: Language) -> Result<()> {
        self.write(move |desk| people::set_language(desk, user, language)).await
    }

    async fn set_password(&self, user: UserId, password_hash: &str, now: Timestamp) -> Result<()> {
        let password_hash = password_hash.to_owned();
        self.write(move |desk| people::set_password(desk, user, &password_hash, now)).await
    }

    async fn put_code(&self, fingerprint: &str, user: Option<UserId>, expires_at: Timestamp) -> Result<()> {
        let fingerprint = fingerprint.to_owned();
        self.write(move |desk| people::put_code(desk, &fingerprint, user, expires_at)).await
    }

    async fn take_code(&self, fingerprint: &str, now: Timestamp) -> Result<Option<User>> {
        let fingerprint = fingerprint.to_owned();
        self.write(move |desk| people::take_code(desk, &fingerprint, now)).await
    }

    async fn start_session(&self, fingerprint: &str, user: UserId, now: Timestamp) -> Result<()> {
        let fingerprint = fingerprint.to_owned();
        self.write(move |desk| people::start_session(desk, &fingerprint, user, now)).await
    }

    async fn session_user(
        &self,
        fingerprint: &str,
        now: Timestamp,
        idle: SignedDuration,
        absolute: SignedDuration,
    ) -> Result<Option<User>> {
        let own = fingerprint.to_owned();
        let found = self.read(move |db| people::session(db, &own, now, (idle, absolute))).await?;
        let Some((user, is_stale)) = found else { return Ok(None) };
        let own = fingerprint.to_owned();
        // It may have ended while we looked; then it has ended.
        let lives = !is_stale || self.write(move |desk| people::touch_session(desk, &own, now)).await?;
        Ok(lives.then_some(user))
    }

    async fn end_session(&self, fingerprint: &str) -> Result<()> {
        let fingerprint = fingerprint.to_owned();
        let now = self.clock().now();
        self.write(move |desk| people::end_session(desk, &fingerprint, now)).await
    }

    async fn count_attempt(
        &self,
        keys: &[(String, u32)],
        now: Timestamp,
        window: SignedDuration,
    ) -> Result<bool> {
        let keys = keys.to_vec();
        self.write(move |desk| people::count_attempt(desk, &keys, now, window)).await
    }

    async fn create_api_key(
        &self,
        shop: ShopId,
        name: &str,
        prefix: &str,
        fingerprint: &str,
        now: Timestamp,
    ) -> Result<ApiKey> {
        let (name, prefix, print) = (name.to_owned(), prefix.to_owned(), fingerprint.to_owned());
        self.write(move |desk| people::create_api_key(desk, shop, (&name, &prefix, &print), now)).await
    }

    async fn api_key(&self, fingerprint: &str, now: Timestamp) -> Result<Option<ApiKey>> {
        let fingerprint = fingerprint.to_owned();
        let found = self.read(move |db| people::api_key(db, &fingerprint, now)).await?;
        let Some((key, is_stale)) = found else { return Ok(None) };
        let id = key.id;
        let lives = !is_stale || self.write(move |desk| people::touch_api_key(desk, id, now)).await?;
        Ok(lives.then_some(key))
    }

    async fn api_keys(&self, shop: ShopId) -> Result<Vec<ApiKey>> {
        self.read(move |db| people::api_keys(db, shop)).await
    }

    async fn revoke_api_key(&self, shop: ShopId, key: ApiKeyId) -> Result<bool> {
        let now = self.clock().now();
        self.write(move |desk| people::revoke_api_key(desk, shop, key, now)).await
    }

    // --- Running ---

    async fn forget(
        &self,
        what: Retained,
        before: Timestamp,
        after: i64,
        now: Timestamp,
    ) -> Result<Forgotten> {
        let window = self.read(move |db| retention::window(db, what, before, after)).await?;
        if window.is_empty() {
            return Ok(Forgotten { count: 0, next: window.next });
        }
        self.write(move |desk| retention::forget(desk, what, &window, (before, now))).await
    }

    async fn backlog(&self, now: Timestamp) -> Result<Backlog> {
        self.read(move |db| health::backlog(db, now)).await
    }

    async fn queues(&self, now: Timestamp) -> Result<Vec<QueueLine>> {
        self.read(move |db| health::queues(db, now)).await
    }

    async fn note_standstill(&self, queue: Queue, since: Timestamp, now: Timestamp) -> Result<bool> {
        // Asked as long as it lasts. Mostly everybody has been told, which readers can say without the writer.
        if self.read(move |db| standstills::untold(db, queue, now)).await?.is_nothing() {
            return Ok(false);
        }
        self.write(move |desk| standstills::note(desk, queue, since, now)).await
    }

    async fn end_standstill(&self, queue: Queue, now: Timestamp) -> Result<bool> {
        self.write(move |desk| standstills::end(desk, queue, now)).await
    }

    async fn standstills(&self) -> Result<Vec<Standstill>> {
        self.read(standstills::list).await
    }

    async fn keep_leases(&self, held: Leases, now: Timestamp, lease: SignedDuration) -> Result<()> {
        self.write(move |desk| leases::keep(desk, &held, now, lease)).await
    }

    async fn bring_forward(&self, now: Timestamp, latest: Timestamp, lease: SignedDuration) -> Result<()> {
        self.write(move |desk| clock::bring_forward(desk, now, latest, lease)).await
    }

    async fn probe(&self) -> Result<()> {
        self.write(|desk| health::probe(desk)).await
    }

    async fn export(&self, lines: mpsc::Sender<String>) -> Result<()> {
        self.read(move |db| {
            let gone = |_| StoreError::Failed("nobody takes the export any more".to_owned());
            moving::export(db, &mut |line| lines.blocking_send(line).map_err(gone))
        })
        .await
    }

    async fn import(&self, lines: mpsc::Receiver<String>) -> Result<u64> {
        let reading = Mutex::new((lines, None));
        self.write(move |desk| {
            let mut reading = reading.lock().expect("nothing panics while holding this lock");
            let (lines, failed) = &mut *reading;
            // What has been read does not come again, so another try could only misunderstand the rest.
            if let Some(error) = failed {
                return Err(StoreError::clone(error));
            }
            let imported = moving::import(desk, &mut || lines.blocking_recv());
            *failed = imported.as_ref().err().cloned();
            imported
        })
        .await
    }

    fn durability(&self) -> Durability {
        Engine::durability(self)
    }

    fn changes(&self) -> broadcast::Receiver<Change> {
        self.subscribe()
    }

    async fn close(&self) {
        self.shut().await;
    }
}
