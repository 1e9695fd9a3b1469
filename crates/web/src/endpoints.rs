//! Endpoints as somebody describes them, by the API or on a page: checked once, with every mistake named by its field.

use crate::problem::FieldProblem;
use data_encoding::BASE64;
use ipnd_core::limits::{
    ENDPOINT_CONCURRENCY, ENDPOINT_CONCURRENCY_MAX, ENDPOINT_HEADER_CHARS_MAX, ENDPOINT_HEADERS_MAX,
    ENDPOINT_RATE_MAX,
};
use ipnd_core::{Environment, EventKind};
use ipnd_deliver::client;
use ipnd_deliver::deliveries::check_expression;
use ipnd_gateways::dialect::Dialect;
use ipnd_gateways::{Setting, SettingFault, Settings};
use ipnd_store::{EndpointFilter, EndpointPlan};
use std::collections::BTreeMap;

const NAME_CHARS_MAX: usize = 100;
const URL_CHARS_MAX: usize = 1_000;
/// Words of one filter.
const WORDS_MAX: usize = 100;

/// The usual plan, to be filled in.
#[must_use]
pub(crate) fn usual() -> EndpointPlan {
    EndpointPlan {
        name: String::new(),
        url: None,
        dialect: Dialect::Standard.id().to_owned(),
        filter: EndpointFilter::default(),
        headers: Vec::new(),
        settings: BTreeMap::new(),
        concurrency: ENDPOINT_CONCURRENCY,
        rate: 0,
        is_ordered: false,
    }
}

/// Checks a plan and tidies it up.
///
/// # Errors
/// Every mistake, named by its field.
pub(crate) fn check(mut plan: EndpointPlan) -> Result<EndpointPlan, Vec<FieldProblem>> {
    let mut wrong = Vec::new();
    let mut say = |field: &str, problem: String| wrong.push(FieldProblem::new(field, problem));
    plan.name = plan.name.trim().to_owned();
    let has_control = |text: &str| text.chars().any(char::is_control);
    if !(1..=NAME_CHARS_MAX).contains(&plan.name.chars().count()) || has_control(&plan.name) {
        say("name", format!("it must have 1 to {NAME_CHARS_MAX} printable characters"));
    }
    if let Some(url) = &plan.url {
        if url.chars().count() > URL_CHARS_MAX {
            say("url", format!("it has more than {URL_CHARS_MAX} characters"));
        } else if let Err(error) = client::check_address(url) {
            say("url", error.to_string());
        }
    }
    if !(1..=ENDPOINT_CONCURRENCY_MAX).contains(&plan.concurrency) {
        say("concurrency", format!("it must be between 1 and {ENDPOINT_CONCURRENCY_MAX}"));
    }
    if plan.rate > ENDPOINT_RATE_MAX {
        say("rate", format!("it must be between 0 and {ENDPOINT_RATE_MAX}"));
    }
    check_headers(&plan.headers, &mut say);
    check_filter(&plan.filter, &mut say);
    match Dialect::find(&plan.dialect) {
        None => say("dialect", "there is no such form".to_owned()),
        Some(dialect) => match checked_settings(dialect, std::mem::take(&mut plan.settings)) {
            Ok(settings) => plan.settings = settings,
            Err(problems) => {
                for (key, fault) in problems {
                    say(&format!("settings.{key}"), fault.to_string());
                }
            }
        },
    }
    if wrong.is_empty() { Ok(plan) } else { Err(wrong) }
}

/// What has to be known to write a form: less than to read it, because what only proves others' messages is not needed.
pub(crate) fn settings_of(dialect: Dialect) -> impl Iterator<Item = &'static Setting> {
    dialect.settings().iter().filter(|setting| setting.key != "accept_unconfirmed")
}

