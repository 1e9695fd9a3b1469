//! Everything that leaves the process: questions to gateways, mails, and what the shop is told. One guarded way out for all of it.

mod checks;
pub mod client;
mod clock_watch;
pub mod deliveries;
mod held;
pub mod mail;
mod observe;
mod pace;
mod pause;
mod remembered;
mod rounds;
mod standstill_watch;
pub mod templates;
mod workers;

pub use standstill_watch::StandstillWatch;
pub use workers::{Workers, WorkersConfig};
