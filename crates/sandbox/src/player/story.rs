//! Makes events of a wish: the ids that belong together, amounts, times.
//!
//! A gateway may have ids of its own making. What it calls a payment is found out by telling it to ourselves first,
//! so that the refund of a later step names the payment as the gateway would.

use super::fault::Fault;
use super::scenario::{About, Part, Step};
use super::wish::{Chosen, Wish, WishProblem};
use crate::draw::letters as random_letters;
use ipnd_core::{Currency, Customer, Environment, Event, EventKind, Money};
use ipnd_gateways::drive::{Decided, decide_played};
use ipnd_gateways::{Gateway, Settings, Told};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// What is paid when nobody names an amount, in the smallest unit of whichever currency.
const AMOUNT_DEFAULT: i128 = 2_599;
/// Tried before all others when nobody names a currency.
const CURRENCIES_FIRST: [&str; 3] = ["EUR", "USD", "UAH"];
/// Steps of a history lie this far apart in their own time, so that gateways that count seconds keep their sequence.
const BETWEEN_STEPS: SignedDuration = SignedDuration::from_secs(2);
/// How late a stale message is.
pub(super) const STALE: SignedDuration = SignedDuration::from_hours(1);

/// Who tells, with which settings, and what was told before.
pub(super) struct Teller<'a> {
    pub(super) gateway: &'static Gateway,
    pub(super) settings: &'a Settings,
    pub(super) told: Vec<Told>,
    pub(super) now: Timestamp,
}

/// The ids that the steps of one history share.
struct Thread {
    order: String,
    payment: Option<String>,
    subscription: Option<String>,
    case: Option<String>,
}

