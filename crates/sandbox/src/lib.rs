//! Stands in for the outside world in the demo and in tests: a PayPal that plays its side over real HTTP, and a
//! mail server with a page that shows what arrived. Neither knows the shop; both speak the real protocols.

mod mailbox;
mod page;
mod paypal;
mod words;

pub use mailbox::Mailbox;
pub use paypal::{Paypal, SandboxError};
