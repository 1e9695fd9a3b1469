//! Words and numbers: whatever the program can say has its place in the documentation, with the value it has.

use super::markdown::{page, root};
use ipnd_core::limits::*;
use ipnd_core::{EventKind, Limits, MailKind, OrderStatus, QuestionKind};
use std::collections::BTreeSet;

fn source(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The texts in quotes that directly follow each `before`.
fn quoted_after(text: &str, before: &str) -> BTreeSet<String> {
    let rests = text.split(before).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
    rests.filter_map(|rest| rest.split_once('"')).map(|(text, _)| text.to_owned()).collect()
}

fn every_word_has_a_row(path: &str, words: impl IntoIterator<Item = impl AsRef<str>>) {
    let page = page(path);
    let missing: Vec<String> =
        words.into_iter().map(|word| word.as_ref().to_owned()).filter(|word| !page.has_row(word)).collect();
    assert!(missing.is_empty(), "{path} has no row for {missing:?}");
}

#[test]
fn every_stable_word_is_explained() {
    every_word_has_a_row("docs/orders.md", OrderStatus::ALL.iter().map(|status| status.word()));
    every_word_has_a_row("docs/notifications.md", EventKind::ALL.iter().map(|kind| kind.word()));
    every_word_has_a_row("docs/reviews.md", QuestionKind::ALL.iter().map(|kind| kind.word()));
    every_word_has_a_row("docs/mails.md", ipnd_deliver::templates::VARIABLES.iter().map(|(name, _)| name));
    let told = page("docs/orders.md").spans();
    for mail in MailKind::ALL {
        assert!(
            told.iter().any(|span| span == mail.word()),
            "docs/orders.md does not say when {} goes out",
            mail.word()
        );
    }
}

#[test]
fn every_problem_of_the_api_has_a_section() {
    let source = source("crates/web/src/problem.rs");
    let variants = source.split_once("pub enum Problem {").unwrap().1.split_once("\n}").unwrap().0;
    let variants =
        variants.lines().filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_uppercase()));
    let statuses = source.split("StatusCode::").skip(1);
    let codes: BTreeSet<String> = statuses
        .filter_map(|rest| rest.split_once(',')?.1.trim_start().strip_prefix('"')?.split_once('"'))
        .map(|(code, _)| code.to_owned())
        .collect();
    assert_eq!(codes.len(), variants.count(), "{codes:?}");
    let headings = page("docs/errors.md").headings();
    for code in codes {
        assert!(headings.contains(&code), "docs/errors.md has no section for {code}");
    }
}

#[test]
fn every_reason_is_explained() {
    let catalogue = source("crates/core/locales/en.toml");
    let keys = catalogue.lines().filter_map(|line| line.strip_prefix("\"reason.")?.split_once('"'));
    every_word_has_a_row("docs/errors.md", keys.map(|(code, _)| code));
    let intake = source("crates/web/src/intake.rs");
    every_word_has_a_row("docs/errors.md", quoted_after(&intake, "Later("));
    every_word_has_a_row("docs/errors.md", quoted_after(&intake, "count("));
    every_word_has_a_row("docs/errors.md", quoted_after(&intake, "=> ("));
}

