//! The order as 2Checkout's own API has it: what a message says counts for strong once this bears it out.

use super::message::Message;
use crate::kit::amount;
use crate::kit::fetch::{self, Fetched};
use crate::kit::json::Json;
use crate::kit::mac::{Algorithm, Encoding, Mac};
use crate::kit::verified::Verified;
use crate::{Ask, AskedAnswer, Interpretation, Proof, RawRequest, Resumed, Settings, Told};
use ipnd_core::{Environment, Event, EventKind, Reason};
use jiff::Timestamp;
use jiff::tz::TimeZone;

const HOST: &str = "https://api.2checkout.com";
const PATH: &str = "/rest/6.0/orders/";
const MAC: Mac = Mac::new(Algorithm::HmacSha256, Encoding::HexLower);

/// Asks about the order of what was told, where the account has what it takes to ask.
pub(super) fn ask(told: &Interpretation, settings: &Settings, now: Timestamp) -> Option<Ask> {
    let code = settings.get("merchant_code")?;
    let event = told.events.iter().find(|event| event.kind.concerns_an_order())?;
    let order = event.transaction.as_ref().or(event.parent.as_ref())?;
    let host = settings.get("api_url").unwrap_or(HOST).trim_end_matches('/');
    let date = now.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let text = super::message::with_lengths([code.as_bytes(), date.as_bytes()]);
    let hash = MAC.sign(settings.secrets("secret_key").next()?.as_bytes(), &[&text]);
    let password = format!("code=\"{code}\" date=\"{date}\" hash=\"{hash}\" algo=\"sha256\"");
    Some(Ask::get(format!("{host}{PATH}{order}/")).with("x-avangate-authentication", password))
}

pub(super) fn resume(
    request: &RawRequest,
    settings: &Settings,
    answers: &[AskedAnswer],
    _: Timestamp,
) -> Resumed {
    let told = match super::verify(request, settings).and_then(|proved| proved.told()) {
        Ok(told) => told,
        Err(reason) => return Resumed::Forged(reason),
    };
    let Some(answer) = answers.first() else {
        return Resumed::NotYetKnown(Reason::new("api_unclear", "no answer"));
    };
    // The password holds the time of the arrival, so a later try cannot succeed where this one was not let in.
    if matches!(answer.status, 401 | 403) {
        let remark = Some(Reason::new("api_refused_access", format!("status {}", answer.status)));
        return Resumed::Genuine(Interpretation { remark, ..told });
    }
    match fetch::read(request, answer, "order") {
        Fetched::Found(verified) => match Record::of(verified) {
            Ok(record) => record.bears_out(told),
            Err(reason) => Resumed::NotYetKnown(reason),
        },
        // Orders may be known to the API a little later than to the notifications.
        Fetched::Unknown(reason) | Fetched::Unclear(reason) => Resumed::NotYetKnown(reason),
    }
}

/// What counts of the record of an order.
struct Record {
    order: String,
    reference: String,
    status: String,
    currency: String,
    total: String,
    is_test: bool,
}

impl Record {
    fn of(verified: Verified<'_>) -> Result<Self, Reason> {
        let record = Json::of(verified)?;
        let needed = |name: &str| {
            let value = record.scalar(name).map(str::to_owned);
            value.ok_or_else(|| Reason::new("api_unclear", format!("no {name}")))
        };
        let is_test = match record.field("TestOrder") {
            Json::Bool(is_test) => *is_test,
            _ => return Err(Reason::new("api_unclear", "no TestOrder")),
        };
        Ok(Self {
            order: needed("RefNo")?,
            reference: record.scalar("ExternalReference").unwrap_or_default().to_owned(),
            status: needed("Status")?,
            currency: needed("Currency")?,
            total: needed("GrossDiscountedPrice")?,
            is_test,
        })
    }

    fn bears_out(&self, told: Interpretation) -> Resumed {
        let mut is_strong = true;
        for event in &told.events {
            match self.verdict(event) {
                Verdict::BornOut => {}
                Verdict::NotSaid => is_strong = false,
                Verdict::NotYet => return Resumed::NotYetKnown(Reason::new("api_unclear", &self.status)),
                Verdict::Contradicted(name) => {
                    return Resumed::Forged(Reason::new("api_contradicts", name));
                }
            }
        }
        let proof = if is_strong { Proof::Strong } else { Proof::Weak };
        Resumed::Genuine(Interpretation { proof, ..told })
    }