fn checked_settings(
    dialect: Dialect,
    settings: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Vec<(String, SettingFault)>> {
    // Sandbox: addresses of the form's own play no part, and may be given.
    match Settings::check(dialect.settings(), Environment::Sandbox, settings) {
        Ok(settings) => Ok(settings.values().clone()),
        Err(problems) => {
            let problems = problems.into_iter().map(|problem| (problem.key, problem.fault));
            Err(problems.collect())
        }
    }
}

fn check_headers(headers: &[(String, String)], say: &mut impl FnMut(&str, String)) {
    if headers.len() > ENDPOINT_HEADERS_MAX {
        say("headers", format!("there are more than {ENDPOINT_HEADERS_MAX}"));
    }
    for (index, (name, value)) in headers.iter().enumerate() {
        let field = format!("headers[{index}]");
        if value.chars().count() > ENDPOINT_HEADER_CHARS_MAX {
            say(&field, format!("its value has more than {ENDPOINT_HEADER_CHARS_MAX} characters"));
        } else if let Err(problem) = client::check_header(name, value) {
            say(&field, problem.to_string());
        } else if name.to_ascii_lowercase().starts_with("webhook-") {
            say(&field, "it belongs to the signature".to_owned());
        }
    }
}

fn check_filter(filter: &EndpointFilter, say: &mut impl FnMut(&str, String)) {
    let known = |word: &str| match word.strip_suffix(".*") {
        Some(group) => EventKind::ALL.iter().any(|kind| kind.word().starts_with(&format!("{group}."))),
        None => EventKind::from_word(word).is_some(),
    };
    if filter.kinds.len() > WORDS_MAX
        || filter.products.len() > WORDS_MAX
        || filter.accounts.len() > WORDS_MAX
    {
        say("filter", format!("a list has more than {WORDS_MAX} entries"));
    }
    for word in &filter.kinds {
        if !known(word) {
            say("filter.kinds", format!("“{}” is no kind of event", word.escape_debug()));
        }
    }
    if !filter.expression.is_empty()
        && let Err(problem) = check_expression(&filter.expression)
    {
        say("filter.expression", problem);
    }
}

/// Which key an endpoint of this dialect signs with, newly made: a secret that both sides have, or the private half of
/// a pair, whose public half proves signatures and cannot make them.
#[must_use]
pub(crate) fn new_key(dialect: Dialect, is_pair: bool) -> Option<String> {
    use rand::TryRng as _;
    if !dialect.has_keys() {
        return None;
    }
    let mut bytes = [0_u8; 32];
    rand::rngs::SysRng.try_fill_bytes(&mut bytes).expect("the operating system gives randomness");
    Some(format!("{}{}", if is_pair { "whsk_" } else { "whsec_" }, BASE64.encode(&bytes)))
}

/// What the receiver needs to prove signatures: the secret itself, or the public half.
#[must_use]
pub(crate) fn for_receiver(key: &str) -> String {
    ipnd_gateways::kit::webhook_signing::public_key(key).unwrap_or_else(|| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(plan: EndpointPlan) -> Vec<String> {
        check(plan).err().unwrap_or_default().into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn every_mistake_is_named_by_its_field() {
        let good =
            EndpointPlan { name: "Shop".into(), url: Some("https://shop.example.com/ipn".into()), ..usual() };
        assert_eq!(fields(good.clone()), Vec::<String>::new());
        let bad = EndpointPlan {
            name: " ".into(),
            url: Some("ftp://shop.example.com".into()),
            concurrency: 0,
            rate: 100_000,
            dialect: "morse".into(),
            headers: vec![("content-length".into(), "1".into()), ("x-a".into(), "b\r\nc".into())],
            filter: EndpointFilter {
                kinds: vec!["payment.*".into(), "payment.payed".into()],
                expression: "1 +".into(),
                ..EndpointFilter::default()
            },
            ..good.clone()
        };
        let expected = [
            "name",
            "url",
            "concurrency",
            "rate",
            "headers[0]",
            "headers[1]",
            "filter.kinds",
            "filter.expression",
            "dialect",
        ];
        assert_eq!(fields(bad), expected);
        let paypal = EndpointPlan { dialect: "paypal-ipn".into(), ..good };
        assert_eq!(fields(paypal), ["settings.receivers"]);
    }

    #[test]
    fn keys_are_new_each_time_and_the_private_half_stays() {
        let secret = new_key(Dialect::Standard, false).unwrap();
        assert!(secret.starts_with("whsec_") && for_receiver(&secret) == secret);
        assert_ne!(Some(secret), new_key(Dialect::Standard, false));
        let private = new_key(Dialect::Standard, true).unwrap();
        assert!(private.starts_with("whsk_") && for_receiver(&private).starts_with("whpk_"));
        assert_eq!(new_key(Dialect::find("paypal-ipn").unwrap(), false), None);
    }
}
