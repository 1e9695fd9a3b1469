//! Peers that tests start for themselves. Part of no build of ipnd.

pub mod postgres;
