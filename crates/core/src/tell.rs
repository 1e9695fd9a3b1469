//! What the shop itself is told: which of an order's events, once they are believed.
//!
//! A shop that is told of a payment ships. So an event is told only when there is nothing left to ask about it: what waits
//! for the owner is held back, what was superseded before anybody could be told is passed over, and nothing is said about
//! money that does not count (I-08, T-B01).

use crate::fold::ExaminedEvent;
use crate::{Event, EventKind, Money, OrderState, Payment, PaymentStatus, Refund, Verdict};
use std::collections::BTreeSet;

/// Whether the shop is told of each of these events, as things stand: one answer for each, in the same sequence. Where
/// several say the same of one transaction, the first does.
#[must_use]
pub fn told(events: &[ExaminedEvent], state: &OrderState) -> Vec<Telling> {
    let mut said = BTreeSet::new();
    let mut one = |examined: &ExaminedEvent| {
        let telling = telling(examined, state);
        let event = &examined.event;
        if telling != Telling::Now || !event.kind.is_payment() {
            return telling;
        }
        let is_new = said.insert((event.kind, name(event).to_owned()));
        if is_new { telling } else { Telling::Superseded }
    };
    events.iter().map(&mut one).collect()
}

/// What a refund gave back, and with it all that was given back of the same payment so far. `None` for other events,
/// and for refunds that are not booked on a payment.
#[must_use]
pub fn refunded<'a>(event: &Event, state: &'a OrderState) -> Option<(&'a Refund, Money)> {
    let own = booked(event, state).filter(|_| event.kind == EventKind::RefundCompleted)?;
    let payment = own.payment.as_ref()?;
    let of_it = state.refunds.iter().take_while(|refund| !std::ptr::eq(*refund, own)).chain([own]);
    let same = of_it.filter(|refund| refund.payment.as_ref() == Some(payment));
    let sum = same.filter(|refund| refund.amount.currency() == own.amount.currency());
    let total = sum.fold(Money::zero(own.amount.currency()), |total, refund| {
        total.plus(refund.amount).expect("one currency, and amounts are bounded")
    });
    Some((own, total))
}

fn booked<'a>(event: &Event, state: &'a OrderState) -> Option<&'a Refund> {
    let names: &[&str] =
        if event.amount_is_total { &[&event.identity] } else { &[name(event), &event.identity] };
    state.refunds.iter().find(|refund| names.contains(&refund.transaction.as_str()))
}

/// What becomes of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Telling {
    /// The shop is told.
    Now,
    /// A question about it, or about the payment that it follows from, is open or was rejected; or the payment has not
    /// come.
    HeldBack,
    /// Another event has said more about the same thing meanwhile.
    Superseded,
}

fn telling(examined: &ExaminedEvent, state: &OrderState) -> Telling {
    let event = &examined.event;
    if let Some(status) = PaymentStatus::of(event.kind) {
        return of_payment(examined, status, state);
    }
    let Some(about) = payments(event, state) else { return Telling::HeldBack };
    let names = [name(event), event.identity.as_str()];
    let is_believed = examined.concerns.iter().all(|concern| {
        let accepted = |subject: &str| verdict(state, concern.kind, subject) == Some(Verdict::Accept);
        names.iter().any(|name| accepted(name)) || about.iter().any(|payment| accepted(&payment.transaction))
    });
    let is_asked = names.iter().any(|name| is_in_question(state, name));
    let fits = match (event.kind, booked(event, state)) {
        (EventKind::RefundCompleted, Some(refund)) => refund.payment.is_some(),
        // A total that adds nothing to what is known.
        (EventKind::RefundCompleted, None) if event.amount_is_total => return Telling::Superseded,
        (EventKind::RefundCompleted, None) => false,
        _ => true,
    };
    if is_believed && fits && !is_asked { Telling::Now } else { Telling::HeldBack }
}

