//! What is sent: unique payments, told the way Stripe tells them, written and signed before anything is measured.

use crate::server::SIGNING_SECRET;
use aws_lc_rs::hmac;
use std::net::SocketAddr;
use std::time::{SystemTime, UNIX_EPOCH};

/// The size of a body. Stripe's own are between one and five kilobytes.
pub(crate) const BODY_BYTES: usize = 1_200;

/// Finished requests, one behind the other, all of one size.
pub(crate) struct Requests {
    bytes: Vec<u8>,
    size: usize,
}

impl Requests {
    /// One request, as it stands, to be sent again and again.
    pub(crate) fn one(bytes: Vec<u8>) -> Self {
        Self { size: bytes.len(), bytes }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() / self.size
    }

    pub(crate) fn get(&self, number: usize) -> &[u8] {
        &self.bytes[number * self.size..(number + 1) * self.size]
    }
}

/// Where the next batch goes on, so that no two are alike within one run.
pub(crate) struct Maker {
    key: hmac::Key,
    /// Tells this run's payments from every other run's.
    run: String,
    next: u64,
}

impl Maker {
    pub(crate) fn new() -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, SIGNING_SECRET.as_bytes());
        Self { key, run: format!("{:08x}", rand::random::<u32>()), next: 0 }
    }

    /// The number at the end of the next order's name.
    pub(crate) fn next_number(&self) -> u64 {
        self.next
    }

    /// `count` new payments, signed now, for `path` at `address`.
    pub(crate) fn make(&mut self, address: SocketAddr, path: &str, count: usize) -> Requests {
        #[expect(clippy::disallowed_methods, reason = "a gateway has a clock of its own")]
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let mut bytes = Vec::new();
        let mut size = 0;
        for _ in 0..count {
            let body = self.body(now);
            let mut signed = hmac::Context::with_key(&self.key);
            signed.update(format!("{now}.").as_bytes());
            signed.update(body.as_bytes());
            let signature = data_encoding::HEXLOWER.encode(signed.sign().as_ref());
            let before = bytes.len();
            let head = format!(
                "POST {path} HTTP/1.1\r\nhost: {address}\r\nuser-agent: Stripe/1.0 (+https://stripe.com/docs/webhooks)\r\n\
                 accept: */*; q=0.5, application/xml\r\ncache-control: no-cache\r\n\
                 content-type: application/json; charset=utf-8\r\nstripe-signature: t={now},v1={signature}\r\n\
                 content-length: {}\r\n\r\n",
                body.len()
            );
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(body.as_bytes());
            size = bytes.len() - before;
            if before == 0 {
                bytes.reserve_exact(size * (count - 1));
            }
        }
        Requests { bytes, size: size.max(1) }
    }

    fn body(&mut self, now: u64) -> String {
        let name = format!("{}{:012}", self.run, self.next);
        let amount = 1_000 + self.next % 9_000;
        self.next += 1;
        let mut body = format!(
            r#"{{"id":"evt_3{name}","object":"event","api_version":"2026-10-28.endive","created":{now},"data":{{"object":{{"id":"pi_3{name}","object":"payment_intent","amount":{amount},"amount_capturable":0,"amount_received":{amount},"capture_method":"automatic","client_secret":null,"confirmation_method":"automatic","created":{now},"currency":"eur","customer":null,"latest_charge":"ch_3{name}","livemode":true,"metadata":{{"order_id":"A-{name}"}},"payment_method":"pm_1{name}","payment_method_types":["card"],"receipt_email":"customer{name}@example.com","shipping":{{"address":{{"city":"Berlin","country":"DE","line1":"Lindenallee 10","postal_code":"10115"}},"name":"Erika Mustermann"}},"status":"succeeded","description":""#
        );
        let tail = format!(
            r#""}}}},"livemode":true,"pending_webhooks":1,"request":{{"id":"req_{name}","idempotency_key":"{name}"}},"type":"payment_intent.succeeded"}}"#
        );
        let room = BODY_BYTES.saturating_sub(body.len() + tail.len());
        body.extend("One basket of apples, delivered. ".chars().cycle().take(room));
        body + &tail
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_is_another_payment_of_the_same_size() {
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        let mut maker = Maker::new();
        let requests = maker.make(address, "/in/x", 3);
        assert_eq!(requests.len(), 3);
        let body = |number| {
            let text = std::str::from_utf8(requests.get(number)).expect("text");
            text.split_once("\r\n\r\n").expect("a head").1.to_owned()
        };
        let event: serde_json::Value = serde_json::from_str(&body(0)).expect("JSON");
        assert_eq!(event["type"], "payment_intent.succeeded");
        assert_eq!(body(0).len(), BODY_BYTES);
        assert!(body(0) != body(1) && body(1) != body(2));
    }
}
