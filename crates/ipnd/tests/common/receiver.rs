//! A shop's program that takes messages, remembers them, and replies as it is told.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};

#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Message {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(own, _)| own == name);
        found.map_or_else(|| panic!("no {name} in {:?}", self.headers), |(_, value)| value)
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Default)]
struct State {
    seen: Vec<Message>,
    /// What it replies; 0 for nothing yet.
    status: u16,
}

pub(crate) struct Receiver {
    pub(crate) address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Receiver {
    pub(crate) fn start(status: u16) -> Self {
        Self::start_at("127.0.0.1:0", status)
    }

    pub(crate) fn start_at(address: &str, status: u16) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new((Mutex::new(State { status, ..State::default() }), Condvar::new()));
        let own = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = Arc::clone(&own);
                std::thread::spawn(move || take(stream, &own));
            }
        });
        Self { address, state }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/ipn", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Message> {
        self.state.0.lock().unwrap().seen.clone()
    }

    /// From now on, and for those who wait for a reply.
    pub(crate) fn reply(&self, status: u16) {
        self.state.0.lock().unwrap().status = status;
        self.state.1.notify_all();
    }
}

fn take(stream: TcpStream, (state, changed): &(Mutex<State>, Condvar)) {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let header = |line: &String| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers: Vec<(String, String)> = lines.iter().skip(1).filter_map(header).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let target = lines[0].split(' ').nth(1).unwrap().to_owned();
    let mut state = state.lock().unwrap();
    state.seen.push(Message { target, headers, body });
    while state.status == 0 {
        state = changed.wait(state).unwrap();
    }
    let reply = format!("HTTP/1.1 {} x\r\ncontent-length: 4\r\nconnection: close\r\n\r\nsaid", state.status);
    let _ = reader.get_mut().write_all(reply.as_bytes());
}
