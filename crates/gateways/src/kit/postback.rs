//! Proof by post-back: the same bytes go back to the sender, and the sender says in one word whether they are its own.
//!
//! The answer is read strictly (T-A20). Only one exact word proves, only one other exact word refutes; everything
//! else, however much it looks like an answer, means "not yet known".

use super::verified::Verified;
use crate::{Ask, AskedAnswer, RawRequest, Told};
use ipnd_core::Reason;

/// Longest answer that is looked at, in bytes. The words have 8 and 7; some padding has been seen.
const ANSWER_BYTES_MAX: usize = 512;

/// How one sender wants to be asked, and how it answers.
#[derive(Debug)]
pub struct Postback {
    /// Put in front of the raw body.
    pub prefix: &'static str,
    pub genuine: &'static str,
    pub forged: &'static str,
}

/// What an answer says of the request that was asked about.
#[derive(Debug)]
pub enum Verdict<'a> {
    Genuine(Verified<'a>),
    Forged(Reason),
    NotYetKnown(Reason),
}

impl Postback {
    /// The question: the body as it came, byte for byte, behind the prefix.
    #[must_use]
    pub fn ask(&self, request: &RawRequest, url: &str) -> Ask {
        let body = [self.prefix.as_bytes(), &request.body].concat();
        Ask::post(url, "application/x-www-form-urlencoded", body).with("connection", "close")
    }

    /// The other side: genuine is what was told with exactly these bytes.
    #[must_use]
    pub fn answer(&self, ask: &Ask, told: &[Told]) -> AskedAnswer {
        let body = ask.body.strip_prefix(self.prefix.as_bytes());
        let is_own = body.is_some_and(|body| told.iter().any(|told| told.request.body == body));
        AskedAnswer::new(200, if is_own { self.genuine } else { self.forged })
    }

    /// Reads the answer: status 200, complete, short, and one exact word. ASCII white space around it is allowed,
    /// because real answers have come padded; nothing else is.
    #[must_use]
    pub fn read<'a>(&self, request: &'a RawRequest, answer: &AskedAnswer) -> Verdict<'a> {
        let unclear = |detail: String| Verdict::NotYetKnown(Reason::new("answer_unclear", detail));
        if answer.status != 200 {
            return unclear(format!("status {}", answer.status));
        }
        if !answer.complete || answer.body.len() > ANSWER_BYTES_MAX {
            return unclear("too long or cut off".to_owned());
        }
        let word = answer.body.trim_ascii();
        if word == self.genuine.as_bytes() {
            Verdict::Genuine(Verified::by_verifier(request))
        } else if word == self.forged.as_bytes() {
            Verdict::Forged(Reason::new("gateway_says_invalid", self.forged))
        } else {
            let shown: String = String::from_utf8_lossy(word).chars().take(40).collect();
            unclear(format!("“{shown}”"))
        }
    }
}
