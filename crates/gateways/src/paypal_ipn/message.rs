//! A verified message with its variables as text, and the few questions that are asked of it everywhere.

use crate::kit::form::FormText;
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

    /// The first of several variables that is there.
    pub(super) fn first(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name))
    }

    /// A variable without which the message makes no sense.
    pub(super) fn required(&self, name: &str) -> Result<&str, Reason> {
        self.get(name).ok_or_else(|| Reason::new("field_missing", name))
    }

    /// What the message claims to be; compared with the account's environment later, never believed.
    pub(super) fn environment(&self) -> Environment {
        if self.get("test_ipn").is_some() { Environment::Sandbox } else { Environment::Live }
    }

    /// An amount with its currency; `None` when there is none.
    pub(super) fn money(&self, amount: &str, currency: &str) -> Result<Option<Money>, Reason> {
        let Some(text) = self.get(amount) else { return Ok(None) };
        let code = self.get(currency).unwrap_or_default();
        let currency = Currency::from_code(code).map_err(|_| Reason::new("currency_unknown", code))?;
        let unreadable = |_| Reason::new("amount_unreadable", format!("{amount}={text}"));
        Money::parse(text, currency).map(Some).map_err(unreadable)
    }

    /// An amount beside the one that counts: what cannot be read is left out.
    pub(super) fn money_if_readable(&self, amount: &str, currency: &str) -> Option<Money> {
        self.money(amount, currency).ok().flatten()
    }

    /// Every name the message gives for the account that received the money.
    pub(super) fn receivers(&self) -> Vec<String> {
        let mut receivers = Vec::new();
        for name in ["receiver_id", "receiver_email", "business"] {
            if let Some(receiver) = self.text(name)
                && !receivers.contains(&receiver)
            {
                receivers.push(receiver);
            }
        }
        receivers
    }

    /// Variables of interest that had bytes which are no text.
    pub(super) fn damaged(&self) -> Vec<&str> {
        self.form.damaged().filter(|name| super::fields::is_known(name)).collect()
    }
}
