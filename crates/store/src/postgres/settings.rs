//! What the server promises about what it has committed.

use super::db::Session;
use crate::sql::{self, Columns as _};
use crate::{Durability, Result, StoreError};

/// Refuses a server that forgets what it has committed; says how far a commit reaches.
pub(super) fn durability(session: &Session) -> Result<Durability> {
    for (name, is) in
        [("fsync", setting(session, "fsync")?), ("full_page_writes", setting(session, "full_page_writes")?)]
    {
        if is != "on" {
            return Err(StoreError::Failed(format!(
                "the PostgreSQL server runs with {name} = {is}: it may lose what it has committed. Set {name} = on \
                 in its configuration; ipnd acknowledges nothing that is not safe"
            )));
        }
    }
    let standbys = setting(session, "synchronous_standby_names")?;
    let waits_for = setting(session, "synchronous_commit")?;
    let is_replicated = !standbys.trim().is_empty() && matches!(waits_for.as_str(), "on" | "remote_apply");
    Ok(if is_replicated { Durability::Replicated } else { Durability::Local })
}

/// What every connection asks for. A commit is on the disk when it returns, whatever the server's default is; nothing
/// waits for ever, and a node that is paused in the middle of a transaction does not hold its locks.
pub(super) const SESSION: &str = "
    SELECT set_config('synchronous_commit', 'on', false)
        WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply');
    SET lock_timeout = '3s';
    SET statement_timeout = '30s';
    SET idle_in_transaction_session_timeout = '15s';
    SET client_min_messages = 'warning';
    SET default_transaction_isolation = 'read committed'";

fn setting(session: &Session, name: &'static str) -> Result<String> {
    let found = sql::one(session, "SELECT current_setting(?1) AS is", [name], |row| row.text("is"))?;
    found.ok_or_else(|| StoreError::Failed(format!("the server does not tell its {name}")))
}
