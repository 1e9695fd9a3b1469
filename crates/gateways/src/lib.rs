//! Gateways: one source file each, the kit of mechanisms they share, and the list of them.
//!
//! Adding a gateway costs one file, one fixtures file and one line in [`ALL`]. Nothing outside this crate names a
//! gateway.

mod check;
mod contract;
pub mod kit;
pub mod paypal_ipn;

pub use check::{CheckLine, check_examples};
pub use contract::{
    Ask, AskedAnswer, CannotCompose, Checkout, CheckoutForm, Gateway, Interpretation, Outcome, Proof,
    RawRequest, Received, Reply, Resume, Resumed, Said, Setting, SettingFault, SettingKind, SettingProblem,
    Settings,
};

/// Every gateway, sorted by id.
pub const ALL: &[&Gateway] = &[&paypal_ipn::GATEWAY];

/// The gateway of this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Gateway> {
    ALL.iter().copied().find(|gateway| gateway.id == id)
}
