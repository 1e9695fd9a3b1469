//! The countries of ISO 3166-1 with their English names, sorted by name.
//!
//! A browser with scripts shows them in the page's language, which it knows by heart (see `assets/checkout.js`).

const TABLE: &str = include_str!("countries.tsv");

/// Code and English name of every country.
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str)> {
    TABLE.lines().map(|line| line.split_once('\t').expect("every line of countries.tsv has a tab"))
}

pub(super) fn is_known(code: &str) -> bool {
    all().any(|(own, _)| own == code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_two_capitals_and_stand_once() {
        let mut codes: Vec<&str> = all().map(|(code, _)| code).collect();
        assert!(codes.iter().all(|code| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase())));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), 249);
        assert!(is_known("UA") && !is_known("ua") && !is_known(""));
    }
}
