//! Lists in pages: `{"data": [...], "next": "..."}`. `next` is what to send as `before` to get the next page.

use crate::problem::Problem;
use serde::Serialize;

const ROWS_DEFAULT: u32 = 50;
/// One less than the store gives, so that there is always room to see whether more follows.
const ROWS_MAX: u32 = ipnd_core::limits::PAGE_ROWS_MAX - 1;

#[derive(Serialize)]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
    pub(super) next: Option<String>,
}

impl<T> List<T> {
    /// A list that has no pages.
    pub(super) fn whole(data: Vec<T>) -> Self {
        Self { data, next: None }
    }
}

/// How many rows a request wants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows(u32);

impl Rows {
    pub(super) fn wanted(limit: Option<u32>) -> Result<Self, Problem> {
        match limit.unwrap_or(ROWS_DEFAULT) {
            rows @ 1..=ROWS_MAX => Ok(Self(rows)),
            _ => Err(Problem::field("limit", format!("it must be between 1 and {ROWS_MAX}"))),
        }
    }

    /// What to ask the store for: one more, which tells whether there is a next page.
    pub(super) fn to_fetch(self) -> u32 {
        self.0 + 1
    }

    pub(super) fn page<R, T>(
        self,
        mut rows: Vec<R>,
        id: impl Fn(&R) -> String,
        show: impl FnMut(R) -> T,
    ) -> List<T> {
        let wanted = usize::try_from(self.0).unwrap_or(usize::MAX);
        let has_more = rows.len() > wanted;
        rows.truncate(wanted);
        let next = if has_more { rows.last().map(id) } else { None };
        List { data: rows.into_iter().map(show).collect(), next }
    }
}
