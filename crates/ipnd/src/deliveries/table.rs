//! Deliveries as a table.

use crate::api::text;
use crate::console::{Paper, printable};
use crate::moment;
use serde_json::Value;

const HEADS: [&str; 8] = ["ID", "WHEN", "STATE", "STATUS", "TRIES", "KIND", "ORDER", "ENDPOINT"];
const STATE: usize = 2;

pub(super) fn show(paper: &Paper, answer: &Value) -> String {
    let rows = answer["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    if rows.is_empty() {
        return "There are none.".to_owned();
    }
    let cells: Vec<[String; 8]> = rows.iter().map(cells).collect();
    let width = |column: usize| {
        let own = cells.iter().map(|row| row[column].chars().count());
        own.chain([HEADS[column].len()]).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..HEADS.len()).map(width).collect();
    let mut lines = vec![paper.bold(line(&HEADS.map(str::to_owned), &widths, |_, cell| cell).trim_end())];
    for (row, cells) in rows.iter().zip(&cells) {
        let paint = |column: usize, cell: String| match text(row, "state") {
            "delivered" if column == STATE => paper.good(&cell),
            "failed" if column == STATE => paper.bad(&cell),
            _ => cell,
        };
        lines.push(line(cells, &widths, paint).trim_end().to_owned());
        if let Some(reason) = row["reason"].as_str() {
            lines.push(format!("  {}", printable(reason)));
        }
    }
    if answer["next"].is_string() {
        lines.push("There are more: --limit shows them, --since and --state choose.".to_owned());
    }
    lines.join("\n")
}

fn cells(row: &Value) -> [String; 8] {
    let number = |key: &str| row[key].as_u64().map_or_else(|| "-".to_owned(), |number| number.to_string());
    let cells = [
        text(row, "id").to_owned(),
        moment::of(row, "created_at").map(moment::day_and_time).unwrap_or_default(),
        text(row, "state").to_owned(),
        number("status"),
        number("attempts"),
        text(row, "kind").to_owned(),
        row["order"]["reference"].as_str().unwrap_or("-").to_owned(),
        text(row, "endpoint_name").to_owned(),
    ];
    cells.map(|cell| printable(&cell.replace('\n', " ")))
}

/// Colours have no width, so they come after the blanks.
fn line(cells: &[String; 8], widths: &[usize], paint: impl Fn(usize, String) -> String) -> String {
    let padded = cells.iter().zip(widths).enumerate().map(|(column, (cell, width))| {
        let blanks = " ".repeat(width - cell.chars().count());
        format!("{}{blanks}", paint(column, cell.clone()))
    });
    padded.collect::<Vec<_>>().join("  ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_stand_below_each_other() {
        let row = |id: &str, order: &str, reason: Value| {
            json!({"id": id, "state": "failed", "status": 500, "attempts": 2, "kind": "payment.completed",
                "order": {"reference": order}, "endpoint_name": "Shop", "reason": reason,
                "created_at": "2026-11-30T12:00:00Z"})
        };
        let rows = [row("dlv_1", "A\u{1b}[2J", json!("Why.")), row("dlv_22", "B", Value::Null)];
        let shown = show(&Paper::new(), &json!({"data": rows, "next": null}));
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 4, "{shown}");
        let column = |line: &str, word: &str| line.find(word);
        assert_eq!(column(lines[0], "KIND"), column(lines[1], "payment"));
        assert_eq!(column(lines[1], "payment"), column(lines[3], "payment"));
        assert_eq!(lines[2], "  Why.");
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
        assert_eq!(show(&Paper::new(), &json!({"data": [], "next": null})), "There are none.");
    }
}
