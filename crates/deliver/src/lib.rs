//! Everything that leaves the process: questions to gateways, and mails. One guarded way out for all of it.

pub mod client;
