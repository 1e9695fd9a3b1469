//! Which type of message means what.

use crate::SettingFault;
use ipnd_core::EventKind;

/// What a type of message means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Event {
        kind: EventKind,
        /// Its amount is the sum of everything of this kind so far.
        is_total: bool,
    },
    /// Known, and without consequences.
    Nothing,
    /// The sender only tries whether it is heard.
    Test,
    /// Not in the table.
    Unknown,
}

const fn event(kind: EventKind) -> Meaning {
    Meaning::Event { kind, is_total: false }
}

/// What types usually mean, for those who follow the customs of Standard Webhooks: dots between words, the last one a
/// participle. Read from the top; what is about refunds, disputes or subscriptions never gets as far as the payments.
const USUAL: &[(&str, Meaning)] = {
    use EventKind::*;
    &[
        ("test", Meaning::Test),
        ("ping", Meaning::Test),
        ("*.test", Meaning::Test),
        ("*.ping", Meaning::Test),
        ("*dispute*.created", event(DisputeOpened)),
        ("*dispute*.opened", event(DisputeOpened)),
        ("*dispute*.updated", event(DisputeUpdated)),
        ("*dispute*.won", event(DisputeWon)),
        ("*dispute*.lost", event(DisputeLost)),
        ("*dispute*", Meaning::Unknown),
        ("*chargeback*.created", event(DisputeOpened)),
        ("*chargeback*.opened", event(DisputeOpened)),
        ("*chargeback*.won", event(DisputeWon)),
        ("*chargeback*.lost", event(DisputeLost)),
        ("*chargeback*", Meaning::Unknown),
        ("*refund.succeeded", event(RefundCompleted)),
        ("*.refunded", event(RefundCompleted)),
        ("*refund.completed", event(RefundCompleted)),
        ("*refund.paid", event(RefundCompleted)),
        ("*refund.created", event(RefundPending)),
        ("*refund.pending", event(RefundPending)),
        ("*refund.processing", event(RefundPending)),
        ("*refund.failed", event(RefundFailed)),
        ("*refund.canceled", event(RefundFailed)),
        ("*refund.cancelled", event(RefundFailed)),
        ("*refund*", Meaning::Unknown),
        ("*subscription.created", event(SubscriptionStarted)),
        ("*subscription.started", event(SubscriptionStarted)),
        ("*subscription.updated", event(SubscriptionModified)),
        ("*subscription.paused", event(SubscriptionSuspended)),
        ("*subscription.suspended", event(SubscriptionSuspended)),
        ("*subscription.payment_failed", event(SubscriptionPaymentFailed)),
        ("*subscription.past_due", event(SubscriptionPaymentFailed)),
        ("*subscription.canceled", event(SubscriptionCancelled)),
        ("*subscription.cancelled", event(SubscriptionCancelled)),
        ("*subscription.expired", event(SubscriptionEnded)),
        ("*subscription.ended", event(SubscriptionEnded)),
        ("*subscription*", Meaning::Unknown),
        // Money that goes out.
        ("*payout*", Meaning::Unknown),
        ("*transfer*", Meaning::Unknown),
        ("*withdrawal*", Meaning::Unknown),
        ("*.authorized", event(PaymentAuthorized)),
        ("*.authorised", event(PaymentAuthorized)),
        ("*.succeeded", event(PaymentCompleted)),
        ("*.paid", event(PaymentCompleted)),
        ("*.completed", event(PaymentCompleted)),
        ("*.pending", event(PaymentPending)),
        ("*.processing", event(PaymentPending)),
        ("*.underpaid", event(PaymentUnderpaid)),
        ("*.failed", event(PaymentFailed)),
        ("*.declined", event(PaymentFailed)),
        ("*.canceled", event(PaymentVoided)),
        ("*.cancelled", event(PaymentVoided)),
        ("*.expired", event(PaymentExpired)),
    ]
};

/// What `kind` means by the owner's table, then by the usual one.
pub(super) fn meaning(own: &str, kind: &str) -> Meaning {
    let own = lines(own).filter_map(|line| Some((line.0, line.1.ok()?)));
    let fits = own.chain(USUAL.iter().copied()).find(|(pattern, _)| is_like(pattern, kind));
    fits.map_or(Meaning::Unknown, |(_, meaning)| meaning)
}

