//! How much a gateway's messages are worth, in words: what their proof covers, and what that means for an account.

use super::words::Words;
use ipnd_core::{Currency, Event, EventKind, Money};
use ipnd_gateways::{ACCEPT_UNCONFIRMED, Covers, Gateway, Proof, Received, Settings};
use ipnd_store::{Account, ProvedBy};
use jiff::Timestamp;

/// Names of covered fields that are listed; the others are counted.
const FIELDS_NAMED_MAX: usize = 24;
/// The same where many gateways stand side by side.
const FIELDS_NAMED_BRIEFLY_MAX: usize = 4;

/// A gateway's proof.
pub(super) struct Worth {
    pub(super) tone: &'static str,
    /// The class, in two words.
    pub(super) name: String,
    /// What the class means, and what the proof covers.
    pub(super) sentence: String,
}

impl Worth {
    pub(super) fn of(gateway: &Gateway, words: Words) -> Self {
        let covers = covers(gateway.covers, FIELDS_NAMED_MAX, words);
        let (word, _) = class(gateway.proof);
        let means = words.t(&format!("accounts.proof.{word}"));
        Self { sentence: format!("{means} {covers}"), ..Self::in_brief(gateway, words) }
    }

    /// Only what is covered: the name of the class says the rest.
    pub(super) fn in_brief(gateway: &Gateway, words: Words) -> Self {
        let (word, tone) = class(gateway.proof);
        let name = words.t(&format!("accounts.proof_name.{word}"));
        Self { tone, name, sentence: covers(gateway.covers, FIELDS_NAMED_BRIEFLY_MAX, words) }
    }

    /// With the settings of one account, which can be worth more than its gateway is in general: where the owner
    /// describes the sender, the description decides.
    pub(super) fn of_account(gateway: &Gateway, trust: Trust, words: Words) -> Self {
        match trust {
            Trust::Proved => Self::of(&Gateway { proof: Proof::Strong, ..*gateway }, words),
            _ => Self::of(gateway, words),
        }
    }
}

/// Part of the keys of the catalogue, and the colour.
pub(super) fn class(proof: Proof) -> (&'static str, &'static str) {
    match proof {
        Proof::Strong => ("strong", "good"),
        Proof::Weak => ("weak", "wait"),
        Proof::Hint => ("hint", "ask"),
    }
}

fn covers(covers: Covers, named_max: usize, words: Words) -> String {
    match covers {
        Covers::Body => words.t("accounts.covers.body"),
        Covers::Nothing => words.t("accounts.covers.nothing"),
        Covers::Fields(names) => {
            let mut named = names.iter().take(named_max).copied().collect::<Vec<_>>().join(", ");
            if names.len() > named_max {
                let more = names.len() - named_max;
                named =
                    words.say("accounts.covers.more", &[("fields", &named), ("count", &more.to_string())]);
            }
            words.with("accounts.covers.fields", "fields", named)
        }
    }
}

/// What becomes of the payments that an account hears of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trust {
    /// Messages prove themselves.
    Proved,
    /// The gateway confirms them when it is asked.
    Confirmed,
    /// Nobody does, and the owner is asked each time.
    PutToOwner,
    /// Nobody does, and the owner has decided to believe them.
    Believed,
}

impl Trust {
    /// What this account's settings come to. They are tried on a message that the gateway's own file writes with them:
    /// whether the gateway is asked can depend on what the owner has entered, and nobody but that file knows how.
    pub(super) fn of(gateway: &Gateway, account: &Account, now: Timestamp) -> Self {
        let is_on = account.settings.get(ACCEPT_UNCONFIRMED.key).is_some_and(|word| word == "yes");
        if gateway.needs_confirmation() && is_on {
            return Self::Believed;
        }
        Self::tried(gateway, account, now).unwrap_or(match (gateway.proof, gateway.resume) {
            (Proof::Strong, None) => Self::Proved,
            (_, Some(_)) => Self::Confirmed,
            (Proof::Weak | Proof::Hint, None) => Self::PutToOwner,
        })
    }

    /// `None` where no message can be written with these settings, such as where only the gateway's own key signs.
    fn tried(gateway: &Gateway, account: &Account, now: Timestamp) -> Option<Self> {
        let values = account.settings.clone();
        let settings = Settings::check(gateway.settings, account.environment, values).ok()?;
        let kind = *gateway.tells.iter().find(|kind| kind.concerns_an_order())?;
        let request = (gateway.compose)(&sample(kind, account, now), &settings, now).ok()?;
        match (gateway.receive)(&request, &settings, now) {
            Received::Proven(said) if said.events.is_empty() => None,
            Received::Proven(said) if said.proof == Proof::Strong => Some(Self::Proved),
            Received::Proven(_) => Some(Self::PutToOwner),
            Received::Ask(_) => Some(Self::Confirmed),
            Received::Probe | Received::Refused(_) => None,
        }
    }

