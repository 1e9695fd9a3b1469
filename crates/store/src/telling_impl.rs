//! The operations about telling the shop, each handed to the engine.

use crate::engine::Engine;
use crate::operations::endpoints::NewEndpoint;
use crate::operations::{deliveries, delivery_rows, endpoints, resend, vendors};
use crate::telling_store::TellingStore;
use crate::{
    Account, Attempt, Delivery, DeliveryFilter, DeliveryId, DeliveryLine, DeliveryOutcome, DueDelivery,
    Endpoint, EndpointId, EndpointPlan, EndpointState, HeldBack, NewShop, OrderId, Resend, Resent, Result,
    Settled, ShopId, Vendor, token,
};
use async_trait::async_trait;
use ipnd_core::Environment;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;

#[async_trait]
impl<E: Engine> TellingStore for E {
    // --- Telling the shop ---

    async fn create_endpoint(
        &self,
        shop: ShopId,
        plan: EndpointPlan,
        key: Option<String>,
        order: Option<OrderId>,
        by: &str,
    ) -> Result<Endpoint> {
        let (by, token, now) = (by.to_owned(), token::random(), self.clock().now());
        self.write(move |desk| {
            let (key, token, by) = (key.as_deref(), token.as_str(), by.as_str());
            endpoints::create(desk, &NewEndpoint { shop, plan: &plan, key, token, order, by }, now)
        })
        .await
    }

    async fn update_endpoint(
        &self,
        shop: ShopId,
        endpoint: EndpointId,
        plan: EndpointPlan,
        by: &str,
    ) -> Result<Option<Endpoint>> {
        let (by, now) = (by.to_owned(), self.clock().now());
        self.write(move |desk| endpoints::update(desk, shop, endpoint, (&plan, &by), now)).await
    }

    async fn set_endpoint_state(
        &self,
        shop: ShopId,
        endpoint: EndpointId,
        state: EndpointState,
        by: &str,
    ) -> Result<bool> {
        let (by, now) = (by.to_owned(), self.clock().now());
        self.write(move |desk| endpoints::set_state(desk, shop, endpoint, (state, &by), now)).await
    }

    async fn rotate_endpoint_key(
        &self,
        shop: ShopId,
        endpoint: EndpointId,
        key: &str,
        overlap: SignedDuration,
        by: &str,
    ) -> Result<Option<Endpoint>> {
        let (key, by, now) = (key.to_owned(), by.to_owned(), self.clock().now());
        self.write(move |desk| endpoints::rotate(desk, shop, endpoint, (&key, overlap, &by), now)).await
    }

    async fn endpoint(&self, shop: ShopId, endpoint: EndpointId) -> Result<Option<Endpoint>> {
        self.read(move |db| endpoints::by_id(db, shop, endpoint)).await
    }

    async fn endpoints(&self, shop: ShopId) -> Result<Vec<Endpoint>> {
        self.read(move |db| endpoints::list(db, shop)).await
    }

    async fn claim_deliveries(
        &self,
        now: Timestamp,
        limit: u32,
        lease: SignedDuration,
    ) -> Result<Vec<DueDelivery>> {
        // Asked after whatever happens. Mostly there is nothing, which readers can say without the writer.
        if !self.read(move |db| deliveries::is_anything_due(db, now)).await? {
            return Ok(Vec::new());
        }
        let claimed = self.write(move |desk| deliveries::claim(desk, now, limit, lease)).await?;
        // Readers see what has been committed, and keep no writer waiting.
        if claimed.is_empty() { Ok(Vec::new()) } else { self.read(|db| deliveries::load(db, claimed)).await }
    }

    async fn fetch_deliveries(
        &self,
        shop: ShopId,
        endpoint: EndpointId,
        now: Timestamp,
        limit: u32,
        lease: SignedDuration,
    ) -> Result<Vec<DueDelivery>> {
        let of = (shop, endpoint);
        let claimed = self.write(move |desk| deliveries::claim_of(desk, of, now, limit, lease)).await?;
        if claimed.is_empty() { Ok(Vec::new()) } else { self.read(|db| deliveries::load(db, claimed)).await }
    }

    async fn note_sent_body(&self, delivery: DeliveryId, digest: Vec<u8>) -> Result<()> {
        self.write(move |desk| deliveries::note_body(desk, delivery, &digest)).await
    }

