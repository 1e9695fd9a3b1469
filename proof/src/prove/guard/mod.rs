//! An outside world of our own, in a network that has nothing else in it: a name service that answers as it is told, a
//! server behind every address there is, and a capture of everything that goes over the wire.

mod capture;
mod names;
mod network;
mod table;
mod world;

pub(crate) use capture::{Begun, Capture};
pub(crate) use names::{Answer, Names};
pub(crate) use network::{in_one_of_its_own, make};
pub(crate) use table::{denied, is_denied, neighbours, spelled};
pub(crate) use world::{Visit, World};
