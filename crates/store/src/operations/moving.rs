//! Everything out of one database, and into another, whatever engines they have.

use super::tables::{TABLES, unreadable};
use crate::sql::Db;
use crate::{Result, StoreError};
use serde_json::Value as Json;

/// What the first line says. A file of another version is refused: its tables are different ones.
const HEADING: &str = r#"["ipnd export",11]"#;

/// Hands on every row of every table, one line of JSON each, in a sequence in which they can be written again.
pub(crate) fn export(db: &dyn Db, line: &mut dyn FnMut(String) -> Result<()>) -> Result<()> {
    line(HEADING.to_owned())?;
    TABLES.iter().try_for_each(|table| table.take_out(db, line))
}

/// Writes what [`export`] gave into an empty database.
///
/// # Errors
/// [`StoreError::Conflict`] when there is anything in it already.
pub(crate) fn import(db: &dyn Db, lines: &mut dyn FnMut() -> Option<String>) -> Result<u64> {
    for table in TABLES {
        if !table.is_empty(db)? {
            return Err(StoreError::Conflict(format!(
                "the database is not empty: there are {} in it already",
                table.name.replace('_', " ")
            )));
        }
    }
    match lines() {
        Some(heading) if heading == HEADING => {}
        _ => return Err(unreadable("its first line is another one, or of another version of ipnd")),
    }
    let mut rows = 0;
    while let Some(line) = lines() {
        let values: Vec<Json> = serde_json::from_str(&line).map_err(|_| unreadable(&line))?;
        let [Json::String(name), values @ ..] = &values[..] else { return Err(unreadable(&line)) };
        let table = TABLES.iter().find(|table| table.name == name).ok_or_else(|| unreadable(name))?;
        table.put_in(db, values)?;
        rows += 1;
    }
    db.number_on()?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_of_an_export_is_that_of_the_tables() {
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite")).unwrap();
        assert_eq!(HEADING, format!(r#"["ipnd export",{}]"#, files.count()));
    }
}
