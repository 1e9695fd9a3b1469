//! `ipnd check`: the file itself, its tables, and then everything that is stored.

use super::{migrate, readers};
use crate::inspect::{self, Examined, Notebook, Rule};
use crate::sql::{self, Columns as _};
use crate::{Result, StoreError};
use jiff::Timestamp;
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::Path;

const FILE: Rule = Rule {
    name: "file",
    holds: "SQLite finds nothing wrong with the file",
    advice: "The file is damaged, most likely by the disk or by a copy that was made while ipnd ran. Restore a backup.",
};

const REFERENCES: Rule = Rule {
    name: "references",
    holds: "everything that is referred to is there",
    advice: "Rows were deleted by hand, or the file is damaged. Restore a backup.",
};

const TABLES: Rule = Rule {
    name: "tables",
    holds: "tables, keys and indexes are those of this version of ipnd",
    advice: "Restore a backup: without its keys the database does not keep what it promises.",
};

/// Looks through a database, also while ipnd runs on it. `progress` hears the rule and how much it has looked at.
///
/// # Errors
/// When there is no database, or one that this version of ipnd cannot read.
pub fn examine(database: &Path, progress: &mut dyn FnMut(&'static str, u64)) -> Result<Vec<Examined>> {
    if !database.is_file() {
        return Err(StoreError::Failed(format!("there is no database at {}", database.display())));
    }
    let db = readers::connect(database)?;
    // One moment of it, whatever is written meanwhile.
    let moment = db.unchecked_transaction()?;
    let mut all = vec![inspect::examine(&FILE, progress, |book| file(&db, book))];
    match migrate::missing(&db) {
        Ok(0) => {}
        Ok(missing) => {
            return Err(StoreError::Failed(format!(
                "this database lacks {missing} steps of this version of ipnd; start `ipnd serve` once, which brings it \
                 forward"
            )));
        }
        // What the file is like says why, then.
        Err(_) if !all[0].is_fine() => return Ok(all),
        Err(error) => return Err(error),
    }
    all.push(inspect::examine(&REFERENCES, progress, |book| references(&db, book)));
    all.push(inspect::examine(&TABLES, progress, |book| tables(&db, book)));
    all.extend(inspect::all(&db, progress));
    moment.finish()?;
    Ok(all)
}

fn file(db: &Connection, book: &mut Notebook<'_>) -> Result<()> {
    let pages = sql::count(db, "SELECT page_count AS n FROM pragma_page_count()", sql::NONE)?;
    let problems = sql::all(db, "PRAGMA integrity_check(20)", sql::NONE, |row| row.text("integrity_check"))?;
    problems.into_iter().filter(|problem| problem != "ok").for_each(|problem| book.find(problem));
    book.seen(usize::try_from(pages).expect("a count"));
    Ok(())
}

fn references(db: &Connection, book: &mut Notebook<'_>) -> Result<()> {
    let sql = "SELECT \"table\" AS name, coalesce(rowid, 0) AS id, parent FROM pragma_foreign_key_check()";
    sql::all(db, sql, sql::NONE, |row| {
        let (table, id, parent) = (row.text("name")?, row.number("id")?, row.text("parent")?);
        book.find(format!("row {id} of {table} refers to a row of {parent} that is not there"));
        Ok(())
    })?;
    let tables = sql::count(db, "SELECT count(*) AS n FROM sqlite_schema WHERE type = 'table'", sql::NONE)?;
    book.seen(usize::try_from(tables).expect("a count"));
    Ok(())
}

/// Compares with what a new database has.
fn tables(db: &Connection, book: &mut Notebook<'_>) -> Result<()> {
    let mut new = Connection::open_in_memory()?;
    migrate::migrate(&mut new, Timestamp::UNIX_EPOCH)?;
    let all = |db: &Connection| -> Result<BTreeMap<String, String>> {
        // What SQLite makes by itself has no text. What statistics it keeps is its own affair.
        let sql = "SELECT type || ' ' || name AS name, sql FROM sqlite_schema
                   WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'";
        let rows = sql::all(db, sql, sql::NONE, |row| Ok((row.text("name")?, row.text("sql")?)))?;
        Ok(rows.into_iter().collect())
    };
    let (expected, mut found) = (all(&new)?, all(db)?);
    book.seen(expected.len());
    for (name, sql) in expected {
        match found.remove(&name) {
            None => book.find(format!("the {name} is missing")),
            Some(own) => book.find_unless(own == sql, || format!("the {name} is not as ipnd makes it")),
        }
    }
    // An owner's own index or table does no harm; a trigger could do anything.
    for name in found.keys().filter(|name| name.starts_with("trigger ")) {
        book.find(format!("the {name} is not ipnd's own"));
    }
    Ok(())
}
