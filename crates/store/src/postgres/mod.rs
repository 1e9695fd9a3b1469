//! PostgreSQL, for several nodes.
//!
//! Any number of equal nodes work on one database. What comes in is kept in batches ([`keeper`]); everything else runs
//! as one transaction for each operation, on a few connections ([`worker`]), and is run again when another node was in
//! its way. Nodes tell each other what has changed ([`notices`]); what is missed is found by looking.

mod connect;
mod crew;
mod db;
mod error;
mod keeper;
mod migrate;
mod notices;
mod open;
mod settings;
mod upkeep;
mod worker;

pub use open::{Options, PostgresStore};
pub use upkeep::{examine, rebuild};
