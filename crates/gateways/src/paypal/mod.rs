//! What PayPal's ways of telling have in common.
//!
//! The same transaction may be told by the classic notification, by an Adaptive Payments message and by a webhook. They
//! come to one identity ([`identity`]), so whatever comes, it counts once.

pub(crate) mod envelope;
pub(crate) mod identity;
pub(crate) mod postback;
pub(crate) mod settings;
pub(crate) mod words;
