//! Questions on the terminal.

use super::ask::Dialogue;
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

    fn line(&mut self, prompt: &str) -> io::Result<Option<String>> {
        let mut out = io::stdout().lock();
        write!(out, "{prompt}")?;
        out.flush()?;
        let mut line = String::new();
        let read = stdin().lock().read_line(&mut line)?;
        Ok((read > 0).then(|| line.trim_end_matches(['\n', '\r']).to_owned()))
    }

    fn hidden_line(&mut self, prompt: &str) -> io::Result<Option<String>> {
        let Ok(silence) = Silence::begin(stdin()) else {
            self.say("  This terminal cannot hide what is typed.");
            return self.line(prompt);
        };
        let line = self.line(prompt);
        drop(silence);
        // The line's own end was not shown either.
        self.say("");
        line
    }

    fn file(&mut self, path: &str) -> io::Result<String> {
        if std::fs::metadata(path)?.len() > FILE_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is too large"));
        }
        std::fs::read_to_string(path)
    }
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
        tcsetattr(&stdin, OptionalActions::Flush, &silent)?;
        Ok(Self { stdin, before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // There is nothing else to try where this fails.
        let _ = tcsetattr(&self.stdin, OptionalActions::Now, &self.before);
    }
}
