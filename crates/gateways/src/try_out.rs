//! Tries a message out at an account, step by step, for whoever sets one up or wants to know why a message is refused.
//!
//! It does what intake does, and tells what it saw meanwhile. It never shows a secret, nor the signature that would have
//! fitted: whoever may look at this could write messages with it. It asks nobody over the network.

use crate::kit::mac::{Algorithm, Encoding};
use crate::kit::time;
use crate::kit::watch::{self, Seen};
use crate::{Ask, Gateway, Interpretation, Outcome, Proof, RawRequest, Received, Reply, Settings, custom};
use ipnd_core::{Event, Language, Reason};
use jiff::Timestamp;
use serde::Serialize;

/// Longest part of a signed text or a value that is shown, in characters.
const SHOWN_CHARS_MAX: usize = 2_000;

/// What became of a message that was tried out.
#[derive(Clone, Debug, Serialize)]
pub struct Tried {
    pub verdict: Verdict,
    pub steps: Vec<Step>,
    /// Where a description looked, and what stood there.
    pub fields: Vec<ReadField>,
    /// Why it was refused, or has no effect.
    pub reason: Option<Reason>,
    pub proof: Option<Proof>,
    pub events: Vec<Event>,
    pub reply: TriedReply,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Genuine, and something follows from it.
    Accepted,
    /// Genuine, and nothing follows from it.
    NothingToDo,
    /// The gateway has to be asked whether it is genuine.
    Asks,
    /// Only a look whether anybody answers.
    Probe,
    Refused,
}

/// What happened, in a sentence, and what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    pub sentence: String,
    /// A text of any length: what was signed, say.
    pub shown: Option<String>,
}

/// One value that was looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReadField {
    pub name: &'static str,
    pub path: String,
    pub value: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TriedReply {
    pub status: u16,
    pub content_type: Option<String>,
    pub body: String,
}

/// Tries a request out, as it would have come at `now`.
#[must_use]
pub fn try_out(gateway: &Gateway, settings: &Settings, request: &RawRequest, now: Timestamp) -> Tried {
    let hidden = Hidden::of(gateway, settings);
    let (received, seen) = watch::during(|| (gateway.receive)(request, settings, now));
    let mut told = Telling { hidden, steps: vec![what_came(request)] };
    told.proofs(&seen);
    let mut tried = told.verdict(&received, gateway);
    if let Received::Refused(reason) = &received {
        told.hints(gateway, settings, request, now, reason);
    }
    if gateway.id == custom::GATEWAY.id {
        told.description(request, settings, &mut tried);
    }
    let outcome = match tried.verdict {
        Verdict::Refused => Outcome::Refused,
        Verdict::Probe => Outcome::Probed,
        Verdict::Accepted | Verdict::NothingToDo | Verdict::Asks => Outcome::Accepted,
    };
    let reply = (gateway.reply)(request, settings, outcome, now);
    told.say(said_back(&reply));
    tried.reply = TriedReply {
        status: reply.status,
        content_type: reply.content_type.map(str::to_owned),
        body: reply.body,
    };
    Tried { steps: told.steps, ..tried }
}

fn what_came(request: &RawRequest) -> Step {
    let content_type = request.header("content-type").unwrap_or("no content type");
    let (method, headers, bytes) = (&request.method, request.headers.len(), request.body.len());
    Step {
        sentence: format!(
            "A {method} request came with {headers} headers and a body of {bytes} bytes ({content_type})."
        ),
        shown: None,
    }
}

fn said_back(reply: &Reply) -> String {
    match reply.body.as_str() {
        "" => format!("The sender hears the status {} and nothing else.", reply.status),
        body => format!("The sender hears the status {} and: {body}", reply.status),
    }
}

/// What must not be shown, in every form in which it may stand in a text.
struct Hidden {
    texts: Vec<String>,
}

