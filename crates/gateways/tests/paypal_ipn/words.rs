//! Every word of PayPal's reference has a meaning here, or is kept with a reason.

use crate::support::*;
use ipnd_core::EventKind::{self, *};

const MONEY: &str = "txn_id=1AB&mc_gross=5.00&mc_currency=USD&receiver_id=MERCHANT12345&payment_date=";

#[test]
fn payment_status_decides_whatever_the_way_to_pay() {
    let ways = [
        "",
        "cart",
        "express_checkout",
        "web_accept",
        "send_money",
        "merch_pmt",
        "pro_hosted",
        "pro_api",
        "virtual_terminal",
        "paypal_here",
        "instant",
        "invoice_payment",
        "subscr_payment",
        "recurring_payment",
        "recurring_payment_outstanding_payment",
        "a_new_way_to_pay",
    ];
    let statuses = [
        ("Completed", PaymentCompleted),
        ("Pending", PaymentPending),
        ("Processed", PaymentPending),
        ("Created", PaymentPending),
        ("Denied", PaymentDenied),
        ("Declined", PaymentDenied),
        ("Failed", PaymentFailed),
        ("Expired", PaymentExpired),
        ("Voided", PaymentVoided),
        ("Refunded", RefundCompleted),
        ("Reversed", ReversalMade),
        ("Canceled_Reversal", ReversalCancelled),
        ("Canceled-Reversal", ReversalCancelled),
        ("canceled_reversal", ReversalCancelled),
    ];
    for way in ways {
        for (status, kind) in statuses {
            let event = event(&format!("txn_type={way}&payment_status={status}&{MONEY}"));
            assert_eq!(event.kind, kind, "{way} {status}");
            assert_eq!(event.status.as_deref(), Some(status));
        }
    }
}

#[test]
fn pending_reasons() {
    let pending = |reason: &str| event(&format!("payment_status=Pending&pending_reason={reason}&{MONEY}"));
    assert_eq!(pending("authorization").kind, PaymentAuthorized);
    assert_eq!(pending("Authorization").kind, PaymentAuthorized);
    assert_eq!(pending("order").kind, PaymentOrdered);
    for reason in [
        "address",
        "delayed_disbursement",
        "echeck",
        "intl",
        "multi_currency",
        "multi-currency",
        "paymentreview",
        "PaymentReview",
        "regulatory_review",
        "unilateral",
        "upgrade",
        "verify",
        "other",
        "a_new_reason",
    ] {
        let event = pending(reason);
        assert_eq!(event.kind, PaymentPending);
        assert_eq!(event.reason.as_deref(), Some(reason), "the owner is told in PayPal's own word");
    }
    assert_eq!(pending("multi-currency").identity, pending("multi_currency").identity);
    assert_ne!(pending("echeck").identity, pending("paymentreview").identity);
}

#[test]
fn reason_codes_are_kept() {
    for reason in [
        "refund",
        "chargeback",
        "chargeback_reimbursement",
        "chargeback_settlement",
        "buyer-complaint",
        "buyer_complaint",
        "unauthorized_claim",
        "unauthorized_spoof",
        "admin_reversal",
        "admin_fraud_reversal",
        "adjustment_reversal",
        "guarantee",
        "regulatory_block",
        "regulatory_reject",
        "regulatory_review_exceeding_sla",
        "other",
    ] {
        for status in ["Reversed", "Refunded", "Denied", "Canceled_Reversal"] {
            let event = event(&format!("payment_status={status}&reason_code={reason}&{MONEY}"));
            assert_eq!(event.reason.as_deref(), Some(reason));
        }
    }
}

#[test]
fn the_direction_is_told_by_the_status_and_not_by_the_sign() {
    let event = |status: &str, gross: &str| {
        event(&format!("payment_status={status}&txn_id=1&mc_gross={gross}&mc_currency=USD"))
    };
    for gross in ["5.00", "-5.00"] {
        assert_eq!(event("Reversed", gross).kind, ReversalMade);
        assert_eq!(event("Refunded", gross).kind, RefundCompleted);
        assert_eq!(event("Canceled_Reversal", gross).kind, ReversalCancelled);
        assert_eq!(event("Reversed", gross).amount.unwrap().decimal(), "5.00");
    }
}

