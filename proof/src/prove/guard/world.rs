//! Whoever answers out there: a server at the ports 443 and 80 of every address. It proves to be whatever name it was made
//! for, and says what PayPal says to a question, or that the answer lies elsewhere.

use crate::prove::certificate::certified;
use anyhow::{Context as _, Result};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

const VERIFIED: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 8\r\n\r\nVERIFIED";
/// Every so many requests are sent elsewhere.
const ELSEWHERE_EACH: usize = 10;
const ELSEWHERE: [&str; 4] =
    ["http://127.0.0.1/", "https://169.254.169.254/latest/meta-data/", "https://[::1]/", "//10.0.0.5/webscr"];

/// A connection that somebody made.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// Which address was dialled.
    pub(crate) to: SocketAddr,
    /// What its request named as the host, if one came.
    pub(crate) host: Option<String>,
}

#[derive(Default)]
struct Seen {
    visits: Vec<Visit>,
    sent_elsewhere: usize,
}

pub(crate) struct World(Arc<Mutex<Seen>>);

impl World {
    /// Begins to answer for `name`, and writes to `authority` whose word for that has to be taken.
    pub(crate) fn start(name: &str, authority: &Path) -> Result<Self> {
        let tls = Arc::new(certified(name, authority)?);
        let seen = Arc::<Mutex<Seen>>::default();
        for port in [443, 80] {
            // At both kinds of address.
            let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).context("a port of the world")?;
            let (tls, seen) = (Arc::clone(&tls), Arc::clone(&seen));
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let (tls, seen) = (Arc::clone(&tls), Arc::clone(&seen));
                    std::thread::spawn(move || visited(stream, tls, &seen));
                }
            });
        }
        Ok(Self(seen))
    }

    pub(crate) fn visits(&self) -> Vec<Visit> {
        lock(&self.0).visits.clone()
    }

    /// How many requests came up to now, and how many of them were sent elsewhere.
    pub(crate) fn requests(&self) -> (usize, usize) {
        let seen = lock(&self.0);
        (seen.visits.iter().filter(|visit| visit.host.is_some()).count(), seen.sent_elsewhere)
    }
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().expect("nothing panics while it holds this")
}

fn visited(stream: TcpStream, tls: Arc<ServerConfig>, seen: &Mutex<Seen>) {
    let Ok(own) = stream.local_addr() else { return };
    let to = SocketAddr::new(plain(own.ip()), own.port());
    // Whatever it was about, somebody came.
    let place = {
        let mut seen = lock(seen);
        seen.visits.push(Visit { to, host: None });
        seen.visits.len() - 1
    };
    // What was asked stands there before it is answered; that the other side has gone meanwhile is its own business.
    let _ = converse(stream, tls, |host| {
        let mut seen = lock(seen);
        seen.visits[place].host = Some(host);
        let number = seen.visits.iter().filter(|visit| visit.host.is_some()).count();
        if !number.is_multiple_of(ELSEWHERE_EACH) {
            return VERIFIED.to_owned();
        }
        let location = ELSEWHERE[seen.sent_elsewhere % ELSEWHERE.len()];
        seen.sent_elsewhere += 1;
        format!(
            "HTTP/1.1 302 Found\r\nlocation: {location}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
        )
    });
}

/// An IPv4 address is one, also where the system writes it as IPv6.
fn plain(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => address.to_ipv4_mapped().map_or(address.into(), Into::into),
        IpAddr::V4(_) => address,
    }
}

fn converse(
    stream: TcpStream,
    tls: Arc<ServerConfig>,
    answer: impl FnOnce(String) -> String,
) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let connection = ServerConnection::new(tls).map_err(io::Error::other)?;
    let mut wire = BufReader::new(StreamOwned::new(connection, stream));
    let (mut host, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        wire.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            // The line of the request has no colon before its end, and neither has the end of the head.
            if line.trim_end().is_empty() {
                break;
            }
            continue;
        };
        match name.to_ascii_lowercase().as_str() {
            "host" => host = value.trim().to_owned(),
            "content-length" => length = value.trim().parse().map_err(io::Error::other)?,
            _ => {}
        }
    }
    wire.read_exact(&mut vec![0; length])?;
    let said = answer(host);
    let stream = wire.get_mut();
    stream.write_all(said.as_bytes())?;
    stream.conn.send_close_notify();
    stream.flush()
}