/// A payment itself. What it takes to be told rises with what the shop would do: ship for a completed one.
fn of_payment(examined: &ExaminedEvent, status: PaymentStatus, state: &OrderState) -> Telling {
    let transaction = name(&examined.event);
    let Some(payment) = state.payments.iter().find(|payment| payment.transaction == transaction) else {
        return Telling::HeldBack;
    };
    let is_believed = examined
        .concerns
        .iter()
        .all(|concern| verdict(state, concern.kind, transaction) == Some(Verdict::Accept));
    if !payment.is_believed || !is_believed || is_in_question(state, transaction) {
        return Telling::HeldBack;
    }
    if payment.status != status {
        return Telling::Superseded;
    }
    if status == PaymentStatus::Completed {
        return if payment.counts { Telling::Now } else { Telling::HeldBack };
    }
    // How another attempt went is no news once money has come.
    let is_paid = state.payments.iter().any(|payment| payment.counts);
    if is_paid { Telling::Superseded } else { Telling::Now }
}

/// The payments that count and that a refund, reversal or dispute is about. `None` where none of them counts: what
/// follows from money that the shop was not told of is not told either.
fn payments<'a>(event: &Event, state: &'a OrderState) -> Option<Vec<&'a Payment>> {
    let all = || state.payments.iter();
    let pick = |is_it: &dyn Fn(&Payment) -> bool| all().filter(|payment| is_it(payment)).collect::<Vec<_>>();
    let named = |name: Option<&str>| pick(&|payment| Some(payment.transaction.as_str()) == name);
    let parent = event.parent.as_deref().filter(|parent| !parent.is_empty());
    let mut about = Vec::new();
    if parent.is_some() {
        about = named(parent);
        if about.is_empty() {
            about = pick(&|payment| payment.parent.as_deref() == parent);
        }
    } else {
        about.extend(named(event.transaction.as_deref()));
        if about.is_empty() {
            about.extend(all());
        }
    }
    about.retain(|payment| payment.counts);
    (!about.is_empty()).then_some(about)
}

/// What names an event: its transaction, or itself where the gateway has no such thing.
fn name(event: &Event) -> &str {
    event.transaction.as_deref().unwrap_or(&event.identity)
}

fn verdict(state: &OrderState, kind: crate::QuestionKind, subject: &str) -> Option<Verdict> {
    let about =
        |review: &&crate::fold::Review| review.question.kind == kind && review.question.subject == subject;
    state.reviews.iter().find(about).and_then(|review| review.verdict)
}

