//! For how long something is kept: a number of days, or for ever.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::num::NonZeroU32;

const FOREVER: &str = "forever";
/// A hundred years; whoever wants more means for ever.
const DAYS_MAX: u32 = 36_525;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    Forever,
    Days(NonZeroU32),
}

impl Keep {
    pub(crate) const fn of_days(days: u32) -> Self {
        Self::Days(NonZeroU32::new(days).expect("a default is at least a day"))
    }

    pub(crate) fn days(self) -> Option<u32> {
        match self {
            Self::Forever => None,
            Self::Days(days) => Some(days.get()),
        }
    }

    /// The environment has only texts.
    fn read(text: &str) -> Option<Self> {
        if text == FOREVER {
            return Some(Self::Forever);
        }
        let days = text.parse().ok().filter(|days| *days <= DAYS_MAX);
        days.and_then(NonZeroU32::new).map(Self::Days)
    }
}

impl Serialize for Keep {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.days() {
            Some(days) => serializer.serialize_u32(days),
            None => serializer.serialize_str(FOREVER),
        }
    }
}

impl<'de> Deserialize<'de> for Keep {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(i64),
            Text(String),
        }
        let text = match Written::deserialize(deserializer)? {
            Written::Number(days) => days.to_string(),
            Written::Text(text) => text,
        };
        Self::read(&text).ok_or_else(|| {
            serde::de::Error::custom(format!("“{text}” is neither “forever” nor 1 to {DAYS_MAX} days"))
        })
    }
}
