//! The expression of an endpoint's filter: one condition over what is told, such as
//! `data.order.total.currency == "EUR" and data.event.customer.country != "US"`.

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior};
use serde_json::Value;
use std::sync::LazyLock;

/// Longest expression, in characters.
const CHARS_MAX: usize = 1_000;

/// Steps that one may take.
const FUEL: u64 = 20_000;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    // Empty: an expression compares what is there, and can call nothing that was not given to it.
    let mut environment = Environment::empty();
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(16);
    // What a message does not have is less than anything, and equal to nothing.
    environment.set_undefined_behavior(UndefinedBehavior::Chainable);
    environment.add_filter("length", minijinja::filters::length);
    environment.add_filter("lower", |text: String| text.to_lowercase());
    environment
});

/// # Errors
/// What is wrong with it, for whoever writes it.
pub fn check(expression: &str) -> Result<(), String> {
    if expression.chars().count() > CHARS_MAX {
        return Err(format!("it has more than {CHARS_MAX} characters"));
    }
    ENVIRONMENT.compile_expression(expression).map(|_| ()).map_err(|error| shown(&error))
}

/// Whether what is told fits.
pub(super) fn holds(expression: &str, content: &Value) -> Result<bool, String> {
    let compiled = ENVIRONMENT.compile_expression(expression).map_err(|error| shown(&error))?;
    compiled
        .eval(minijinja::value::Value::from(Serde(content)))
        .map(|value| value.is_true())
        .map_err(|error| shown(&error))
}

fn shown(error: &minijinja::Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn conditions_look_at_what_is_told() {
        let content = json!({"type": "payment.completed", "data": {"event": {"amount": {"amount": "19.95",
            "currency": "EUR"}, "custom": null}, "order": {"items": [{"sku": "tea"}]}}});
        let is = |expression: &str| holds(expression, &content);
        assert_eq!(is(r#"data.event.amount.currency == "EUR""#), Ok(true));
        assert_eq!(is(r#"type == "payment.completed" and data.order.items[0].sku != "tea""#), Ok(false));
        assert_eq!(is(r#"data.nothing.at.all == "x""#), Ok(false));
        assert_eq!(is("data.order.items | length > 0"), Ok(true));
        assert!(check("data.event.amount ==").is_err());
        assert!(check("range(1000000)").is_err() || is("range(1000000)").is_err());
        assert!(check(&"a ".repeat(1_000)).is_err());
    }
}
