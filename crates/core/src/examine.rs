//! Holds a genuine event against the account it came in by: right receiver, right environment, and confirmed where
//! the message does not prove enough by itself.

use crate::{Concern, Environment, Event, QuestionKind};

/// What an account expects of everything that comes in by it.
#[derive(Clone, Debug)]
pub struct Expectation {
    pub environment: Environment,
    /// Merchant ids and addresses that are the shop's own. Compared without regard to ASCII case only, so that
    /// look-alike letters of other scripts stay different (T-B03, T-B14). `None` where this gateway's accounts are told
    /// apart by their secret alone: then receivers are not compared at all.
    pub receivers: Option<Vec<String>>,
    /// Whether everything that moves money is covered by the message's proof, or was confirmed by the gateway.
    pub is_confirmed: bool,
}

/// Everything about `event` that does not fit the account. Empty means: it may count.
#[must_use]
pub fn examine(event: &Event, expectation: &Expectation) -> Vec<Concern> {
    let mut concerns = Vec::new();
    if event.environment != expectation.environment {
        concerns.push(Concern {
            kind: QuestionKind::Environment,
            expected: expectation.environment.word().to_owned(),
            got: event.environment.word().to_owned(),
        });
    }
    if event.kind.concerns_an_order() && !expectation.is_confirmed {
        concerns.push(Concern {
            kind: QuestionKind::Unproven,
            expected: "a confirmation by the gateway".to_owned(),
            got: String::new(),
        });
    }
    if let Some(own) = &expectation.receivers {
        concerns.extend(receiver_concern(event, own));
    }
    concerns
}

/// A payment must name one of the shop's own receivers, and whatever names receivers must name one of them.
fn receiver_concern(event: &Event, own: &[String]) -> Option<Concern> {
    // A message about an earlier payment (refund, dispute) may name no receiver; it is tied to that payment by
    // its transaction. A payment must name one.
    let must_name_one = event.kind.is_payment();
    let ours = |name: &String| own.iter().any(|own| own.trim().eq_ignore_ascii_case(name.trim()));
    let is_ours = event.receivers.iter().any(ours);
    let is_wrong =
        event.kind.concerns_an_order() && !is_ours && (must_name_one || !event.receivers.is_empty());
    is_wrong.then(|| Concern {
        kind: QuestionKind::Receiver,
        expected: own.join(", "),
        got: event.receivers.join(", "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::EventKind;

    fn concerns_of(receivers: &[&str], environment: Environment) -> Vec<QuestionKind> {
        let mut event = Event::new(EventKind::PaymentCompleted, "x", environment);
        event.receivers = receivers.iter().map(ToString::to_string).collect();
        let expectation = Expectation {
            environment: Environment::Live,
            receivers: Some(vec!["seller@example.com".into(), "MERCHANT123".into()]),
            is_confirmed: true,
        };
        examine(&event, &expectation).into_iter().map(|concern| concern.kind).collect()
    }

    #[test]
    fn t_b03_receiver_not_compared() {
        assert_eq!(concerns_of(&["seller@example.com"], Environment::Live), []);
        assert_eq!(concerns_of(&["Seller@Example.COM "], Environment::Live), []);
        assert_eq!(concerns_of(&["other@example.com", "MERCHANT123"], Environment::Live), []);
        for wrong in [
            &["seller+x@example.com"][..],
            &["other@example.com"],
            &["ѕeller@example.com"], // Cyrillic letter dze
            &["seller@example.com.evil.example"],
            &[""],
            &[],
        ] {
            assert_eq!(concerns_of(wrong, Environment::Live), [QuestionKind::Receiver], "{wrong:?}");
        }
    }

    #[test]
    fn receivers_are_not_compared_where_the_secret_alone_tells_accounts_apart() {
        let expectation = Expectation { environment: Environment::Live, receivers: None, is_confirmed: true };
        let mut event = Event::new(EventKind::PaymentCompleted, "x", Environment::Live);
        assert_eq!(examine(&event, &expectation), []);
        event.receivers = vec!["anybody".to_owned()];
        assert_eq!(examine(&event, &expectation), []);
        let nobody = Expectation { receivers: Some(Vec::new()), ..expectation };
        assert_eq!(examine(&event, &nobody)[0].kind, QuestionKind::Receiver, "an empty list holds nobody");
    }

    #[test]
    fn whatever_concerns_an_order_and_is_not_confirmed_is_asked_about() {
        let expectation =
            Expectation { environment: Environment::Live, receivers: None, is_confirmed: false };
        for kind in EventKind::ALL {
            let concerns = examine(&Event::new(*kind, "x", Environment::Live), &expectation);
            let unproven = Concern {
                kind: QuestionKind::Unproven,
                expected: "a confirmation by the gateway".to_owned(),
                got: String::new(),
            };
            let expected = if kind.concerns_an_order() { vec![unproven] } else { Vec::new() };
            assert_eq!(concerns, expected, "{}", kind.word());
        }
    }

    #[test]
    fn t_a18_sender_selects_sandbox_or_live() {
        assert_eq!(concerns_of(&["MERCHANT123"], Environment::Sandbox), [QuestionKind::Environment]);
    }
}
