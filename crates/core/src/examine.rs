//! Holds a genuine event against the account it came in by: right receiver, right environment.

use crate::{Concern, Environment, Event, QuestionKind};

/// What an account expects of everything that comes in by it.
#[derive(Clone, Debug)]
pub struct Expectation {
    pub environment: Environment,
    /// Merchant ids and addresses that are the shop's own. Compared without regard to ASCII case only, so that
    /// look-alike letters of other scripts stay different (T-B03, T-B14).
    pub receivers: Vec<String>,
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
    // A message about an earlier payment (refund, dispute) may name no receiver; it is tied to that payment by
    // its transaction. A payment must name one.
    let must_name_one = event.kind.is_payment();
    let ours =
        |name: &String| expectation.receivers.iter().any(|own| own.trim().eq_ignore_ascii_case(name.trim()));
    let is_ours = event.receivers.iter().any(ours);
    if event.kind.concerns_an_order() && !is_ours && (must_name_one || !event.receivers.is_empty()) {
        concerns.push(Concern {
            kind: QuestionKind::Receiver,
            expected: expectation.receivers.join(", "),
            got: event.receivers.join(", "),
        });
    }
    concerns
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
            receivers: vec!["seller@example.com".into(), "MERCHANT123".into()],
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
    fn t_a18_sender_selects_sandbox_or_live() {
        assert_eq!(concerns_of(&["MERCHANT123"], Environment::Sandbox), [QuestionKind::Environment]);
    }
}
