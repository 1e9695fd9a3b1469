//! One test for each row of the threat model that this gateway answers for by itself.

use crate::support::*;
use ipnd_core::{EventKind, Money, OrderStatus};

fn with(variables: &[(&str, &str)]) -> String {
    pay("COMPLETED", &[share(0, "shop@example.com", variables)])
}

fn with_amount(text: &str) -> String {
    with(&[("amount", text), ("id", "X1"), ("status", "Completed")])
}

#[test]
fn t_b03_receiver_not_compared() {
    let paid = |receiver: &str| {
        let variables = [("amount", "EUR 30.00"), ("id", "X1"), ("status", "Completed")];
        let body = pay("COMPLETED", &[share(0, receiver, &variables)]);
        order("30.00", &[("paypal-adaptive", &body)]).status
    };
    for own in ["shop@example.com", "SHOP@Example.com", "shop123456789", "shop@example.com "] {
        assert_eq!(paid(own), OrderStatus::Paid, "{own}");
    }
    for other in ["", "shop+x@example.com", "%D1%95hop@example.com", "shop@example.com.evil.example"] {
        assert_eq!(paid(other), OrderStatus::InReview, "{other}");
    }
    // Another's share never pays, however large it is, and wherever it stands.
    let mine = [("amount", "EUR 0.01"), ("id", "X1"), ("status", "Completed")];
    let theirs = [("amount", "EUR 30.00"), ("id", "X2"), ("status", "Completed")];
    for (a, b) in [("shop@example.com", "thief@example.com"), ("thief@example.com", "shop@example.com")] {
        let is_first = a.starts_with("shop");
        let (first, second) = if is_first { (mine, theirs) } else { (theirs, mine) };
        for chained in ["false", "true"] {
            let primary = ("is_primary_receiver", if is_first { "false" } else { chained });
            let body =
                pay("COMPLETED", &[share(0, a, &[&first[..], &[primary]].concat()), share(1, b, &second)]);
            let state = order("30.00", &[("paypal-adaptive", &body)]);
            assert_eq!(Some(state.paid), euro("0.01"));
            assert_ne!(state.status, OrderStatus::Paid);
        }
    }
}

#[test]
fn t_b05_not_final_status_taken_as_paid() {
    let kind = |request: &str, word: &str| {
        let body = pay(
            request,
            &[share(0, "shop@example.com", &[("amount", "EUR 30.00"), ("id", "X1"), ("status", word)])],
        );
        reading("paypal-adaptive", &body).events.first().map(|event| event.kind)
    };
    let every = [
        "Completed",
        "Pending",
        "Processing",
        "Created",
        "Denied",
        "Failed",
        "Refunded",
        "Reversed",
        "Paid",
        "",
    ];
    for request in
        ["CREATED", "COMPLETED", "INCOMPLETE", "REVERSALERROR", "PROCESSING", "PENDING", "ERROR", "PAID"]
    {
        for word in every {
            let expected = match (request, word) {
                ("PAID", _) => None,
                ("ERROR", _) => Some(EventKind::PaymentFailed),
                (_, "Completed") => Some(EventKind::PaymentCompleted),
                (_, "Pending" | "Processing" | "Created" | "") => Some(EventKind::PaymentPending),
                (_, "Denied") => Some(EventKind::PaymentDenied),
                (_, "Failed") => Some(EventKind::PaymentFailed),
                _ => None,
            };
            assert_eq!(kind(request, word), expected, "{request} {word}");
        }
    }
    assert_eq!(kind("completed", "COMPLETED"), Some(EventKind::PaymentCompleted));
    // Money whose transaction is not named could count again by another message.
    assert_eq!(remark(&with(&[("amount", "EUR 30.00"), ("status", "Completed")])), "transaction_missing");
}

#[test]
fn t_b09_number_formats() {
    for (text, code) in [
        ("EUR 1e3", "amount_unreadable"),
        ("EUR 1,00", "amount_unreadable"),
        ("EUR 1.005", "amount_unreadable"),
        ("EUR  1.00", "amount_unreadable"),
        ("EUR 1.00 ", "amount_unreadable"),
        ("EUR %2B1.00", "amount_unreadable"),
        ("EUR -0", "amount_unreadable"),
        ("EUR NaN", "amount_unreadable"),
        ("EUR", "currency_unknown"),
        ("1.00", "currency_unknown"),
        ("1.00 EUR", "currency_unknown"),
        ("eur 1.00", "currency_unknown"),
        (" 1.00", "currency_unknown"),
        ("EUR%2B1.00", "currency_unknown"),
        ("EUR%C2%A01.00", "currency_unknown"),
        ("EUR -1.00", "amount_negative"),
        ("", "amount_unreadable"),
        ("JPY 1.50", "amount_unreadable"),
    ] {
        assert_eq!(remark(&with_amount(text)), code, "{text}");
    }
    for (text, minor) in [("EUR 19.95", 1995), ("EUR 5", 500), ("JPY 1500.00", 1500), ("HUF 1500", 150_000)] {
        assert_eq!(events(&with_amount(text))[0].amount.map(Money::minor), Some(minor), "{text}");
    }
}

#[test]
fn t_b12_duplicate_or_smuggled_form_fields() {
    let paid = with_amount("EUR 30.00");
    for double in [
        "transaction%5B0%5D.amount=EUR+1.00",
        "transaction[0].amount=EUR+1.00",
        "transaction%5b0%5d%2Eamount=EUR+1.00",
        "transaction[0].receiver=x",
        "transaction_type=Adjustment",
        "status=COMPLETED",
        "pay_key=AP-2",
        "tracking_id=B",
    ] {
        assert_eq!(refused(&format!("{paid}&{double}")), "duplicate_field", "{double}");
        assert_eq!(refused(&format!("{double}&{paid}")), "duplicate_field", "{double}");
    }
    assert_eq!(refused(&format!("{paid}&cmd=_notify-synch")), "duplicate_field");
    // These are other names, and a semicolon separates nothing.
    let more = "transaction[0][amount]=1&transaction[00].amount=1&transaction.0.amount=1&amount=1\
        &transaction[6].amount=EUR+1.00&x=1;transaction[0].amount=EUR+1.00";
    assert_eq!(events(&format!("{paid}&{more}")), events(&paid));
    assert_eq!(refused("a=1&b=2"), "not_a_form");
    assert_eq!(refused("{\"pay_key\":1}"), "not_a_form");
}

#[test]
fn t_b13_text_encoding() {
    let note = |charset: &str, bytes: &str| {
        let body = format!("{}&charset={charset}&memo={bytes}", with_amount("EUR 30.00"));
        let mut interpretation = reading("paypal-adaptive", &body);
        (interpretation.events.remove(0).note.unwrap(), interpretation.remark.map(|remark| remark.detail))
    };
    assert_eq!(note("windows-1252", "J%F6rg+%80"), ("Jörg €".to_owned(), None));
    assert_eq!(note("UTF-8", "J%C3%B6rg"), ("Jörg".to_owned(), None));
    assert_eq!(note("UTF-8", "a%FF"), ("a\u{fffd}".to_owned(), Some("memo".to_owned())));
}
