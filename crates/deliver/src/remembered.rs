//! Answers that are good for a while: keys, certificates and access tokens of gateways.
//!
//! A gateway says with each question how old an answer may be. One that does not fit what is to be proved may be out of
//! date, so the gateway can ask for a new one; how often that leads to a real question is limited here, or whoever
//! sends forgeries could make us hammer the gateway.

use ipnd_gateways::{Ask, AskedAnswer};
use ipnd_store::AccountId;
use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Mutex;

/// Answers kept for all accounts together. When they are full, all are asked for again.
const ANSWERS_MAX: usize = 1_000;
/// A new answer is asked for at most this often, whatever does not fit the one that is there.
const ANEW_AFTER: SignedDuration = SignedDuration::from_secs(60);

#[derive(Default)]
pub(crate) struct Remembered(Mutex<HashMap<Key, Kept>>);

/// A question of one account, word for word: another account or other access data never get its answer.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    account: AccountId,
    method: &'static str,
    url: String,
    /// Of the headers and the body, which may hold secrets.
    rest: u64,
}

struct Kept {
    answer: AskedAnswer,
    at: Timestamp,
}

impl Remembered {
    /// An earlier answer that will do.
    pub(crate) fn recall(&self, account: AccountId, ask: &Ask, now: Timestamp) -> Option<AskedAnswer> {
        let answers = self.0.lock().expect("nothing panics while it is held");
        let kept = answers.get(&key(account, ask))?;
        let good_for = ask.fresh_for.unwrap_or(ANEW_AFTER);
        let age = now.duration_since(kept.at);
        let will_do = age <= good_for && age >= SignedDuration::ZERO;
        will_do.then(|| AskedAnswer { is_remembered: true, ..kept.answer.clone() })
    }

    /// Keeps an answer, if its question has ever allowed that.
    pub(crate) fn keep(&self, account: AccountId, ask: &Ask, answer: &AskedAnswer, now: Timestamp) {
        if answer.status != 200 || !answer.complete {
            return;
        }
        let mut answers = self.0.lock().expect("nothing panics while it is held");
        let key = key(account, ask);
        if ask.fresh_for.is_none() && !answers.contains_key(&key) {
            return;
        }
        if answers.len() >= ANSWERS_MAX && !answers.contains_key(&key) {
            answers.clear();
        }
        answers.insert(key, Kept { answer: answer.clone(), at: now });
    }
}

fn key(account: AccountId, ask: &Ask) -> Key {
    let mut rest = DefaultHasher::new();
    ask.headers.hash(&mut rest);
    ask.body.hash(&mut rest);
    Key { account, method: ask.method, url: ask.url.clone(), rest: rest.finish() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: AccountId = AccountId(1);

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    fn ask() -> Ask {
        Ask::get("https://api.example/key").with("x-token", "one")
    }

    #[test]
    fn an_answer_is_good_for_as_long_as_the_question_says() {
        let remembered = Remembered::default();
        let hour = ask().fresh_for(SignedDuration::from_hours(1));
        remembered.keep(ACCOUNT, &hour, &AskedAnswer::new(200, "key"), at(0));
        let recall = |ask: &Ask, second| {
            remembered.recall(ACCOUNT, ask, at(second)).map(|answer| answer.is_remembered)
        };
        assert_eq!(recall(&hour, 3_600), Some(true));
        assert_eq!(recall(&hour, 3_601), None);
        assert_eq!(recall(&hour, -1), None, "a clock that went back proves nothing");
        let other = ask().with("x-token", "two").fresh_for(SignedDuration::from_hours(1));
        assert_eq!(recall(&other, 1), None);
        assert!(remembered.recall(AccountId(2), &hour, at(1)).is_none());
    }

    #[test]
    fn a_new_answer_is_asked_for_once_a_minute_at_most() {
        let remembered = Remembered::default();
        let hour = ask().fresh_for(SignedDuration::from_hours(1));
        remembered.keep(ACCOUNT, &hour, &AskedAnswer::new(200, "old"), at(0));
        assert!(remembered.recall(ACCOUNT, &ask(), at(60)).is_some());
        assert!(remembered.recall(ACCOUNT, &ask(), at(61)).is_none());
        remembered.keep(ACCOUNT, &ask(), &AskedAnswer::new(200, "new"), at(61));
        assert_eq!(remembered.recall(ACCOUNT, &hour, at(62)).unwrap().body, b"new");
    }

    #[test]
    fn what_is_not_an_answer_is_not_kept_and_nothing_else_either() {
        let remembered = Remembered::default();
        let hour = ask().fresh_for(SignedDuration::from_hours(1));
        remembered.keep(ACCOUNT, &hour, &AskedAnswer::new(401, "no"), at(0));
        remembered.keep(ACCOUNT, &ask(), &AskedAnswer::new(200, "yes"), at(0));
        assert!(remembered.recall(ACCOUNT, &hour, at(1)).is_none());
    }
}
