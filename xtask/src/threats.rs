//! Every threat that ipnd claims to withstand names its test: a test function that begins with the row's id.

use crate::suite::tracked;
use anyhow::{Result, bail};

/// The rows that hold so far. A new row is added here together with its tests.
const HELD: &[&str] = &[
    "a01", "a02", "a03", "a04", "a05", "a06", "a07", "a08", "a09", "a10", "a11", "a12", "a13", "a14", "a15",
    "a16", "a17", "a18", "a19", "a20", "a21", "a22", "a23", "a24", "a25", "b01", "b02", "b03", "b04", "b05",
    "b06", "b07", "b08", "b09", "b10", "b11", "b12", "b13", "b14", "b15", "b16", "b17", "b19", "c01", "c02",
    "c03", "c04", "c05", "d01", "d02", "d03", "d04", "d05", "d06", "d07", "d08", "d09", "d10", "d11", "e01",
    "e02", "e03", "e04", "e05", "e07", "f01", "f02", "f04", "f05", "f07", "f11", "f12", "f14", "g01", "g02",
    "g03", "g04", "g10",
];

/// The invariants that are proved, each by a function that carries its number.
const PROVED: &[&str] =
    &["01", "02", "03", "04", "05", "06", "11", "13", "14", "15", "16", "17", "18", "21", "28", "30", "32"];

pub(crate) fn check() -> Result<()> {
    let sources = tracked(&[".rs"])?;
    let is_proved = |number: &&&str| {
        let name = format!("i_{number}_");
        let names_it = |line: &str| line.contains("fn i_") && line.contains(&name);
        sources.iter().any(|(_, text)| text.lines().any(names_it))
    };
    if let Some(number) = PROVED.iter().find(|number| !is_proved(number)) {
        bail!("nothing proves the invariant I-{number}");
    }
    let named = |row: &&&str| {
        let name = format!("fn t_{row}_");
        sources.iter().any(|(_, text)| text.contains(&name))
    };
    let missing: Vec<String> =
        HELD.iter().filter(|row| !named(row)).map(|row| format!("T-{}", row.to_uppercase())).collect();
    if missing.is_empty() {
        println!("{} threat rows name their tests", HELD.len());
        return Ok(());
    }
    bail!("no test names the row: {}", missing.join(", "))
}
