//! The store: everything durable, behind one trait.

mod clock;
mod engine;
mod ids;
mod migrations;
mod operations;
pub mod postgres;
mod records;
mod sql;
pub mod sqlite;
mod store;
mod store_impl;
pub mod token;

pub use clock::Clock;
pub use ids::{
    AccountId, ApiKeyId, EventId, MailId, NotAnId, NotificationId, OrderId, ProductId, ReviewId, ShopId,
    UserId,
};
pub use records::{
    Account, ApiKey, Backlog, Change, Check, CheckAttempt, CheckOutcome, CheckState, DueCheck, DueMail,
    Durability, EventFilter, Happening, Journaled, KeptAnswer, MailLine, MailOutcome, MailState, NewAccount,
    NewNotification, NewOrder, NewOwner, NewProduct, NewShop, Notification, NotificationFilter,
    NotificationLine, Order, OrderFilter, OrderLine, OrderSource, Product, ProductKind, ProvedBy,
    RecordedEvent, ReviewLine, Settled, Shop, TemplateText, User,
};
pub use store::{Result, Store, StoreError};
