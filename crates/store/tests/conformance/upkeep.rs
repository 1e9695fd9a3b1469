//! After every other test: whatever has happened in it, looking through the database finds nothing wrong, and working
//! everything out again comes to the same.

use ipnd_store::{Examined, Rebuilt};

pub fn nothing_is_found(rules: &[Examined]) {
    assert!(rules.len() >= 7);
    let broken: Vec<&Examined> = rules.iter().filter(|rule| !rule.is_fine()).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The tests of the sequence register orders later than they say they do; then there is more to tell on the way to the
/// same outcome.
pub fn it_comes_to_the_same(rebuilt: &Rebuilt, area: &str) {
    let mut rebuilt = rebuilt.clone();
    if area == "sequence" {
        rebuilt.new_mails.clear();
    }
    assert!(rebuilt.is_the_same() && rebuilt.problems.is_empty(), "{rebuilt:#?}");
}
