//! A receiver may be told of one transaction twice: by the message of the request and by the classic notification. And
//! caller and receiver may get a copy each. Whatever comes, in whatever sequence, it counts once.

use crate::support::*;
use ipnd_core::{OrderState, OrderStatus};
use ipnd_gateways::find;

const ADAPTIVE: &str = "paypal-adaptive";
const CLASSIC: &str = "paypal-ipn";

/// Both sequences give the same order; `holds` says what it must be.
fn both(total: &str, told: &[(&str, &str)], holds: impl Fn(&OrderState)) {
    let backwards: Vec<(&str, &str)> = told.iter().rev().copied().collect();
    for told in [told, &backwards] {
        let state = order(total, told);
        assert_eq!(state.reviews, [], "{told:?}");
        holds(&state);
        // A copy of everything changes nothing.
        let again: Vec<(&str, &str)> = told.iter().chain(told).copied().collect();
        assert_eq!(order(total, &again), state);
    }
}

fn paid() -> String {
    let variables = [("amount", "EUR 30.00"), ("id", "X1"), ("status", "Completed")];
    pay("COMPLETED", &[share(0, "shop@example.com", &variables)])
}

const PAID_CLASSIC: &str = "txn_type=web_accept&txn_id=X1&payment_status=Completed&mc_gross=30.00&mc_currency=EUR\
    &invoice=A-1&receiver_email=shop%40example.com&payment_date=08%3A04%3A09+Mar+05%2C+2013+PST&mc_fee=1.17";

#[test]
fn the_two_ways_are_of_one_family() {
    assert_eq!(find(ADAPTIVE).unwrap().family, find(CLASSIC).unwrap().family);
}

#[test]
fn a_payment_counts_once() {
    let paid = paid();
    let ids = |id: &str, body: &str| {
        let event = reading(id, body).events.remove(0);
        (event.kind, event.identity, event.transaction, event.order_ref, event.amount)
    };
    assert_eq!(ids(ADAPTIVE, &paid), ids(CLASSIC, PAID_CLASSIC));
    both("30.00", &[(ADAPTIVE, &paid), (CLASSIC, PAID_CLASSIC)], |state| {
        assert_eq!((state.status, Some(state.paid)), (OrderStatus::Paid, euro("30.00")));
        assert_eq!(state.payments.len(), 1);
    });
}

#[test]
fn every_receiver_of_ours_counts_once_in_a_parallel_payment() {
    let completed =
        |amount: &'static str, id: &'static str| [("amount", amount), ("id", id), ("status", "Completed")];
    let adaptive = pay(
        "COMPLETED",
        &[
            share(0, "shop@example.com", &completed("EUR 30.00", "X1")),
            share(1, "second@example.com", &completed("EUR 12.00", "X2")),
            share(2, "somebody@example.com", &completed("EUR 100.00", "X3")),
        ],
    );
    let second = PAID_CLASSIC.replace("X1", "X2").replace("30.00", "12.00").replace("shop%40", "second%40");
    both("42.00", &[(ADAPTIVE, &adaptive), (CLASSIC, PAID_CLASSIC), (CLASSIC, &second)], |state| {
        assert_eq!((state.status, Some(state.paid)), (OrderStatus::Paid, euro("42.00")));
        assert_eq!(state.payments.len(), 2);
    });
}

#[test]
fn pending_and_completed_are_two_pieces_of_news_in_both_ways() {
    let waits = [("amount", "EUR 30.00"), ("id", "X1"), ("status", "Pending"), ("pending_reason", "ECHECK")];
    let waits = pay("PENDING", &[share(0, "shop@example.com", &waits)]);
    let waits_classic =
        PAID_CLASSIC.replace("Completed", "Pending").replace("&mc_fee=1.17", "&pending_reason=echeck");
    let identity = |id: &str, body: &str| reading(id, body).events.remove(0).identity;
    assert_eq!(identity(ADAPTIVE, &waits), "payment/X1/pending/echeck");
    assert_eq!(identity(ADAPTIVE, &waits), identity(CLASSIC, &waits_classic));
    both("30.00", &[(ADAPTIVE, &waits), (CLASSIC, &waits_classic)], |state| {
        assert_eq!(state.status, OrderStatus::Pending);
    });
    let paid = paid();
    let all =
        [(ADAPTIVE, waits.as_str()), (CLASSIC, &waits_classic), (ADAPTIVE, &paid), (CLASSIC, PAID_CLASSIC)];
    both("30.00", &all, |state| assert_eq!(state.status, OrderStatus::Paid));
}