impl Teller<'_> {
    /// All events of a wish, in the sequence in which they happen.
    pub(super) fn events(self, wish: &Wish) -> Result<Vec<Event>, WishProblem> {
        let histories: Vec<Vec<Step>> = match wish.chosen(self.gateway)? {
            Chosen::Event(kind) => vec![vec![single(kind)]; wish.times as usize],
            Chosen::Scenario(scenario) => {
                let steps = scenario.steps(self.gateway).unwrap_or_default();
                vec![steps.to_vec(); wish.times as usize]
            }
        };
        self.histories(wish, histories)
    }

    fn histories(mut self, wish: &Wish, histories: Vec<Vec<Step>>) -> Result<Vec<Event>, WishProblem> {
        let count = histories.iter().map(Vec::len).sum::<usize>();
        let total = self.total(wish, &histories)?;
        let first_at = self.first_at(wish, count);
        let mut events = Vec::new();
        for history in histories {
            let mut thread = self.thread(wish);
            for step in history {
                let age = BETWEEN_STEPS * i32::try_from(events.len()).unwrap_or(i32::MAX);
                let at = first_at.checked_add(age).unwrap_or(first_at);
                let event = self.event(wish, step, total, &thread, at);
                let event = self.as_it_calls_it(event)?;
                thread.remember(&event);
                events.push(event);
            }
        }
        Ok(events)
    }

    /// The last step happens now.
    fn first_at(&self, wish: &Wish, count: usize) -> Timestamp {
        let whole = Timestamp::from_second(self.now.as_second()).unwrap_or(self.now);
        let steps = i32::try_from(count.saturating_sub(1)).unwrap_or(i32::MAX);
        let late = if wish.fault == Some(Fault::Stale) { STALE } else { SignedDuration::ZERO };
        whole.checked_sub(BETWEEN_STEPS * steps + late).unwrap_or(whole)
    }

    /// What was told about the same order before: later events refer to it unless they are told otherwise.
    fn thread(&self, wish: &Wish) -> Thread {
        let order = wish.order.clone().unwrap_or_else(|| format!("SANDBOX-{}", random_letters(8)));
        let mut thread = Thread {
            order,
            payment: wish.parent.clone(),
            subscription: wish.subscription.clone(),
            case: wish.case.clone(),
        };
        let earlier = self.told.iter().rev().map(|told| &told.event);
        for event in earlier.filter(|event| wish.order.is_some() && event.order_ref == wish.order) {
            if event.kind.is_payment() && thread.payment.is_none() {
                thread.payment.clone_from(&event.transaction);
            }
            if thread.subscription.is_none() {
                thread.subscription.clone_from(&event.subscription);
            }
            if thread.case.is_none() {
                thread.case.clone_from(&event.case);
            }
        }
        thread
    }

    /// The whole amount, in a currency in which the gateway can tell all steps.
    fn total(&self, wish: &Wish, histories: &[Vec<Step>]) -> Result<Money, WishProblem> {
        let known = self.told.iter().rev().map(|told| &told.event);
        let known = known.filter(|event| wish.order.is_some() && event.order_ref == wish.order);
        let known = known.filter(|event| event.kind.is_payment()).find_map(|event| event.amount);
        let currencies: Vec<Currency> = match (wish.currency()?, known) {
            (Some(currency), _) => vec![currency],
            (None, Some(known)) => vec![known.currency()],
            (None, None) => {
                let codes = CURRENCIES_FIRST.into_iter().chain(Currency::all());
                codes.filter_map(|code| Currency::from_code(code).ok()).collect()
            }
        };
        let mut problem = None;
        for currency in currencies {
            let known = known.filter(|known| known.currency() == currency);
            let amount = match wish.amount(currency) {
                Ok(amount) => amount.or(known).unwrap_or(Money::from_minor(AMOUNT_DEFAULT, currency)),
                Err(error) => {
                    problem.get_or_insert(error);
                    continue;
                }
            };
            let amount = match wish.fault {
                Some(Fault::WrongAmount) => Money::from_minor(amount.minor() - 1, currency),
                _ => amount,
            };
            let steps = histories.first().map(Vec::as_slice).unwrap_or_default();
            let told = steps.iter().try_for_each(|step| {
                let thread = self.thread(wish);
                self.composes(&self.event(wish, *step, amount, &thread, self.now))
            });
            match told {
                Ok(()) => return Ok(amount),
                Err(error) => drop(problem.get_or_insert(error)),
            }
        }
        Err(problem.unwrap_or(WishProblem::NothingChosen))
    }

    fn composes(&self, event: &Event) -> Result<(), WishProblem> {
        let composed = (self.gateway.compose)(event, self.settings, self.now);
        let problem = |why: String| WishProblem::CannotSay { gateway: self.gateway.id, why };
        composed.map(drop).map_err(|error| problem(error.what))
    }

    fn event(&self, wish: &Wish, step: Step, total: Money, thread: &Thread, at: Timestamp) -> Event {
        let kind = step.kind;
        let word = kind.word();
        let is_kind = |family: &str| word.starts_with(family);
        let is_of_subscription = is_kind("subscription.") || is_kind("agreement.");
        let own_id = || wish.transaction.clone().unwrap_or_else(|| format!("T{}", random_letters(11)));
        let transaction = match step.about {
            _ if is_of_subscription => None,
            About::Same => thread.payment.clone().or_else(|| Some(own_id())),
            // A named transaction is that of the payment; what follows from it has one of its own.
            About::Following if wish.scenario.is_some() => Some(format!("T{}", random_letters(11))),
            _ => Some(own_id()),
        };
        let parent = || thread.payment.clone().unwrap_or_else(|| format!("T{}", random_letters(11)));
        let has_parent = is_kind("refund.") || is_kind("dispute.") || is_kind("reversal.");
        let has_subscription = is_of_subscription || step.about == About::Subscription;
        let named = || thread.subscription.clone().unwrap_or_else(|| format!("S{}", random_letters(11)));
        let case = || thread.case.clone().unwrap_or_else(|| format!("C{}", random_letters(9)));
        let buyer = Customer {
            name: Some(wish.name.clone().unwrap_or_else(|| "Jördis Sandbox".to_owned())),
            email: Some(wish.email.clone().unwrap_or_else(|| "buyer@example.com".to_owned())),
            phone: wish.phone.clone(),
            address: Vec::new(),
            country: wish.country.clone(),
        };
        Event {
            occurred_at: Some(at),
            order_ref: (!is_kind("payout.")).then(|| thread.order.clone()),
            transaction,
            parent: has_parent.then(parent),
            amount: Some(step.part.of(total)),
            customer: buyer,
            subscription: if has_subscription { Some(named()) } else { wish.subscription.clone() },
            case: is_kind("dispute.").then(case),
            reason: wish.reason.clone(),
            custom: wish.custom.clone(),
            ..Event::new(kind, format!("{word}/{}", random_letters(12)), Environment::Sandbox)
        }
    }

    /// The same event with the ids that the gateway itself gives things.
    fn as_it_calls_it(&mut self, event: Event) -> Result<Event, WishProblem> {
        self.composes(&event)?;
        let renamed = self.heard(&event).map(|heard| Event {
            transaction: heard.transaction.or_else(|| event.transaction.clone()),
            subscription: heard.subscription.or_else(|| event.subscription.clone()),
            case: heard.case.or_else(|| event.case.clone()),
            ..event.clone()
        });
        let is_stable = |renamed: &Event| {
            self.heard(renamed)
                .is_some_and(|heard| heard.transaction.is_none() || heard.transaction == renamed.transaction)
        };
        let event = renamed.filter(is_stable).unwrap_or(event);
        if let Ok(request) = (self.gateway.compose)(&event, self.settings, self.now) {
            self.told.push(Told { event: event.clone(), request });
        }
        Ok(event)
    }

    /// What a receiver of this event would understand.
    fn heard(&self, event: &Event) -> Option<Event> {
        let request = (self.gateway.compose)(event, self.settings, self.now).ok()?;
        let mut told = self.told.clone();
        told.push(Told { event: event.clone(), request: request.clone() });
        match decide_played(self.gateway, &request, self.settings, self.now, &told) {
            Decided::Genuine(heard) => heard.events.into_iter().find(|own| own.kind == event.kind),
            _ => None,
        }
    }
}

