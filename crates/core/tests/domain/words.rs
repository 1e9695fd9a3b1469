//! Every word of the domain has its texts in all four languages.

use ipnd_core::reason::words;
use ipnd_core::{
    Environment, Event, EventKind, Language, MailKind, OrderStatus, PaymentStatus, QuestionKind, Reason,
};

/// Codes that other crates use; each needs its sentence.
const REASONS: &[&str] = &[
    "not_a_form",
    "not_post",
    "bad_field",
    "duplicate_field",
    "too_many_fields",
    "field_missing",
    "body_empty",
    "body_too_large",
    "gateway_says_invalid",
    "gateway_says_verified",
    "answer_unclear",
    "asked_in_vain",
    "still_unknown_given_up",
    "nothing_to_do",
    "unknown_type",
    "unknown_status",
    "amount_unreadable",
    "amount_negative",
    "currency_unknown",
    "transaction_missing",
    "text_damaged",
    "content_changed",
    "settings_incomplete",
    "test_account_only",
    "smtp_temporary",
    "smtp_permanent",
    "no_address",
    "bad_address",
    "template_broken",
    "attempt_interrupted",
    "mail_not_configured",
    "reviewed",
    "signature_missing",
    "signature_malformed",
    "signature_wrong",
    "timestamp_missing",
    "timestamp_stale",
    "timestamp_future",
    "secret_unusable",
    "not_json",
    "not_xml",
    "too_deep",
    "too_large",
    "algorithm_refused",
    "certificate_refused",
    "key_unusable",
    "token_wrong",
    "wrong_account",
    "field_malformed",
    "api_says_unknown",
    "api_refused_access",
    "api_unclear",
    "api_contradicts",
    "test_message",
    "probe",
    "method_not_allowed",
    "not_confirmed",
    "exchange_url",
    "exchange_header",
    "exchange_refused",
    "exchange_unresolved",
    "exchange_unconnected",
    "exchange_unproven",
    "exchange_connecting_slow",
    "exchange_answer_slow",
    "exchange_broken",
];

#[test]
fn the_languages_have_the_same_keys_and_arguments() {
    assert_eq!(words().differences(), Vec::<String>::new());
}

#[test]
fn every_word_of_the_domain_has_its_texts() {
    let mut keys = Vec::new();
    for status in OrderStatus::ALL {
        let word = status.word();
        keys.extend([
            format!("status.{word}"),
            format!("explain.{word}"),
            format!("explain_customer.{word}"),
        ]);
    }
    for kind in QuestionKind::ALL {
        keys.extend([format!("question.{}", kind.word()), format!("question_title.{}", kind.word())]);
    }
    for state in ["waiting", "genuine", "forged", "given_up"] {
        keys.extend([format!("check.{state}"), format!("check_explain.{state}")]);
    }
    keys.extend(PaymentStatus::ALL.iter().map(|status| format!("payment_status.{}", status.word())));
    keys.extend(EventKind::ALL.iter().map(|kind| format!("event.{}", kind.word())));
    keys.extend(MailKind::ALL.iter().map(|kind| format!("mail.{}", kind.word())));
    for queue in ["checks", "mails", "deliveries"] {
        keys.extend([format!("standstill.{queue}"), format!("standstill_effect.{queue}")]);
    }
    keys.extend(REASONS.iter().map(|code| format!("reason.{code}")));
    keys.extend(
        ["because", "disputed", "needs_you", "paid_by_decision"].map(|word| format!("explain.{word}")),
    );
    let missing: Vec<_> = keys.iter().filter(|key| !words().has(key)).collect();
    assert_eq!(missing, Vec::<&String>::new());
}

#[test]
fn a_reason_is_a_sentence_with_its_detail() {
    let reason = Reason::new("unknown_status", "Rewarded\u{0}");
    for (language, expected) in [
        (
            Language::En,
            "The status “Rewarded\u{fffd}” is not known. The message was kept, and nothing was done.",
        ),
        (
            Language::De,
            "Der Status „Rewarded\u{fffd}“ ist nicht bekannt. Die Nachricht wurde aufbewahrt, und es geschah nichts.",
        ),
        (Language::Es, "No se conoce el estado «Rewarded\u{fffd}». El mensaje se guardó y no se hizo nada."),
        (Language::Uk, "Статус «Rewarded\u{fffd}» невідомий. Повідомлення збережено, нічого не зроблено."),
    ] {
        assert_eq!(reason.sentence(language), expected);
    }
}

#[test]
fn an_event_says_that_its_amount_is_a_total_only_where_it_is() {
    let mut event = Event::new(EventKind::RefundCompleted, "x", Environment::Live);
    let single = serde_json::to_string(&event).unwrap();
    assert!(!single.contains("amount_is_total"), "events are stored as they were before");
    assert_eq!(serde_json::from_str::<Event>(&single).unwrap(), event);
    event.amount_is_total = true;
    let total = serde_json::to_string(&event).unwrap();
    assert_eq!(serde_json::from_str::<Event>(&total).unwrap(), event);
}

#[test]
fn a_reason_keeps_its_detail_short() {
    let reason = Reason::new("bad_field", "x".repeat(5_000));
    assert_eq!(reason.detail.len(), Reason::DETAIL_CHARS_MAX);
}
