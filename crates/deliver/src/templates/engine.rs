//! Rendering, with limits: the environment holds three filters and nothing else.

use super::words::MailWords;
use super::{Part, TemplateProblem, VARIABLES};
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, Error, ErrorKind, Output, State, UndefinedBehavior};
use std::io;
use std::sync::LazyLock;

/// Steps a template may take. A built-in one with two hundred items takes some five thousand.
const FUEL: u64 = 200_000;

/// Largest result of one part, in bytes.
const OUTPUT_BYTES_MAX: usize = 512 * 1024;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    // Empty: no globals, no functions, no tests. Includes, imports and macros are not even compiled in.
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(32);
    // A line that holds only a condition or a loop leaves no empty line behind.
    let syntax =
        SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true).build();
    environment.set_syntax(syntax.expect("these are the engine's own switches"));
    environment
        .set_auto_escape_callback(|name| if name == HTML { AutoEscape::Html } else { AutoEscape::None });
    environment.set_formatter(write_value);
    environment.add_filter("length", minijinja::filters::length);
    environment.add_filter("upper", |text: String| text.to_uppercase());
    environment.add_filter("breaks", breaks);
    environment
});

const HTML: &str = "HTML";

fn name(part: Part) -> &'static str {
    match part {
        Part::Subject => "subject",
        Part::Text => "text",
        Part::Html => HTML,
    }
}

/// Renders one part. HTML escapes every value; text and subject have nothing to escape into.
pub(super) fn render(part: Part, source: &str, words: &MailWords) -> Result<String, TemplateProblem> {
    let template =
        ENVIRONMENT.template_from_named_str(name(part), source).map_err(|error| problem(part, &error))?;
    let mut out = Capped::default();
    template
        .render_captured_to(Value::from(Serde(words)), &mut out)
        .map_err(|error| if out.is_full { too_large(part) } else { problem(part, &error) })?;
    Ok(String::from_utf8(out.bytes).expect("templates write whole strings"))
}

/// Finds what rendering a sample might miss: unknown names in a branch that was not taken.
pub(super) fn check(part: Part, source: &str) -> Result<(), TemplateProblem> {
    let template =
        ENVIRONMENT.template_from_named_str(name(part), source).map_err(|error| problem(part, &error))?;
    let mut unknown: Vec<String> = template
        .undeclared_variables(true)
        .into_iter()
        .filter(|used| !VARIABLES.iter().any(|(known, _)| known == used && !is_loop_variable(known)))
        .collect();
    unknown.sort();
    match unknown.first() {
        Some(variable) => {
            let line =
                source.lines().position(|line| line.contains(variable.as_str())).map(|index| index + 1);
            Err(TemplateProblem::new(part, line, format!("there is no variable “{variable}”")))
        }
        None => Ok(()),
    }
}

/// Names that exist only inside their loop.
fn is_loop_variable(name: &str) -> bool {
    name.starts_with("item.") || name.starts_with("entry.")
}

fn problem(part: Part, error: &Error) -> TemplateProblem {
    let text = match error.kind() {
        ErrorKind::OutOfFuel => "this takes too many steps".to_owned(),
        ErrorKind::UndefinedError => "this names something that does not exist".to_owned(),
        ErrorKind::UnknownFilter => {
            format!("there is no such filter ({})", error.detail().unwrap_or_default())
        }
        kind => error.detail().map_or_else(|| kind.to_string(), str::to_owned),
    };
    TemplateProblem::new(part, error.line(), text)
}

fn too_large(part: Part) -> TemplateProblem {
    TemplateProblem::new(part, None, format!("the result is larger than {OUTPUT_BYTES_MAX} bytes"))
}

/// Writes a value as text; in HTML as text that is only text.
fn write_value(out: &mut Output, state: &mut State, value: &Value) -> Result<(), Error> {
    let written = if matches!(state.auto_escape(), AutoEscape::Html) && !value.is_safe() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        out.write_str(&escape(&text))
    } else {
        write!(out, "{value}")
    };
    written.map_err(|_| Error::new(ErrorKind::WriteFailure, "the result is too large"))
}

/// Lines as lines: in HTML with `<br>`, elsewhere unchanged.
fn breaks(state: &State, text: &str) -> Value {
    match state.auto_escape() {
        AutoEscape::Html => Value::from_safe_string(escape(text).replace('\n', "<br>\n")),
        _ => Value::from(text),
    }
}

/// Makes text out of anything that HTML could take for more.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[derive(Default)]
struct Capped {
    bytes: Vec<u8>,
    is_full: bool,
}

impl io::Write for &mut Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > OUTPUT_BYTES_MAX {
            self.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
