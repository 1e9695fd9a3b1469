//! Questions on the terminal.

use super::ask::{Dialogue, Form};
use crate::console::Paper;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, BufRead as _, Stdin, Write as _, stdin};

/// Longest document, in bytes.
const FILE_BYTES_MAX: u64 = 100_000;

pub(super) struct Terminal;

impl Dialogue for Terminal {
    fn say(&mut self, text: &str) {
        Paper::new().print(text);
    }

    fn lines(&mut self, prompt: &str, form: Form) -> io::Result<Option<Vec<String>>> {
        // For all lines together: several may be pasted at once.
        let silence = form.is_hidden.then(|| Silence::begin(stdin()));
        if let Some(Err(_)) = silence {
            self.say("  This terminal cannot hide what is typed.");
        }
        let mut lines = Vec::new();
        loop {
            let Some(line) = line(prompt)? else { return Ok(None) };
            if form.is_hidden {
                // The line's own end was not shown either.
                self.say("");
            }
            if form.has_lines && line.trim().is_empty() {
                return Ok(Some(lines));
            }
            lines.push(line);
            if !form.has_lines {
                return Ok(Some(lines));
            }
        }
    }

    fn file(&mut self, path: &str) -> io::Result<String> {
        if std::fs::metadata(path)?.len() > FILE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too large"));
        }
        std::fs::read_to_string(path)
    }
}

/// One line without its end.
fn line(prompt: &str) -> io::Result<Option<String>> {
    let mut out = io::stdout().lock();
    write!(out, "{prompt}")?;
    out.flush()?;
    let mut line = String::new();
    let read = stdin().lock().read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim_end_matches(['\n', '\r']).to_owned()))
}

/// While it lives, nothing that is typed is shown.
struct Silence {
    stdin: Stdin,
    before: Termios,
}

impl Silence {
    fn begin(stdin: Stdin) -> io::Result<Self> {
        let before = tcgetattr(&stdin)?;
        let mut silent = before.clone();
        silent.local_modes.remove(LocalModes::ECHO);
        tcsetattr(&stdin, OptionalActions::Now, &silent)?;
        Ok(Self { stdin, before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // There is nothing else to try where this fails.
        let _ = tcsetattr(&self.stdin, OptionalActions::Now, &self.before);
    }
}
