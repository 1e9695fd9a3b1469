//! What SQLite's errors mean to the rest of ipnd.

use crate::StoreError;
use rusqlite::{Error, ErrorCode, ffi};

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        let Error::SqliteFailure(failure, _) = &error else { return Self::Failed(error.to_string()) };
        match failure.code {
            ErrorCode::DiskFull | ErrorCode::ReadOnly => Self::NoRoom(error.to_string()),
            // The shared index of the log lies on the same full disk.
            _ if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE => Self::NoRoom(error.to_string()),
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// Whether a failed commit means that what was written can no longer be trusted to be on the disk.
///
/// After a failed sync the kernel may call the lost pages clean, so that a second sync succeeds and proves nothing.
/// The only safe thing is to stop acknowledging and to open the files again.
pub(super) fn is_lost_write(error: &Error) -> bool {
    match error {
        Error::SqliteFailure(failure, _) => {
            failure.code == ErrorCode::SystemIoFailure && failure.extended_code != ffi::SQLITE_IOERR_SHMSIZE
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32) -> Error {
        Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn a_full_disk_is_told_from_a_lost_sync() {
        assert!(matches!(StoreError::from(failure(ffi::SQLITE_FULL)), StoreError::NoRoom(_)));
        assert!(matches!(StoreError::from(failure(ffi::SQLITE_IOERR_SHMSIZE)), StoreError::NoRoom(_)));
        assert!(matches!(StoreError::from(failure(ffi::SQLITE_READONLY)), StoreError::NoRoom(_)));
        assert!(!is_lost_write(&failure(ffi::SQLITE_FULL)));
        assert!(!is_lost_write(&failure(ffi::SQLITE_IOERR_SHMSIZE)));
        assert!(is_lost_write(&failure(ffi::SQLITE_IOERR_FSYNC)));
        assert!(is_lost_write(&failure(ffi::SQLITE_IOERR_WRITE)));
    }
}
