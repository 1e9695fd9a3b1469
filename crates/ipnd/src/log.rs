//! The log: to standard error, as text or as one JSON object a line.

use crate::config::{Log, LogFormat};
use anyhow::{Context as _, Result};
use std::io::{self, Write};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Starts logging for the whole process.
pub(crate) fn start(log: &Log) -> Result<()> {
    let filter = EnvFilter::try_new(&log.filter).with_context(|| format!("log.filter: “{}”", log.filter))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_target(true);
    match log.format {
        LogFormat::Text => builder.with_ansi(false).with_writer(OneLine).init(),
        LogFormat::Json => builder.json().flatten_event(true).with_writer(io::stderr).init(),
    }
    Ok(())
}

/// Makes each event one line without control characters, whatever its fields hold (T-F14). JSON escapes them anyway.
struct OneLine;

impl<'a> MakeWriter<'a> for OneLine {
    type Writer = Line;
    fn make_writer(&'a self) -> Line {
        Line(Vec::new())
    }
}

/// Collects one event and writes it when it is complete.
struct Line(Vec<u8>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // A log that cannot be written must not stop what it tells of.
        let _ = io::stderr().lock().write_all(one_line(&String::from_utf8_lossy(&self.0)).as_bytes());
    }
}

fn one_line(event: &str) -> String {
    let mut line = String::with_capacity(event.len());
    for c in event.trim_end_matches('\n').chars() {
        if c.is_control() { line.extend(c.escape_default()) } else { line.push(c) }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    #[test]
    fn t_f14_log_injection_an_event_is_one_line() {
        let forged = "x\nERROR ipnd: all is lost\u{1b}[31m\r\n";
        assert_eq!(super::one_line(forged), "x\\nERROR ipnd: all is lost\\u{1b}[31m\\r\n");
    }
}
