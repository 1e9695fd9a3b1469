//! Examining a database: whether everything that is stored fits together.
//!
//! Nothing is changed, and everything is read as one moment, so ipnd may run meanwhile. Each rule looks at one thing
//! that must be true of every row, and says in sentences where it is not.

mod effects;
mod events;
mod notices;
mod notifications;
pub(crate) mod orders;
mod transactions;

use crate::Result;
use crate::sql::{self, Db};

/// Findings of one rule that are named; further ones are counted.
const NAMED_MAX: usize = 20;
/// Rows that are read at a time.
const ROWS_A_TIME: u32 = 500;

/// Something that must be true.
pub(crate) struct Rule {
    pub(crate) name: &'static str,
    /// What is true when nothing is found.
    pub(crate) holds: &'static str,
    /// What to do when it is not.
    pub(crate) advice: &'static str,
}

/// What came of one rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    pub rule: &'static str,
    /// What is true when nothing is found.
    pub holds: &'static str,
    /// Things that were looked at.
    pub looked_at: u64,
    /// What is wrong, each in a sentence; the first twenty.
    pub findings: Vec<String>,
    /// Further findings, which are not named.
    pub unnamed: u64,
    /// What to do about findings.
    pub advice: &'static str,
    /// What is worth knowing, and no finding.
    pub remarks: Vec<String>,
}

impl Examined {
    #[must_use]
    pub fn is_fine(&self) -> bool {
        self.findings.is_empty()
    }
}

/// What a rule writes down while it looks.
pub(crate) struct Notebook<'a> {
    looked_at: u64,
    findings: Vec<String>,
    unnamed: u64,
    remarks: Vec<String>,
    /// Hears how much has been looked at.
    progress: &'a mut dyn FnMut(&'static str, u64),
    rule: &'static str,
}

impl Notebook<'_> {
    /// So many things have been looked at.
    pub(crate) fn seen(&mut self, more: usize) {
        self.looked_at += u64::try_from(more).expect("a count");
        (self.progress)(self.rule, self.looked_at);
    }

    pub(crate) fn remark(&mut self, remark: String) {
        self.remarks.push(remark);
    }

    pub(crate) fn find(&mut self, finding: String) {
        if self.findings.len() < NAMED_MAX {
            self.findings.push(finding);
        } else {
            self.unnamed += 1;
        }
    }

    pub(crate) fn find_unless(&mut self, holds: bool, finding: impl FnOnce() -> String) {
        if !holds {
            self.find(finding());
        }
    }
}

/// Looks after one rule. What cannot even be read is a finding, too.
pub(crate) fn examine(
    rule: &Rule,
    progress: &mut dyn FnMut(&'static str, u64),
    look: impl FnOnce(&mut Notebook<'_>) -> Result<()>,
) -> Examined {
    progress(rule.name, 0);
    let mut book = Notebook {
        looked_at: 0,
        findings: Vec::new(),
        unnamed: 0,
        remarks: Vec::new(),
        progress,
        rule: rule.name,
    };
    if let Err(error) = look(&mut book) {
        // Said even when there is no more room: the rest was not looked at.
        book.findings.push(format!("it could not be examined to the end: {error}"));
    }
    let Notebook { looked_at, findings, unnamed, remarks, .. } = book;
    Examined {
        rule: rule.name,
        holds: rule.holds,
        looked_at,
        findings,
        unnamed,
        advice: rule.advice,
        remarks,
    }
}

/// All rules that hold in both engines.
pub(crate) fn all(db: &dyn Db, progress: &mut dyn FnMut(&'static str, u64)) -> Vec<Examined> {
    type Look = fn(&dyn Db, &mut Notebook<'_>) -> Result<()>;
    let rules: [(&Rule, Look); 9] = [
        (&notifications::BODIES, notifications::bodies),
        (&notifications::CHECKS, notifications::checks),
        (&events::EVENTS, events::events),
        (&transactions::TRANSACTIONS, transactions::transactions),
        (&orders::ORDERS, orders::orders),
        (&effects::MAILS, effects::mails),
        (&effects::STOCK, effects::stock),
        (&notices::NOTICES, notices::notices),
        (&notices::DELIVERIES, notices::deliveries),
    ];
    rules.into_iter().map(|(rule, look)| examine(rule, progress, |book| look(db, book))).collect()
}

/// Goes through a table by its id. `read` gives the id of each row it is handed.
pub(crate) fn by_id(
    db: &dyn Db,
    sql: &'static str,
    book: &mut Notebook<'_>,
    mut read: impl FnMut(&dyn sql::Row, &mut Notebook<'_>) -> Result<i64>,
) -> Result<()> {
    let mut after = i64::MIN;
    loop {
        let ids = sql::all(db, sql, [after, i64::from(ROWS_A_TIME)], |row| read(row, book))?;
        book.seen(ids.len());
        match ids.last() {
            Some(last) => after = *last,
            None => return Ok(()),
        }
    }
}