/// All sources of the crates, without their tests.
fn sources() -> Vec<(String, String)> {
    fn collect(folder: &std::path::Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut found = Vec::new();
    collect(&root().join("crates"), &mut found);
    found
}

#[test]
fn every_metric_is_listed_and_every_listed_one_exists() {
    let mut made = BTreeSet::new();
    for (_, text) in sources() {
        for macro_name in ["counter!(", "gauge!(", "histogram!("] {
            made.extend(quoted_after(&text, macro_name).into_iter().filter(|name| name.starts_with("ipnd_")));
        }
    }
    let rows = page("docs/operations.md").rows();
    let listed: BTreeSet<String> = rows
        .iter()
        .map(|row| row[0].trim_matches('`').to_owned())
        .filter(|name| name.starts_with("ipnd_"))
        .collect();
    assert_eq!(listed, made);
}

#[test]
fn every_threat_that_a_test_names_is_listed_and_no_other() {
    let mut tested = BTreeSet::new();
    for (_, text) in sources() {
        for name in text.split("fn t_").skip(1).filter_map(|rest| rest.split_once('(')).map(|(name, _)| name)
        {
            let mut rest = name;
            while let Some((row, after)) = rest.split_once('_').filter(|(row, _)| is_row(row)) {
                tested.insert(format!("T-{}", row.to_uppercase()));
                rest = after.strip_prefix("t_").unwrap_or_default();
            }
        }
    }
    let rows = page("docs/security.md").rows();
    let listed: BTreeSet<String> =
        rows.iter().map(|row| row[0].clone()).filter(|cell| cell.starts_with("T-")).collect();
    assert_eq!(listed, tested);
}

fn is_row(text: &str) -> bool {
    text.len() == 3 && text[..1].chars().all(|c| c.is_ascii_lowercase()) && text[1..].parse::<u8>().is_ok()
}

#[test]
fn the_table_of_limits_holds_their_defaults_and_caps() {
    let defaults = serde_json::to_value(Limits::default()).unwrap();
    let rows = page("docs/security.md").rows();
    for (name, default) in defaults.as_object().unwrap() {
        let mut beyond = defaults.clone();
        beyond[name] = u64::MAX.into();
        let limits: Limits = serde_json::from_value(beyond).unwrap();
        let cap = limits.check().unwrap_err().cap;
        let row = rows.iter().find(|row| row[0] == format!("`{name}`"));
        let row = row.unwrap_or_else(|| panic!("docs/security.md has no row for {name}"));
        assert_eq!(row[1..3], [default.to_string(), cap.to_string()], "{name}");
    }
}

/// Sentences with numbers in them, made from the numbers.
#[test]
fn numbers_in_the_text_are_the_programs_own() {
    let thousands = |number: u64| {
        let digits = number.to_string();
        let (front, back) = digits.split_at(digits.len().saturating_sub(3));
        if front.is_empty() { back.to_owned() } else { format!("{front},{back}") }
    };
    let limits = Limits::default();
    let (burst, a_second) =
        (thousands(UNPROVEN_BURST_PER_ADDRESS.into()), UNPROVEN_PER_ADDRESS_A_SECOND.to_string());
    let facts = [
        (
            "notifications",
            format!("One address may send {burst} notifications at once and {a_second} a second"),
        ),
        (
            "notifications",
            format!("at most {} unproven notifications waiting", thousands(limits.waiting_per_account_max)),
        ),
        ("notifications", format!("the newest {FORGED_KEPT_PER_ACCOUNT_MAX} of each account")),
        ("notifications", format!("the latest {COPIES_KEPT_MAX}")),
        ("notifications", format!("within {} seconds", limits.body_read_ms / 1000)),
        ("notifications", format!("larger than {} KiB", limits.body_bytes_max / 1024)),
        ("operations", format!("{burst} at once, {a_second} a second")),
        ("operations", format!("{LOGIN_ATTEMPTS_PER_ADDRESS_MAX} in {LOGIN_WINDOW_MINUTES} minutes")),
        ("operations", format!("{} seconds)", limits.stop_ms / 1000)),
        ("operations", format!("looks at them every {STANDSTILL_LOOK_SECONDS} seconds")),
        ("security", format!("{burst} at once, {a_second} a second")),
        (
            "security",
            format!(
                "ends after {SESSION_IDLE_MINUTES} minutes without use, and after {SESSION_ABSOLUTE_HOURS} hours"
            ),
        ),
        (
            "security",
            format!(
                "| log-in attempts within {LOGIN_WINDOW_MINUTES} minutes | {LOGIN_ATTEMPTS_PER_ACCOUNT_MAX} for an account, {LOGIN_ATTEMPTS_PER_ADDRESS_MAX} from an address |"
            ),
        ),
        ("security", format!("at least {} characters", ipnd_web::auth::PASSWORD_CHARS_MIN)),
        ("security", format!("| asking a gateway about one notification | {CHECK_HOURS_MAX} hours |")),
        ("security", format!("| request headers | {HEADERS_MAX} |")),
        ("security", format!("| fields of a form | {} |", thousands(FORM_FIELDS_MAX as u64))),
        ("security", format!("| depth of nested JSON | {JSON_DEPTH_MAX} |")),
        (
            "security",
            format!("| a message to a customer | {} characters |", thousands(MESSAGE_CHARS_MAX as u64)),
        ),
        ("security", format!("| items of an order | {} |", ipnd_core::order::ITEMS_MAX)),
        ("api", format!("between 1 and {}", PAGE_ROWS_MAX - 1)),
        ("errors", format!("nested more than {JSON_DEPTH_MAX} levels deep")),
        ("errors", format!("at most {} items", ipnd_core::order::ITEMS_MAX)),
    ];
    let wrong: Vec<String> = facts
        .iter()
        .filter(|(name, sentence)| !page(&format!("docs/{name}.md")).line().contains(sentence))
        .map(|(name, sentence)| format!("docs/{name}.md should say “{sentence}”"))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
