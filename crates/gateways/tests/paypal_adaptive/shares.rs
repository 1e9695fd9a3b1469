//! Whose money is counted, and how the variables of several receivers are told apart.

use crate::support::*;
use ipnd_core::{EventKind, OrderStatus};
use proptest::prelude::*;

fn completed(amount: &'static str, id: &'static str) -> [(&'static str, &'static str); 3] {
    [("amount", amount), ("id", id), ("status", "Completed")]
}

fn primary(amount: &'static str, id: &'static str) -> Vec<(&'static str, &'static str)> {
    [&completed(amount, id)[..], &[("is_primary_receiver", "true")]].concat()
}

fn told(body: &str) -> Vec<(EventKind, String, String)> {
    let told = |event: ipnd_core::Event| {
        (event.kind, event.transaction.unwrap_or_default(), event.amount.unwrap().decimal())
    };
    events(body).into_iter().map(told).collect()
}

fn paid(id: &str, amount: &str) -> (EventKind, String, String) {
    (EventKind::PaymentCompleted, id.to_owned(), amount.to_owned())
}

#[test]
fn the_primary_receiver_of_a_chained_payment_counts_alone() {
    let shares = |first: &str, second: &str| {
        [share(0, first, &primary("EUR 50.00", "X1")), share(1, second, &completed("EUR 47.50", "X2"))]
    };
    let chained = |first, second| told(&pay("COMPLETED", &shares(first, second)));
    assert_eq!(chained("shop@example.com", "vendor@example.com"), [paid("X1", "50.00")]);
    assert_eq!(chained("shop@example.com", "second@example.com"), [paid("X1", "50.00")]);
    assert_eq!(chained("market@example.com", "shop@example.com"), [paid("X2", "47.50")]);
    // Nobody of ours: asked about, once.
    assert_eq!(chained("market@example.com", "vendor@example.com"), [paid("X1", "50.00")]);
    let asked =
        order("50.00", &[("paypal-adaptive", &pay("COMPLETED", &shares("a@example.com", "b@example.com")))]);
    assert_eq!(asked.status, OrderStatus::InReview);
    assert_eq!(asked.reviews.len(), 1);
}

#[test]
fn a_delayed_chained_payment_is_paid_before_the_others_are() {
    let first = share(0, "shop@example.com", &primary("EUR 50.00", "X1"));
    let second = [("amount", "EUR 47.50"), ("is_primary_receiver", "false")];
    let second = |receiver: &str| share(1, receiver, &second);
    let early = pay("INCOMPLETE", &[first.clone(), second("vendor@example.com")]);
    assert_eq!(told(&early), [paid("X1", "50.00")]);
    // The same news as when all of it is complete, so nobody is asked whether something has changed.
    let late =
        pay("COMPLETED", &[first.clone(), share(1, "vendor@example.com", &completed("EUR 47.50", "X2"))]);
    assert_eq!(decisive(&early), decisive(&late));
    // The vendor waits meanwhile.
    let vendor = pay(
        "INCOMPLETE",
        &[share(0, "market@example.com", &primary("EUR 50.00", "X1")), second("shop@example.com")],
    );
    assert_eq!(told(&vendor), [(EventKind::PaymentPending, "AP-1:1".to_owned(), "47.50".to_owned())]);
}

#[test]
fn completed_requests_of_which_nothing_has_come_are_not_paid() {
    let waits =
        [("amount", "EUR 30.00"), ("status_for_sender_txn", "Pending"), ("pending_reason", "UNILATERAL")];
    let body = pay("COMPLETED", &[share(0, "shop@example.com", &waits)]);
    assert_eq!(order("30.00", &[("paypal-adaptive", &body)]).status, OrderStatus::Pending);
    // One of two of ours has come.
    let both = pay(
        "COMPLETED",
        &[
            share(0, "shop@example.com", &waits),
            share(1, "second@example.com", &completed("EUR 12.00", "X2")),
        ],
    );
    let state = order("42.00", &[("paypal-adaptive", &both)]);
    assert_ne!(state.status, OrderStatus::Paid);
    assert_eq!(Some(state.paid), euro("12.00"));
}

