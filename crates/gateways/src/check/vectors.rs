//! Signed requests with what is expected of them, as a JSON list; the file's name is the gateway's.
//!
//! Each element has a `name`, the `secret` (a text, or an object of settings), the `request`, whether it is `valid`,
//! what to `expect`, and where they matter the clock (`now`, `reply_time`), scripted answers of the gateway's API
//! (`api`) and the exact `reply`.

use super::CheckLine;
use crate::drive::{Decided, decide};
use crate::{
    Ask, AskedAnswer, Gateway, Interpretation, Outcome, RawRequest, Received, Setting, SettingFault,
    SettingProblem, Settings,
};
use ipnd_core::{Environment, Event, EventKind, Expectation, examine};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

/// Where a file calls a setting by another name.
const ALIASES: &[(&str, &str)] = &[("pubkey_base64_pem", "public_key")];

#[derive(Deserialize)]
struct Vector {
    name: String,
    secret: Value,
    request: Request,
    now: Option<i64>,
    reply_time: Option<i64>,
    /// May name the clock of the reply: `DATE=20261120090000`.
    #[serde(default)]
    note: Option<String>,
    valid: bool,
    expect: Expected,
    reply: Option<String>,
    reply_status: Option<u16>,
    #[serde(default)]
    api: Vec<Scripted>,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    query: String,
}

#[derive(Deserialize)]
struct Expected {
    event: Option<String>,
    order_ref: Option<String>,
    transaction_ref: Option<String>,
    amount_minor: Option<i128>,
    currency: Option<String>,
}

/// An answer of the gateway's API.
#[derive(Deserialize)]
struct Scripted {
    method: String,
    path: String,
    status: u16,
    #[serde(default)]
    response: Option<Box<RawValue>>,
}

/// What the file itself says orders cost: the amounts of its accepted payments.
type Prices = BTreeMap<String, (i128, String)>;

/// Checks every element of a file. A file that cannot be read is a problem of its own.
#[must_use]
pub fn check_vectors(gateway: &Gateway, text: &str) -> Vec<CheckLine> {
    let vectors: Vec<Vector> = match serde_json::from_str(text) {
        Ok(vectors) => vectors,
        Err(error) => {
            let problems = vec![format!("cannot be read: {error}")];
            return vec![CheckLine { name: gateway.id.to_owned(), problems }];
        }
    };
    let prices = prices(&vectors);
    let check = |vector: &Vector| CheckLine {
        name: vector.name.clone(),
        problems: problems(gateway, vector, &prices),
    };
    vectors.iter().map(check).collect()
}

fn prices(vectors: &[Vector]) -> Prices {
    let paid = |vector: &&Vector| vector.expect.event.as_deref() == Some("completed");
    let price = |vector: &Vector| {
        let expect = &vector.expect;
        Some((expect.order_ref.clone()?, (expect.amount_minor?, expect.currency.clone()?)))
    };
    vectors.iter().filter(paid).filter_map(price).collect()
}

