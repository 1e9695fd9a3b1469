//! The object that a shop passes along with a checkout and gets back in every message: the order's number stands in
//! it under a key of the shop's choice, and beside it whatever else the shop wants back.

use super::json::Json;
use ipnd_core::Event;
use std::borrow::Cow;

/// Under this key stands a text that the shop passed along and that is no object itself.
const LONE_TEXT: &str = "custom";

/// The order's number.
#[must_use]
pub fn order_ref(data: &Json<'_>, key: &str) -> Option<String> {
    data.field(key).as_scalar().map(str::to_owned)
}

/// Everything that was passed along, as it was written; `None` where there is nothing but the order's number.
#[must_use]
pub fn custom(data: &Json<'_>, key: &str) -> Option<String> {
    match data.fields() {
        [(name, lone)] if name == LONE_TEXT && name != key => lone.as_text().map(str::to_owned),
        fields => fields.iter().any(|(name, _)| name != key).then(|| data.to_string()),
    }
}

/// The object from which [`order_ref`] and [`custom`] read what the event says; null where it says neither.
#[must_use]
pub fn of_event<'a>(event: &'a Event, key: &'a str) -> Json<'a> {
    let mut fields: Vec<(Cow<'a, str>, Json<'a>)> = Vec::new();
    fields.extend(event.order_ref.as_deref().map(|order| (Cow::Borrowed(key), Json::of_text(order))));
    if let Some(custom) = event.custom.as_deref() {
        match Json::parse(custom.as_bytes()) {
            Ok(Json::Object(passed)) => fields.extend(passed.into_iter().filter(|(name, _)| name != key)),
            _ => fields.push((Cow::Borrowed(LONE_TEXT), Json::of_text(custom))),
        }
    }
    if fields.is_empty() { Json::Null } else { Json::Object(fields) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::{Environment, EventKind};

    #[test]
    fn what_goes_out_comes_back() {
        let check = |order: Option<&str>, custom_text: Option<&str>, expected: Option<&str>| {
            let mut event = Event::new(EventKind::PaymentCompleted, "x", Environment::Live);
            event.order_ref = order.map(str::to_owned);
            event.custom = custom_text.map(str::to_owned);
            let data = of_event(&event, "order");
            assert_eq!(order_ref(&data, "order").as_deref(), order);
            assert_eq!(custom(&data, "order").as_deref(), expected, "{data}");
        };
        check(None, None, None);
        check(Some("A-1"), None, None);
        check(None, Some("a text"), Some("a text"));
        check(Some("A-1"), Some("a text"), Some(r#"{"order":"A-1","custom":"a text"}"#));
        check(Some("A-1"), Some(r#"{"user":7}"#), Some(r#"{"order":"A-1","user":7}"#));
        check(
            Some("A-1"),
            Some(r#"{"order":"A-1","custom":"a text"}"#),
            Some(r#"{"order":"A-1","custom":"a text"}"#),
        );
    }

    #[test]
    fn what_is_no_object_says_nothing() {
        for text in ["null", "7", "\"text\"", "[]", "{}", "{\"order\":null}", "{\"order\":{}}"] {
            let data = Json::parse(text.as_bytes()).unwrap();
            assert_eq!((order_ref(&data, "order"), custom(&data, "order")), (None, None), "{text}");
        }
    }
}
