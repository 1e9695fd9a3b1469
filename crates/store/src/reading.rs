//! From a proof to what the store records: what a gateway's file makes of a notification, held against its account.
//!
//! Pure. The worker that asks gateways uses it with answers that have just come, `ipnd rebuild` with those that were
//! kept.

use crate::{Account, KeptAnswer, ProvedBy};
use ipnd_core::{ExaminedEvent, Expectation, Reason, examine};
use ipnd_gateways::{
    ACCEPT_UNCONFIRMED, AskedAnswer, Gateway, Interpretation, Proof, RawRequest, Received, Resumed,
    SettingProblem, Settings,
};
use jiff::Timestamp;

/// An account's gateway with the account's settings.
///
/// # Errors
/// `settings_incomplete`.
pub fn gateway_of(account: &Account) -> Result<(&'static Gateway, Settings), Reason> {
    let gateway = ipnd_gateways::find(&account.gateway).ok_or_else(|| {
        Reason::new("settings_incomplete", format!("no gateway is called {}", account.gateway))
    })?;
    let settings = Settings::check(gateway.settings, account.environment, account.settings.clone())
        .map_err(|problems| Reason::new("settings_incomplete", shown(&problems)))?;
    Ok((gateway, settings))
}

fn shown(problems: &[SettingProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Who stands for what is said. What was not proved in everything that moves money is proved by nobody, however it came
/// here; the account's owner may have decided to believe it all the same.
#[must_use]
pub fn proved_by(account: &Account, interpretation: &Interpretation, by: ProvedBy) -> ProvedBy {
    let is_believed = account.settings.get(ACCEPT_UNCONFIRMED.key).is_some_and(|word| word == "yes");
    match interpretation.proof {
        Proof::Strong => by,
        Proof::Weak | Proof::Hint if is_believed => ProvedBy::Setting,
        Proof::Weak | Proof::Hint => ProvedBy::Nobody,
    }
}

/// The events with what does not fit the account they came in by.
#[must_use]
pub fn examined(
    account: &Account,
    interpretation: Interpretation,
    proved_by: ProvedBy,
) -> Vec<ExaminedEvent> {
    let list = |key: &'static str| {
        let values = account.settings.get(key).map(String::as_str).unwrap_or_default();
        let values = values.split(['\n', ',']).map(str::trim).filter(|value| !value.is_empty());
        values.map(str::to_owned).collect::<Vec<_>>()
    };
    let gateway = ipnd_gateways::find(&account.gateway);
    let key = gateway.and_then(|gateway| gateway.receivers);
    let is_needed = |key: &str| {
        let table = gateway.map_or(&[][..], |gateway| gateway.settings);
        table.iter().any(|setting| setting.key == key && setting.required)
    };
    let expectation = Expectation {
        environment: account.environment,
        // A list that nobody has to fill in and nobody has filled in compares nothing.
        receivers: key
            .map(|key| (key, list(key)))
            .filter(|(key, list)| is_needed(key) || !list.is_empty())
            .map(|(_, list)| list),
        is_confirmed: proved_by != ProvedBy::Nobody,
    };
    let events = interpretation.events.into_iter();
    events.map(|event| ExaminedEvent { concerns: examine(&event, &expectation), event }).collect()
}

/// What reading a notification once more has come to.
pub(crate) enum Reread {
    Genuine(Interpretation, ProvedBy),
    Forged,
    /// It cannot be proved once more, and why. That says nothing against the proof of then.
    Unrepeatable(&'static str),
}

/// Reads a notification once more, with the answers of one look, by today's gateway file and today's settings.
pub(crate) fn again(
    account: &Account,
    request: &RawRequest,
    received_at: Timestamp,
    kept: &[KeptAnswer],
) -> Reread {
    let Ok((gateway, settings)) = gateway_of(account) else {
        return Reread::Unrepeatable("their account's settings are not complete any more");
    };
    let mut ask = match (gateway.receive)(request, &settings, received_at) {
        Received::Proven(interpretation) => {
            let by = proved_by(account, &interpretation, ProvedBy::Message);
            return Reread::Genuine(interpretation, by);
        }
        Received::Ask(ask) => ask,
        Received::Refused(_) | Received::Probe => {
            return Reread::Unrepeatable("their proof does not fit the account's settings of today");
        }
    };
    let Some(resume) = gateway.resume else {
        return Reread::Unrepeatable("their gateway cannot be asked any more");
    };
    let mut answers: Vec<AskedAnswer> = Vec::new();
    loop {
        let place = u32::try_from(answers.len()).expect("a handful");
        let Some(answer) = kept.iter().find(|answer| answer.position == place && !ask.is_secret) else {
            return Reread::Unrepeatable("the gateway's answer about them was not kept");
        };
        let complete = answer.is_complete;
        answers.push(AskedAnswer { complete, ..AskedAnswer::new(answer.status, answer.body.clone()) });
        ask = match resume(request, &settings, &answers, received_at) {
            Resumed::Genuine(interpretation) => {
                let by = proved_by(account, &interpretation, ProvedBy::Gateway);
                return Reread::Genuine(interpretation, by);
            }
            Resumed::Forged(_) => return Reread::Forged,
            Resumed::NotYetKnown(_) => {
                return Reread::Unrepeatable("the gateway's answer about them does not suffice any more");
            }
            Resumed::Ask(next) => next,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccountId, ShopId};
    use ipnd_core::{Environment, Event, EventKind, QuestionKind};

    fn account(settings: &[(&str, &str)]) -> Account {
        Account {
            id: AccountId(1),
            shop: ShopId(1),
            gateway: "none".into(),
            name: "Mine".into(),
            environment: Environment::Live,
            settings: settings.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect(),
            creates_orders: false,
            token: "t".into(),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn what_nobody_has_proved_counts_only_where_the_owner_has_decided_so() {
        let event = Event::new(EventKind::PaymentCompleted, "x", Environment::Live);
        for (proof, settings, expected) in [
            (Proof::Strong, &[][..], ProvedBy::Gateway),
            (Proof::Strong, &[("accept_unconfirmed", "yes")], ProvedBy::Gateway),
            (Proof::Weak, &[], ProvedBy::Nobody),
            (Proof::Hint, &[("accept_unconfirmed", "no")], ProvedBy::Nobody),
            (Proof::Weak, &[("accept_unconfirmed", "yes")], ProvedBy::Setting),
            (Proof::Hint, &[("accept_unconfirmed", "yes")], ProvedBy::Setting),
        ] {
            let account = account(settings);
            let said = Interpretation::event(event.clone()).at_most(proof);
            let proved_by = proved_by(&account, &said, ProvedBy::Gateway);
            assert_eq!(proved_by, expected, "{proof:?} {settings:?}");
            let concerns = examined(&account, said, proved_by).remove(0).concerns;
            let is_asked = concerns.iter().any(|concern| concern.kind == QuestionKind::Unproven);
            assert_eq!(is_asked, expected == ProvedBy::Nobody, "{proof:?} {settings:?}");
        }
    }
}