fn problems(gateway: &Gateway, vector: &Vector, prices: &Prices) -> Vec<String> {
    let settings = match settings(gateway, &vector.secret) {
        Ok(settings) => settings,
        // No account can have such a secret, so nothing is ever accepted with it.
        Err(_) if !vector.valid => return Vec::new(),
        Err(problem) => return vec![problem],
    };
    let request = vector.request.raw();
    let clock = |seconds: Option<i64>| Timestamp::from_second(seconds.unwrap_or_default()).ok();
    let Some(now) = clock(vector.now.or(vector.reply_time)) else { return vec!["now is no time".to_owned()] };

    let is_signature_only = vector.api.is_empty() && vector.expect.event.as_deref() == Some("ignored");
    if vector.valid
        && is_signature_only
        && matches!((gateway.receive)(&request, &settings, now), Received::Ask(_))
    {
        // The proof holds as far as it goes, and nobody has said what the gateway would answer.
        return Vec::new();
    }
    let decided = decide(gateway, &request, &settings, now, &mut |ask| scripted(ask, &vector.api));
    let mut problems = Vec::new();
    let outcome = match (decided, vector.valid) {
        (Decided::Genuine(interpretation), true) => {
            compare(&interpretation, &vector.expect, &mut problems);
            Outcome::Accepted
        }
        (Decided::Genuine(interpretation), false) => {
            if is_believed(gateway, &settings, &interpretation, prices) {
                problems.push("must be refused, and was accepted".to_owned());
            }
            Outcome::Accepted
        }
        (Decided::Probe, valid) => {
            if valid && vector.expect.event.is_some() {
                problems.push("was taken for a look whether anybody answers".to_owned());
            }
            Outcome::Probed
        }
        (Decided::Refused(reason) | Decided::Forged(reason) | Decided::NotYetKnown(reason), true) => {
            problems.push(format!("must be accepted: {} {}", reason.code, reason.detail));
            Outcome::Refused
        }
        (Decided::Forged(_) | Decided::NotYetKnown(_), false) => Outcome::Accepted,
        (Decided::Refused(_), false) => Outcome::Refused,
    };
    let replied_at = vector.noted_date().or_else(|| clock(vector.reply_time)).unwrap_or(now);
    let reply = (gateway.reply)(&request, &settings, outcome, replied_at);
    if let Some(expected) = vector.reply.as_deref().filter(|reply| !reply.is_empty())
        && reply.body != expected
    {
        problems.push(format!("reply: expected {expected:?}, got {:?}", reply.body));
    }
    if let Some(expected) = vector.reply_status.filter(|expected| *expected != reply.status) {
        problems.push(format!("reply status: expected {expected}, got {}", reply.status));
    }
    problems
}

impl Vector {
    fn noted_date(&self) -> Option<Timestamp> {
        let digits = self.note.as_deref()?.split("DATE=").nth(1)?.get(..14)?;
        let date = jiff::civil::DateTime::strptime("%Y%m%d%H%M%S", digits).ok()?;
        date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    }
}

impl Request {
    fn raw(&self) -> RawRequest {
        let lower = |(name, value): (&String, &String)| (name.to_ascii_lowercase(), value.clone());
        RawRequest {
            method: self.method.clone(),
            query: self.query.clone(),
            headers: self.headers.iter().map(lower).collect(),
            body: self.body.clone().into_bytes(),
        }
    }
}

/// The settings of an account that has this secret, and for the rest what the sandbox's own account has.
fn settings(gateway: &Gateway, secret: &Value) -> Result<Settings, String> {
    let table = gateway.settings;
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    let mut put = |setting: &Setting, value: &str| values.insert(setting.key.to_owned(), value.to_owned());
    match secret {
        Value::String(text) => {
            let secrets = || table.iter().filter(|setting| setting.kind.is_secret());
            let own = secrets().find(|setting| setting.required).or_else(|| secrets().next());
            put(own.ok_or("the gateway has no secret")?, text);
        }
        Value::Object(parts) => {
            for (name, value) in parts {
                let named = snake_case(name);
                let alias = ALIASES.iter().find(|(alias, _)| *alias == named).map(|(_, key)| *key);
                let key = alias.unwrap_or(&named);
                let setting = table.iter().find(|setting| setting.key == key);
                if let (Some(setting), Some(text)) = (setting, value.as_str()) {
                    put(setting, text);
                }
            }
        }
        _ => return Err("the secret is neither a text nor an object".to_owned()),
    }
    for setting in table.iter().filter(|setting| setting.required) {
        values.entry(setting.key.to_owned()).or_insert_with(|| setting.sample.to_owned());
    }
    let is_short = |problem: &SettingProblem| matches!(problem.fault, SettingFault::TooShort(_));
    match Settings::check(table, Environment::Live, values.clone()) {
        Ok(settings) => Ok(settings),
        // Documentation is written with secrets that no account may have.
        Err(problems) if problems.iter().all(is_short) => Ok(Settings::unchecked(Environment::Live, values)),
        Err(problems) => {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            Err(format!("settings: {}", problems.join("; ")))
        }
    }
}

/// `merchantAccount` as `merchant_account`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

fn scripted(ask: &Ask, api: &[Scripted]) -> Option<AskedAnswer> {
    let path = ask.target().split('?').next().unwrap_or_default();
    let own = api.iter().find(|own| own.method == ask.method && own.path == path)?;
    let body = own.response.as_ref().map(|response| response.get().as_bytes().to_vec());
    Some(AskedAnswer::new(own.status, body.unwrap_or_default()))
}

