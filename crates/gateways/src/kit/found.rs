//! Events as they are found in a record, of which every part may say something or nothing.

use crate::Interpretation;
use ipnd_core::{Event, Reason};

/// Events, and the first reason why something is none.
#[derive(Debug, Default)]
pub struct Found {
    events: Vec<Event>,
    remark: Option<Reason>,
}

impl Found {
    pub fn take(&mut self, read: Result<Event, Reason>) {
        match read {
            Ok(event) => self.events.push(event),
            Err(reason) => self.remark(reason),
        }
    }

    /// Something that follows from nothing that was found, unless something else was said before.
    pub fn remark(&mut self, reason: Reason) {
        self.remark.get_or_insert(reason);
    }
}

impl From<Found> for Interpretation {
    fn from(found: Found) -> Self {
        let nothing = || Some(Reason::new("nothing_to_do", ""));
        let remark = if found.events.is_empty() { found.remark.or_else(nothing) } else { found.remark };
        Self { remark, ..Self::events(found.events) }
    }
}
