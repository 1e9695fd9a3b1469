//! What a listener prints: a line for each thing that happens.

use super::endpoint::Ready;
use super::forward::{Answered, Message};
use crate::api::{text, what_happened};
use crate::console::{Paper, printable};
use crate::moment;
use ipnd_store::Clock;
use jiff::Timestamp;
use serde_json::{Value, json};
use url::Url;

pub(super) struct Show {
    paper: Paper,
    as_json: bool,
    clock: Clock,
}

impl Show {
    pub(super) fn new(as_json: bool) -> Self {
        Self { paper: Paper::new(), as_json, clock: Clock::system() }
    }

    fn line(&self, sentence: impl FnOnce() -> String, data: impl FnOnce() -> Value) {
        self.paper.print(&if self.as_json { data().to_string() } else { sentence() });
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn ready(&self, api: &str, to: &Url, ready: &Ready) {
        let kinds = &ready.kinds;
        self.line(
            || {
                let what = if kinds.is_empty() { "everything".to_owned() } else { kinds.join(", ") };
                let mut text = format!(
                    "Listening to ipnd at {} for {}, forwarding to {}\n",
                    self.paper.link(api),
                    printable(&what),
                    self.paper.link(&printable(to.as_str()))
                );
                match &ready.secret {
                    Some(secret) => {
                        let secret = self.paper.bold(&printable(secret));
                        text += &format!("Your secret for signatures is {secret} (it is not shown again)\n");
                    }
                    None if ready.is_signed => {
                        text += "The secret for signatures is the one from when this endpoint was made (--new-secret makes \
                                 another)\n";
                    }
                    None => {}
                }
                if let Some(ask) = &ready.ask_url {
                    text += &format!("Messages may be asked back at {}\n", self.paper.link(&printable(ask)));
                }
                if ready.waiting > 0 {
                    text += &format!("{} waited for this\n", ready.waiting);
                }
                text + "Ctrl-C ends it."
            },
            || {
                json!({
                    "type": "ready", "at": self.now(), "endpoint": ready.id, "forward_to": to.as_str(), "events": kinds,
                    "secret": ready.secret, "ask_url": ready.ask_url, "waiting": ready.waiting,
                })
            },
        );
    }

    /// `settled` is the delivery as it is now, where ipnd could be told.
    pub(super) fn forwarded(&self, message: &Message, answered: &Answered, settled: Option<&Value>) {
        let now = self.now();
        self.line(
            || self.sentence(now, message, answered, settled),
            || {
                let (status, error) = match &answered.reply {
                    Ok((status, ..)) => (Some(*status), None),
                    Err(error) => (None, Some(error)),
                };
                let of = |key: &str| settled.map(|settled| settled[key].clone()).unwrap_or_default();
                json!({
                    "type": "forwarded", "at": now, "delivery": message.id, "message_id": message.message_id,
                    "kind": message.kind, "order": message.order, "sequence": message.sequence, "status": status,
                    "error": error, "duration_ms": answered.took_ms, "state": of("state"), "next_at": of("next_at"),
                    "reason": of("reason"),
                })
            },
        );
    }

    fn sentence(
        &self,
        now: Timestamp,
        message: &Message,
        answered: &Answered,
        settled: Option<&Value>,
    ) -> String {
        let took = answered.took_ms;
        let order = message.order.as_deref().unwrap_or("-");
        let number = message.sequence.map(|number| format!(" #{number}")).unwrap_or_default();
        let head = format!("{}  {:<24}  {}{number}", moment::clock_time(now), message.kind, order);
        let reply = match &answered.reply {
            Ok((status @ 200..=299, ..)) => self.paper.good(&format!("{status}")),
            Ok((status, ..)) => self.paper.bad(&format!("{status}")),
            Err(error) => self.paper.bad(&printable(&format!("no reply: {}", what_happened(error)))),
        };
        let mut line = format!("{}  {reply}  {took} ms", printable(&head));
        let Some(settled) = settled else { return line };
        match text(settled, "state") {
            "delivered" => {}
            "waiting" => {
                // A good status that was not good enough has to be explained.
                if matches!(answered.reply, Ok((200..=299, ..))) {
                    line += &format!("  {}", self.paper.bad(&printable(text(settled, "reason"))));
                }
                if let Some(next) = moment::of(settled, "next_at") {
                    line += &format!("  again at {}", moment::clock_time(next));
                }
            }
            _ => line += &format!("  given up; `ipnd resend {}` sends it again", printable(&message.id)),
        }
        line
    }

    pub(super) fn away(&self, why: &str) {
        let now = self.now();
        self.line(
            || {
                let why = printable(why);
                format!(
                    "{}  {}",
                    moment::clock_time(now),
                    self.paper.bad(&format!("Waiting for ipnd: {why}"))
                )
            },
            || json!({ "type": "away", "at": now, "why": why }),
        );
    }

    pub(super) fn back(&self) {
        let now = self.now();
        self.line(
            || format!("{}  {}", moment::clock_time(now), self.paper.good("ipnd is back.")),
            || json!({ "type": "back", "at": now }),
        );
    }

    pub(super) fn end(&self) {
        self.line(
            || "The endpoint was removed (--keep would keep it).".to_owned(),
            || json!({ "type": "ended", "at": self.now() }),
        );
    }
}
