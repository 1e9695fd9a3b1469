//! The template language, made small: what an owner may write between the braces.
//!
//! The engine can do arithmetic, build lists, multiply strings and assign variables. A mail needs none of it, and
//! each is a way to make a template take all memory or say something that nobody put in. So a template is read
//! once before the engine sees it, and everything but variables, comparisons, filters, conditions and loops over
//! the two lists is refused (T-E05).

use super::{Part, TemplateProblem};

/// Largest source of one part, in bytes.
const SOURCE_BYTES_MAX: usize = 64 * 1024;

const STATEMENTS: [&str; 6] = ["if", "elif", "else", "endif", "for", "endfor"];

const LOOPS: [&str; 2] = ["order.items", "access"];

const OPERATORS: [&str; 10] = ["==", "!=", "<=", ">=", "<", ">", "|", "(", ")", ","];

/// Refuses what is not part of the language, with the line it is on. Unfinished tags are left to the engine,
/// whose message about them is good.
pub(super) fn check(part: Part, source: &str) -> Result<(), TemplateProblem> {
    if source.len() > SOURCE_BYTES_MAX {
        return Err(TemplateProblem::new(
            part,
            None,
            format!("this is longer than {SOURCE_BYTES_MAX} bytes"),
        ));
    }
    let mut at = 0;
    while let Some(start) = source[at..].find('{').map(|offset| at + offset) {
        let line = source[..start].matches('\n').count() + 1;
        let rest = &source[start..];
        let problem = |text: String| TemplateProblem::new(part, line, text);
        at = start + 1;
        if rest.starts_with("{#") {
            at = rest.find("#}").map_or(source.len(), |end| start + end + 2);
        } else if let Some(inside) = rest.strip_prefix("{{") {
            let (tokens, length) = tokens(inside, "}}").map_err(problem)?;
            if tokens.first() == Some(&"order") {
                return Err(problem("“order” can be asked for, {% if order %}, but not shown".to_owned()));
            }
            at = start + 2 + length;
        } else if let Some(inside) = rest.strip_prefix("{%") {
            let (tokens, length) = tokens(inside, "%}").map_err(problem)?;
            statement(&tokens).map_err(problem)?;
            at = start + 2 + length;
        }
    }
    Ok(())
}

/// A statement is a condition, or a loop over one of the two lists.
fn statement(tokens: &[&str]) -> Result<(), String> {
    match tokens {
        ["for", _, "in", list] if LOOPS.contains(list) => Ok(()),
        ["for", ..] => Err(format!("a loop goes over {} and nothing else", LOOPS.join(" or "))),
        [word, ..] if STATEMENTS.contains(word) => Ok(()),
        [word, ..] => Err(format!("“{word}” is not part of the template language")),
        [] => Ok(()),
    }
}

/// Splits the inside of a tag into words, texts and operators, up to its end.
fn tokens<'a>(inside: &'a str, end: &str) -> Result<(Vec<&'a str>, usize), String> {
    let mut tokens = Vec::new();
    // A sign directly at the braces trims white space outside.
    let mut at = usize::from(inside.starts_with(['-', '+']));
    while at < inside.len() {
        let rest = &inside[at..];
        if rest.starts_with(end) {
            return Ok((tokens, at + end.len()));
        }
        if rest.starts_with(['-', '+']) && rest[1..].starts_with(end) {
            return Ok((tokens, at + 1 + end.len()));
        }
        let length = token(rest)?;
        if !rest.starts_with(char::is_whitespace) {
            tokens.push(&rest[..length]);
        }
        at += length;
    }
    Ok((tokens, inside.len()))
}

/// The length of the token that `rest` begins with.
fn token(rest: &str) -> Result<usize, String> {
    let first = rest.chars().next().expect("there is a rest");
    let span = |belongs: fn(char) -> bool| rest.find(|c| !belongs(c)).unwrap_or(rest.len());
    if first.is_whitespace() {
        return Ok(span(char::is_whitespace));
    }
    if first.is_ascii_alphanumeric() || first == '_' {
        return Ok(span(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.'));
    }
    if first == '"' || first == '\'' {
        let end = rest[1..].find([first, '\\']).filter(|end| rest[1 + end..].starts_with(first));
        return end.map(|end| end + 2).ok_or_else(|| "a text in quotes has no end".to_owned());
    }
    OPERATORS
        .iter()
        .find(|operator| rest.starts_with(**operator))
        .map(|operator| operator.len())
        .ok_or_else(|| format!("“{first}” is not part of the template language"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_e05_the_language_is_closed() {
        for source in [
            "{{ 7*7 }}",
            "{{ 'a' ~ 'a' }}",
            "{{ 'a' * 1000000 }}",
            "{{ [1, 2] }}",
            "{{ {'a': 1} }}",
            "{{ 1 + 1 }}",
            "{% set x = 1 %}",
            "{% include 'x' %}",
            "{% import 'x' as y %}",
            "{% macro m() %}{% endmacro %}",
            "{% extends 'x' %}",
            "{% raw %}{{ x }}{% endraw %}",
            "{% autoescape false %}{% endautoescape %}",
            "{% with a = 1 %}{% endwith %}",
            "{% filter upper %}{% endfilter %}",
            "{% do x %}",
            "{% block b %}",
            "{% for c in customer.name %}",
            "{% for i in order.items recursive %}",
            "{% for i in range(9) %}",
            "{% for a, b in access %}",
            "{{ order.items[0] }}",
            "{{ order['token'] }}",
            "{{ x\\y }}",
            "{{ \"a\\\"b\" }}",
            "{%- call x() -%}",
            "{{ x }}{{ `id` }}",
            "{{ $x }}",
            "{{ order }}",
            "{{ order|upper }}",
        ] {
            assert!(check(Part::Text, source).is_err(), "{source}");
        }
        for source in [
            "plain",
            "{",
            "{ x }",
            "{{ order.total }}",
            "{{- customer.name -}}",
            "{% if amount == \"5\" %}{% endif %}",
            "{%- for item in order.items -%}{{ loop.index }}{%+ endfor +%}",
            "{% if order %}a{% endif %}",
            "{# anything ~ * #}",
            "${x} #{y}",
            "{% if customer.name and not reason %}a{% elif access|length > 1 %}b{% else %}c{% endif %}",
        ] {
            assert_eq!(check(Part::Text, source), Ok(()), "{source}");
        }
        let problem = check(Part::Html, "one\ntwo\n{{ a ~ b }}").unwrap_err();
        assert_eq!((problem.part, problem.line), (Part::Html, Some(3)));
    }
}
