//! The owner's own mail templates.

use crate::sql::{self, Columns as _, Db, params};
use crate::{Result, ShopId, TemplateText};
use ipnd_core::{Language, MailKind};
use jiff::Timestamp;

pub(crate) fn get(
    db: &dyn Db,
    shop: ShopId,
    kind: MailKind,
    language: Language,
) -> Result<Option<TemplateText>> {
    sql::one(
        db,
        "SELECT subject, text, html FROM templates WHERE shop_id = ?1 AND kind = ?2 AND language = ?3",
        params![shop.0, kind.word(), language.code()],
        |row| {
            Ok(TemplateText {
                subject: row.text("subject")?,
                text: row.text("text")?,
                html: row.text("html")?,
            })
        },
    )
}

/// Keeps the owner's version, or goes back to the built-in one.
pub(crate) fn put(
    db: &dyn Db,
    shop: ShopId,
    (kind, language): (MailKind, Language),
    text: Option<&TemplateText>,
    now: Timestamp,
) -> Result<()> {
    let Some(text) = text else {
        sql::run(
            db,
            "DELETE FROM templates WHERE shop_id = ?1 AND kind = ?2 AND language = ?3",
            params![shop.0, kind.word(), language.code()],
        )?;
        return Ok(());
    };
    sql::run(
        db,
        "INSERT INTO templates (shop_id, kind, language, subject, text, html, changed_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (shop_id, kind, language) DO UPDATE
         SET subject = excluded.subject, text = excluded.text, html = excluded.html,
             changed_at = excluded.changed_at",
        params![
            shop.0,
            kind.word(),
            language.code(),
            sql::clean(&text.subject),
            sql::clean(&text.text),
            sql::clean(&text.html),
            sql::time(now),
        ],
    )?;
    Ok(())
}