impl Hidden {
    fn of(gateway: &Gateway, settings: &Settings) -> Self {
        let secret = gateway.settings.iter().filter(|setting| setting.kind.is_secret());
        let mut texts = Vec::new();
        for own in secret.flat_map(|setting| settings.secrets(setting.key)) {
            texts.push(own.to_owned());
            texts.push(Encoding::Base64.encode(own.as_bytes()));
            // Some schemes sign with a digest of the secret, which is as good as the secret itself.
            for algorithm in [Algorithm::Md5, Algorithm::Sha1, Algorithm::Sha256, Algorithm::Sha512] {
                let digest = algorithm.compute(&[], &[own.as_bytes()]);
                texts.push(Encoding::HexLower.encode(&digest));
                texts.push(Encoding::HexUpper.encode(&digest));
            }
        }
        // The longest first: one secret may be the beginning of another.
        texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        Self { texts }
    }

    fn shown(&self, text: &str) -> String {
        let mut shown = text.to_owned();
        for own in &self.texts {
            shown = shown.replace(own.as_str(), "(secret)");
        }
        if shown.chars().count() > SHOWN_CHARS_MAX {
            shown = shown.chars().take(SHOWN_CHARS_MAX).chain(" ... (cut off)".chars()).collect();
        }
        shown
    }
}

struct Telling {
    hidden: Hidden,
    steps: Vec<Step>,
}

impl Telling {
    fn say(&mut self, sentence: impl AsRef<str>) {
        let sentence = self.hidden.shown(sentence.as_ref());
        self.steps.push(Step { sentence, shown: None });
    }

    fn show(&mut self, sentence: impl AsRef<str>, text: &str) {
        let (sentence, text) = (self.hidden.shown(sentence.as_ref()), self.hidden.shown(text));
        self.steps.push(Step { sentence, shown: Some(text) });
    }

    /// What was compared.
    fn proofs(&mut self, seen: &[Seen]) {
        if seen.is_empty() {
            self.say("No signature was compared.");
        }
        let mut before: Option<(&Option<Vec<u8>>, &[String])> = None;
        for look in seen {
            let Some(bytes) = &look.signed else {
                let right = if look.fits { "the right one" } else { "not the right one" };
                self.say(format!("The message carries {}, and it is {right}.", look.way));
                continue;
            };
            // Several secrets are tried on the same text and the same signature.
            let now = (&look.signed, look.given.as_slice());
            if before != Some(now) {
                let text = String::from_utf8_lossy(bytes);
                self.show(format!("This is what is signed ({}):", look.way), &text);
                self.show("The message carries this signature:", &look.given.join("\n"));
            }
            self.say(match (look.fits, before == Some(now)) {
                (true, false) => "It fits.",
                (true, true) => "It fits with another secret of the account.",
                (false, false) => "It does not fit.",
                (false, true) => "It does not fit with another secret of the account either.",
            });
            before = Some(now);
        }
    }

    fn verdict(&mut self, received: &Received, gateway: &Gateway) -> Tried {
        let mut tried = Tried {
            verdict: Verdict::Refused,
            steps: Vec::new(),
            fields: Vec::new(),
            reason: None,
            proof: None,
            events: Vec::new(),
            reply: TriedReply { status: 0, content_type: None, body: String::new() },
        };
        match received {
            Received::Proven(interpretation) => self.genuine(interpretation, &mut tried),
            Received::Ask(ask) => {
                tried.verdict = Verdict::Asks;
                self.asks(ask, gateway);
            }
            Received::Probe => {
                tried.verdict = Verdict::Probe;
                self.say("It only looks whether anybody answers. Nothing is kept.");
            }
            Received::Refused(reason) => {
                self.say(format!("It is refused: {}", reason.sentence(Language::En)));
                tried.reason = Some(reason.clone());
            }
        }
        tried
    }

    fn genuine(&mut self, interpretation: &Interpretation, tried: &mut Tried) {
        tried.proof = Some(interpretation.proof);
        tried.events.clone_from(&interpretation.events);
        tried.reason.clone_from(&interpretation.remark);
        let is_empty = interpretation.events.is_empty();
        tried.verdict = if is_empty { Verdict::NothingToDo } else { Verdict::Accepted };
        self.say(match interpretation.proof {
            Proof::Strong => "It is genuine.",
            Proof::Weak => "It is accepted, but its proof is weak: you are asked before money counts.",
            Proof::Hint => "It is accepted, and proves nothing: you are asked before money counts.",
        });
        for event in &interpretation.events {
            self.say(said_by(event));
        }
        if let Some(remark) = &interpretation.remark {
            self.say(remark.sentence(Language::En));
        }
    }

