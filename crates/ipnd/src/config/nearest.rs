//! Finds the option that somebody probably meant.

/// The known name with the fewest single changes (insert, delete, replace) from `wrong`, if that is near enough to
/// be a slip of the pen.
pub(super) fn nearest<'a>(wrong: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (distance(wrong, name), name))
        .min()
        .filter(|(changes, name)| changes * 3 <= name.len().max(wrong.len()))
        .map(|(_, name)| name)
}

/// Levenshtein's distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (index, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (column, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_of_the_pen_are_recognised() {
        let known = ["listen", "mail.host", "mail.from", "limits.body_bytes_max"];
        let found = |wrong| nearest(wrong, known.into_iter());
        assert_eq!(found("lisen"), Some("listen"));
        assert_eq!(found("mail.hots"), Some("mail.host"));
        assert_eq!(found("limits.body_max"), Some("limits.body_bytes_max"));
        assert_eq!(found("colour"), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
