//! How the player misbehaves on request, so that a receiver can be seen to cope.

use serde::{Deserialize, Serialize};

/// One kind of misbehaviour. Each is tried by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// The same bytes are delivered twice.
    Duplicate,
    /// It has happened and is never sent.
    Drop,
    /// It comes an hour late.
    Delay,
    /// Two messages change places.
    Reorder,
    /// One character of what proves it is another one.
    WrongSignature,
    /// Signed with somebody else's secrets.
    WrongSecret,
    /// One smallest unit less, and signed like that.
    WrongAmount,
    /// Written anew in another charset after it was signed.
    WrongCharset,
    /// An hour old, with the time and the signature of then.
    Stale,
    /// The reply is not heard, so it is repeated.
    ReplyIgnored,
}

impl Fault {
    pub const ALL: &'static [Self] = &[
        Self::Duplicate,
        Self::Drop,
        Self::Delay,
        Self::Reorder,
        Self::WrongSignature,
        Self::WrongSecret,
        Self::WrongAmount,
        Self::WrongCharset,
        Self::Stale,
        Self::ReplyIgnored,
    ];

    /// The stable word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Duplicate => "duplicate",
            Self::Drop => "drop",
            Self::Delay => "delay",
            Self::Reorder => "reorder",
            Self::WrongSignature => "wrong-signature",
            Self::WrongSecret => "wrong-secret",
            Self::WrongAmount => "wrong-amount",
            Self::WrongCharset => "wrong-charset",
            Self::Stale => "stale",
            Self::ReplyIgnored => "reply-ignored",
        }
    }

    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fault| fault.word() == word)
    }

    /// Its text in the catalogue.
    pub(crate) fn key(self) -> String {
        format!("fault.{}", self.word())
    }
}
