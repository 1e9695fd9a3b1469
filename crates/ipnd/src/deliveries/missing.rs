//! What the shop did not get, and why, in words.

use crate::api::text;
use crate::console::{Paper, printable};
use crate::moment;
use serde_json::Value;

pub(super) fn show(paper: &Paper, answer: &Value) -> String {
    let rows = |key: &str| answer[key].as_array().cloned().unwrap_or_default();
    let (held, open) = (rows("held_back"), rows("deliveries"));
    if held.is_empty() && open.is_empty() {
        return "Your shop got everything.".to_owned();
    }
    let mut lines = Vec::new();
    if !held.is_empty() {
        lines.push(
            paper.bold("Held back until you have answered a question, under Reviews in the owner's pages:"),
        );
        lines.extend(held.iter().map(|row| printable(&format!("  {}", held_back(row)))));
    }
    if !open.is_empty() {
        lines.push(paper.bold("Told, and not arrived:"));
        lines.extend(open.iter().map(|row| printable(&format!("  {}", not_arrived(row)))));
    }
    if answer["next"].is_string() {
        lines.push(
            "There are more: `ipnd deliveries --state waiting`, `ipnd deliveries --state failed`.".to_owned(),
        );
    }
    lines.join("\n")
}

/// What it tells of.
fn what(row: &Value) -> String {
    match row["order"]["reference"].as_str() {
        Some(order) => format!("{} of order {order}", text(row, "kind")),
        None => text(row, "kind").to_owned(),
    }
}

fn held_back(row: &Value) -> String {
    let since = moment::of(row, "recorded_at").map(moment::day_and_time).unwrap_or_default();
    format!(
        "{}  {}, since {since}: the question is “{}”",
        text(row, "event"),
        what(row),
        text(row, "question")
    )
}

fn not_arrived(row: &Value) -> String {
    let head = format!("{}  {} to “{}”", text(row, "id"), what(row), text(row, "endpoint_name"));
    let tries = match row["attempts"].as_u64().unwrap_or_default() {
        0 => "Not tried yet".to_owned(),
        1 => "Tried once".to_owned(),
        count => format!("Tried {count} times"),
    };
    let then = match (text(row, "state"), moment::of(row, "next_at")) {
        ("waiting", Some(next)) => format!(", again at {}", moment::day_and_time(next)),
        ("failed", _) => format!(" and given up; `ipnd resend {}` sends it again", text(row, "id")),
        ("cancelled", _) => " and cancelled, because its endpoint was removed".to_owned(),
        _ => String::new(),
    };
    let reason = row["reason"].as_str().map(|reason| format!("{reason} ")).unwrap_or_default();
    format!("{head}: {reason}{tries}{then}.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn everything_that_is_missing_is_said_with_its_reason() {
        let row = |state: &str, attempts: u32| {
            json!({"id": "dlv_1", "kind": "payment.completed", "order": {"reference": "A-1"}, "endpoint_name": "Shop",
                "state": state, "attempts": attempts, "reason": "The receiver answered 500.",
                "next_at": "2026-11-30T12:00:00Z"})
        };
        let answer = json!({
            "held_back": [{"kind": "payment.completed", "order": null, "recorded_at": "2026-11-30T12:00:00Z",
                "question": "unknown_order"}],
            "deliveries": [row("failed", 10), row("waiting", 1)], "next": null,
        });
        let shown = show(&Paper::new(), &answer);
        for expected in [
            "the question is “unknown_order”",
            "payment.completed of order A-1 to “Shop”: The receiver answered 500. Tried 10 times and given up",
            "`ipnd resend dlv_1`",
            "Tried once, again at 2026-",
        ] {
            assert!(shown.contains(expected), "{expected}: {shown}");
        }
        let nothing = json!({"held_back": [], "deliveries": [], "next": null});
        assert_eq!(show(&Paper::new(), &nothing), "Your shop got everything.");
    }
}