/// When a history is told for a trial. Of no meaning.
const TRIAL_AT: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// Whether a gateway calls the several payments of a history by different names. Some know one payment for each order:
/// what is another instalment elsewhere is the same money told again there.
pub(super) fn tells_payments_apart(gateway: &'static Gateway, steps: &[Step]) -> bool {
    let own: Vec<usize> = (0..steps.len())
        .filter(|index| steps[*index].kind == EventKind::PaymentCompleted)
        .filter(|index| matches!(steps[*index].about, About::New | About::Subscription))
        .collect();
    if own.len() < 2 {
        return true;
    }
    let Ok(settings) = super::settings(gateway, &BTreeMap::new()) else { return false };
    let teller = Teller { gateway, settings: &settings, told: Vec::new(), now: TRIAL_AT };
    let Ok(events) = teller.histories(&Wish::default(), vec![steps.to_vec()]) else { return false };
    let names: BTreeSet<&Option<String>> = own.iter().map(|index| &events[*index].transaction).collect();
    names.len() == own.len()
}

impl Thread {
    fn remember(&mut self, event: &Event) {
        if event.kind.is_payment() && event.transaction.is_some() {
            self.payment.clone_from(&event.transaction);
        }
        if event.subscription.is_some() {
            self.subscription.clone_from(&event.subscription);
        }
        if event.case.is_some() {
            self.case.clone_from(&event.case);
        }
    }
}

impl Part {
    fn of(self, total: Money) -> Money {
        let third = total.minor() / 3;
        let minor = match self {
            Self::Whole => total.minor(),
            Self::Third => third.max(1),
            Self::LastThird => (total.minor() - 2 * third.max(1)).max(1),
        };
        Money::from_minor(minor, total.currency())
    }
}

/// The step that an event by itself is.
fn single(kind: EventKind) -> Step {
    let about = if kind.is_payment() { About::New } else { About::Following };
    Step { kind, part: Part::Whole, about }
}
