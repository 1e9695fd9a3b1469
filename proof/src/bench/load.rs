//! The load: a closed loop over kept-alive connections, in one thread, bounded by count and by time.

use super::requests::Requests;
use anyhow::{Context as _, Result, bail};
use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::LocalSet;

/// How hard, and for how long.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    /// Every other connection goes there instead.
    pub(crate) other: Option<SocketAddr>,
    pub(crate) connections: usize,
    pub(crate) time: Duration,
    /// Each request is sent so often in a row.
    pub(crate) copies: usize,
    /// Begin again when all have been sent; otherwise that is the end.
    pub(crate) again: bool,
}

/// What came of it.
#[derive(Default)]
pub(crate) struct Answers {
    /// How long each took that was answered with 2xx, in microseconds, in rising sequence.
    pub(crate) micros: Vec<u32>,
    /// Answered otherwise.
    pub(crate) refused: u64,
    pub(crate) took: Duration,
}

struct Shared {
    load: Load,
    requests: Rc<Requests>,
    next: Cell<usize>,
    deadline: Instant,
    answers: RefCell<Answers>,
}

/// Sends until the time is up or everything is sent; every request that was begun is answered.
pub(crate) fn run(load: Load, requests: Rc<Requests>) -> Result<Answers> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let began = Instant::now();
    let shared = Rc::new(Shared {
        load,
        requests,
        next: Cell::new(0),
        deadline: began + load.time,
        answers: RefCell::default(),
    });
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        let connections: Vec<_> = (0..load.connections)
            .map(|place| tokio::task::spawn_local(connection(Rc::clone(&shared), place)))
            .collect();
        for connection in connections {
            connection.await.context("a connection of the load crashed")??;
        }
        anyhow::Ok(())
    })?;
    let mut answers = shared.answers.take();
    answers.took = began.elapsed();
    answers.micros.sort_unstable();
    Ok(answers)
}

impl Shared {
    fn next(&self) -> Option<usize> {
        let number = self.next.get();
        let total = self.requests.len() * self.load.copies;
        if Instant::now() >= self.deadline || (number >= total && !self.load.again) {
            return None;
        }
        self.next.set(number + 1);
        Some(number / self.load.copies % self.requests.len())
    }
}

async fn connection(shared: Rc<Shared>, place: usize) -> Result<()> {
    let load = shared.load;
    let address = load.other.filter(|_| place % 2 == 1).unwrap_or(load.address);
    let mut stream = None;
    let mut buffer = vec![0; 16 * 1024];
    while let Some(number) = shared.next() {
        let open = match &mut stream {
            Some(open) => open,
            None => {
                let open = TcpStream::connect(address).await.context("the server is gone")?;
                open.set_nodelay(true)?;
                stream.insert(open)
            }
        };
        let began = Instant::now();
        open.write_all(shared.requests.get(number)).await?;
        let answer = read(open, &mut buffer).await?;
        let mut answers = shared.answers.borrow_mut();
        if (200..300).contains(&answer.status) {
            answers.micros.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
        } else {
            answers.refused += 1;
        }
        drop(answers);
        if answer.closes {
            stream = None;
        }
    }
    Ok(())
}

pub(super) struct Answer {
    pub(super) status: u16,
    closes: bool,
}

/// One whole answer.
pub(super) async fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> Result<Answer> {
    let mut filled = 0;
    let mut whole = None;
    loop {
        let more = stream.read(&mut buffer[filled..]).await?;
        filled += more;
        if whole.is_none() {
            whole = head(&buffer[..filled])?;
        }
        if let Some((answer, length)) = &whole
            && filled >= *length
        {
            return Ok(Answer { status: answer.status, closes: answer.closes });
        }
        if more == 0 {
            bail!("the server hung up in the middle of an answer");
        }
    }
}

/// What a head says, and how long the answer is with it; `None` while there is only a part of it.
fn head(bytes: &[u8]) -> Result<Option<(Answer, usize)>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&bytes[..end]).context("a head that is no text")?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|word| word.parse().ok());
    let mut answer = Answer { status: status.context("not an answer over HTTP")?, closes: false };
    let mut length = 0;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().context("a length that is no number")?;
        } else if name.eq_ignore_ascii_case("connection") {
            answer.closes = value.trim().eq_ignore_ascii_case("close");
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            bail!("an answer in pieces, which this load does not read");
        }
    }
    Ok(Some((answer, end + 4 + length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_when_they_are_whole() {
        assert!(head(b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n").expect("a part").is_none());
        let read = |bytes: &[u8]| {
            head(bytes).expect("a head").map(|(answer, length)| (answer.status, answer.closes, length))
        };
        assert_eq!(read(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab"), Some((200, false, 41)));
        assert_eq!(read(b"HTTP/1.1 503 No\r\nConnection: close\r\n\r\n"), Some((503, true, 38)));
        assert!(head(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