    pub(super) fn sentence(self, words: Words) -> String {
        words.t(match self {
            Self::Proved => "accounts.trust.proved",
            Self::Confirmed => "accounts.trust.confirmed",
            Self::PutToOwner => "accounts.trust.put_to_owner",
            Self::Believed => "accounts.trust.believed",
        })
    }

    pub(super) fn tone(self) -> &'static str {
        match self {
            Self::Proved | Self::Confirmed => "good",
            Self::PutToOwner => "ask",
            Self::Believed => "bad",
        }
    }

    pub(super) fn icon(self) -> &'static str {
        match self {
            Self::Proved | Self::Confirmed => "shield",
            Self::PutToOwner => "question",
            Self::Believed => "alert",
        }
    }

    /// What has to be seen from afar: payments that nobody has confirmed may count.
    pub(super) fn warning(self, words: Words) -> Option<String> {
        (self == Self::Believed).then(|| words.t("accounts.trust.believed_badge"))
    }
}

/// Something ordinary to tell. It never leaves this file.
fn sample(kind: EventKind, account: &Account, now: Timestamp) -> Event {
    let euro = Currency::from_code("EUR").expect("the euro is a currency");
    Event {
        occurred_at: Some(now),
        order_ref: Some("A-1001".to_owned()),
        transaction: Some("T1001x".to_owned()),
        parent: kind.word().starts_with("refund.").then(|| "T1001".to_owned()),
        case: kind.word().starts_with("dispute.").then(|| "C1001".to_owned()),
        amount: Some(Money::from_minor(2599, euro)),
        ..Event::new(kind, "sample", account.environment)
    }
}

/// How one genuine notification was proved: heading, sentence and look.
pub(super) struct HowProved {
    pub(super) title: String,
    pub(super) sentence: String,
    pub(super) tone: &'static str,
    pub(super) icon: &'static str,
}

impl HowProved {
    /// `gateway` says what a message's own proof covers.
    pub(super) fn of(by: ProvedBy, gateway: Option<&Gateway>, words: Words) -> Self {
        let word = by.word();
        let (tone, icon) = match by {
            ProvedBy::Message | ProvedBy::Gateway => ("good", "shield"),
            ProvedBy::Setting => ("wait", "alert"),
            ProvedBy::Nobody => ("ask", "question"),
        };
        let mut sentence = words.t(&format!("notification.proved_by.{word}"));
        if let Some(gateway) = gateway.filter(|_| by == ProvedBy::Message) {
            sentence = format!("{sentence} {}", covers(gateway.covers, FIELDS_NAMED_MAX, words));
        }
        Self { title: words.t(&format!("notification.proved_by_title.{word}")), sentence, tone, icon }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::{Environment, Language};
    use ipnd_store::{AccountId, ShopId};

    const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

    fn account(gateway: &Gateway) -> Account {
        Account {
            id: AccountId(1),
            shop: ShopId(1),
            gateway: gateway.id.to_owned(),
            name: "Mine".to_owned(),
            environment: Environment::Sandbox,
            settings: Settings::sample(gateway.settings).values().clone(),
            creates_orders: false,
            token: "t".to_owned(),
            created_at: NOW,
        }
    }

    #[test]
    fn every_gateway_says_what_its_proof_is_worth_and_what_becomes_of_payments() {
        for gateway in ipnd_gateways::ALL {
            for language in Language::ALL {
                let worth = Worth::of(gateway, Words(language));
                assert!(!worth.sentence.contains("accounts."), "{}: {}", gateway.id, worth.sentence);
            }
            let trust = Trust::tried(gateway, &account(gateway), NOW);
            assert!(trust.is_some(), "{} writes a message that it understands itself", gateway.id);
            assert_ne!(trust, Some(Trust::Believed), "{}", gateway.id);
        }
    }

    #[test]
    fn only_the_owners_own_decision_makes_unconfirmed_payments_count() {
        for gateway in ipnd_gateways::ALL {
            let mut account = account(gateway);
            assert_ne!(Trust::of(gateway, &account, NOW), Trust::Believed, "{}", gateway.id);
            account.settings.insert(ACCEPT_UNCONFIRMED.key.to_owned(), "yes".to_owned());
            let is_believed = Trust::of(gateway, &account, NOW) == Trust::Believed;
            assert_eq!(is_believed, gateway.needs_confirmation(), "{}", gateway.id);
        }
    }
}
