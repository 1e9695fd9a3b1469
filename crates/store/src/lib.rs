//! The store: everything durable, behind one trait.

mod clock;
mod engine;
mod ids;
mod inspect;
mod mail_records;
mod migrations;
mod operations;
pub mod postgres;
mod proofs;
pub mod reading;
mod rebuild;
mod records;
mod retained;
mod running;
mod sql;
pub mod sqlite;
mod store;
mod store_impl;
mod telling;
mod telling_impl;
mod telling_store;
pub mod token;

pub use clock::Clock;
pub use ids::{
    AccountId, ApiKeyId, DeliveryId, EndpointId, EventId, MailId, NotAnId, NotificationId, OrderId,
    ProductId, ReviewId, ShopId, UserId,
};
pub use inspect::Examined;
pub use mail_records::{DueMail, MailLine, MailOutcome, MailState, MailedEndpoint, TemplateText};
pub use rebuild::{Difference, How, RebuildStep, Rebuilt};
pub use records::{
    Account, ApiKey, Check, CheckAttempt, CheckOutcome, CheckState, DueCheck, EventFilter, Evidence,
    Happening, Journaled, KeptAnswer, NewAccount, NewNotification, NewOrder, NewOwner, NewProduct, NewShop,
    Notification, NotificationFilter, NotificationLine, Order, OrderFilter, OrderLine, OrderSource, Product,
    ProductKind, ProvedBy, RecordedEvent, ReviewLine, Settled, Settlement, Shop, User,
};
pub use retained::{Forgotten, Retained};
pub use running::{Backlog, Change, Durability, First, Leases, Queue, QueueLine, Standstill};
pub use store::{Result, Store, StoreError};
pub use telling::{
    Attempt, AttemptLine, Delivery, DeliveryFilter, DeliveryLine, DeliveryOutcome, DeliveryState,
    DueDelivery, Endpoint, EndpointFilter, EndpointHealth, EndpointPlan, EndpointState, HeldBack, Resend,
    Resent, SigningKey, Vendor,
};
pub use telling_store::TellingStore;