/// Whether anything would come of a genuine message: the account finds nothing wrong with it, and a payment is of
/// what its order costs.
fn is_believed(
    gateway: &Gateway,
    settings: &Settings,
    interpretation: &Interpretation,
    prices: &Prices,
) -> bool {
    let expectation = Expectation {
        environment: Environment::Live,
        receivers: gateway.receivers.map(|key| settings.list(key).map(str::to_owned).collect()),
        is_confirmed: true,
    };
    let is_right = |event: &&Event| {
        let price = event.order_ref.as_ref().and_then(|order| prices.get(order));
        let paid = event.amount.map(|amount| (amount.minor(), amount.currency().code().to_owned()));
        let is_priced_right = event.kind != EventKind::PaymentCompleted
            || price.is_none_or(|price| paid.is_none_or(|paid| paid == *price));
        is_priced_right && examine(event, &expectation).is_empty()
    };
    interpretation.events.iter().any(|event| is_right(&event))
}

fn compare(interpretation: &Interpretation, expected: &Expected, problems: &mut Vec<String>) {
    let word = expected.event.as_deref().unwrap_or_default();
    let told = |events: &[Event]| events.iter().map(|event| event.kind.word()).collect::<Vec<_>>().join(", ");
    if matches!(word, "ignored" | "test" | "test_ping") {
        if !interpretation.events.is_empty() {
            problems.push(format!("event: expected nothing to do, got {}", told(&interpretation.events)));
        }
        return;
    }
    let Some(kinds) = kinds(word) else {
        problems.push(format!("the file's event “{word}” is not known here"));
        return;
    };
    let is_it = |event: &&Event| {
        kinds.contains(&event.kind) && (word != "subscription_renewed" || event.subscription.is_some())
    };
    let Some(event) = interpretation.events.iter().find(is_it) else {
        let got = told(&interpretation.events);
        problems.push(format!("event: expected {word}, got [{got}] {:?}", interpretation.remark));
        return;
    };
    if event.order_ref != expected.order_ref {
        problems.push(format!("order: expected {:?}, got {:?}", expected.order_ref, event.order_ref));
    }
    let names = [&event.transaction, &event.parent, &event.subscription, &event.case];
    if expected.transaction_ref.is_some() && !names.contains(&&expected.transaction_ref) {
        problems.push(format!("transaction: expected {:?}, got {names:?}", expected.transaction_ref));
    }
    let Some(minor) = expected.amount_minor else { return };
    let got = event.amount.map(|amount| (amount.minor(), amount.currency().code().to_owned()));
    let wanted = (minor, expected.currency.clone().unwrap_or_default());
    if got.as_ref() != Some(&wanted) {
        problems.push(format!("amount: expected {wanted:?}, got {got:?}"));
    }
}

/// The file's words for events.
fn kinds(word: &str) -> Option<&'static [EventKind]> {
    use EventKind::*;
    Some(match word {
        "authorised" => &[PaymentAuthorized],
        "completed" | "subscription_renewed" => &[PaymentCompleted],
        "pending" => &[PaymentPending, PaymentOrdered],
        "underpaid" => &[PaymentUnderpaid],
        "failed" => &[PaymentFailed, PaymentDenied],
        "expired" => &[PaymentExpired],
        "cancelled" => &[PaymentVoided],
        "refunded" | "partially_refunded" => &[RefundCompleted],
        "refund_pending" => &[RefundPending],
        "refund_failed" => &[RefundFailed],
        "chargeback_opened" | "dispute_opened" => &[ReversalMade, DisputeOpened],
        "chargeback_won" | "dispute_won" => &[ReversalCancelled, DisputeWon],
        "chargeback_lost" | "dispute_lost" => &[DisputeLost],
        "dispute_updated" => &[DisputeUpdated],
        "subscription_started" => &[SubscriptionStarted],
        "subscription_payment_failed" => &[SubscriptionPaymentFailed, SubscriptionPaymentSkipped],
        "subscription_updated" => &[SubscriptionModified, SubscriptionSuspended],
        "subscription_cancelled" => &[SubscriptionCancelled],
        "subscription_expired" => &[SubscriptionEnded],
        "payout" => &[PayoutCompleted, PayoutPending],
        "payout_failed" => &[PayoutFailed],
        _ => return None,
    })
}
