//! Runs the program itself, and goes through its pages as a browser without scripts would.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses its own part; a test that cannot go on ends"
)]

pub(crate) mod browser;
pub(crate) mod receiver;
pub(crate) mod shopping;

use serde_json::Value;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take before a test gives up. Generous: machines that test are busy.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) fn ipnd() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ipnd"));
    // The tests' own surroundings must not configure anything.
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("IPND_")) {
        command.env_remove(name);
    }
    // Demos leave their keys there.
    command.env_remove("XDG_RUNTIME_DIR");
    command
}

/// A running program, killed at the end of the test.
pub(crate) struct Program {
    child: Child,
    lines: Receiver<String>,
    /// Its place for files that are forgotten at the end; a killed program leaves some.
    scratch: TempDir,
}

impl Program {
    pub(crate) fn start(command: &mut Command) -> Self {
        let scratch = tempfile::tempdir().unwrap();
        command.env("TMPDIR", scratch.path());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (send, lines) = mpsc::channel();
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Self { child, lines, scratch }
    }

    /// The next line on standard output that `wanted` finds something in.
    pub(crate) fn line<T>(&mut self, what: &str, wanted: impl Fn(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let Ok(line) = self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) else {
                let _ = self.child.kill();
                panic!("no {what}; standard error: {}", self.errors());
            };
            if let Some(found) = wanted(&line) {
                return found;
            }
        }
    }

    /// Everything on standard error of a program that has ended.
    pub(crate) fn errors(&mut self) -> String {
        let mut text = String::new();
        if let Some(mut stderr) = self.child.stderr.take() {
            let _ = stderr.read_to_string(&mut text);
        }
        text
    }

    /// How many files and folders it left behind.
    pub(crate) fn leftovers(&self) -> usize {
        std::fs::read_dir(self.scratch.path()).unwrap().count()
    }

    /// SIGKILL: no time for anything.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.child.id().to_string()).status();
        assert!(status.unwrap().success());
    }

    pub(crate) fn end(&mut self) -> ExitStatus {
        until("the end of the program", || self.child.try_wait().unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A running demo and what it said about itself.
pub(crate) struct Demo {
    pub(crate) program: Program,
    pub(crate) ready: Value,
    pub(crate) address: SocketAddr,
}

impl Demo {
    /// Starts on a free port; with a folder it keeps its data there.
    pub(crate) fn start(data: Option<&Path>) -> Self {
        let mut command = ipnd();
        command.args(["demo", "--json", "--listen", "127.0.0.1:0"]);
        if let Some(data) = data {
            command.arg("--data").arg(data);
        }
        let mut program = Program::start(&mut command);
        let ready: Value = program.line("line of JSON", |line| serde_json::from_str(line).ok());
        let address = ready["base_url"].as_str().unwrap().strip_prefix("http://").unwrap().parse().unwrap();
        Self { program, ready, address }
    }

    pub(crate) fn text(&self, key: &str) -> &str {
        self.ready[key].as_str().unwrap_or_else(|| panic!("no {key} in {}", self.ready))
    }
}

/// A receiver that replies 200 to everything; gives its address.
pub(crate) fn deaf_shop() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut bytes = [0; 64 * 1024];
            let _ = stream.read(&mut bytes);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
        }
    });
    address
}

/// Looks again until `look` finds something.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if let Some(found) = look() {
            return found;
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
    panic!("waited in vain for {what}");
}