#[test]
fn adjustments_are_won_or_lost_by_their_sign() {
    let adjustment = |gross: &str| {
        format!(
            "txn_type=adjustment&payment_status=Completed&txn_id=1&mc_gross={gross}&mc_currency=USD&mc_fee=-20.00"
        )
    };
    assert_eq!(event(&adjustment("-225.00")).kind, DisputeLost);
    assert_eq!(event(&adjustment("225.00")).kind, DisputeWon);
    assert_eq!(event(&adjustment("-225.00")).fee.unwrap().decimal(), "20.00");
    assert_eq!(remark(&adjustment("0.00")), "nothing_to_do");
    assert_eq!(remark(&adjustment("")), "amount_unreadable");
}

#[test]
fn the_life_of_subscriptions() {
    let kinds: &[(&str, EventKind)] = &[
        ("subscr_signup", SubscriptionStarted),
        ("subscr_modify", SubscriptionModified),
        ("subscr_failed", SubscriptionPaymentFailed),
        ("subscr_cancel", SubscriptionCancelled),
        ("subscr_eot", SubscriptionEnded),
        ("recurring_payment_profile_created", SubscriptionStarted),
        ("recurring_payment_failed", SubscriptionPaymentFailed),
        ("recurring_payment_outstanding_payment_failed", SubscriptionPaymentFailed),
        ("recurring_payment_skipped", SubscriptionPaymentSkipped),
        ("recurring_payment_suspended", SubscriptionSuspended),
        ("recurring_payment_suspended_due_to_max_failed_payment", SubscriptionSuspended),
        ("recurring_payment_profile_cancel", SubscriptionCancelled),
        ("recurring_payment_expired", SubscriptionEnded),
    ];
    for (txn_type, kind) in kinds {
        // Whatever `payment_status` says beside it.
        let body = format!("txn_type={txn_type}&subscr_id=I-1&payment_status=Completed&{MONEY}");
        let event = event(&body);
        assert_eq!((event.kind, event.amount), (*kind, None), "{txn_type}");
        assert_eq!(event.subscription.as_deref(), Some("I-1"));
        assert_eq!(remark(&format!("txn_type={txn_type}&payment_status=Completed")), "field_missing");
    }
    for txn_type in ["subscr_new", "recurring_payment_new", "mp_new"] {
        assert_eq!(
            remark(&format!("txn_type={txn_type}&subscr_id=I-1&payment_status=Completed&{MONEY}")),
            "unknown_type"
        );
    }
}

#[test]
fn what_happens_again_in_a_subscription_is_another_event_and_a_repeat_is_not() {
    let identity = |rest: &str| event(&format!("subscr_id=I-1&{rest}")).identity;
    let failed = |date: &str, track: &str| {
        identity(&format!("txn_type=subscr_failed&retry_at={date}&ipn_track_id={track}"))
    };
    let (may, june) = ("03:00:00 May 03, 2016 PDT", "03:00:00 Jun 03, 2016 PDT");
    assert_eq!(failed(may, "aaaaaaaaaaaaa"), failed(may, "bbbbbbbbbbbbb"));
    assert_ne!(failed(may, "aaaaaaaaaaaaa"), failed(june, "aaaaaaaaaaaaa"));
    let skipped = |track: &str| {
        identity(&format!("txn_type=recurring_payment_skipped&next_payment_date=N/A&ipn_track_id={track}"))
    };
    assert_eq!(skipped("aaaaaaaaaaaaa"), skipped("aaaaaaaaaaaaa"));
    assert_ne!(skipped("aaaaaaaaaaaaa"), skipped("bbbbbbbbbbbbb"));
    let cancelled = |date: &str| identity(&format!("txn_type=subscr_cancel&subscr_date={date}"));
    assert_eq!(cancelled(may), cancelled(june), "a subscription is cancelled once");
}

#[test]
fn the_first_payment_of_a_profile_is_told_with_the_profile() {
    let created = |status: &str| {
        reading(&format!(
            "txn_type=recurring_payment_profile_created&recurring_payment_id=I-1&profile_status=Active\
             &currency_code=USD&initial_payment_amount=12.04&initial_payment_status={status}\
             &initial_payment_txn_id=4L8&rp_invoice_id=215&receiver_email=shop%40example.com"
        ))
    };
    let both = created("Completed");
    assert_eq!(
        both.events.iter().map(|event| event.kind).collect::<Vec<_>>(),
        [SubscriptionStarted, PaymentCompleted]
    );
    let payment = &both.events[1];
    let own_message = event(
        "txn_type=recurring_payment&payment_status=Completed&txn_id=4L8&mc_gross=12.04&mc_currency=USD",
    );
    assert_eq!(payment.identity, own_message.identity, "told twice, counted once");
    assert_eq!((payment.amount, payment.order_ref.as_deref()), (own_message.amount, Some("215")));
    assert_eq!(created("Failed").events[1].kind, PaymentFailed);
    assert_eq!(created("Odd").remark.unwrap().code, "unknown_status");
    assert_eq!(created("Odd").events.len(), 1);
}

