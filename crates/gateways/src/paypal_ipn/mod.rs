#![doc = include_str!("documentation.md")]

mod checkout;
mod classify;
mod compose;
mod customer;
mod fields;
mod identity;
mod interpret;
mod items;
mod message;
mod payouts;
mod receive;

use crate::{Gateway, Outcome, Proof, Reply, Setting, SettingKind};

pub const GATEWAY: Gateway = Gateway {
    id: "paypal-ipn",
    name: "PayPal (IPN)",
    family: "paypal",
    proof: Proof::Strong,
    documentation: include_str!("documentation.md"),
    settings: &[
        Setting {
            key: "receivers",
            kind: SettingKind::List,
            required: true,
            label: "Your PayPal account",
            help: "Your merchant ID (PayPal: Account settings, Business information) and every e-mail address of \
                   this PayPal account, one a line. A payment to anybody else is put to you as a question.",
        },
        Setting {
            key: "postback_url",
            kind: SettingKind::SandboxUrl,
            required: false,
            label: "Address of the sandbox",
            help: "Only for trying things out: where to ask whether a message is genuine, and where to send customers \
                   to pay. Left empty, PayPal's own sandbox is used.",
        },
    ],
    receive: receive::receive,
    resume: Some(receive::resume),
    reply,
    compose: compose::compose,
    checkout: Some(checkout::checkout),
};

/// PayPal wants an empty 200 and ignores the body. A refusal says nothing about its reason: whoever sent the request
/// has not proved to be PayPal.
fn reply(outcome: Outcome) -> Reply {
    match outcome {
        Outcome::Accepted | Outcome::Duplicate => Reply::empty(200),
        Outcome::Refused => Reply::empty(400),
    }
}
