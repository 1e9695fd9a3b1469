//! The store's operations about telling the shop: endpoints, deliveries, platforms with vendors.

use crate::ids::{DeliveryId, EndpointId, OrderId, ShopId};
use crate::records::{Account, NewShop, Settled};
use crate::store::Result;
use crate::telling::{
    Attempt, Delivery, DeliveryFilter, DeliveryLine, DeliveryOutcome, DueDelivery, Endpoint, EndpointPlan,
    EndpointState, HeldBack, Resend, Resent, Vendor,
};
use async_trait::async_trait;
use ipnd_core::Environment;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The part of [`crate::Store`] that is about telling the shop.
#[async_trait]
pub trait TellingStore: Send + Sync + 'static {
    // --- Telling the shop ---

    /// `key` signs, where the dialect has keys of its own. Told to this endpoint only where `order` is given.
    async fn create_endpoint(
        &self,
        shop: ShopId,
        plan: EndpointPlan,
        key: Option<String>,
        order: Option<OrderId>,
        by: &str,
    ) -> Result<Endpoint>;
    /// Replaces what its owner decides. Keys and state stay. `None` when there is no such endpoint.
    async fn update_endpoint(
        &self,
        shop: ShopId,
        endpoint: EndpointId,
        plan: EndpointPlan,
        by: &str,
    ) -> Result<Option<Endpoint>>;
    /// False when it is so already, or there is no such endpoint.
    async fn set_endpoint_state(
        &self,
        shop: ShopId,
        endpoint: EndpointId,
        state: EndpointState,
        by: &str,
    ) -> Result<bool>;
    /// From now on `key` signs; those of before sign beside it for a while.
    async fn rotate_endpoint_key(
        &self,
        shop: ShopId,
        endpoint: EndpointId,
        key: &str,
        overlap: SignedDuration,
        by: &str,
    ) -> Result<Option<Endpoint>>;
    async fn endpoint(&self, shop: ShopId, endpoint: EndpointId) -> Result<Option<Endpoint>>;
    /// Those for all of its orders, oldest first.
    async fn endpoints(&self, shop: ShopId) -> Result<Vec<Endpoint>>;

    /// Leases deliveries that are due: of every endpoint as many as it can take.
    async fn claim_deliveries(
        &self,
        now: Timestamp,
        limit: u32,
        lease: SignedDuration,
    ) -> Result<Vec<DueDelivery>>;
    /// As [`Store::claim_deliveries`], for an endpoint that fetches what it is told.
    async fn fetch_deliveries(
        &self,
        shop: ShopId,
        endpoint: EndpointId,
        now: Timestamp,
        limit: u32,
        lease: SignedDuration,
    ) -> Result<Vec<DueDelivery>>;
    /// Writes down, before they are sent, the SHA-256 of bytes about which the receiver may ask back.
    async fn note_sent_body(&self, delivery: DeliveryId, digest: Vec<u8>) -> Result<()>;
    /// Whether exactly these bytes were sent: to the endpoint of this token, or to any.
    async fn is_sent_body(&self, digest: Vec<u8>, token: Option<String>) -> Result<bool>;
    async fn settle_delivery(
        &self,
        delivery: DeliveryId,
        lease: i64,
        now: Timestamp,
        attempt: Attempt,
        outcome: DeliveryOutcome,
    ) -> Result<Settled>;
    async fn deliveries(&self, shop: ShopId, filter: DeliveryFilter) -> Result<Vec<DeliveryLine>>;
    async fn delivery(&self, shop: ShopId, delivery: DeliveryId) -> Result<Option<Delivery>>;
    /// By the id that went out with it.
    async fn delivery_by_message(&self, shop: ShopId, message_id: &str) -> Result<Option<DeliveryId>>;
    /// Events that the shop was not told of, because the owner has been asked about them.
    async fn held_back(&self, shop: ShopId) -> Result<Vec<HeldBack>>;
    /// Sends anew, or only counts.
    async fn resend(&self, shop: ShopId, what: Resend, now: Timestamp) -> Result<Resent>;
    /// Puts a delivery into the outbox that only tries the connection. `None` when there is no such active endpoint.
    async fn test_endpoint(
        &self,
        shop: ShopId,
        endpoint: EndpointId,
        now: Timestamp,
    ) -> Result<Option<DeliveryId>>;

    // --- Platforms ---

    /// Makes a shop that the platform's keys may act for. `page` is the fingerprint of the secret part of the address
    /// of its own page.
    ///
    /// # Errors
    /// [`crate::StoreError::Conflict`] when the platform has a vendor of this reference, or the slug is taken.
    async fn create_vendor(
        &self,
        platform: ShopId,
        reference: &str,
        page: &str,
        shop: NewShop,
    ) -> Result<Vendor>;
    async fn vendor(&self, platform: ShopId, reference: &str) -> Result<Option<Vendor>>;
    async fn vendors(&self, platform: ShopId) -> Result<Vec<Vendor>>;
    /// By the fingerprint of the secret part of the address of its page.
    async fn vendor_by_page(&self, page: &str) -> Result<Option<Vendor>>;
    /// The address of before leads nowhere any more. False when there is no such vendor.
    async fn renew_vendor_page(&self, platform: ShopId, reference: &str, page: &str) -> Result<bool>;
    /// The account by which events are told by the API, made with these settings when it is first needed.
    async fn own_account(
        &self,
        shop: ShopId,
        gateway: &str,
        environment: Environment,
        settings: BTreeMap<String, String>,
        by: &str,
    ) -> Result<Account>;
}