#[test]
fn agreements_disputes_and_what_has_no_effect() {
    assert_eq!(event("txn_type=mp_signup&mp_id=B-1").kind, AgreementStarted);
    assert_eq!(event("txn_type=mp_cancel&mp_id=B-1").kind, AgreementCancelled);
    assert_eq!(remark("txn_type=mp_cancel"), "field_missing");
    assert_eq!(remark("txn_type=payout&payment_status=Completed"), "nothing_to_do");
    assert_eq!(remark("account_key=1&event_type=ACCOUNT_CONFIRMED&charset=utf-8"), "nothing_to_do");
    assert_eq!(remark("transaction_type=Adaptive+Payment+PAY&status=COMPLETED"), "unknown_type");
    assert_eq!(remark("txn_type=something_new&custom=1"), "unknown_type");
    assert_eq!(remark("custom=1"), "unknown_type");
    assert_eq!(remark("payment_status=Completed&mc_gross=5.00&mc_currency=USD"), "transaction_missing");
    for case_type in ["chargeback", "complaint", "dispute", "bankreturn"] {
        let body = format!(
            "txn_type=new_case&case_id=PP-1&case_type={case_type}&txn_id=1AB&reason_code=non_receipt"
        );
        let dispute = event(&body);
        assert_eq!((dispute.kind, dispute.status.as_deref()), (DisputeOpened, Some(case_type)));
        // It is about the payment, and is not that payment.
        assert_eq!((dispute.transaction, dispute.parent.as_deref()), (None, Some("1AB")));
    }
    assert_eq!(event("txn_type=new_case&txn_id=1AB").parent.as_deref(), Some("1AB"));
    assert_eq!(remark("txn_type=new_case"), "field_missing");
}

#[test]
fn mass_pay_lines() {
    let line = |status: &str| {
        format!(
            "txn_type=masspay&payment_status=Processed&unique_id_1=p-1&mc_gross_1=5.00&mc_currency_1=USD&status_1={status}"
        )
    };
    for (status, kind) in [
        ("Completed", PayoutCompleted),
        ("Pending", PayoutPending),
        ("Unclaimed", PayoutPending),
        ("Failed", PayoutFailed),
        ("Returned", PayoutFailed),
        ("Reversed", PayoutFailed),
        ("Blocked", PayoutFailed),
        ("", PayoutPending), // then the whole tells: processed
    ] {
        assert_eq!(event(&line(status)).kind, kind, "{status}");
    }
    assert_eq!(remark(&line("Odd")), "unknown_status");
    assert_eq!(remark("txn_type=masspay&payment_status=Completed"), "field_missing");
    // One line that cannot be read does not hide the others.
    let two = reading(&format!(
        "{}&masspay_txn_id_2=2B&mc_gross_2=x&mc_currency_2=USD&status_2=Completed",
        line("Completed")
    ));
    assert_eq!((two.events.len(), two.remark.unwrap().code.as_str()), (1, "amount_unreadable"));
    let all: String = (1..=250)
        .map(|n| {
            format!("&masspay_txn_id_{n}=T{n}&mc_gross_{n}=5.00&mc_currency_{n}=USD&status_{n}=Completed")
        })
        .collect();
    assert_eq!(reading(&format!("txn_type=masspay&payment_status=Completed{all}")).events.len(), 250);
}

#[test]
fn a_payment_that_came_to_nothing_is_news_even_without_an_amount() {
    for (status, kind) in [
        ("Denied", PaymentDenied),
        ("Failed", PaymentFailed),
        ("Voided", PaymentVoided),
        ("Expired", PaymentExpired),
    ] {
        let event = event(&format!("payment_status={status}&txn_id=1AB"));
        assert_eq!((event.kind, event.amount), (kind, None));
    }
    for status in ["Completed", "Refunded", "Reversed", "Canceled_Reversal"] {
        assert_eq!(remark(&format!("payment_status={status}&txn_id=1AB")), "amount_unreadable");
    }
}

#[test]
fn a_single_purchase_costs_what_is_left_after_shipping_and_the_like() {
    let body = "payment_status=Completed&txn_id=1&mc_gross=20.00&mc_currency=USD&item_name=Tea&quantity=2\
                &shipping=4.00&tax=1.00&discount=0.50&handling_amount=";
    assert_eq!(event(body).items[0].amount.unwrap().decimal(), "15.50");
    assert_eq!(event(&body.replace("shipping=4.00", "shipping=40.00")).items[0].amount, None);
}