    fn asks(&mut self, ask: &Ask, gateway: &Gateway) {
        let name = gateway.name;
        self.say(format!("It is kept, and {name} would now be asked: {} {}", ask.method, ask.url));
        self.say("Trying out asks nobody, so it ends here.");
    }

    /// Where the description looked, and why its proof is not worth more.
    fn description(&mut self, request: &RawRequest, settings: &Settings, tried: &mut Tried) {
        match custom::explain(request, settings) {
            Ok(explained) => {
                let shown = |field: ReadField| ReadField {
                    value: field.value.map(|value| self.hidden.shown(&value)),
                    ..field
                };
                tried.fields = explained.fields.into_iter().map(shown).collect();
                if let Some(why) = explained.weakness {
                    self.say(format!("Messages of this description are weakly proved: {why}."));
                }
            }
            Err(reason) => self.say(format!("Its content cannot be read: {}", reason.sentence(Language::En))),
        }
    }

    /// What would have helped.
    fn hints(
        &mut self,
        gateway: &Gateway,
        settings: &Settings,
        request: &RawRequest,
        now: Timestamp,
        reason: &Reason,
    ) {
        if reason.code.starts_with("timestamp_") && reason.code != "timestamp_missing" {
            self.say("To try a message that came earlier, say when it came (--now).");
        }
        if reason.code != "signature_wrong" {
            return;
        }
        let fits = |body: Vec<u8>| {
            let other = RawRequest { body, ..request.clone() };
            other.body != request.body
                && !matches!((gateway.receive)(&other, settings, now), Received::Refused(_))
        };
        let text = &request.body;
        let joined = |lines: &[u8]| {
            text.split(|byte| *byte == b'\n')
                .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
                .collect::<Vec<_>>()
                .join(lines)
        };
        let others = [
            (text.trim_ascii_end().to_vec(), "without the white space at the end of the body"),
            ([text.as_slice(), b"\n"].concat(), "with a line break at the end of the body"),
            (joined(b"\r\n"), "with the line breaks of the network (CR LF) in the body"),
            (joined(b"\n"), "with plain line breaks (LF) in the body"),
            (joined(b""), "without line breaks in the body"),
        ];
        if let Some((_, how)) = others.into_iter().find(|(body, _)| fits(body.clone())) {
            self.say(format!(
                "The signature would fit {how}: it was changed on its way here, perhaps by an editor."
            ));
        } else {
            self.say(
                "Either the secret is another one, or the body is not byte for byte what was sent, or something else is \
                 signed than what is shown above.",
            );
        }
    }
}

/// An event in one sentence.
fn said_by(event: &Event) -> String {
    let mut parts = vec![event.kind.word().to_owned()];
    parts.extend(event.amount.map(|amount| format!("of {amount}")));
    parts.extend(event.order_ref.as_ref().map(|order| format!("for the order {order}")));
    parts.extend(event.transaction.as_ref().map(|own| format!("(transaction {own})")));
    parts.extend(event.parent.as_ref().map(|parent| format!("about the payment {parent}")));
    format!("It says: {}, in the environment {}.", parts.join(" "), event.environment.word())
}

/// A time as people write it: RFC 3339, or seconds since 1970.
#[must_use]
pub fn time_of_text(text: &str) -> Option<Timestamp> {
    time::rfc3339(text).or_else(|| time::seconds(text))
}

