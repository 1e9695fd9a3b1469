//! How far something has come, on one line of the terminal. Where nobody is looking, nothing is written.

use std::io::{self, IsTerminal as _, Write as _};
use std::time::{Duration, Instant};

/// The line is drawn at most this often.
const PAUSE: Duration = Duration::from_millis(100);
const BAR_CHARS: u64 = 30;

pub(crate) struct Progress {
    is_terminal: bool,
    began: Instant,
    drawn: Option<Instant>,
}

impl Progress {
    pub(crate) fn new() -> Self {
        Self { is_terminal: io::stderr().is_terminal(), began: Instant::now(), drawn: None }
    }

    /// Since the beginning, for people.
    pub(crate) fn took(&self) -> String {
        let ms = self.began.elapsed().as_millis();
        format!("{}.{:02} s", ms / 1_000, ms % 1_000 / 10)
    }

    /// So much is done; `of` is all of it, where that is known.
    pub(crate) fn show(&mut self, what: &str, done: u64, of: Option<u64>) {
        if !self.is_terminal || self.drawn.is_some_and(|drawn| drawn.elapsed() < PAUSE) {
            return;
        }
        self.drawn = Some(Instant::now());
        self.draw(&line(what, done, of));
    }

    /// The line goes away.
    pub(crate) fn end(&mut self) {
        if self.is_terminal && self.drawn.is_some() {
            self.draw("");
        }
    }

    fn draw(&self, text: &str) {
        let mut err = io::stderr().lock();
        let _ = write!(err, "\r\u{1b}[K{text}").and_then(|()| err.flush());
    }
}

fn line(what: &str, done: u64, of: Option<u64>) -> String {
    let Some(of) = of.filter(|of| *of > 0) else { return format!("{what}  {done}") };
    let full = usize::try_from((done.min(of)) * BAR_CHARS / of).expect("a few characters");
    let empty = usize::try_from(BAR_CHARS).expect("a few characters") - full;
    format!("{what}  {}{}  {} %", "█".repeat(full), "░".repeat(empty), done.min(of) * 100 / of)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_bar_is_full_at_the_end_and_not_before() {
        assert_eq!(super::line("copying", 1, None), "copying  1");
        assert_eq!(super::line("copying", 0, Some(0)), "copying  0");
        let half = super::line("copying", 5, Some(10));
        assert_eq!(half.matches('█').count(), 15);
        assert!(half.ends_with("50 %"));
        assert!(!super::line("copying", 10, Some(10)).contains('░'));
    }
}
