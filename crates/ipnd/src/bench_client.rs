//! `ipnd bench-client`, which no help shows: the client that tells, with nothing around it, for `cargo xtask bench
//! deliver`. For each line that it reads it posts for a while, and then prints how often it has been answered.

use crate::server;
use anyhow::{Context as _, Result, ensure};
use ipnd_deliver::client::{Client, Policy};
use std::io::{BufRead as _, Write as _};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

#[derive(clap::Args)]
pub(crate) struct Options {
    /// An address of this machine
    #[arg(long)]
    to: String,
    #[arg(long)]
    in_flight: u32,
    #[arg(long)]
    millis: u64,
    #[arg(long)]
    body_bytes: usize,
}

pub(crate) fn run(options: &Options) -> Result<()> {
    let client = Client::new(Policy { opens_loopback: true, ..Policy::default() })?;
    server::block_on(async {
        // The posters run on threads of their own; this one may wait.
        for line in std::io::stdin().lock().lines() {
            line?;
            let posted = post(options, &client).await?;
            let mut out = std::io::stdout();
            writeln!(out, "{posted}")?;
            out.flush()?;
        }
        Ok(())
    })
}

async fn post(options: &Options, client: &Client) -> Result<u64> {
    let until = Instant::now() + Duration::from_millis(options.millis);
    let mut posting = JoinSet::new();
    for _ in 0..options.in_flight {
        posting.spawn(keep_posting(client.clone(), options.to.clone(), options.body_bytes, until));
    }
    let mut posted = 0;
    while let Some(done) = posting.join_next().await {
        posted += done.context("a poster ended")??;
    }
    Ok(posted)
}

async fn keep_posting(client: Client, to: String, body_bytes: usize, until: Instant) -> Result<u64> {
    // As Standard Webhooks go out.
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let headers = [
        header("content-type", "application/json"),
        header("webhook-id", "msg_6v3n1qk2aaaaaaaaaaaaaaaaaaaaaaaaaa"),
        header("webhook-timestamp", "1790000000"),
        header("webhook-signature", "v1,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
    ];
    let body = vec![b'x'; body_bytes];
    let mut posted = 0;
    while Instant::now() < until {
        let answer = client.tell("POST", &to, &headers, body.clone()).await?;
        ensure!(answer.status == 200, "the receiver answers with {}", answer.status);
        posted += 1;
    }
    Ok(posted)
}
