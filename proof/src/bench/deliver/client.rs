//! ipnd's own client, alone: what a post costs with nothing before it and nothing behind it.

use crate::bench::intake::Bench;
use crate::bench::window::{self, Cost, Done, Window};
use crate::server;
use anyhow::{Context as _, Result, ensure};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::time::Instant;

pub(super) const CLIENT: &str = "the client alone";

/// Posts when it is told to, and stays for the next time.
pub(super) struct Client {
    process: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Client {
    /// One that posts `bytes` to this address, so many at once.
    pub(super) fn start(bench: &Bench, to: SocketAddr, in_flight: usize, bytes: usize) -> Result<Self> {
        let millis = bench.extent.saturation.as_millis();
        let mut command = server::ipnd(&bench.stage.program);
        command.args(["bench-client", "--to", &format!("http://{to}/")]);
        command.args(["--in-flight", &in_flight.to_string(), "--millis", &millis.to_string()]);
        command.args(["--body-bytes", &bytes.to_string()]);
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let asks = process.stdin.take().context("it is a pipe")?;
        let answers = BufReader::new(process.stdout.take().context("it is a pipe")?);
        Ok(Self { process, asks, answers })
    }

    /// `known` are those that it posts to.
    pub(super) fn measure(&mut self, bench: &Bench, known: &[u32]) -> Result<Window> {
        let of = [self.process.id()];
        let own = [std::process::id()];
        let cost = Cost { subject: CLIENT, of: &of, known: &[known, &own].concat() };
        window::around(&cost, &bench.stage.folder.join("probe"), || {
            let began = Instant::now();
            self.asks.write_all(b"\n")?;
            let mut line = String::new();
            self.answers.read_line(&mut line)?;
            let took = began.elapsed();
            let requests = line.trim().parse().with_context(|| format!("the client said “{line}”"))?;
            ensure!(requests > 0, "the client posted nothing");
            Ok(Done { requests, micros: Vec::new(), took })
        })
    }

    pub(super) fn end(mut self) -> Result<()> {
        drop(self.asks);
        let status = self.process.wait()?;
        ensure!(status.success(), "the client ended with {status}");
        Ok(())
    }
}
