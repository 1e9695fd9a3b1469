//! An event as a list of names and values, and texts of strangers cut to what a page can bear.

use super::visible;
use super::words::Words;
use ipnd_core::{Event, EventItem};

/// Characters of one value of an event that are shown.
const VALUE_CHARS_MAX: usize = 1_000;

/// A stranger's text on one line, nothing hidden, not endless.
pub(super) fn short(text: &str) -> String {
    let mut shown: String = visible::line(text).chars().take(VALUE_CHARS_MAX).collect();
    if shown.len() < text.len() && text.chars().count() > VALUE_CHARS_MAX {
        shown.push('…');
    }
    shown
}

/// Everything the event says, name and value; what it does not say is left out.
pub(super) fn fields(event: &Event, words: Words) -> Vec<(String, String)> {
    let customer = &event.customer;
    let text = |value: &Option<String>| value.clone();
    let rows = [
        ("transaction", text(&event.transaction)),
        ("parent", text(&event.parent)),
        ("amount", event.amount.map(|amount| words.money(amount))),
        ("fee", event.fee.map(|fee| words.money(fee))),
        ("occurred_at", event.occurred_at.map(|at| words.at_second(at))),
        ("order_ref", text(&event.order_ref)),
        ("status", text(&event.status)),
        ("reason", text(&event.reason)),
        ("receivers", joined(&event.receivers)),
        ("environment", Some(words.t(&format!("word.{}", event.environment.word())))),
        ("customer_name", text(&customer.name)),
        ("customer_email", text(&customer.email)),
        ("customer_phone", text(&customer.phone)),
        ("customer_address", joined(&customer.address)),
        ("customer_country", text(&customer.country)),
        ("items", items(&event.items, words)),
        ("note", text(&event.note)),
        ("custom", text(&event.custom)),
        ("subscription", text(&event.subscription)),
        ("case", text(&event.case)),
        ("identity", Some(event.identity.clone())),
    ];
    rows.into_iter()
        .filter_map(|(key, value)| value.map(|value| (words.t(&format!("event.{key}")), short(&value))))
        .collect()
}

fn joined(values: &[String]) -> Option<String> {
    (!values.is_empty()).then(|| values.join(", "))
}

fn items(items: &[EventItem], words: Words) -> Option<String> {
    let shown: Vec<String> = items
        .iter()
        .map(|item| match item.amount {
            Some(amount) => format!("{} × {} ({})", item.quantity, item.name, words.money(amount)),
            None => format!("{} × {}", item.quantity, item.name),
        })
        .collect();
    joined(&shown)
}
