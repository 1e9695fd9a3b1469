//! A receiver of ours that is unwell until it is told to be well, and remembers everything that arrived.

use crate::prove::dice::Dice;
use anyhow::{Result, ensure};
use socket2::SockRef;
use std::collections::BTreeMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(30);
const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
const BAD: &[u8] = b"HTTP/1.1 500 Oh\r\ncontent-length: 2\r\n\r\nno";

/// What it does while it is unwell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    /// Nothing is wrong with it.
    Fine,
    /// Answers half of all with 500.
    Refuses,
    /// Takes some and never answers.
    Hangs,
    /// Resets some connections, in the middle of the request or of its own answer.
    Resets,
    /// Takes some and closes instead of answering.
    Closes,
}

/// How an arrival ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With 200, written to its end.
    Told,
    /// It was taken, and nobody was told so.
    Untold,
    /// With 500.
    Refused,
}

#[derive(Clone, Debug)]
pub(crate) struct Arrival {
    pub(crate) id: String,
    /// Which of ipnd's lives it came from.
    pub(crate) life: u32,
    pub(crate) order: String,
    pub(crate) sequence: u32,
    /// Names the event within its order: what kind, and which amount.
    pub(crate) what: String,
    pub(crate) end: End,
}

struct State {
    nature: Nature,
    is_well: AtomicBool,
    life: AtomicU32,
    open: AtomicU32,
    dice: Mutex<Dice>,
    arrivals: Mutex<Vec<Arrival>>,
    problems: Mutex<Vec<String>>,
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    pub(crate) nature: Nature,
    state: Arc<State>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics while holding this")
}

impl Receiver {
    pub(crate) fn start(nature: Nature, dice: Dice) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            nature,
            is_well: AtomicBool::new(nature == Nature::Fine),
            life: AtomicU32::new(0),
            open: AtomicU32::new(0),
            dice: Mutex::new(dice),
            arrivals: Mutex::default(),
            problems: Mutex::default(),
        });
        let own = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                own.open.fetch_add(1, Ordering::SeqCst);
                let own = Arc::clone(&own);
                std::thread::spawn(move || {
                    // However a conversation ends is what this is about.
                    let _ = own.converse(stream);
                    own.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Ok(Self { address, nature, state })
    }

    pub(crate) fn be_well(&self) {
        self.state.is_well.store(true, Ordering::SeqCst);
    }

    /// After ipnd has ended: what it had sent is read to its end, so that nothing of this life is taken for the next.
    pub(crate) fn next_life(&self) -> Result<()> {
        // Connections are accepted in their sequence: once this one is answered, all before it were.
        let mut last = TcpStream::connect(self.address)?;
        last.set_read_timeout(Some(PATIENCE))?;
        last.write_all(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")?;
        last.read_exact(&mut [0])?;
        drop(last);
        let began = Instant::now();
        while self.state.open.load(Ordering::SeqCst) > 0 {
            ensure!(began.elapsed() < PATIENCE, "a connection of an ipnd that is dead stays open");
            std::thread::sleep(Duration::from_millis(1));
        }
        self.state.life.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    /// Everything that arrived, in sequence.
    pub(crate) fn arrivals(&self) -> Result<Vec<Arrival>> {
        let problems = lock(&self.state.problems);
        ensure!(problems.is_empty(), "not understood: {}", problems[0]);
        Ok(lock(&self.state.arrivals).clone())
    }
}

/// What happens to one request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Good,
    Bad,
    Hang,
    Close,
    ResetInRequest,
    ResetInAnswer,
}

impl State {
    fn fate(&self) -> Fate {
        let throw = lock(&self.dice).below(8);
        if self.is_well.load(Ordering::SeqCst) {
            return Fate::Good;
        }
        match (self.nature, throw) {
            (Nature::Refuses, 0..4) => Fate::Bad,
            (Nature::Hangs, 0) => Fate::Hang,
            (Nature::Closes, 0 | 1) => Fate::Close,
            (Nature::Resets, 0) => Fate::ResetInRequest,
            (Nature::Resets, 1) => Fate::ResetInAnswer,
            _ => Fate::Good,
        }
    }

    fn converse(&self, stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(stream);
        loop {
            let Some(head) = head(&mut stream)? else { return Ok(()) };
            let length = head.get("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
            let Some(id) = head.get("webhook-id") else { return stream.get_mut().write_all(GOOD) };
            let fate = self.fate();
            let mut body = vec![0; if fate == Fate::ResetInRequest { length / 2 } else { length }];
            stream.read_exact(&mut body)?;
            let end = match fate {
                Fate::Good => End::Told,
                Fate::Bad => End::Refused,
                Fate::ResetInRequest => return reset(stream.get_ref()),
                _ => End::Untold,
            };
            match self.arrival(id, &body, end) {
                Some(arrival) => lock(&self.arrivals).push(arrival),
                None => lock(&self.problems).push(String::from_utf8_lossy(&body).into_owned()),
            }
            match fate {
                Fate::Good => stream.get_mut().write_all(GOOD)?,
                Fate::Bad => stream.get_mut().write_all(BAD)?,
                Fate::Hang => return stream.read_exact(&mut [0]),
                Fate::ResetInAnswer => {
                    stream.get_mut().write_all(&GOOD[..GOOD.len() / 2])?;
                    return reset(stream.get_ref());
                }
                Fate::Close | Fate::ResetInRequest => return Ok(()),
            }
        }
    }

    fn arrival(&self, id: &str, body: &[u8], end: End) -> Option<Arrival> {
        let body: serde_json::Value = serde_json::from_slice(body).ok()?;
        let order = &body["data"]["order"];
        let amount = &body["data"]["event"]["amount"]["amount"];
        Some(Arrival {
            id: id.to_owned(),
            life: self.life.load(Ordering::SeqCst),
            order: order["reference"].as_str()?.to_owned(),
            sequence: u32::try_from(order["sequence"].as_u64()?).ok()?,
            what: format!("{} {}", body["type"].as_str()?, amount.as_str()?),
            end,
        })
    }
}

/// A request's headers; `None` when the connection ends instead.
fn head(stream: &mut BufReader<TcpStream>) -> io::Result<Option<BTreeMap<String, String>>> {
    let mut headers = BTreeMap::new();
    let mut line = String::new();
    let mut is_first = true;
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) if !is_first => {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
            _ if is_first => is_first = false,
            _ => return Ok(Some(headers)),
        }
    }
}

/// Has the kernel end it with a reset instead of a farewell.
fn reset(stream: &TcpStream) -> io::Result<()> {
    SockRef::from(stream).set_linger(Some(Duration::ZERO))
}
