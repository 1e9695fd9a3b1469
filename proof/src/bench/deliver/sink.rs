//! Receivers in a thread of their own that answer at once, or never, and remember when what arrived.

use anyhow::{Context as _, Result};
use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

#[derive(Default)]
struct Seen {
    /// When the message about this order's number arrived first at the receiver of this place.
    at: HashMap<(usize, u64), Instant>,
    /// One request as it came.
    first: Option<Vec<u8>>,
}

pub(crate) struct Sink {
    /// Each another host to ipnd.
    pub(crate) addresses: Vec<SocketAddr>,
    seen: Arc<Mutex<Seen>>,
}

impl Sink {
    /// A receiver for each, which hangs where that is wanted.
    pub(crate) fn start(hangs: &[bool]) -> Result<Self> {
        let mut listeners = Vec::new();
        let mut addresses = Vec::new();
        for (place, hangs) in hangs.iter().enumerate() {
            let host = Ipv4Addr::new(127, 0, 1, u8::try_from(place + 1).context("a few receivers")?);
            let listener = StdListener::bind((host, 0))?;
            listener.set_nonblocking(true)?;
            addresses.push(listener.local_addr()?);
            listeners.push((listener, *hangs));
        }
        let seen = Arc::new(Mutex::<Seen>::default());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Arc::clone(&seen);
        std::thread::spawn(move || {
            LocalSet::new().block_on(&runtime, async {
                for (place, (listener, hangs)) in listeners.into_iter().enumerate() {
                    let listener = TcpListener::from_std(listener).expect("it was just made");
                    tokio::task::spawn_local(accept(listener, place, hangs, Arc::clone(&shared)));
                }
                std::future::pending::<()>().await;
            });
        });
        Ok(Self { addresses, seen })
    }

    /// What arrived since the last time this was asked.
    pub(crate) fn take(&self) -> HashMap<(usize, u64), Instant> {
        std::mem::take(&mut lock(&self.seen).at)
    }

    /// How many of them at the receivers before this place.
    pub(crate) fn count_before(&self, place: usize) -> usize {
        lock(&self.seen).at.keys().filter(|(own, _)| *own < place).count()
    }

    pub(crate) fn first_request(&self) -> Option<Vec<u8>> {
        lock(&self.seen).first.clone()
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().expect("nobody panics while holding this")
}

async fn accept(listener: TcpListener, place: usize, hangs: bool, seen: Arc<Mutex<Seen>>) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let seen = Arc::clone(&seen);
        tokio::task::spawn_local(async move {
            // Who hangs up has nothing more to say.
            let _ = converse(stream, place, hangs, &seen).await;
        });
    }
}

async fn converse(mut stream: TcpStream, place: usize, hangs: bool, seen: &Mutex<Seen>) -> Result<()> {
    let mut buffer = vec![0; 32 * 1024];
    let mut filled = 0;
    loop {
        let more = stream.read(&mut buffer[filled..]).await?;
        if more == 0 {
            return Ok(());
        }
        filled += more;
        if hangs {
            filled = 0;
            continue;
        }
        let Some(length) = whole(&buffer[..filled]) else { continue };
        let now = Instant::now();
        {
            let mut seen = lock(seen);
            if let Some(number) = order_number(&buffer[..length]) {
                seen.at.entry((place, number)).or_insert(now);
            }
            seen.first.get_or_insert_with(|| buffer[..length].to_vec());
        }
        stream.write_all(ANSWER).await?;
        buffer.copy_within(length..filled, 0);
        filled -= length;
    }
}

/// How long a request is, once all of it is there.
fn whole(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let lengths = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let mut lengths = lengths.filter(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: usize = lengths.next().map_or(Some(0), |(_, value)| value.trim().parse().ok())?;
    (bytes.len() >= end + length).then_some(end + length)
}

/// The number at the end of the order's name.
fn order_number(request: &[u8]) -> Option<u64> {
    const BEFORE: &[u8] = br#""reference":"A-"#;
    const DIGITS: usize = 12;
    let begins = request.windows(BEFORE.len()).position(|part| part == BEFORE)? + BEFORE.len();
    let name = &request[begins..];
    let name = &name[..name.iter().position(|byte| *byte == b'"')?];
    std::str::from_utf8(&name[name.len().checked_sub(DIGITS)?..]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_when_it_is_whole() {
        let request =
            b"POST / HTTP/1.1\r\nContent-Length: 38\r\n\r\n{\"reference\":\"A-0123abcd000000000042\"}";
        assert_eq!(whole(request), Some(request.len()));
        assert_eq!(whole(&request[..request.len() - 1]), None);
        assert_eq!(order_number(request), Some(42));
        assert_eq!(order_number(b"{}"), None);
    }
}