/// A raw HTTP request as it stands in a text file: the first line, the headers, an empty line, the body. One line break
/// at the end, which editors add, is no part of the body, unless a `Content-Length` says otherwise.
///
/// # Errors
/// What is wrong with it, for people.
pub fn request_of_text(text: &[u8]) -> Result<RawRequest, String> {
    let (head, rest) = cut_head(text).ok_or("there is no empty line between the headers and the body")?;
    let head = std::str::from_utf8(head).map_err(|_| "the headers are not text")?;
    let mut lines = head.lines();
    let mut start = lines.next().unwrap_or_default().split_ascii_whitespace();
    let (method, target) = (start.next().unwrap_or_default(), start.next().unwrap_or_default());
    let is_method = !method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase());
    if !is_method || target.is_empty() {
        return Err("the first line must be like: POST /in/token HTTP/1.1".to_owned());
    }
    let mut headers = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':').ok_or_else(|| format!("this is no header: {line}"))?;
        headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse::<usize>().ok());
    let body = match length {
        Some(length) if length <= rest.len() => &rest[..length],
        Some(length) => {
            return Err(format!("Content-Length says {length} bytes, and the body has {}", rest.len()));
        }
        None => rest.strip_suffix(b"\n").map_or(rest, |body| body.strip_suffix(b"\r").unwrap_or(body)),
    };
    Ok(RawRequest {
        method: method.to_owned(),
        query: target.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default(),
        headers,
        body: body.to_vec(),
    })
}

