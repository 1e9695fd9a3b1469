//! What a customer types into the checkout form, checked field by field.

use super::countries;
use super::visit::Fields;
use ipnd_core::{Customer, Language};

/// Characters of a name or a line of an address.
const LINE_CHARS_MAX: usize = 120;
/// Characters of a mail address (RFC 5321 allows a path of 256 with its brackets).
const EMAIL_CHARS_MAX: usize = 254;

/// The form as it was typed, so that it can be shown again.
#[derive(Clone, Debug, Default)]
pub(super) struct CheckoutForm {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) street: String,
    pub(super) street2: String,
    pub(super) postcode: String,
    pub(super) town: String,
    pub(super) region: String,
    pub(super) country: String,
    /// The language of mails and order page, by its code.
    pub(super) language: String,
    /// The account to pay with, by its id.
    pub(super) account: String,
    /// The total that the customer was shown.
    pub(super) shown_total: String,
}

/// What is wrong with which field: catalogue keys below `shop.error.`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Problems(Vec<(&'static str, &'static str)>);

impl Problems {
    /// The problem of a field, if it has one.
    pub(super) fn of(&self, field: &str) -> Option<&'static str> {
        self.0.iter().find(|(own, _)| *own == field).map(|(_, key)| *key)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn add(&mut self, field: &'static str, key: &'static str) {
        self.0.push((field, key));
    }

    fn text(&mut self, field: &'static str, value: &str, required: bool) {
        if value.chars().count() > LINE_CHARS_MAX {
            self.add(field, "shop.error.long");
        } else if required && value.is_empty() {
            self.add(field, "shop.error.missing");
        }
    }
}

impl CheckoutForm {
    pub(super) fn from_fields(fields: &Fields) -> Self {
        Self {
            name: fields.get("name"),
            email: fields.get("email"),
            street: fields.get("street"),
            street2: fields.get("street2"),
            postcode: fields.get("postcode"),
            town: fields.get("town"),
            region: fields.get("region"),
            country: fields.get("country"),
            language: fields.get("language"),
            account: fields.get("account"),
            shown_total: fields.get("shown_total"),
        }
    }

    /// Everything that keeps the order from being placed. An address is asked for only where something is sent.
    pub(super) fn problems(&self, needs_address: bool) -> Problems {
        let mut problems = Problems::default();
        problems.text("name", &self.name, true);
        match self.email.as_str() {
            "" => problems.add("email", "shop.error.missing"),
            email if !looks_like_an_address(email) => problems.add("email", "shop.error.email"),
            _ => {}
        }
        if needs_address {
            problems.text("street", &self.street, true);
            problems.text("street2", &self.street2, false);
            problems.text("postcode", &self.postcode, false);
            problems.text("town", &self.town, true);
            problems.text("region", &self.region, false);
            if !countries::is_known(&self.country) {
                problems.add("country", "shop.error.country");
            }
        }
        problems
    }

    pub(super) fn language(&self) -> Option<Language> {
        Language::from_tag(&self.language)
    }

    /// The customer, once there are no problems.
    pub(super) fn customer(&self, needs_address: bool) -> Customer {
        let mut customer = Customer {
            name: Some(self.name.clone()),
            email: Some(self.email.clone()),
            ..Customer::default()
        };
        if needs_address {
            let town = format!("{} {}", self.postcode, self.town).trim().to_owned();
            let lines = [self.street.clone(), self.street2.clone(), town, self.region.clone()];
            customer.address = lines.into_iter().filter(|line| !line.is_empty()).collect();
            customer.country = Some(self.country.clone());
        }
        customer
    }
}

/// One @ with something sensible around it. Whether mail arrives there only a mail can tell.
pub(crate) fn looks_like_an_address(email: &str) -> bool {
    let Some((local, domain)) = email.split_once('@') else { return false };
    let is_odd =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | '"' | ',' | ';' | '\\');
    email.chars().count() <= EMAIL_CHARS_MAX
        && !email.contains(is_odd)
        && !local.is_empty()
        && !domain.contains('@')
        && domain.contains('.')
        && domain.split('.').all(|label| !label.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_mail_are_checked_for_slips_not_for_taste() {
        for good in ["ann@example.com", "a.b+c@mail.example.test", "олена@пошта.example"] {
            assert!(looks_like_an_address(good), "{good}");
        }
        for bad in [
            "",
            "ann",
            "@example.com",
            "ann@",
            "ann@example",
            "a@b@c.test",
            "a b@c.test",
            "a@c..test",
            "a@c.test,d@e.test",
            "A <a@c.test>",
        ] {
            assert!(!looks_like_an_address(bad), "{bad}");
        }
    }

    #[test]
    fn an_address_is_asked_for_only_where_something_is_sent() {
        let form =
            CheckoutForm { name: "Ann".into(), email: "ann@example.com".into(), ..CheckoutForm::default() };
        assert!(form.problems(false).is_empty());
        let problems = form.problems(true);
        assert_eq!(problems.of("street"), Some("shop.error.missing"));
        assert_eq!(problems.of("country"), Some("shop.error.country"));
        assert_eq!(problems.of("postcode"), None, "not every country has them");
        assert_eq!(form.customer(false).address, Vec::<String>::new());
    }
}