    async fn is_sent_body(&self, digest: Vec<u8>, token: Option<String>) -> Result<bool> {
        self.read(move |db| deliveries::is_sent(db, &digest, token.as_deref())).await
    }

    async fn settle_delivery(
        &self,
        delivery: DeliveryId,
        lease: i64,
        now: Timestamp,
        attempt: Attempt,
        outcome: DeliveryOutcome,
    ) -> Result<Settled> {
        self.write(move |desk| deliveries::settle(desk, (delivery, lease), now, &attempt, &outcome)).await
    }

    async fn deliveries(&self, shop: ShopId, filter: DeliveryFilter) -> Result<Vec<DeliveryLine>> {
        self.read(move |db| delivery_rows::list(db, shop, &filter)).await
    }

    async fn delivery(&self, shop: ShopId, delivery: DeliveryId) -> Result<Option<Delivery>> {
        self.read(move |db| delivery_rows::one(db, shop, delivery)).await
    }

    async fn delivery_by_message(&self, shop: ShopId, message_id: &str) -> Result<Option<DeliveryId>> {
        let message_id = message_id.to_owned();
        self.read(move |db| delivery_rows::by_message(db, shop, &message_id)).await
    }

    async fn held_back(&self, shop: ShopId) -> Result<Vec<HeldBack>> {
        self.read(move |db| delivery_rows::held_back(db, shop)).await
    }

    async fn resend(&self, shop: ShopId, what: Resend, now: Timestamp) -> Result<Resent> {
        let what = Arc::new(what);
        let (mut resent, mut before) = (Resent::default(), None);
        loop {
            let own = Arc::clone(&what);
            let (ids, next) = self.read(move |db| resend::find(db, shop, &own, before)).await?;
            let how = (what.is_dry, now);
            resent.again += self.write(move |desk| resend::again(desk, shop, &ids, how)).await?;
            before = next;
            if next.is_none() {
                break;
            }
        }
        let mut after = what.fills_in.then_some(0);
        while let Some(from) = after {
            let own = Arc::clone(&what);
            let step = self.write(move |desk| resend::fill_in(desk, shop, &own, from, now)).await?;
            resent.new += step.count;
            after = step.next;
        }
        Ok(resent)
    }

    async fn test_endpoint(
        &self,
        shop: ShopId,
        endpoint: EndpointId,
        now: Timestamp,
    ) -> Result<Option<DeliveryId>> {
        self.write(move |desk| deliveries::test(desk, (shop, endpoint), now)).await
    }

    // --- Platforms ---

    async fn create_vendor(
        &self,
        platform: ShopId,
        reference: &str,
        page: &str,
        shop: NewShop,
    ) -> Result<Vendor> {
        let (reference, page, now) = (reference.to_owned(), page.to_owned(), self.clock().now());
        self.write(move |desk| vendors::create(desk, platform, (&reference, &page), &shop, now)).await
    }

    async fn vendor(&self, platform: ShopId, reference: &str) -> Result<Option<Vendor>> {
        let reference = reference.to_owned();
        self.read(move |db| vendors::by_reference(db, platform, &reference)).await
    }

    async fn vendors(&self, platform: ShopId) -> Result<Vec<Vendor>> {
        self.read(move |db| vendors::list(db, platform)).await
    }

    async fn vendor_by_page(&self, page: &str) -> Result<Option<Vendor>> {
        let page = page.to_owned();
        self.read(move |db| vendors::by_page(db, &page)).await
    }

    async fn renew_vendor_page(&self, platform: ShopId, reference: &str, page: &str) -> Result<bool> {
        let (reference, page) = (reference.to_owned(), page.to_owned());
        self.write(move |desk| vendors::renew_page(desk, platform, &reference, &page)).await
    }

    async fn own_account(
        &self,
        shop: ShopId,
        gateway: &str,
        environment: Environment,
        settings: BTreeMap<String, String>,
        by: &str,
    ) -> Result<Account> {
        let (gateway, by) = (gateway.to_owned(), by.to_owned());
        let (token, now) = (token::random(), self.clock().now());
        self.write(move |desk| {
            endpoints::own_account(desk, (shop, &gateway, environment), (&settings, &token, &by), now)
        })
        .await
    }
}