/// Whether anything about this is open, or was rejected.
fn is_in_question(state: &OrderState, subject: &str) -> bool {
    let is_fine = |verdict: Option<Verdict>| verdict == Some(Verdict::Accept);
    state.reviews.iter().any(|review| review.question.subject == subject && !is_fine(review.verdict))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fold::Facts;
    use crate::order::{Item, Terms};
    use crate::review::{Answer, Concern};
    use crate::{Currency, Environment, Money, QuestionKind, fold};
    use jiff::Timestamp;

    fn euro(text: &str) -> Money {
        Money::parse(text, Currency::from_code("EUR").unwrap()).unwrap()
    }

    fn terms() -> Terms {
        let item = Item { sku: "tea".into(), name: "Tea".into(), quantity: 1, unit_price: euro("20.00") };
        Terms::from_items(vec![item], euro("1").currency()).unwrap()
    }

    fn event(kind: EventKind, transaction: &str, amount: &str, second: i64) -> ExaminedEvent {
        let mut event = Event::new(kind, format!("{}/{transaction}", kind.word()), Environment::Live);
        event.transaction = Some(transaction.into());
        event.amount = Some(euro(amount));
        event.occurred_at = Some(Timestamp::from_second(second).unwrap());
        ExaminedEvent { event, concerns: vec![] }
    }

    fn tellings(events: &[ExaminedEvent], answers: &[Answer]) -> Vec<Telling> {
        let state = fold(Facts { terms: &terms(), cancelled_at: None, events, answers });
        told(events, &state)
    }

    fn accepted(kind: QuestionKind, subject: &str) -> Answer {
        let answered_at = Timestamp::from_second(900).unwrap();
        Answer { kind, subject: subject.into(), verdict: Verdict::Accept, answered_at }
    }

    #[test]
    fn t_b01_the_shop_is_not_told_of_money_that_does_not_fit() {
        use EventKind::PaymentCompleted;
        use Telling::{HeldBack, Now};
        let short = [event(PaymentCompleted, "T1", "19.99", 1)];
        assert_eq!(tellings(&short, &[]), [HeldBack]);
        assert_eq!(tellings(&short, &[accepted(QuestionKind::Amount, "T1")]), [Now]);
        let rejected = Answer { verdict: Verdict::Reject, ..accepted(QuestionKind::Amount, "T1") };
        assert_eq!(tellings(&short, &[rejected]), [HeldBack]);
        // Two parts that add up.
        let parts = [event(PaymentCompleted, "T1", "12.00", 1), event(PaymentCompleted, "T2", "8.00", 2)];
        assert_eq!(tellings(&parts, &[]), [Now, Now]);
        // One too many.
        let twice = [event(PaymentCompleted, "T1", "20.00", 1), event(PaymentCompleted, "T2", "20.00", 2)];
        assert_eq!(tellings(&twice, &[]), [Now, HeldBack]);
    }

    #[test]
    fn i_08_what_its_account_finds_wrong_is_held_back_until_the_owner_accepts_it() {
        let mut wrong = event(EventKind::PaymentCompleted, "T1", "20.00", 1);
        wrong.concerns.push(Concern {
            kind: QuestionKind::Receiver,
            expected: "shop@example.com".into(),
            got: "other@example.com".into(),
        });
        let events = [wrong, event(EventKind::DisputeOpened, "T1", "20.00", 2)];
        assert_eq!(tellings(&events, &[]), [Telling::HeldBack, Telling::HeldBack]);
        let answers = [accepted(QuestionKind::Receiver, "T1")];
        assert_eq!(tellings(&events, &answers), [Telling::Now, Telling::Now]);
    }

    #[test]
    fn what_was_superseded_is_passed_over_and_what_follows_from_a_payment_waits_for_it() {
        use EventKind::{PaymentCompleted, PaymentFailed, PaymentPending, RefundCompleted, ReversalMade};
        use Telling::{HeldBack, Now, Superseded};
        let pending = event(PaymentPending, "T1", "20.00", 1);
        let paid = event(PaymentCompleted, "T1", "20.00", 2);
        assert_eq!(tellings(std::slice::from_ref(&pending), &[]), [Now]);
        assert_eq!(tellings(&[paid.clone(), pending], &[]), [Now, Superseded]);
        let failed = event(PaymentFailed, "T0", "20.00", 1);
        assert_eq!(tellings(&[failed.clone(), paid.clone()], &[]), [Superseded, Now]);
        assert_eq!(tellings(&[failed], &[]), [Now]);
        let mut refund = event(RefundCompleted, "R1", "5.00", 3);
        refund.event.parent = Some("T1".into());
        assert_eq!(tellings(std::slice::from_ref(&refund), &[]), [HeldBack]);
        assert_eq!(tellings(&[refund.clone(), paid.clone()], &[]), [Now, Now]);
        let mut reversal = event(ReversalMade, "V1", "20.00", 4);
        reversal.event.parent = Some("T1".into());
        assert_eq!(tellings(&[paid.clone(), reversal], &[]), [Now, Now]);
        refund.event.amount = Some(euro("25.00"));
        assert_eq!(tellings(&[refund, paid], &[]), [HeldBack, Now], "more than was paid is asked about");
    }

    #[test]
    fn totals_are_told_by_what_they_add_and_one_word_of_a_payment_is_enough() {
        use EventKind::{PaymentCompleted, RefundCompleted};
        use Telling::{Now, Superseded};
        let paid = event(PaymentCompleted, "T1", "20.00", 1);
        let mut same = event(PaymentCompleted, "T1", "20.00", 5);
        same.event.identity = "another word for it".into();
        let total = |amount: &str, second| {
            let mut total = event(RefundCompleted, "T1", amount, second);
            total.event.identity = format!("total/{amount}/{second}");
            total.event.parent = Some("T1".into());
            total.event.amount_is_total = true;
            total
        };
        let events = [paid, same, total("5.00", 6), total("8.00", 7), total("8.00", 8)];
        assert_eq!(tellings(&events, &[]), [Now, Superseded, Now, Now, Superseded]);
        let state = fold(Facts { terms: &terms(), cancelled_at: None, events: &events, answers: &[] });
        let told = |place: usize| {
            refunded(&events[place].event, &state).map(|(refund, total)| (refund.amount, total))
        };
        assert_eq!(told(2), Some((euro("5.00"), euro("5.00"))));
        assert_eq!(told(3), Some((euro("3.00"), euro("8.00"))));
        assert_eq!((told(0), told(4)), (None, None));
    }
}
