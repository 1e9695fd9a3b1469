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
    comparisons(&sources, &mut broken);
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

/// T-A10: what proves a message is compared in constant time, by the kit, and never with an operator or by text.
fn comparisons(sources: &[(String, String)], broken: &mut Vec<String>) {
    // Examples are compared with what is expected of them, and whoever plays a gateway guards nothing.
    let is_product = |path: &str| {
        let is_exempt = ["/src/check/", "/play.rs", "/tests.rs", "/vectors.rs"];
        path.starts_with("crates/gateways/src/") && !is_exempt.iter().any(|part| path.contains(part))
    };
    for (path, text) in sources.iter().filter(|(path, _)| is_product(path)) {
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for (number, line) in code.lines().enumerate() {
            if compares_a_proof(line.split("//").next().unwrap_or_default()) {
                let number = number + 1;
                broken.push(format!(
                    "{path}:{number}: a proof is compared outside the kit (T-A10): {}",
                    line.trim()
                ));
            }
        }
    }
}

/// Whether a line compares something that is called like a proof with something that is not written there.
fn compares_a_proof(line: &str) -> bool {
    const OPERATORS: [&str; 8] =
        ["==", "!=", ".eq(", ".ne(", ".eq_ignore_ascii_case(", ".starts_with(", ".ends_with(", ".contains("];
    OPERATORS.iter().any(|operator| {
        line.match_indices(operator).any(|(at, _)| {
            let before = line[..at].trim_end();
            let start = before.rfind(|c: char| !is_operand(c)).map_or(0, |at| at + 1);
            let behind = line[at + operator.len()..].trim_start();
            let end = behind.find(|c: char| !is_operand(c)).unwrap_or(behind.len());
            let operands = [&before[start..], &behind[..end]];
            operands.iter().any(|operand| is_called_like_a_proof(operand))
                && !operands.iter().any(|operand| is_written_there(operand))
        })
    })
}

fn is_operand(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '_' | '.' | '(' | ')' | '[' | ']' | '&' | '*' | '?' | ':' | '"' | '\'' | '-')
}

fn is_called_like_a_proof(operand: &str) -> bool {
    const NAMES: [&str; 14] = [
        "signature",
        "signed",
        "sign",
        "sig",
        "digest",
        "mac",
        "hmac",
        "hash",
        "checksum",
        "secret",
        "token",
        "password",
        "passphrase",
        "expected",
    ];
    let of_its_length = [".len()", ".is_empty()", ".count()"].iter().any(|end| operand.ends_with(end));
    let mut words = operand.split(|c: char| !c.is_alphanumeric());
    !of_its_length && words.any(|word| NAMES.contains(&word.trim_end_matches('s')) || NAMES.contains(&word))
}

/// A literal, a constant, a kind of the language's own.
fn is_written_there(operand: &str) -> bool {
    let bare =
        operand.trim_start_matches(['&', '*', '(']).trim_start_matches("Some(").trim_start_matches('b');
    bare.is_empty()
        || bare.starts_with(['"', '\''])
        || bare.starts_with(|c: char| c.is_ascii_digit())
        || bare.split("::").all(|part| {
            part.starts_with(|c: char| c.is_ascii_uppercase())
                && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        })
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
    use super::{compares_a_proof, contains_word, reasons};

    #[test]
    fn t_a10_timing_leak_in_comparison() {
        for line in [
            "if signature == expected {",
            "    if given != MAC.sign(key, &parts) {",
            "(computed_hash.as_bytes() == given).then(|| ())",
            "let ok = header.eq_ignore_ascii_case(&expected);",
            "settings.secrets(\"secret\").any(|secret| secret == given)",
            "if Some(token) != request.header(\"x-callback-token\") {",
            "match () { () if digest[..8] == *given => {} }",
            "expected.starts_with(given)",
            "own.contains(&signature)",
        ] {
            assert!(compares_a_proof(line), "{line}");
        }
        for line in [
            "if signature.len() != 64 {",
            "if name == \"signature\" {",
            "header.starts_with(\"sha256=\")",
            "if signature.starts_with(\"sha256=\") {",
            "let is_signed = covers == Covers::Body;",
            "scheme == Scheme::EcdsaP256Sha256",
            "mac::parts(header, ',').filter(|part| part.0 == name)",
            "if algorithm != Algorithm::HmacSha256 { return signature_missing }",
            "secret.is_empty() == is_optional",
        ] {
            assert!(!compares_a_proof(line), "{line}");
        }
    }

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
