//! What is printed for people.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

/// Text with its control characters made visible, so that nothing from outside can play with a terminal (T-F14).
pub(crate) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push(c),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

/// Writes to standard output, in colour when somebody is looking.
pub(crate) struct Paper {
    is_terminal: bool,
}

impl Paper {
    pub(crate) fn new() -> Self {
        let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { is_terminal: io::stdout().is_terminal() && !is_plain }
    }

    pub(crate) fn bold(&self, text: &str) -> String {
        self.styled("1", text)
    }

    /// For addresses to go to.
    pub(crate) fn link(&self, text: &str) -> String {
        self.styled("36", text)
    }

    /// For what went well.
    pub(crate) fn good(&self, text: &str) -> String {
        self.styled("32", text)
    }

    /// For what did not.
    pub(crate) fn bad(&self, text: &str) -> String {
        self.styled("31", text)
    }

    fn styled(&self, style: &str, text: &str) -> String {
        if self.is_terminal { format!("\u{1b}[{style}m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Prints at once. A closed pipe is no reason to stop a server.
    pub(crate) fn print(&self, text: &str) {
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }
}

/// Asks, and takes silence for no.
///
/// # Errors
/// The terminal does not answer.
pub(crate) fn confirm(question: &str) -> io::Result<bool> {
    let mut out = io::stdout().lock();
    write!(out, "{question} [y/N] ")?;
    out.flush()?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    Ok(matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn t_f14_log_injection_terminals_see_no_control_characters() {
        assert_eq!(super::printable("a\u{1b}[2Jb\rc\nd\u{9b}"), "a\\u{1b}[2Jb\\rc\nd\\u{9b}");
    }
}
