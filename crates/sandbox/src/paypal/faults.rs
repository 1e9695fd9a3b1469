//! How the stand-in misbehaves on request, so that a shop can be seen to cope.

use super::writing::Writing;
use serde::{Deserialize, Serialize};

/// How a post-back of a message is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Postback {
    #[default]
    Truthful,
    /// The right word with blanks and line ends around it.
    Padded,
    /// HTTP 500, as PayPal's own checker did in July 2015.
    Error,
    /// No answer until the asker gives up.
    Silent,
}

impl Postback {
    pub(crate) const ALL: [Self; 4] = [Self::Truthful, Self::Padded, Self::Error, Self::Silent];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Truthful => "truthful",
            Self::Padded => "padded",
            Self::Error => "error",
            Self::Silent => "silent",
        }
    }

    /// Its text in the catalogue.
    pub(crate) fn key(self) -> String {
        format!("faults.postback.{}", self.word())
    }
}

/// The switches on the page of faults.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Faults {
    pub(crate) postback: Postback,
    /// How new messages are written down.
    pub(crate) writing: Writing,
    /// New messages wait until they are released.
    pub(crate) is_holding: bool,
    /// Every message is delivered a second time.
    pub(crate) is_doubling: bool,
    /// Notifications are switched off in the account: new messages are recorded and never sent.
    pub(crate) is_disabled: bool,
    /// The pauses between repeats are divided by this.
    pub(crate) speed: u32,
}

impl Faults {
    pub(crate) const SPEEDS: [u32; 4] = [1, 10, 100, 1000];
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            postback: Postback::default(),
            writing: Writing::default(),
            is_holding: false,
            is_doubling: false,
            is_disabled: false,
            speed: 10,
        }
    }
}
