//! Everything that leaves the process: questions to gateways, mails. One guarded way out for all of it.
