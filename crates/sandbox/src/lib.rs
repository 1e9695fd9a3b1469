//! Stands in for the outside world in the demo and in tests: a player of every gateway over real HTTP, a PayPal with
//! its payment page, and a mail server with a page that shows what arrived. None of them knows the shop; all speak the
//! real protocols.

mod courier;
mod database;
mod draw;
mod lanes;
mod mailbox;
mod page;
mod paypal;
pub mod player;
mod words;

pub use courier::{Courier, Parcel};
pub use mailbox::Mailbox;
pub use paypal::{Paypal, SandboxError};
pub use player::{Player, SandboxAccount};
