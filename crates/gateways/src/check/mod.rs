//! Holds files of examples against what ipnd makes of them: `NAME.json` has signed requests of the gateway of that
//! name, `*.jsonl` PayPal's messages, one a line.

mod adaptive_examples;
mod examples;
mod vectors;
mod webhook_examples;

pub use examples::check_examples;
pub use vectors::check_vectors;

/// One example and everything about it that is not as expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckLine {
    pub name: String,
    pub problems: Vec<String>,
}
