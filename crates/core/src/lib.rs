//! The domain of ipnd: money, events, orders, decisions. Pure: no clock, no randomness, no input or output.
//!
//! Read in this order: [`event`] (what a notification says), [`order`] (what was agreed), [`mod@fold`] (what is
//! therefore true), [`mod@decide`] (what must therefore be done), [`tell`] (what the shop is told), [`review`] (what only the owner can answer).

mod currency;
pub mod decide;
pub mod event;
pub mod examine;
pub mod explain;
pub mod fold;
pub mod language;
pub mod limits;
mod money;
pub mod order;
pub mod reason;
pub mod review;
pub mod tell;
mod word_enum;

pub use currency::{Currency, UnknownCurrency};
pub use decide::{Effect, MailKind, decide};
pub use event::{Customer, Environment, Event, EventItem, EventKind};
pub use examine::{Expectation, examine};
pub use fold::{
    ExaminedEvent, Facts, OrderState, OrderStatus, Payment, PaymentStatus, Refund, Reversal, fold,
};
pub use language::{Catalogue, Language};
pub use limits::Limits;
pub use money::{Money, MoneyError};
pub use order::{Item, Terms, TermsError};
pub use reason::Reason;
pub use review::{Answer, Concern, Question, QuestionKind, Verdict};
pub use tell::{Telling, refunded, told};
