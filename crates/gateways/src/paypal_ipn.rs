use crate::{CannotCompose, Gateway, Outcome, Proof, RawRequest, Received, Reply, Settings};
use ipnd_core::{Event, Reason};
use jiff::Timestamp;

pub const GATEWAY: Gateway = Gateway {
    id: "paypal-ipn",
    name: "PayPal (IPN)",
    family: "paypal",
    proof: Proof::Strong,
    documentation: "",
    settings: &[],
    receive,
    resume: None,
    reply,
    compose,
    checkout: None,
};

fn receive(_: &RawRequest, _: &Settings, _: Timestamp) -> Received {
    Received::Refused(Reason::new("not_a_form", ""))
}

fn reply(_: Outcome) -> Reply {
    Reply::empty(200)
}

fn compose(_: &Event, _: &Settings, _: Timestamp) -> Result<RawRequest, CannotCompose> {
    Err(CannotCompose { gateway: "paypal-ipn", what: "anything".into() })
}
