//! The time line of an order: everything that happened to it, oldest first.

use super::event_view::short;
use super::telling;
use super::words::Words;
use ipnd_core::explain::ask;
use ipnd_core::{EventKind, Verdict};
use ipnd_store::{DeliveryLine, DeliveryState, Happening, MailLine, MailState, OrderSource};
use jiff::Timestamp;

/// One point of the line.
#[derive(Default)]
pub(super) struct Point {
    sorted_by: Timestamp,
    pub(super) at: String,
    pub(super) at_iso: String,
    pub(super) tone: &'static str,
    pub(super) title: String,
    /// Lines below the title.
    pub(super) details: Vec<String>,
    /// Somebody's own words: the owner's message, the customer's note.
    pub(super) quote: Option<String>,
    /// Where to read more: address and text.
    pub(super) link: Option<(String, String)>,
    /// A mark beside the title with what it means.
    pub(super) mark: Option<(String, String)>,
}

/// What happened, and what the shop was told of it, sorted by time.
pub(super) fn points(happenings: Vec<Happening>, told: Vec<DeliveryLine>, words: Words) -> Vec<Point> {
    let mut points: Vec<Point> = happenings.into_iter().map(|happening| point(happening, words)).collect();
    // The list of deliveries has the newest first.
    points.extend(told.into_iter().rev().map(|line| told_point(line, words)));
    points.sort_by_key(|point| point.sorted_by);
    points
}

fn point(happening: Happening, words: Words) -> Point {
    match happening {
        Happening::Registered { at, source } => Point {
            title: words.t(&format!("order.tl.registered.{}", source_word(source))),
            tone: "calm",
            ..Point::at(at, words)
        },
        Happening::Cancelled { at } => {
            Point { title: words.t("order.tl.cancelled"), tone: "calm", ..Point::at(at, words) }
        }
        Happening::Event { at, recorded_at, event, notification, .. } => {
            let mut point = Point::at(at, words);
            point.title = match event.amount {
                Some(amount) if event.amount_is_total => {
                    let total = words.with("order.tl.in_all", "amount", words.money(amount));
                    format!("{} · {total}", words.event_kind(event.kind))
                }
                Some(amount) => format!("{} · {}", words.event_kind(event.kind), words.money(amount)),
                None => words.event_kind(event.kind),
            };
            point.tone = tone(event.kind);
            let said: Vec<&str> =
                [&event.status, &event.reason].into_iter().flatten().map(String::as_str).collect();
            if !said.is_empty() {
                let said = short(&said.join(", "));
                point.details.push(words.with("order.tl.gateway_says", "words", said));
            }
            if (recorded_at.as_second() - at.as_second()).abs() >= 60 {
                point.details.push(words.with("order.tl.recorded", "at", words.at(recorded_at)));
            }
            point.quote = event.note.filter(|note| !note.trim().is_empty());
            let title = words.with("order.tl.notification", "id", notification);
            point.link = Some((format!("/owner/notifications/{notification}"), title));
            point
        }
        Happening::Answered { at, question, verdict, by, .. } => Point {
            title: match verdict {
                Verdict::Accept => words.with("order.tl.accepted", "by", by),
                Verdict::Reject => words.with("order.tl.rejected", "by", by),
            },
            details: vec![ask(&question, words.0)],
            tone: "ask",
            ..Point::at(at, words)
        },
        Happening::Mail { at, mail } => mail_point(at, mail, words),
    }
}

impl Point {
    fn at(at: Timestamp, words: Words) -> Self {
        Self { sorted_by: at, at: words.at_second(at), at_iso: at.to_string(), ..Self::default() }
    }
}

fn mail_point(at: Timestamp, mail: MailLine, words: Words) -> Point {
    let mut point = Point::at(at, words);
    let name = words.t(&format!("templates.kind.{}", mail.kind.word()));
    let (key, tone) = match mail.state {
        MailState::Sent => ("order.tl.mail_sent", "info"),
        MailState::Waiting => ("order.tl.mail_waiting", "wait"),
        MailState::Failed => ("order.tl.mail_failed", "bad"),
    };
    point.tone = tone;
    point.title = words.t(key);
    let subject = mail.subject_line.unwrap_or(name);
    point.details.push(match mail.to {
        Some(to) => words.say("order.tl.mail_to", &[("subject", &subject), ("to", &to)]),
        None => subject,
    });
    if mail.state != MailState::Sent {
        point.details.extend(mail.last_reason.map(|reason| reason.sentence(words.0)));
        if mail.attempts > 0 {
            let tries = words.with("order.tl.mail_tries", "count", mail.attempts);
            point.details.push(match mail.next_at.filter(|_| mail.state == MailState::Waiting) {
                Some(next) => format!("{tries} · {}", words.with("order.tl.mail_next", "at", words.at(next))),
                None => tries,
            });
        }
    }
    if mail.is_doubtful {
        point.mark = Some((words.t("order.tl.mail_doubtful"), words.t("order.tl.mail_doubtful_help")));
    }
    point.quote = mail.message;
    point
}

/// That the shop was told of something, or is to be, and what came of it.
fn told_point(line: DeliveryLine, words: Words) -> Point {
    let mut point = Point::at(line.ended_at.unwrap_or(line.created_at), words);
    point.tone = if line.state == DeliveryState::Delivered { "info" } else { telling::tone(line.state) };
    point.title = words.t(&format!("order.tl.told_{}", line.state.word()));
    let kind = telling::kind_name(&line.kind, words);
    point.details.push(words.say("order.tl.told_to", &[("kind", &kind), ("endpoint", &line.endpoint_name)]));
    if line.state != DeliveryState::Delivered {
        point.details.extend(telling::sentence(line.reason.as_ref(), words));
    }
    let title = words.t("order.tl.told_link");
    point.link = Some((format!("{}/{}", telling::DELIVERIES, line.id), title));
    point
}

pub(super) fn source_word(source: OrderSource) -> &'static str {
    match source {
        OrderSource::Storefront => "storefront",
        OrderSource::Api => "api",
        OrderSource::Event => "event",
    }
}

/// The colour of an event: what it means for the shop's money.
pub(super) fn tone(kind: EventKind) -> &'static str {
    use EventKind as K;
    match kind {
        K::PaymentCompleted | K::ReversalCancelled | K::DisputeWon | K::PayoutCompleted => "good",
        K::PaymentPending
        | K::PaymentUnderpaid
        | K::PaymentOrdered
        | K::PaymentAuthorized
        | K::PayoutPending => "wait",
        K::PaymentDenied
        | K::PaymentFailed
        | K::PaymentVoided
        | K::PaymentExpired
        | K::RefundFailed
        | K::ReversalMade
        | K::DisputeLost
        | K::SubscriptionPaymentFailed
        | K::PayoutFailed => "bad",
        K::DisputeOpened | K::DisputeUpdated => "ask",
        K::RefundPending | K::RefundCompleted => "info",
        _ => "calm",
    }
}
