//! Gateways: one source file each, the kit of mechanisms they share, and the list of them.
//!
//! Adding a gateway costs one file, one fixtures file and one line in [`ALL`]. Nothing outside this crate names a
//! gateway.

mod adyen;
mod check;
mod contract;
mod cope;
mod copecart;
mod custom;
pub mod dialect;
mod digistore24;
pub mod drive;
mod ipnd;
pub mod kit;
mod lemonsqueezy;
mod liqpay;
mod mercado_pago;
mod mollie;
mod monobank;
mod nowpayments;
mod paddle;
mod paypal;
mod paypal_adaptive;
pub mod paypal_ipn;
mod paypal_webhooks;
mod reseller;
mod standard_webhooks;
mod stripe;
pub mod try_out;
mod two_checkout;
mod wayforpay;

pub use check::{CheckLine, check_examples, check_vectors};
pub use contract::{
    ACCEPT_UNCONFIRMED, Answer, Ask, AskedAnswer, CannotCompose, CheckSetting, Checkout, CheckoutForm,
    Choice, Covers, Gateway, Interpretation, Outcome, Proof, RawRequest, Received, Repeats, Reply, Resume,
    Resumed, SECRET_CHARS_MIN, Said, Setting, SettingFault, SettingKind, SettingProblem, Settings, Told,
    Wants,
};

/// Every gateway, sorted by id.
pub const ALL: &[&Gateway] = &[
    &two_checkout::GATEWAY,
    &adyen::GATEWAY,
    &cope::GATEWAY,
    &copecart::GATEWAY,
    &custom::GATEWAY,
    &digistore24::GATEWAY,
    &ipnd::GATEWAY,
    &lemonsqueezy::GATEWAY,
    &liqpay::GATEWAY,
    &mercado_pago::GATEWAY,
    &mollie::GATEWAY,
    &monobank::GATEWAY,
    &nowpayments::GATEWAY,
    &paddle::GATEWAY,
    &paypal_adaptive::GATEWAY,
    &paypal_ipn::GATEWAY,
    &paypal_webhooks::GATEWAY,
    &standard_webhooks::GATEWAY,
    &stripe::GATEWAY,
    &wayforpay::GATEWAY,
];

/// The gateway of this id.
#[must_use]
pub fn find(id: &str) -> Option<&'static Gateway> {
    ALL.iter().copied().find(|gateway| gateway.id == id)
}

/// The form in which an ipnd itself tells others.
#[must_use]
pub fn own() -> &'static Gateway {
    &ipnd::GATEWAY
}

/// What `cargo xtask new-gateway` starts from.
#[cfg(test)]
#[path = "../../../xtask/templates/new_gateway.rs"]
#[allow(dead_code, reason = "only its own test uses it")]
mod new_gateway;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_no_id_comes_twice() {
        assert!(ALL.windows(2).all(|pair| pair[0].id < pair[1].id));
        assert!(ALL.iter().all(|gateway| find(gateway.id).is_some_and(|found| found.id == gateway.id)));
    }

    #[test]
    fn what_a_new_gateway_starts_from_works() {
        use drive::{Decided, decide_played};
        use ipnd_core::{Currency, Environment, Event, EventKind, Money};
        let gateway = &new_gateway::GATEWAY;
        let settings = Settings::sample(gateway.settings);
        let mut event = Event::new(EventKind::PaymentCompleted, "payment.completed/T1", Environment::Sandbox);
        event.transaction = Some("T1".into());
        event.amount = Some(Money::from_minor(1995, Currency::from_code("EUR").unwrap()));
        let request = (gateway.compose)(&event, &settings, jiff::Timestamp::UNIX_EPOCH).unwrap();
        match decide_played(gateway, &request, &settings, jiff::Timestamp::UNIX_EPOCH, &[]) {
            Decided::Genuine(interpretation) => {
                assert_eq!(interpretation.events[0].amount, event.amount);
                assert_eq!(interpretation.events[0].identity, event.identity);
            }
            other => panic!("{other:?}"),
        }
    }
}