/// Types that may mean this, the owner's first, with words in the place of stars.
pub(super) fn types_for(own: &str, kind: EventKind) -> impl Iterator<Item = String> {
    let own = lines(own).filter_map(|line| Some((line.0, line.1.ok()?)));
    let is_it = move |(_, meaning): &(&str, Meaning)| matches!(meaning, Meaning::Event { kind: own, .. } if *own == kind);
    own.chain(USUAL.iter().copied()).filter(is_it).flat_map(|(pattern, _)| {
        let filled = |word: &str| pattern.replacen('*', word, 1).replace('*', "");
        ["", "payment", "x"].map(filled).into_iter().filter(|word| !word.is_empty() && !word.starts_with('.'))
    })
}

/// Whether a table can be read to its end.
pub(super) fn check(text: &str) -> Result<(), SettingFault> {
    lines(text).find_map(|(_, meaning)| meaning.err()).map_or(Ok(()), Err)
}

/// The lines of a table: the pattern and what it means, or what is wrong with the line. Empty lines and those that
/// begin with `#` are passed over.
fn lines(text: &str) -> impl Iterator<Item = (&str, Result<Meaning, SettingFault>)> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| {
        let fault = || SettingFault::Malformed(line.chars().take(60).collect());
        let (pattern, word) = line.split_once('=').unwrap_or(("", ""));
        let (pattern, word) = (pattern.trim(), word.trim());
        let (kind, is_total) = match word.strip_suffix(" total") {
            Some(kind) => (kind.trim(), true),
            None => (word, false),
        };
        let meaning = match kind {
            "nothing" if !is_total => Some(Meaning::Nothing),
            "test" if !is_total => Some(Meaning::Test),
            kind => EventKind::from_word(kind).map(|kind| Meaning::Event { kind, is_total }),
        };
        (pattern, meaning.filter(|_| !pattern.is_empty()).ok_or_else(fault))
    })
}

/// Whether a text is like a pattern, in which `*` stands for anything.
fn is_like(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut text) = text.strip_prefix(head) else { return false };
    let mut pieces: Vec<&str> = rest.split('*').collect();
    let tail = pieces.pop().unwrap_or_default();
    for piece in pieces {
        let Some(at) = text.find(piece) else { return false };
        text = &text[at + piece.len()..];
    }
    text.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        for (pattern, text) in [
            ("a.b", "a.b"),
            ("*", ""),
            ("*", "x"),
            ("a*", "a"),
            ("*b", "ab"),
            ("a*c*e", "abcde"),
            ("**", "x"),
        ] {
            assert!(is_like(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [
            ("a.b", "a.bc"),
            ("a*", "ba"),
            ("*b", "ba"),
            ("a*a", "a"),
            ("a*c*e", "abde"),
            ("a*b*b", "ab"),
            ("", "a"),
        ] {
            assert!(!is_like(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn the_usual_table_tells_refunds_payouts_and_disputes_from_payments() {
        use EventKind::*;
        let check = |kind: &str, expected: Option<EventKind>| {
            let expected = expected.map_or(Meaning::Unknown, event);
            assert_eq!(meaning("", kind), expected, "{kind}");
        };
        check("payment.succeeded", Some(PaymentCompleted));
        check("invoice.paid", Some(PaymentCompleted));
        check("payment.declined", Some(PaymentFailed));
        check("refund.succeeded", Some(RefundCompleted));
        check("payment.refund.failed", Some(RefundFailed));
        check("payment.refunded", Some(RefundCompleted));
        check("refund_request.completed", None);
        check("dispute.created", Some(DisputeOpened));
        check("dispute.funds.paid", None);
        check("payout.paid", None);
        check("balance.transfer.completed", None);
        check("subscription.canceled", Some(SubscriptionCancelled));
        check("subscription.paid", None);
        check("succeeded", None);
        check("payment.reversed", None);
        check("", None);
        assert_eq!(meaning("", "webhook.test"), Meaning::Test);
    }

    #[test]
    fn the_owners_table_comes_first() {
        let own = "# ours\n\ncharge:done = payment.completed\n*.paid = nothing\nrefund.* = refund.completed total\n";
        assert!(check(own).is_ok());
        assert_eq!(meaning(own, "charge:done"), event(EventKind::PaymentCompleted));
        assert_eq!(meaning(own, "invoice.paid"), Meaning::Nothing);
        let total = Meaning::Event { kind: EventKind::RefundCompleted, is_total: true };
        assert_eq!(meaning(own, "refund.x"), total);
        assert_eq!(meaning(own, "payment.succeeded"), event(EventKind::PaymentCompleted));
        for wrong in ["payment.paid", "= payment.completed", "x = payment.payed", "x =", "x = nothing total"]
        {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
