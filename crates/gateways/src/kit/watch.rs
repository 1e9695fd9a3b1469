//! What verifiers look at, for whoever tries a message out and wants to know why it is refused.
//!
//! Nothing is watched but within [`during`], in the same thread, and watching changes no result.

use std::cell::RefCell;

thread_local! {
    static SEEN: RefCell<Option<Vec<Seen>>> = const { RefCell::new(None) };
}

/// One comparison of a verifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// What was computed or compared, in words.
    pub way: String,
    /// What was signed, byte for byte. It may hold secrets. `None` for mere words and passwords.
    pub signed: Option<Vec<u8>>,
    /// The signatures that the message carries. Never what was expected.
    pub given: Vec<String>,
    pub fits: bool,
}

/// Does the work, and tells what verifiers looked at meanwhile.
pub fn during<T>(work: impl FnOnce() -> T) -> (T, Vec<Seen>) {
    SEEN.with_borrow_mut(|seen| *seen = Some(Vec::new()));
    let done = work();
    (done, SEEN.with_borrow_mut(Option::take).unwrap_or_default())
}

pub(super) fn note(look: impl FnOnce() -> Seen) {
    SEEN.with_borrow_mut(|seen| {
        if let Some(seen) = seen {
            seen.push(look());
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_watched_outside() {
        let look = || Seen { way: String::new(), signed: None, given: Vec::new(), fits: true };
        note(|| unreachable!("nobody watches"));
        let ((), seen) = during(|| note(look));
        assert_eq!(seen.len(), 1);
        note(|| unreachable!("nobody watches any more"));
        assert!(during(|| ()).1.is_empty());
    }
}