    fn verdict(&self, event: &Event) -> Verdict {
        let Some(amount) = event.amount else { return Verdict::NotSaid };
        let own = event.transaction.as_ref().or(event.parent.as_ref());
        let reference = if self.reference.is_empty() { &self.order } else { &self.reference };
        let is_test = event.environment == Environment::Sandbox;
        if own != Some(&self.order) {
            return Verdict::Contradicted("RefNo");
        }
        if event.order_ref.as_ref() != Some(reference) {
            return Verdict::Contradicted("ExternalReference");
        }
        if is_test != self.is_test {
            return Verdict::Contradicted("TestOrder");
        }
        let Ok(currency) = amount::currency(&self.currency) else { return Verdict::NotSaid };
        if currency != amount.currency() {
            return Verdict::Contradicted("Currency");
        }
        let is_returned = matches!(self.status.as_str(), "REFUND" | "REVERSED");
        match amount::decimal(&self.total, currency) {
            Ok(total) if total.abs() == amount => self.standing(event.kind, is_returned),
            // The record of an order that was given back in part has other sums.
            Ok(_) if !is_returned => Verdict::Contradicted("GrossDiscountedPrice"),
            _ => Verdict::NotSaid,
        }
    }

    /// Whether the order stands where the message says. It may have gone on since.
    fn standing(&self, kind: EventKind, is_returned: bool) -> Verdict {
        let has_come = matches!(self.status.as_str(), "COMPLETE" | "PAYMENT_RECEIVED") || is_returned;
        match kind {
            EventKind::PaymentCompleted if has_come => Verdict::BornOut,
            EventKind::RefundCompleted | EventKind::PaymentVoided if is_returned => Verdict::BornOut,
            EventKind::PaymentCompleted | EventKind::RefundCompleted | EventKind::PaymentVoided => {
                Verdict::NotYet
            }
            EventKind::PaymentPending | EventKind::PaymentFailed => Verdict::BornOut,
            _ => Verdict::NotSaid,
        }
    }
}

enum Verdict {
    BornOut,
    /// The record has no word for it.
    NotSaid,
    /// The record does not stand there yet, and may soon.
    NotYet,
    Contradicted(&'static str),
}

/// Plays the API: the order as the last message about it has it.
pub(super) fn answer(ask: &Ask, told: &[Told], settings: &Settings, _: Timestamp) -> AskedAnswer {
    let code = settings.get("merchant_code").unwrap_or_default();
    let knows_us = ask.header("x-avangate-authentication").is_some_and(|header| header.contains(code));
    if !knows_us {
        return AskedAnswer::new(401, "{}");
    }
    let name = ask.target().strip_prefix(PATH).map(|rest| rest.trim_end_matches('/')).unwrap_or_default();
    let messages = told.iter().rev().filter_map(|told| Message::read(&told.request.body).ok());
    let mut about = messages.filter(|message| message.text("REFNO") == Some(name));
    let Some(message) = about.next() else { return AskedAnswer::new(404, "{}") };
    let text = |name: &str| Json::of_text(message.text(name).unwrap_or_default().to_owned());
    let total = message.text("IPN_TOTALGENERAL").unwrap_or("0").to_owned();
    let currency = message.text("CURRENCY").unwrap_or_default().to_ascii_lowercase();
    let record = Json::of_fields([
        ("RefNo", text("REFNO")),
        ("OrderNo", Json::of_number(0)),
        ("ExternalReference", text("REFNOEXT")),
        ("Status", text("ORDERSTATUS")),
        ("ApproveStatus", Json::of_text("OK")),
        ("VendorApproveStatus", Json::of_text("OK")),
        ("MerchantCode", Json::of_text(code.to_owned())),
        ("TestOrder", Json::Bool(message.text("TEST_ORDER") == Some("1"))),
        ("Currency", Json::of_text(currency)),
        ("GrossPrice", Json::of_number(&total)),
        ("GrossDiscountedPrice", Json::of_number(&total)),
    ]);
    AskedAnswer::new(200, record.to_string())
}
