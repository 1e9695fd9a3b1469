//! What went over the wire: a socket that hears every packet, read from beside the program (Linux). Kept is what begins
//! something: the first packet of a connection, and packets that belong to none.

use anyhow::{Context as _, Result, ensure};
use socket2::{Domain, Protocol, Socket, Type};
use std::collections::BTreeSet;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Every protocol, as the kernel numbers them (`ETH_P_ALL`).
const ALL: u16 = 3;
const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const TCP: u8 = 6;
const UDP: u8 = 17;
const NAMES_PORT: u16 = 53;
const BUFFER_BYTES: usize = 32 << 20;

/// The beginning of a connection, or a packet by itself. The loopback shows each twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Begun {
    pub(crate) to: SocketAddr,
    is_tcp: bool,
    from: SocketAddr,
    /// The number that the connection begins to count from.
    sequence: u32,
}

pub(crate) struct Capture {
    begun: Arc<Mutex<BTreeSet<Begun>>>,
    is_over: Arc<AtomicBool>,
    thread: std::thread::JoinHandle<()>,
    opened_before: u64,
}

impl Capture {
    pub(crate) fn start() -> Result<Self> {
        let protocol = Protocol::from(i32::from(ALL.to_be()));
        let socket =
            Socket::new(Domain::PACKET, Type::RAW, Some(protocol)).context("a capture needs root")?;
        // As much as the system gives; whether it was enough is found out at the end.
        let _ = socket.set_recv_buffer_size(BUFFER_BYTES);
        socket.set_read_timeout(Some(Duration::from_millis(100)))?;
        let (begun, is_over) = (Arc::<Mutex<BTreeSet<Begun>>>::default(), Arc::<AtomicBool>::default());
        let opened_before = opened()?;
        let thread = std::thread::spawn({
            let (begun, is_over) = (Arc::clone(&begun), Arc::clone(&is_over));
            move || hear(socket, &begun, &is_over)
        });
        Ok(Self { begun, is_over, thread, opened_before })
    }

    /// Everything that was begun. An error when it is less than the kernel has counted.
    pub(crate) fn finish(self) -> Result<Vec<Begun>> {
        let opened = opened()? - self.opened_before;
        self.is_over.store(true, Ordering::SeqCst);
        self.thread.join().expect("the capture does not panic");
        let begun: Vec<Begun> =
            self.begun.lock().expect("nothing panics while it holds this").iter().copied().collect();
        let captured = begun.iter().filter(|one| one.is_tcp).count() as u64;
        ensure!(captured >= opened, "the capture has {captured} of {opened} connections");
        Ok(begun)
    }
}

/// Until it is over and nothing more comes.
fn hear(mut socket: Socket, begun: &Mutex<BTreeSet<Begun>>, is_over: &AtomicBool) {
    let mut buffer = vec![0; 1 << 16];
    loop {
        match socket.read(&mut buffer) {
            Ok(length) => {
                let one = read(&buffer[..length]);
                begun.lock().expect("nothing panics while it holds this").extend(one);
            }
            Err(_) if is_over.load(Ordering::SeqCst) => return,
            Err(_) => {}
        }
    }
}

/// Connections that anybody in this network has begun to open, as the kernel counts them.
fn opened() -> Result<u64> {
    let text = std::fs::read_to_string("/proc/net/snmp").context("the kernel's counters")?;
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (names, values) = (lines.next().context("no names")?, lines.next().context("no values")?);
    let mut both = names.split(' ').zip(values.split(' '));
    let value = both.find(|(name, _)| *name == "ActiveOpens").context("no ActiveOpens")?.1;
    Ok(value.parse()?)
}

/// A frame of the loopback, if it begins something.
fn read(frame: &[u8]) -> Option<Begun> {
    let packet = frame.get(14..)?;
    let (protocol, from, to, inner) = match u16::from_be_bytes([frame[12], frame[13]]) {
        IPV4 => {
            let address =
                |at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(packet.get(at..at + 4)?).ok()?));
            let length = usize::from(packet.first()? & 15) * 4;
            (*packet.get(9)?, IpAddr::from(address(12)?), IpAddr::from(address(16)?), packet.get(length..)?)
        }
        IPV6 => {
            let address =
                |at: usize| Some(Ipv6Addr::from(<[u8; 16]>::try_from(packet.get(at..at + 16)?).ok()?));
            (*packet.get(6)?, IpAddr::from(address(8)?), IpAddr::from(address(24)?), packet.get(40..)?)
        }
        _ => return None,
    };
    let port = |at: usize| Some(u16::from_be_bytes([*inner.get(at)?, *inner.get(at + 1)?]));
    let ends = (SocketAddr::new(from, port(0)?), SocketAddr::new(to, port(2)?));
    let begun = |is_tcp, sequence| Begun { to: ends.1, is_tcp, from: ends.0, sequence };
    match protocol {
        // SYN without ACK
        TCP if inner.get(13)? & 0b1_0010 == 0b10 => {
            let number = <[u8; 4]>::try_from(inner.get(4..8)?).ok()?;
            Some(begun(true, u32::from_be_bytes(number)))
        }
        UDP if ends.0.port() != NAMES_PORT && ends.1 != SocketAddr::from(([127, 0, 0, 1], NAMES_PORT)) => {
            Some(begun(false, 0))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    /// A frame of the loopback with a TCP segment over IPv4.
    fn frame(flags: u8) -> Vec<u8> {
        let mut frame = vec![0; 12];
        frame.extend([0x08, 0x00]);
        frame.extend([0x45, 0, 0, 40, 0, 0, 0, 0, 64, 6, 0, 0, 127, 0, 0, 1, 10, 0, 0, 5]);
        frame.extend([0x30, 0x39, 0x01, 0xbb, 0, 0, 0, 7, 0, 0, 0, 0, 0x50, flags, 0, 0, 0, 0, 0, 0]);
        frame
    }

    #[test]
    fn a_connection_is_seen_by_its_first_packet_and_by_no_other() {
        let begun = read(&frame(0b10)).expect("a first packet");
        assert_eq!((begun.to.to_string(), begun.sequence), ("10.0.0.5:443".to_owned(), 7));
        for other in [0b1_0010, 0b1_0000, 0b1_0001, 0b100] {
            assert_eq!(read(&frame(other)), None, "flags {other:b}");
        }
        assert_eq!(read(&frame(0b10)[..20]), None, "a packet that was cut short");
    }
}
