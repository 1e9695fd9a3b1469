//! House rules that a compiler does not know, checked over the text of the tree.

use crate::suite::tracked;
use anyhow::{Result, bail};

/// Longest source file that still reads in one sitting, in lines.
const LINES_MAX: usize = 600;

/// Where reasons have their sentences; a test of the core keeps the other languages level with this one.
const SENTENCES: &str = "crates/core/locales/en.toml";

struct Rule {
    /// Path prefixes to which it applies.
    within: &'static [&'static str],
    /// Path parts to which it does not.
    except: &'static [&'static str],
    words: &'static [&'static str],
    why: &'static str,
}

const RULES: &[Rule] = &[
    Rule {
        within: &["crates/"],
        except: &[],
        words: &["todo!(", "unimplemented!(", "FIXME", "TODO", "XXX:"],
        why: "unfinished work is done or written into an issue, not left in the code",
    },
    Rule {
        within: &["crates/core/src", "crates/gateways/src", "crates/store/src"],
        except: &[],
        words: &["f32", "f64"],
        why: "no floating point near money",
    },
    Rule {
        within: &["crates/core/src", "crates/gateways/src"],
        except: &[],
        words: &["std::fs", "std::net", "std::env", "std::process", "std::thread", "Instant::now"],
        why: "these crates are pure: no input, no output, no clock",
    },
    Rule {
        within: &["crates/"],
        except: &["/tests/", "_test.rs", "crates/ipnd/", "crates/deliver/src/client", "/tests.rs"],
        words: &["TcpStream::connect", "UdpSocket::bind"],
        why: "there is one guarded way out (T-D10)",
    },
    Rule {
        within: &["crates/"],
        except: &["/tests/", "/tests.rs"],
        words: &["std::process::Command", "process::Command::new"],
        why: "the server starts no programs (T-B18, T-E03)",
    },
    Rule {
        within: &["crates/"],
        except: &[],
        words: &["thread::sleep(", "#[ignore]"],
        why: "nothing sleeps to wait, and an ignored test says why (#[ignore = \"...\"])",
    },
];

pub(crate) fn check() -> Result<()> {
    let mut broken = Vec::new();
    let sources = tracked(&[".rs"])?;
    for (path, text) in &sources {
        for rule in RULES {
            let applies = rule.within.iter().any(|prefix| path.starts_with(prefix));
            if applies && !rule.except.iter().any(|part| path.contains(part)) {
                lines(path, text, rule, &mut broken);
            }
        }
        let count = text.lines().count();
        if count > LINES_MAX {
            broken.push(format!("{path} has {count} lines; a reader has to scroll (at most {LINES_MAX})"));
        }
    }
    sql(&sources, &mut broken);
    heads(&sources, &mut broken);
    reasons(&sources, &std::fs::read_to_string(SENTENCES)?, &mut broken);
    if broken.is_empty() {
        println!("{} source files follow the house rules", sources.len());
        return Ok(());
    }
    bail!("house rules are broken:\n  {}", broken.join("\n  "))
}

fn lines(path: &str, text: &str, rule: &Rule, broken: &mut Vec<String>) {
    for (number, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        for word in rule.words.iter().filter(|word| contains_word(code, word)) {
            broken.push(format!("{path}:{}: {word}: {}", number + 1, rule.why));
        }
    }
}

/// Whether `word` stands in `code` and is not part of a longer name.
fn contains_word(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let ends_open = word.ends_with(|c: char| !c.is_alphanumeric());
        !part(before) && (ends_open || !part(after))
    })
}

/// T-B17: no SQL is built from strings.
fn sql(sources: &[(String, String)], broken: &mut Vec<String>) {
    const VERBS: [&str; 5] = ["SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE "];
    for (path, text) in sources.iter().filter(|(path, _)| path.starts_with("crates/")) {
        for (number, line) in text.lines().enumerate() {
            let builds = line.contains("format!(") || line.contains("push_str(");
            if builds && VERBS.iter().any(|verb| line.contains(verb)) {
                broken.push(format!("{path}:{}: SQL built from strings (T-B17)", number + 1));
            }
        }
    }
}

/// Every module says at its head what it is for.
fn heads(sources: &[(String, String)], broken: &mut Vec<String>) {
    for (path, text) in sources.iter().filter(|(path, _)| path.contains("/src/") && !path.contains("tests")) {
        if !text.starts_with("//!") && !text.starts_with("#!") {
            broken.push(format!("{path}: the module does not say what it is for (//! at its head)"));
        }
    }
}

/// Whoever is told a reason gets a sentence and not a bare code.
fn reasons(sources: &[(String, String)], sentences: &str, broken: &mut Vec<String>) {
    let is_product = |path: &str| path.starts_with("crates/") && !path.contains("/tests");
    for (path, text) in sources.iter().filter(|(path, _)| is_product(path)) {
        for rest in text.split("Reason::new(").skip(1) {
            let code = rest.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
            if let Some(code) = code
                && !sentences.contains(&format!("\"reason.{code}\" ="))
            {
                broken.push(format!("{path}: the reason “{code}” has no sentence in {SENTENCES}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{contains_word, reasons};

    #[test]
    fn words_are_whole() {
        assert!(contains_word("let x: f64 = 1", "f64"));
        assert!(!contains_word("let of64 = 1", "f64"));
        assert!(contains_word("todo!(later)", "todo!("));
    }

    #[test]
    fn a_reason_without_a_sentence_is_found() {
        let sentences = "\"reason.known\" = \"Known.\"\n";
        let source =
            "Reason::new(\"known\", \"\"); Reason::new(\n    \"unknown\",\n    x); Reason::new(code, x)";
        let found = |path: &str| {
            let mut broken = Vec::new();
            reasons(&[(path.to_owned(), source.to_owned())], sentences, &mut broken);
            broken
        };
        assert_eq!(found("crates/x/src/lib.rs").len(), 1);
        assert!(found("crates/x/src/lib.rs")[0].contains("“unknown”"));
        assert!(found("crates/x/tests/it.rs").is_empty());
    }
}
