//! Deliveries: from a row in the outbox to a message that the shop has taken over.

mod attempt;
mod expression;
mod schedule;
mod worker;

pub use crate::observe::delivery_settled as note_settled;
pub use attempt::{Prepared, excerpt, judge, prepare};
pub use expression::check as check_expression;

pub(crate) use worker::DeliveryWorker;
