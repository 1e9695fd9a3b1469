//! What PostgreSQL's errors mean to the rest of ipnd.

use crate::StoreError;
use postgres::Error;
use postgres::error::SqlState;

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let text = sentence(&error);
        let Some(state) = error.code() else {
            // Without a word from the server, the way to it is broken.
            return Self::Unreachable(text);
        };
        match *state {
            SqlState::T_R_SERIALIZATION_FAILURE
            | SqlState::T_R_DEADLOCK_DETECTED
            | SqlState::LOCK_NOT_AVAILABLE
            // Somebody else has just written the same thing; run again, the operation finds it.
            | SqlState::UNIQUE_VIOLATION => Self::Busy,
            SqlState::DISK_FULL | SqlState::OUT_OF_MEMORY | SqlState::CONFIGURATION_LIMIT_EXCEEDED => {
                Self::NoRoom(text)
            }
            SqlState::TOO_MANY_CONNECTIONS
            | SqlState::READ_ONLY_SQL_TRANSACTION
            | SqlState::QUERY_CANCELED
            | SqlState::ADMIN_SHUTDOWN
            | SqlState::CRASH_SHUTDOWN
            | SqlState::CANNOT_CONNECT_NOW
            | SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT => Self::Unreachable(text),
            _ if state.code().starts_with("08") || state.code().starts_with("57") => Self::Unreachable(text),
            _ => Self::Failed(text),
        }
    }
}

/// The error with what the server says of it. The statement's values are not in it.
fn sentence(error: &Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} ({})", said.message(), said.code().code()),
        None => {
            let mut text = error.to_string();
            let mut cause = std::error::Error::source(error);
            while let Some(inner) = cause {
                text.push_str(": ");
                text.push_str(&inner.to_string());
                cause = inner.source();
            }
            text
        }
    }
}
