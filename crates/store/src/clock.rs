//! The one place that reads the system clock. Everything else is handed a time or a [`Clock`].

use jiff::Timestamp;
use std::sync::{Arc, Mutex};

/// Tells the time: the system's, or one that a test sets.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    Manual(Arc<Mutex<Timestamp>>),
}

impl Clock {
    #[must_use]
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that stands still until it is set or moved.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self(Kind::Manual(Arc::new(Mutex::new(start))))
    }

    /// Now, cut to milliseconds, which is what the store keeps.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place")]
    pub fn now(&self) -> Timestamp {
        let now = match &self.0 {
            Kind::System => Timestamp::now(),
            Kind::Manual(time) => *time.lock().expect("nothing panics while holding this lock"),
        };
        Timestamp::from_millisecond(now.as_millisecond())
            .expect("cutting digits off a valid time keeps it valid")
    }

    /// Moves a manual clock; the system's clock is not ours to move.
    pub fn advance(&self, by: jiff::SignedDuration) {
        if let Kind::Manual(time) = &self.0 {
            let mut time = time.lock().expect("nothing panics while holding this lock");
            *time = time.checked_add(by).expect("tests stay within the calendar");
        }
    }
}
