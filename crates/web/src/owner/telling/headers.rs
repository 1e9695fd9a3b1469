//! An endpoint's own headers, one a line. Their values may be secrets: they are typed, kept, and never shown.

use super::super::words::Words;

/// What was typed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Typed {
    pub(super) headers: Vec<(String, String)>,
    /// Whether a value is among it, which is not shown again.
    pub(super) has_values: bool,
    pub(super) problem: Option<String>,
}

/// The names, each with an empty place for a new value.
pub(super) fn shown(headers: &[(String, String)]) -> String {
    headers.iter().map(|(name, _)| format!("{name}: \n")).collect()
}

/// Reads them. An empty value keeps the one of before; a name that is not there any more is taken away.
pub(super) fn read(text: &str, kept: &[(String, String)], words: Words) -> Typed {
    let mut typed = Typed { headers: Vec::new(), has_values: false, problem: None };
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let Some((name, value)) = line.split_once(':') else {
            // The line is not repeated: it may be nothing but a secret.
            typed.problem = Some(words.with("endpoints.problem_header_line", "line", index + 1));
            continue;
        };
        let (name, value) = (name.trim(), value.trim());
        typed.has_values |= !value.is_empty();
        let before = kept.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        match (value, before) {
            ("", None) => {
                typed.problem = Some(words.with("endpoints.problem_header_empty", "name", name));
                typed.headers.push((name.to_owned(), String::new()));
            }
            ("", Some(before)) => typed.headers.push((name.to_owned(), before.clone())),
            (value, _) => typed.headers.push((name.to_owned(), value.to_owned())),
        }
    }
    typed
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::Language;

    #[test]
    fn an_empty_value_keeps_the_one_of_before() {
        let words = Words(Language::En);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let kept = vec![pair("X-Key", "s3cret"), pair("X-Other", "o")];
        assert_eq!(shown(&kept), "X-Key: \nX-Other: \n");
        let same = read(&shown(&kept), &kept, words);
        assert_eq!((same.headers, same.has_values, same.problem), (kept.clone(), false, None));
        let changed = read("x-key:\n\nX-New: a:b \n", &kept, words);
        assert_eq!(changed.headers, [pair("x-key", "s3cret"), pair("X-New", "a:b")]);
        assert!(changed.has_values && changed.problem.is_none());
        let wrong = read("X-New:\ns3cret-alone", &kept, words);
        assert!(wrong.problem.is_some_and(|problem| !problem.contains("s3cret")));
        assert!(!shown(&wrong.headers).contains("s3cret"));
    }
}