#[test]
fn what_waited_without_a_transaction_goes_on_as_one() {
    let waits = pay(
        "COMPLETED",
        &[share(0, "shop@example.com", &[("amount", "EUR 30.00"), ("pending_reason", "UNILATERAL")])],
    );
    let paid = paid();
    let [first, then] = [&waits, &paid].map(|body| events(body).remove(0));
    assert_eq!(then.parent, first.transaction);
    both("30.00", &[(ADAPTIVE, &waits), (ADAPTIVE, &paid), (CLASSIC, PAID_CLASSIC)], |state| {
        assert_eq!(state.status, OrderStatus::Paid);
    });
}

#[test]
fn a_refund_counts_once_whether_it_has_an_id_or_not() {
    let classic = "txn_id=R1&parent_txn_id=X1&payment_status=Refunded&mc_gross=-10.00&mc_currency=EUR&invoice=A-1\
        &receiver_email=shop%40example.com&reason_code=refund&payment_date=09%3A00%3A00+Mar+06%2C+2013+PST";
    let of = [("amount", "EUR 30.00"), ("id", "X1"), ("status_for_sender_txn", "PARTIALLY_REFUNDED")];
    let with_id = [&of[..], &[("refund_id", "R1"), ("refund_amount", "10.00")]].concat();
    let without_id = [&of[..], &[("refund_amount", "EUR 10.00")]].concat();
    let paid = paid();
    for variables in [with_id, without_id] {
        let adaptive = adjustment("Refund", &[share(0, "shop@example.com", &variables)]);
        let told = [(ADAPTIVE, paid.as_str()), (ADAPTIVE, &adaptive), (CLASSIC, classic)];
        both("30.00", &told, |state| {
            assert_eq!(
                (state.status, Some(state.refunded)),
                (OrderStatus::PartlyRefunded, euro("10.00")),
                "{variables:?}"
            );
        });
    }
    // All of it, without any amount of its own.
    let variables = [("amount", "EUR 30.00"), ("id", "X1"), ("status", "Refunded")];
    let adaptive = adjustment("Unknown", &[share(0, "shop@example.com", &variables)]);
    let rest = classic.replace("R1", "R2").replace("-10.00", "-20.00");
    let told = [(ADAPTIVE, paid.as_str()), (ADAPTIVE, &adaptive), (CLASSIC, classic), (CLASSIC, &rest)];
    both("30.00", &told, |state| {
        assert_eq!((state.status, Some(state.refunded)), (OrderStatus::Refunded, euro("30.00")));
    });
}

#[test]
fn money_taken_back_is_taken_once() {
    let classic = "txn_id=B1&parent_txn_id=X1&payment_status=Reversed&mc_gross=-30.00&mc_currency=EUR&invoice=A-1\
        &receiver_email=shop%40example.com&reason_code=chargeback&payment_date=09%3A00%3A00+Mar+06%2C+2013+PST";
    let returned =
        classic.replace("Reversed", "Canceled_Reversal").replace("B1", "B2").replace("-30.00", "30.00");
    let variables = [("amount", "EUR 30.00"), ("id", "X1"), ("status_for_sender_txn", "REVERSED")];
    let adaptive = adjustment("Chargeback Settlement", &[share(0, "shop@example.com", &variables)]);
    let paid = paid();
    let told = [(ADAPTIVE, paid.as_str()), (ADAPTIVE, &adaptive), (CLASSIC, classic)];
    both("30.00", &told, |state| {
        assert_eq!((state.status, Some(state.reversed)), (OrderStatus::Reversed, euro("30.00")));
    });
    let returned = returned.replace("Mar+06", "Mar+07");
    let told = [(ADAPTIVE, paid.as_str()), (ADAPTIVE, &adaptive), (CLASSIC, classic), (CLASSIC, &returned)];
    both("30.00", &told, |state| assert_eq!(state.status, OrderStatus::Paid));
}

#[test]
fn the_copies_of_caller_and_receiver_are_one_message() {
    let receivers = paid();
    // The caller's copy may have only the sender's word for the status, and another one for the request.
    let callers = receivers
        .replace(".status=Completed", ".status_for_sender_txn=COMPLETED")
        .replace("&status=COMPLETED", "&status=INCOMPLETE");
    assert_ne!(receivers, callers);
    assert_eq!(
        decisive(&receivers),
        decisive(&callers),
        "nothing differs about which the owner would have to be asked"
    );
    both("30.00", &[(ADAPTIVE, &receivers), (ADAPTIVE, &callers)], |state| {
        assert_eq!((state.status, state.payments.len()), (OrderStatus::Paid, 1));
    });
}

#[test]
fn classic_accounts_go_on_to_keep_what_is_not_theirs() {
    let interpretation = reading(CLASSIC, &paid());
    assert_eq!(interpretation.events, []);
    assert_eq!(interpretation.remark.unwrap().code, "unknown_type");
}
