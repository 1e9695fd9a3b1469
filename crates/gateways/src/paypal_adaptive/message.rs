//! A verified message with its variables as text: those of the request, and those of each receiver's share of it.

use super::fields::{self, SHARES_MAX};
use crate::kit::form::FormText;
use crate::paypal::words::canonical;
use ipnd_core::{Currency, Environment, Money, Reason};

pub(super) struct Message {
    form: FormText,
}

impl Message {
    pub(super) fn new(form: FormText) -> Self {
        Self { form }
    }

    /// The value of a variable that is there and not empty.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.form.get(name)
    }

    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_owned)
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, Reason> {
        self.get(name).ok_or_else(|| Reason::new("field_missing", name))
    }

    /// One of PayPal's words, in one spelling; empty where there is none.
    pub(super) fn word(&self, name: &str) -> String {
        self.get(name).map(canonical).unwrap_or_default()
    }

    /// What the message claims to be; compared with the account's environment later, never believed.
    pub(super) fn environment(&self) -> Environment {
        if self.get("test_ipn").is_some() { Environment::Sandbox } else { Environment::Live }
    }

    /// The caller's own reference. Messages have another spelling than the documentation.
    pub(super) fn tracking(&self) -> Option<String> {
        self.text("tracking_id").or_else(|| self.text("trackingId"))
    }

    /// Every receiver's share, in the sequence of their numbers, whatever sequence they came in.
    pub(super) fn shares(&self) -> Vec<Share<'_>> {
        let shares = (0..SHARES_MAX).map(|place| Share { message: self, place });
        shares
            .filter(|share| ["amount", "receiver", "id"].iter().any(|own| share.get(own).is_some()))
            .collect()
    }

    /// Variables of interest that had bytes which are no text.
    pub(super) fn damaged(&self) -> Vec<&str> {
        self.form.damaged().filter(|name| fields::is_known(name)).collect()
    }
}

/// What one receiver gets of a payment.
#[derive(Clone, Copy)]
pub(super) struct Share<'m> {
    message: &'m Message,
    place: usize,
}

impl<'m> Share<'m> {
    pub(super) fn get(&self, own: &str) -> Option<&'m str> {
        self.message.get(&fields::of_share(self.place, own))
    }

    pub(super) fn text(&self, own: &str) -> Option<String> {
        self.get(own).map(str::to_owned)
    }

    /// One of PayPal's words, in one spelling; empty where there is none.
    pub(super) fn word(&self, own: &str) -> String {
        self.get(own).map(canonical).unwrap_or_default()
    }

    pub(super) fn is_primary(&self) -> bool {
        self.word("is_primary_receiver") == "true"
    }

    /// The receiver's own transaction, which the classic notification names too. Not there before it is executed.
    pub(super) fn id(&self) -> Option<&'m str> {
        self.get("id")
    }

    /// A name for this share that is there from the beginning: the request and the receiver's number in it.
    pub(super) fn in_request(&self) -> Option<String> {
        self.message.get("pay_key").map(|key| name_in_request(key, self.place))
    }

    /// What names the payment: the transaction, or before there is one the place in the request.
    pub(super) fn name(&self) -> Result<String, Reason> {
        let name = self.text("id").or_else(|| self.in_request());
        name.ok_or_else(|| Reason::new("field_missing", "pay_key"))
    }

    /// What the receiver gets; `None` when the message does not say.
    pub(super) fn amount(&self) -> Result<Option<Money>, Reason> {
        let Some(text) = self.get("amount") else { return Ok(None) };
        money(text, None).map(Some)
    }

    /// What went back to the sender. Whether it names its currency is not documented.
    pub(super) fn refund_amount(&self) -> Result<Option<Money>, Reason> {
        let Some(text) = self.get("refund_amount") else { return Ok(None) };
        let currency = self.amount()?.map(Money::currency);
        money(text, currency).map(Some)
    }

    /// Why there is no amount where one is needed.
    pub(super) fn amount_missing(&self, own: &str) -> Reason {
        Reason::new("amount_unreadable", fields::of_share(self.place, own))
    }
}

/// The share's place in its request as a name. No transaction of PayPal's has a colon.
pub(super) fn name_in_request(pay_key: &str, place: usize) -> String {
    format!("{pay_key}:{place}")
}

/// The request and the place that [`name_in_request`] was made from.
pub(super) fn request_of(name: &str) -> Option<(&str, usize)> {
    let (pay_key, place) = name.rsplit_once(':')?;
    let place = (0..SHARES_MAX).find(|number| number.to_string() == place)?;
    pay_key.starts_with("AP-").then_some((pay_key, place))
}

/// `USD 5.00`: three letters, one space, decimals. `otherwise` is the currency of an amount that names none.
fn money(text: &str, otherwise: Option<Currency>) -> Result<Money, Reason> {
    let (currency, digits) = match (text.split_once(' '), otherwise) {
        (Some((code, digits)), _) => {
            (Currency::from_code(code).map_err(|_| Reason::new("currency_unknown", code))?, digits)
        }
        (None, Some(currency)) => (currency, text),
        (None, None) => return Err(Reason::new("currency_unknown", text)),
    };
    let money = Money::parse(digits, currency).map_err(|_| Reason::new("amount_unreadable", text))?;
    if money.is_negative() { Err(Reason::new("amount_negative", text)) } else { Ok(money) }
}
