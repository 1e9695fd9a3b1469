//! Whole histories, told step by step by any gateway that has the words for them.

use super::story::tells_payments_apart;
use ipnd_core::EventKind::{
    self, DisputeLost, DisputeOpened, DisputeWon, PaymentAuthorized, PaymentCompleted, PaymentDenied,
    PaymentFailed, PaymentPending, PaymentVoided, RefundCompleted, ReversalCancelled, ReversalMade,
    SubscriptionCancelled, SubscriptionEnded, SubscriptionPaymentFailed, SubscriptionStarted,
};
use ipnd_gateways::Gateway;

/// A history with a name.
pub struct Scenario {
    /// The stable word.
    pub name: &'static str,
    /// The same history in the words of different gateways; the first one that a gateway can tell is played.
    tellings: &'static [&'static [Step]],
}

/// One message of a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    pub kind: EventKind,
    pub(super) part: Part,
    pub(super) about: About,
}

/// How much of the amount a step is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Whole,
    /// A third; the last of the three has the rest.
    Third,
    LastThird,
}

/// What a step's ids are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    /// A payment of its own.
    New,
    /// A further payment of the same subscription.
    Subscription,
    /// The payment before it: the same transaction in another state.
    Same,
    /// Something that follows from the payment before it and refers to it: a refund, a dispute.
    Following,
}

const fn step(kind: EventKind, part: Part, about: About) -> Step {
    Step { kind, part, about }
}

const fn new(kind: EventKind) -> Step {
    step(kind, Part::Whole, About::New)
}

const fn same(kind: EventKind) -> Step {
    step(kind, Part::Whole, About::Same)
}

const fn following(kind: EventKind) -> Step {
    step(kind, Part::Whole, About::Following)
}

const fn of_subscription(kind: EventKind) -> Step {
    step(kind, Part::Whole, About::Subscription)
}

/// In the sequence in which they are offered.
pub const ALL: &[Scenario] = &[
    Scenario { name: "sale-and-refund", tellings: &[&[new(PaymentCompleted), following(RefundCompleted)]] },
    Scenario {
        name: "partial-refund",
        tellings: &[&[new(PaymentCompleted), step(RefundCompleted, Part::Third, About::Following)]],
    },
    Scenario {
        name: "trial-to-paid",
        tellings: &[&[of_subscription(SubscriptionStarted), of_subscription(PaymentCompleted)]],
    },
    Scenario {
        name: "three-instalments",
        tellings: &[&[
            step(PaymentCompleted, Part::Third, About::Subscription),
            step(PaymentCompleted, Part::Third, About::Subscription),
            step(PaymentCompleted, Part::LastThird, About::Subscription),
        ]],
    },
    Scenario {
        name: "renewal-failed-and-recovered",
        tellings: &[&[
            of_subscription(PaymentCompleted),
            of_subscription(SubscriptionPaymentFailed),
            of_subscription(PaymentCompleted),
        ]],
    },
    Scenario {
        name: "subscription-cancelled-and-ended",
        tellings: &[&[
            of_subscription(PaymentCompleted),
            of_subscription(SubscriptionCancelled),
            of_subscription(SubscriptionEnded),
        ]],
    },
    Scenario {
        name: "chargeback-won",
        tellings: &[
            &[new(PaymentCompleted), following(DisputeOpened), following(DisputeWon)],
            &[new(PaymentCompleted), following(ReversalMade), following(ReversalCancelled)],
        ],
    },
    Scenario {
        name: "chargeback-lost",
        tellings: &[
            &[new(PaymentCompleted), following(DisputeOpened), following(DisputeLost)],
            &[new(PaymentCompleted), following(ReversalMade)],
        ],
    },
    Scenario {
        name: "echeck-bounces",
        tellings: &[&[new(PaymentPending), same(PaymentFailed)], &[new(PaymentPending), same(PaymentDenied)]],
    },
    Scenario {
        name: "authorised-then-captured",
        tellings: &[&[new(PaymentAuthorized), same(PaymentCompleted)]],
    },
    Scenario { name: "authorised-then-voided", tellings: &[&[new(PaymentAuthorized), same(PaymentVoided)]] },
];

impl Scenario {
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        ALL.iter().find(|scenario| scenario.name == name)
    }

    /// The steps as this gateway tells them; `None` where it has no words for one of them.
    #[must_use]
    pub fn steps(&self, gateway: &Gateway) -> Option<&'static [Step]> {
        let can_tell = |steps: &&[Step]| steps.iter().all(|step| gateway.tells.contains(&step.kind));
        self.tellings.iter().copied().find(can_tell)
    }

    /// Those that this gateway can tell.
    pub fn of(gateway: &'static Gateway) -> impl Iterator<Item = &'static Self> {
        let can_tell = move |steps: &[Step]| tells_payments_apart(gateway, steps);
        ALL.iter().filter(move |scenario| scenario.steps(gateway).is_some_and(can_tell))
    }

    /// Its text in the catalogue.
    pub(crate) fn key(&self) -> String {
        format!("scenario.{}", self.name)
    }
}