/// The head without its last line break, and what follows the empty line.
fn cut_head(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let find = |mark: &[u8]| {
        text.windows(mark.len()).position(|window| window == mark).map(|at| (at, at + mark.len()))
    };
    let found = [find(b"\r\n\r\n"), find(b"\n\n")].into_iter().flatten().min();
    match found {
        Some((end, begin)) => Some((&text[..end], &text[begin..])),
        // A request without a body may end with its headers.
        None => (text.ends_with(b"\n") && !text.contains(&b'{')).then_some((text, &[][..])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::{Environment, EventKind, Money};

    const NOW: Timestamp = Timestamp::constant(1_790_000_000, 0);

    fn composed(gateway: &Gateway) -> (Settings, RawRequest) {
        let settings = Settings::sample(gateway.settings);
        let euro = crate::kit::amount::currency("EUR").unwrap();
        let event = Event {
            order_ref: Some("A-1".into()),
            transaction: Some("T1".into()),
            amount: Some(Money::from_minor(2599, euro)),
            ..Event::new(EventKind::PaymentCompleted, "payment.completed/T1", Environment::Sandbox)
        };
        let request = (gateway.compose)(&event, &settings, NOW).unwrap();
        (settings, request)
    }

    fn whole(tried: &Tried) -> String {
        serde_json::to_string(tried).unwrap()
    }

    #[test]
    fn a_good_message_is_told_from_its_signature_to_the_reply() {
        let (settings, request) = composed(&custom::GATEWAY);
        let tried = try_out(&custom::GATEWAY, &settings, &request, NOW);
        assert_eq!((tried.verdict, tried.proof), (Verdict::Accepted, Some(Proof::Strong)), "{tried:#?}");
        let sentences: Vec<&str> = tried.steps.iter().map(|step| step.sentence.as_str()).collect();
        assert!(
            sentences.contains(&"This is what is signed (HMAC-SHA256, in hexadecimal digits):"),
            "{sentences:?}"
        );
        assert!(sentences.contains(&"It fits."));
        assert!(sentences.contains(&"The sender hears the status 200 and: OK"));
        let order = tried.fields.iter().find(|field| field.name == "order").unwrap();
        assert_eq!((order.path.as_str(), order.value.as_deref()), ("payment.order_number", Some("A-1")));
    }

    #[test]
    fn t_d13_signing_secret_leaks_into_no_report_nor_does_what_was_expected() {
        for gateway in crate::ALL {
            let settings = Settings::sample(gateway.settings);
            let euro = crate::kit::amount::currency("EUR").unwrap();
            let event = Event {
                order_ref: Some("A-1".into()),
                transaction: Some("T1".into()),
                amount: Some(Money::from_minor(2599, euro)),
                ..Event::new(EventKind::PaymentCompleted, "payment.completed/T1", Environment::Sandbox)
            };
            let Ok(request) = (gateway.compose)(&event, &settings, NOW) else { continue };
            let secrets: Vec<&str> = gateway
                .settings
                .iter()
                .filter(|setting| setting.kind.is_secret())
                .flat_map(|setting| settings.secrets(setting.key))
                .collect();
            let mut bent = request.clone();
            bent.headers.iter_mut().for_each(|(_, value)| *value = value.replace(['a', 'b', '1'], "0"));
            let strange = RawRequest { body: [request.body.as_slice(), b" "].concat(), ..request.clone() };
            for request in [&request, &bent, &strange] {
                let report = whole(&try_out(gateway, &settings, request, NOW));
                for secret in &secrets {
                    assert!(!report.contains(secret), "{}: {report}", gateway.id);
                }
            }
        }
        // A message without its signature must not be told which one would have fitted.
        let (settings, request) = composed(&custom::GATEWAY);
        let signature = request.header("x-teapay-signature").unwrap().replace("sha256=", "");
        let wrong =
            RawRequest { headers: Vec::new(), ..request.clone() }.with("x-teapay-signature", "sha256=00");
        let zeros = wrong.clone();
        for request in [
            wrong,
            RawRequest {
                headers: vec![("x-teapay-signature".into(), format!("sha256={}", "0".repeat(64)))],
                ..zeros
            },
        ] {
            assert!(!whole(&try_out(&custom::GATEWAY, &settings, &request, NOW)).contains(&signature));
        }
    }

    #[test]
    fn a_line_break_that_an_editor_added_is_found() {
        let (settings, request) = composed(&custom::GATEWAY);
        let with = |body: Vec<u8>| {
            let tried = try_out(&custom::GATEWAY, &settings, &RawRequest { body, ..request.clone() }, NOW);
            assert_eq!(tried.verdict, Verdict::Refused);
            tried.steps.iter().map(|step| step.sentence.clone()).collect::<Vec<_>>().join("\n")
        };
        let longer = with([request.body.as_slice(), b"\n"].concat());
        assert!(longer.contains("would fit without the white space at the end of the body"), "{longer}");
        assert!(with(b"{}".to_vec()).contains("Either the secret is another one"));
    }

    #[test]
    fn weak_proofs_say_why() {
        let mut values = Settings::sample(custom::GATEWAY.settings).values().clone();
        let described = values["description"].split("[fields]").nth(1).unwrap().to_owned();
        let proof = "[message]\nsender = \"tea\"\n[proof]\nby = \"token\"\nquery = \"key\"\n[fields]";
        values.insert("description".into(), format!("{proof}{described}"));
        let settings = Settings::check(custom::GATEWAY.settings, Environment::Sandbox, values).unwrap();
        let (_, mut request) = composed(&custom::GATEWAY);
        request.query = "key=sandbox-of-ipnd-nobodys-secret".into();
        let tried = try_out(&custom::GATEWAY, &settings, &request, NOW);
        assert_eq!((tried.verdict, tried.proof), (Verdict::Accepted, Some(Proof::Weak)));
        assert!(whole(&tried).contains("a secret word says nothing about the content"));
    }

    #[test]
    fn requests_stand_in_text_files() {
        let read = |text: &str| request_of_text(text.as_bytes());
        let request = read("POST /in/x?a=b HTTP/1.1\r\nX-One: 1\r\nHost: h\r\n\r\nbody\r\n").unwrap();
        assert_eq!((request.method.as_str(), request.query.as_str()), ("POST", "a=b"));
        assert_eq!((request.header("x-one"), request.body.as_slice()), (Some("1"), &b"body"[..]));
        assert_eq!(read("POST / HTTP/1.1\nA: b\n\n{\"a\":\n1}\n\n").unwrap().body, b"{\"a\":\n1}\n");
        assert_eq!(read("POST / HTTP/1.1\nContent-Length: 3\n\nabc\n").unwrap().body, b"abc");
        assert_eq!(read("POST / HTTP/1.1\nContent-Length: 4\n\nabc\n").unwrap().body, b"abc\n");
        assert!(read("POST / HTTP/1.1\nContent-Length: 9\n\nabc\n").unwrap_err().contains("9 bytes"));
        assert!(read("GET /in/x HTTP/1.1\nHost: h\n").unwrap().body.is_empty());
        for text in
            ["", "hello", "{\"a\":1}\n", "post / HTTP/1.1\n\n", "POST\n\n", "POST / HTTP/1.1\nno header\n\n"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