#[test]
fn each_receiver_may_have_its_own_order_number() {
    let with = |place, id, invoice: &'static str| {
        let invoice = [("invoiceId", invoice)];
        share(place, "shop@example.com", &[&completed("EUR 1.00", id)[..], &invoice[..]].concat())
    };
    let refs = |body: &str| events(body).into_iter().map(|event| event.order_ref).collect::<Vec<_>>();
    let body = pay("COMPLETED", &[with(0, "X1", "B-1"), with(1, "X2", "")]);
    assert_eq!(refs(&body), [Some("B-1".to_owned()), Some("A-1".to_owned())]);
    assert_eq!(refs(&body.replace("tracking_id", "trackingId")), refs(&body));
    assert_eq!(refs(&body.replace("tracking_id=A-1&", "")), [Some("B-1".to_owned()), None]);
}

#[test]
fn what_is_refunded_is_only_what_is_ours() {
    let back = |place, receiver: &str, id, refund: &'static str| {
        let refund = [("status", "Refunded"), ("refund_id", refund), ("refund_amount", "EUR 5.00")];
        share(place, receiver, &[&[("amount", "EUR 30.00"), ("id", id)], &refund[..]].concat())
    };
    let kept = |place, receiver: &str| share(place, receiver, &completed("EUR 30.00", "X9"));
    let ours =
        adjustment("Refund", &[kept(0, "somebody@example.com"), back(1, "shop@example.com", "X1", "R1")]);
    assert_eq!(told(&ours), [(EventKind::RefundCompleted, "R1".to_owned(), "5.00".to_owned())]);
    let theirs =
        adjustment("Refund", &[kept(0, "shop@example.com"), back(1, "somebody@example.com", "X1", "R1")]);
    assert_eq!(remark(&theirs), "nothing_to_do");
    // How much went back is not guessed.
    let partly = [("amount", "EUR 30.00"), ("id", "X1"), ("status_for_sender_txn", "PARTIALLY_REFUNDED")];
    assert_eq!(remark(&adjustment("Refund", &[share(0, "shop@example.com", &partly)])), "amount_unreadable");
    let silent = share(0, "shop@example.com", &completed("EUR 30.00", "X1"));
    assert_eq!(remark(&adjustment("Refund", std::slice::from_ref(&silent))), "amount_unreadable");
    assert_eq!(remark(&adjustment("Unknown", std::slice::from_ref(&silent))), "unknown_status");
    assert_eq!(events(&adjustment("Admin reversal", &[silent]))[0].kind, EventKind::ReversalMade);
}

proptest! {
    /// Any sequence of the variables, brackets as they are or encoded in either case: it is the same message.
    #[test]
    fn names_mean_the_same_in_any_spelling_and_sequence(
        order in Just((0..30).collect::<Vec<usize>>()).prop_shuffle(),
        spellings in proptest::collection::vec(0..4_usize, 30),
    ) {
        let body = pay("COMPLETED", &[
            share(0, "somebody@example.com", &completed("EUR 30.00", "X1")),
            share(2, "shop@example.com", &completed("EUR 12.00", "X2")),
            share(5, "second@example.com", &completed("EUR 13.00", "X3")),
        ]);
        let fields: Vec<&str> = body.split('&').collect();
        let mixed = order.iter().filter_map(|place| fields.get(*place)).zip(&spellings);
        let mixed: Vec<String> = mixed.map(|(field, spelling)| match spelling {
            0 => (*field).to_owned(),
            1 => field.replace("%5B", "[").replace("%5D", "]"),
            2 => field.replace("%5B", "%5b").replace("%5D", "]"),
            _ => field.replace("transaction%5B", "%74ransaction%5B").replace("%5D.", "%5D%2E"),
        }).collect();
        prop_assert_eq!(fields.len(), mixed.len());
        prop_assert_eq!(events(&mixed.join("&")), events(&body));
    }
}
