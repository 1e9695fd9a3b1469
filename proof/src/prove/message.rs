//! What is sent: numbered payments as Stripe would tell of them, signed as Stripe would sign them.

use crate::server::SIGNING_SECRET;
use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;
use sha2::{Digest as _, Sha256};
use std::time::Duration;

/// Every number makes a payment of its own, for an order of its own. The same number always makes the same bytes.
pub(crate) fn body(number: u64, padding: usize) -> Vec<u8> {
    let filling = "x".repeat(padding);
    format!(
        r#"{{"id":"evt_proof_{number:012}","object":"event","created":1789999980,"data":{{"object":{{"id":"pi_proof_{number:012}","object":"payment_intent","amount":1995,"amount_received":1995,"currency":"eur","metadata":{{"order_id":"P-{number:012}"}},"receipt_email":"buyer-{number}@example.com","status":"succeeded"}}}},"livemode":true,"type":"payment_intent.succeeded","filling":"{filling}"}}"#
    )
    .into_bytes()
}

/// Messages of one story: a payment, and the sums that were refunded of it so far.
pub(crate) const CHAPTERS: u64 = 4;

/// As [`body`], but each order has several numbers: which one, and how far its story is.
pub(crate) fn chapter(number: u64) -> (u64, u64) {
    ((number - 1) / CHAPTERS + 1, (number - 1) % CHAPTERS)
}

/// The message of a number that is a chapter of its order's story.
pub(crate) fn story(number: u64) -> Vec<u8> {
    let (order, chapter) = chapter(number);
    let head = format!(r#""id":"evt_story_{number:012}","object":"event","created":1789999980"#);
    let refunded = chapter * 100;
    let metadata =
        format!(r#""metadata":{{"order_id":"P-{order:012}"}},"currency":"eur","status":"succeeded""#);
    let text = if chapter == 0 {
        format!(
            r#"{{{head},"data":{{"object":{{"id":"pi_story_{order:012}","object":"payment_intent","amount":1995,"amount_received":1995,{metadata}}}}},"livemode":true,"type":"payment_intent.succeeded"}}"#
        )
    } else {
        format!(
            r#"{{{head},"data":{{"object":{{"id":"ch_story_{order:012}","object":"charge","amount":1995,"amount_refunded":{refunded},"payment_intent":"pi_story_{order:012}",{metadata}}}}},"livemode":true,"type":"charge.refunded"}}"#
        )
    };
    text.into_bytes()
}

/// The order that a number makes.
pub(crate) fn order(number: u64) -> String {
    format!("P-{number:012}")
}

/// The first order of ours that a text names.
pub(crate) fn order_in(text: &str) -> Option<&str> {
    let begins = text.find("P-")?;
    let order = text.get(begins..begins + order(0).len())?;
    order[2..].bytes().all(|byte| byte.is_ascii_digit()).then_some(order)
}

/// The address of whoever paid for an order.
pub(crate) fn buyer_of(order: &str) -> String {
    format!("buyer-{}@example.com", order.trim_start_matches("P-").trim_start_matches('0'))
}

/// The number in a body; `None` for what was never ours.
pub(crate) fn number(body: &[u8]) -> Option<u64> {
    let message: serde_json::Value = serde_json::from_slice(body).ok()?;
    message["id"].as_str()?.strip_prefix("evt_proof_")?.parse().ok()
}

/// The time since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "a sender has a clock of its own, and this is the one place that reads it"
)]
pub(crate) fn now() -> Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

/// The header `stripe-signature` for a body that is sent at `seconds` since 1970.
pub(crate) fn signature(body: &[u8], seconds: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, SIGNING_SECRET.as_bytes());
    let mut context = hmac::Context::with_key(&key);
    context.update(format!("{seconds}.").as_bytes());
    context.update(body);
    format!("t={seconds},v1={}", HEXLOWER.encode(context.sign().as_ref()))
}

pub(crate) fn hash(body: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(body))
}

#[cfg(test)]
mod tests {
    use super::{body, buyer_of, number, order, order_in};

    #[test]
    fn an_order_is_found_in_what_is_said_of_it() {
        let text = format!("Payment received for order {}: 19.95", order(70));
        assert_eq!(order_in(&text), Some("P-000000000070"));
        assert_eq!(buyer_of(&order(70)), "buyer-70@example.com");
        assert_eq!((order_in("VIP-1"), order_in("nothing")), (None, None));
        let body = String::from_utf8(body(70, 0)).expect("text");
        assert!(body.contains(&order(70)) && body.contains(&buyer_of(&order(70))));
    }

    #[test]
    fn the_number_of_a_body_is_read_back_from_its_bytes() {
        assert_eq!(number(&body(7, 100)), Some(7));
        assert_eq!(number(b"{\"id\":\"evt_other\"}"), None);
        assert_eq!(number(b"not even JSON"), None);
    }
}
