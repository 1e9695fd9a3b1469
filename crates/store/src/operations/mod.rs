//! What the operations do: one file for each area, written once for both engines.

pub(crate) mod accounts;
pub(crate) mod adopt;
pub(crate) mod answers;
pub(crate) mod audit;
pub(crate) mod bind;
pub(crate) mod checks;
pub(crate) mod clock;
pub(crate) mod deliveries;
pub(crate) mod delivery_rows;
mod desk;
pub(crate) mod effects;
pub(crate) mod endpoints;
pub(crate) mod happenings;
pub(crate) mod health;
pub(crate) mod journal;
pub(crate) mod made;
pub(crate) mod mail_rows;
pub(crate) mod mails;
pub(crate) mod moving;
pub(crate) mod notices;
pub(crate) mod notifications;
pub(crate) mod order_rows;
pub(crate) mod orders;
pub(crate) mod people;
pub(crate) mod products;
pub(crate) mod record;
pub(crate) mod refold;
pub(crate) mod resend;
pub(crate) mod retention;
pub(crate) mod reviews;
pub(crate) mod settle;
pub(crate) mod shops;
mod tables;
pub(crate) mod templates;
pub(crate) mod vendors;

pub(crate) use desk::{Desk, Waiting};
