//! Pages of long lists: one row more than is shown is asked for, so that it is known whether there are older ones.

/// Rows of a page.
pub(super) const PAGE_ROWS: u32 = 50;

/// The rows of one page and where the next one begins.
pub(super) struct PageOf<T> {
    pub(super) rows: Vec<T>,
    /// The id of the last row, if there are older ones.
    pub(super) next: Option<String>,
}

/// Cuts the surplus row off.
pub(super) fn page_of<T>(mut rows: Vec<T>, id: impl Fn(&T) -> String) -> PageOf<T> {
    let rows_max = usize::try_from(PAGE_ROWS).expect("a small number");
    let has_older = rows.len() > rows_max;
    rows.truncate(rows_max);
    let next = if has_older { rows.last().map(id) } else { None };
    PageOf { rows, next }
}

/// An address of ours with those parameters that are not empty.
pub(super) fn link(path: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in parameters.iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(name, value);
    }
    let query = query.finish();
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_page_leads_to_the_next_one() {
        let rows: Vec<u32> = (0..=PAGE_ROWS).collect();
        let full = page_of(rows.clone(), ToString::to_string);
        assert_eq!((full.rows.len(), full.next.as_deref()), (50, Some("49")));
        assert_eq!(page_of(rows[..50].to_vec(), ToString::to_string).next, None);
    }

    #[test]
    fn links_carry_only_what_is_set() {
        assert_eq!(link("/owner/orders", &[("search", ""), ("status", "")]), "/owner/orders");
        assert_eq!(
            link("/owner/orders", &[("search", "a&b"), ("status", "paid")]),
            "/owner/orders?search=a%26b&status=paid"
        );
    }
}
