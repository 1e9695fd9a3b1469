//! The list of known options, read from the documented file itself.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use toml::{Table, Value};

/// What `ipnd init` writes.
pub(crate) const TEMPLATE: &str = include_str!("../../ipnd.toml");

/// What a value looks like, for values that come as plain text from the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Text,
    Number,
    List,
}

/// Every option as `section.key`, with its shape.
pub(super) static OPTIONS: LazyLock<BTreeMap<String, Shape>> = LazyLock::new(|| {
    let mut options = BTreeMap::new();
    for (name, value) in switched_on() {
        match value {
            Value::Table(section) => {
                for (key, value) in section {
                    options.insert(format!("{name}.{key}"), shape(&value));
                }
            }
            value => {
                options.insert(name, shape(&value));
            }
        }
    }
    options
});

/// The file with every option switched on. An option is a `#` with no blank after it; prose has one.
pub(super) fn switched_on() -> Table {
    let is_option = |line: &&str| line.starts_with('#') && !line.starts_with("# ") && line.len() > 1;
    let lines = TEMPLATE.lines().map(|line| if is_option(&line) { &line[1..] } else { line });
    let text: Vec<&str> = lines.collect();
    text.join("\n").parse().expect("a test parses the documented configuration file")
}

fn shape(value: &Value) -> Shape {
    match value {
        Value::Integer(_) => Shape::Number,
        Value::Array(_) => Shape::List,
        _ => Shape::Text,
    }
}
