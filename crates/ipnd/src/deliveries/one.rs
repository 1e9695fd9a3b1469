//! One delivery with its attempts.

use crate::api::text;
use crate::console::{Paper, printable};
use crate::moment;
use serde_json::Value;

pub(super) fn show(paper: &Paper, row: &Value) -> String {
    let time = |key: &str| moment::of(row, key).map(moment::day_and_time);
    let order = row["order"]["reference"].as_str().map(|order| match row["sequence"].as_u64() {
        Some(number) => format!("{order}, message {number} of it"),
        None => order.to_owned(),
    });
    let mut lines = vec![paper.bold(&printable(&format!("{}  {}", text(row, "id"), text(row, "kind"))))];
    for (name, value) in [
        ("order", order),
        ("endpoint", Some(format!("{} ({})", text(row, "endpoint_name"), text(row, "endpoint")))),
        ("message", Some(text(row, "message_id").to_owned())),
        ("made", time("created_at")),
        ("state", Some(text(row, "state").to_owned())),
        ("reason", row["reason"].as_str().map(str::to_owned)),
        ("again at", time("next_at").filter(|_| row["state"] == "waiting")),
        ("ended", time("ended_at")),
    ] {
        lines.extend(value.map(|value| printable(&format!("  {name:<10}{value}"))));
    }
    let tries = row["tries"].as_array().map(Vec::as_slice).unwrap_or_default();
    for (index, attempt) in tries.iter().enumerate() {
        let at = moment::of(attempt, "started_at").map(moment::day_and_time).unwrap_or_default();
        let status =
            attempt["status"].as_u64().map_or_else(|| "no reply".to_owned(), |status| status.to_string());
        let took = attempt["duration_ms"].as_u64().unwrap_or_default();
        let outcome = text(attempt, "outcome");
        let outcome =
            if outcome == "delivered" { paper.good(outcome) } else { paper.bad(&printable(outcome)) };
        lines.push(format!("  try {:<6}{at}  {status}  {took} ms  {outcome}", index + 1));
        lines.extend(attempt["reason"].as_str().map(|reason| printable(&format!("            {reason}"))));
        let reply = attempt["reply"].as_str().unwrap_or_default();
        lines.extend(reply.lines().map(|line| printable(&format!("            > {line}"))));
    }
    lines.join("\n")
}
