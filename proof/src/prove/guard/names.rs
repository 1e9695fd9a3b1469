//! A name service that answers each look-up with the next answer of a list, all of them to be forgotten at once (TTL 0).
//! A look-up is two questions from one port: for IPv4 and for IPv6 addresses.

use anyhow::{Context as _, Result};
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, MutexGuard};

const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;
const SERVFAIL: u8 = 2;
const NXDOMAIN: u8 = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    These(Vec<IpAddr>),
    /// The name is another name for one that has these addresses.
    Alias(Vec<IpAddr>),
    /// The name service fails.
    Fails,
    /// It fails when it is asked for IPv4 addresses, and has these others.
    FailsByHalf(Vec<IpAddr>),
    NoSuchName,
    /// The name is there and has no address.
    Nothing,
}

#[derive(Default)]
struct State {
    next: VecDeque<Answer>,
    /// What a port was given, and which of the two questions it has not asked yet.
    ports: HashMap<SocketAddr, (Answer, u16)>,
    given: Vec<Answer>,
}

/// The running service.
pub(crate) struct Names(Arc<Mutex<State>>);

impl Names {
    /// When the list has come to its end, the name leads to this machine itself.
    pub(crate) fn start(answers: impl IntoIterator<Item = Answer>) -> Result<Self> {
        let socket = UdpSocket::bind("127.0.0.1:53").context("the name service's port")?;
        let state = Arc::new(Mutex::new(State { next: answers.into_iter().collect(), ..State::default() }));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            let mut buffer = [0; 1_500];
            while let Ok((length, from)) = socket.recv_from(&mut buffer) {
                let Some(question) = Question::read(&buffer[..length]) else { continue };
                let answer = lock(&shared).answer(from, question.wanted);
                let _ = socket.send_to(&question.reply(&answer), from);
            }
        });
        Ok(Self(state))
    }

    /// How many answers of the list nobody has been given yet.
    pub(crate) fn left(&self) -> usize {
        lock(&self.0).next.len()
    }

    /// Every answer that was given, one for each look-up.
    pub(crate) fn given(&self) -> Vec<Answer> {
        lock(&self.0).given.clone()
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().expect("nothing panics while it holds this")
}

impl State {
    fn answer(&mut self, from: SocketAddr, wanted: u16) -> Answer {
        if let Some((answer, missing)) = self.ports.remove(&from)
            && missing == wanted
        {
            return answer;
        }
        let own = || Answer::These(vec![IpAddr::from([127, 0, 0, 1])]);
        let answer = self.next.pop_front().unwrap_or_else(own);
        self.given.push(answer.clone());
        self.ports.insert(from, (answer.clone(), if wanted == A { AAAA } else { A }));
        answer
    }
}

/// What is asked, with the bytes that an answer has to repeat.
struct Question<'a> {
    id: &'a [u8],
    /// The name, what is wanted, and the class.
    bytes: &'a [u8],
    wanted: u16,
}

impl<'a> Question<'a> {
    fn read(packet: &'a [u8]) -> Option<Self> {
        let (id, rest) = (packet.get(..2)?, packet.get(12..)?);
        let name = rest.iter().position(|byte| *byte == 0)? + 1;
        let bytes = rest.get(..name + 4)?;
        Some(Self { id, bytes, wanted: u16::from_be_bytes([bytes[name], bytes[name + 1]]) })
    }

    fn reply(&self, answer: &Answer) -> Vec<u8> {
        let none: &[IpAddr] = &[];
        let (addresses, code) = match answer {
            Answer::These(addresses) | Answer::Alias(addresses) => (addresses.as_slice(), 0),
            Answer::FailsByHalf(_) if self.wanted == A => (none, SERVFAIL),
            Answer::FailsByHalf(addresses) => (addresses.as_slice(), 0),
            Answer::Fails => (none, SERVFAIL),
            Answer::NoSuchName => (none, NXDOMAIN),
            Answer::Nothing => (none, 0),
        };
        let mut records = Vec::new();
        // The name of the question stands behind the twelve bytes of the head.
        let mut name: &[u8] = &[0xc0, 12];
        let alias: &[u8] = b"\x06inside\x07example\x00";
        if matches!(answer, Answer::Alias(_)) {
            records.push(record(name, CNAME, alias));
            name = alias;
        }
        for address in addresses {
            match address {
                IpAddr::V4(address) if self.wanted == A => records.push(record(name, A, &address.octets())),
                IpAddr::V6(address) if self.wanted == AAAA => {
                    records.push(record(name, AAAA, &address.octets()))
                }
                _ => {}
            }
        }
        let count = u8::try_from(records.len()).expect("a few records");
        // An answer, recursion wanted and available; one question, so many answers.
        let head = [0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0];
        [self.id, &head, self.bytes, &records.concat()].concat()
    }
}

fn record(name: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("an address or a name");
    // Class IN, to be forgotten at once.
    [name, &kind.to_be_bytes(), &[0, 1, 0, 0, 0, 0], &length.to_be_bytes(), data].concat()
}

#[cfg(test)]
mod tests {
    use super::{A, AAAA, Answer, Question, State};
    use std::net::IpAddr;

    #[test]
    fn both_questions_of_a_look_up_have_the_same_answer_and_the_next_one_another() {
        let these = |text: &str| Answer::These(vec![text.parse::<IpAddr>().expect("an address")]);
        let mut state = State { next: [these("1.1.1.1"), these("::1")].into(), ..State::default() };
        let (one, other) =
            ("127.0.0.1:1000".parse().expect("an address"), "127.0.0.1:2000".parse().expect("one"));
        assert_eq!((state.answer(one, A), state.answer(other, AAAA)), (these("1.1.1.1"), these("::1")));
        assert_eq!((state.answer(other, A), state.answer(one, AAAA)), (these("::1"), these("1.1.1.1")));
        assert_eq!(state.answer(one, A), these("127.0.0.1"), "the list is at its end");
        assert_eq!(state.given.len(), 3);
    }

    #[test]
    fn a_reply_has_the_addresses_of_the_family_that_was_asked_for() {
        let packet = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x01x\x00\x00\x01\x00\x01";
        let question = Question::read(packet).expect("a question");
        assert_eq!(question.wanted, A);
        let both = vec!["10.0.0.5".parse().expect("one"), "::1".parse().expect("one")];
        let reply = question.reply(&Answer::These(both.clone()));
        assert_eq!(
            (&reply[..2], reply[7], &reply[reply.len() - 4..]),
            (&packet[..2], 1, [10, 0, 0, 5].as_slice())
        );
        assert_eq!(question.reply(&Answer::Alias(both))[7], 2);
        assert_eq!(question.reply(&Answer::Fails)[3] & 15, 2);
    }
}
