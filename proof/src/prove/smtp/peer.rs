//! The mail server: one conversation after the other, and at most one wrong thing in each. Whoever waits meanwhile has a
//! connection and no greeting, so only one mail at a time is anywhere near its final dot.

use super::wire::Wire;
use crate::prove::stage::PATIENCE;
use anyhow::{Context as _, Result};
use rustls::ServerConfig;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// Where a conversation can break, in its sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Connected, and not greeted.
    Connect,
    /// Greeted, and nothing read.
    Greeting,
    /// From here on to `Data`: the command was heard and not answered.
    Hello,
    StartTls,
    /// It was said that TLS may begin, and it has not.
    Handshake,
    Login,
    Sender,
    Recipient,
    Data,
    /// The head of the message was read. The sender may have handed its system all of it by then.
    Body,
    /// The final dot was read, and nothing said.
    Dot,
    /// It was said that the message is taken.
    Reply,
    /// The farewell was heard and not answered.
    Quit,
}

impl Step {
    pub(crate) const ALL: [Self; 13] = [
        Self::Connect,
        Self::Greeting,
        Self::Hello,
        Self::StartTls,
        Self::Handshake,
        Self::Login,
        Self::Sender,
        Self::Recipient,
        Self::Data,
        Self::Body,
        Self::Dot,
        Self::Reply,
        Self::Quit,
    ];

    /// Whether something else could be said here than what is expected.
    pub(crate) fn is_asked(self) -> bool {
        use Step::{Body, Connect, Greeting, Handshake, Quit, Reply};
        !matches!(self, Connect | Greeting | Handshake | Body | Reply | Quit)
    }

    pub(crate) fn is_of_tls(self) -> bool {
        matches!(self, Self::StartTls | Self::Handshake)
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// Nothing more is said until the other side is gone: it is about to be killed.
    Hold,
    /// The connection is closed.
    Close,
    /// The connection is reset.
    Reset,
    Say(&'static str),
}

/// One thing that goes wrong once.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Break {
    pub(crate) step: Step,
    pub(crate) act: Act,
    /// Whether a message whose final dot was heard is taken over although nobody is told.
    pub(crate) takes: bool,
}

/// What stood in the head of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Letter {
    pub(crate) id: String,
    pub(crate) to: String,
    pub(crate) subject: String,
}

/// One conversation, as the server knows it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Session {
    pub(crate) letter: Option<Letter>,
    /// It was heard up to the final dot.
    pub(crate) is_whole: bool,
    /// It is the server's now: somebody will read it.
    pub(crate) is_taken: bool,
    /// The server has said so.
    pub(crate) is_told: bool,
    pub(crate) broken: Option<(Step, Act)>,
}

impl Session {
    /// Whether the sender cannot know that the message was taken, or may have died before it had written that down.
    pub(crate) fn is_in_doubt(&self) -> bool {
        self.is_taken && (!self.is_told || matches!(self.broken, Some((_, Act::Hold))))
    }
}

#[derive(Default)]
struct Shared {
    armed: Mutex<Option<Break>>,
    journal: Mutex<Vec<Session>>,
    is_over: AtomicBool,
}

pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    reached: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Peer {
    /// With TLS it is plain only up to STARTTLS.
    pub(crate) fn start(tls: Option<ServerConfig>) -> Result<Self> {
        let tls = tls.map(Arc::new);
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let (reached_at, reached) = mpsc::channel();
        let thread = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || serve(&listener, tls.as_ref(), &shared, &reached_at)
        });
        Ok(Self { address, shared, reached, thread: Some(thread) })
    }

    /// The next conversation that comes to that step breaks there.
    pub(crate) fn arm(&self, next: Break) {
        *self.shared.armed.lock().expect("nothing panics while it holds this") = Some(next);
    }

    /// Waits until what was armed has happened, or, where the other side is to be killed, is about to.
    pub(crate) fn reached(&self) -> Result<()> {
        self.reached.recv_timeout(PATIENCE).context("no conversation came to that step")
    }

    /// The journal, when the last conversation is over.
    pub(crate) fn finish(mut self) -> Result<Vec<Session>> {
        self.end();
        Ok(std::mem::take(&mut *self.shared.journal.lock().expect("nothing panics while it holds this")))
    }

    fn end(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            // It waits for somebody to come.
            drop(TcpStream::connect(self.address));
            let _ = thread.join();
        }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.end();
    }
}

fn serve(listener: &TcpListener, tls: Option<&Arc<ServerConfig>>, shared: &Shared, reached: &Sender<()>) {
    while let Ok((stream, _)) = listener.accept() {
        if shared.is_over.load(Ordering::SeqCst) {
            return;
        }
        let wire = BufReader::new(Wire::Plain(stream));
        let mut talk = Talk { wire, tls, shared, reached, session: Session::default() };
        // How it ended stands in the session; that the other side is gone is nothing to complain about.
        let _ = talk.run();
        let session = talk.close();
        let is_known_of = matches!(session.broken, None | Some((_, Act::Hold)));
        shared.journal.lock().expect("nothing panics while it holds this").push(session);
        if !is_known_of {
            let _ = reached.send(());
        }
    }
}

struct Talk<'a> {
    wire: BufReader<Wire>,
    /// What is offered and has not begun.
    tls: Option<&'a Arc<ServerConfig>>,
    shared: &'a Shared,
    reached: &'a Sender<()>,
    session: Session,
}

impl Talk<'_> {
    fn run(&mut self) -> io::Result<()> {
        self.wire.get_ref().stream().set_read_timeout(Some(PATIENCE))?;
        self.pass(Step::Connect)?;
        self.say("220 proof.example ready")?;
        self.pass(Step::Greeting)?;
        loop {
            let command = self.line()?;
            let verb: String = command.chars().take(4).collect();
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => {
                    let last = if self.tls.is_some() { "STARTTLS" } else { "AUTH PLAIN LOGIN" };
                    let offers = format!("250-proof.example\r\n250-8BITMIME\r\n250 {last}");
                    self.answer(Step::Hello, &offers)?;
                }
                "STAR" => {
                    if self.answer(Step::StartTls, "220 go ahead")? {
                        self.pass(Step::Handshake)?;
                        self.secure()?;
                    }
                }
                "AUTH" => drop(self.answer(Step::Login, "235 welcome")?),
                "MAIL" => drop(self.answer(Step::Sender, "250 fine")?),
                "RCPT" => drop(self.answer(Step::Recipient, "250 fine")?),
                "DATA" => {
                    if self.answer(Step::Data, "354 go ahead")? {
                        self.message()?;
                    }
                }
                "QUIT" => return self.answer(Step::Quit, "221 bye").map(drop),
                _ => self.say("502 not here")?,
            }
        }
    }

    fn secure(&mut self) -> io::Result<()> {
        let tls = self.tls.take().ok_or(io::ErrorKind::InvalidData)?;
        self.wire = BufReader::new(self.wire.get_ref().secured(tls)?);
        Ok(())
    }

    fn message(&mut self) -> io::Result<()> {
        let mut head = String::new();
        loop {
            let line = self.line()?;
            if line.trim_end().is_empty() {
                break;
            }
            head += &line;
        }
        self.session.letter = Some(Letter::read(&head));
        self.pass(Step::Body)?;
        while self.line()? != ".\r\n" {}
        self.session.is_whole = true;
        match self.due(Step::Dot) {
            Some(Break { act: Act::Say(line), .. }) => {
                self.session.broken = Some((Step::Dot, Act::Say(line)));
                self.say(line)
            }
            Some(wrong) => {
                self.session.is_taken = wrong.takes;
                self.go_wrong(wrong)
            }
            None => {
                self.session.is_taken = true;
                self.say("250 taken")?;
                self.session.is_told = true;
                self.pass(Step::Reply)
            }
        }
    }

    /// What is expected, unless something goes wrong here; whether it was what is expected.
    fn answer(&mut self, step: Step, expected: &str) -> io::Result<bool> {
        match self.due(step) {
            None => self.say(expected).map(|()| true),
            Some(Break { act: Act::Say(line), .. }) => {
                self.session.broken = Some((step, Act::Say(line)));
                self.say(line).map(|()| false)
            }
            Some(wrong) => self.go_wrong(wrong).map(|()| false),
        }
    }

    /// Goes by a step at which nothing is asked.
    fn pass(&mut self, step: Step) -> io::Result<()> {
        self.due(step).map_or(Ok(()), |wrong| self.go_wrong(wrong))
    }

    fn due(&self, step: Step) -> Option<Break> {
        let mut armed = self.shared.armed.lock().expect("nothing panics while it holds this");
        armed.take_if(|next| next.step == step)
    }

    fn go_wrong(&mut self, wrong: Break) -> io::Result<()> {
        self.session.broken = Some((wrong.step, wrong.act));
        if wrong.act == Act::Hold {
            let _ = self.reached.send(());
            io::copy(&mut self.wire, &mut io::sink())?;
        }
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    /// Closes the connection, with a reset where that is what goes wrong.
    fn close(self) -> Session {
        if matches!(self.session.broken, Some((_, Act::Reset))) {
            // What lingers for no time at all is not said goodbye to.
            let _ = socket2::SockRef::from(self.wire.get_ref().stream()).set_linger(Some(Duration::ZERO));
        }
        self.session
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        let wire = self.wire.get_mut();
        wire.write_all(format!("{line}\r\n").as_bytes())?;
        wire.flush()
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = Vec::new();
        self.wire.read_until(b'\n', &mut line)?;
        if !line.ends_with(b"\r\n") {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(String::from_utf8_lossy(&line).into_owned())
    }
}

impl Letter {
    fn read(head: &str) -> Self {
        // A line that begins with a space goes on where the one before ended.
        let unfolded = head.replace("\r\n ", " ").replace("\r\n\t", " ");
        let field = |wanted: &str| {
            let value = unfolded.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
            });
            value.unwrap_or_default()
        };
        Self { id: field("Message-ID"), to: field("To"), subject: field("Subject") }
    }
}

#[cfg(test)]
mod tests {
    use super::{Act, Break, Letter, Peer, Step};
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpStream;

    const MESSAGE: &str =
        "To: a@example.com\r\nSubject: one\r\n two\r\nMessage-ID: <1@x>\r\n\r\nHello\r\n.\r\n";

    /// Says all of it and gives the last line that was heard.
    fn send(peer: &Peer) -> String {
        let mut wire = BufReader::new(TcpStream::connect(peer.address).expect("it listens"));
        let (mut last, mut said) = (String::new(), 0);
        for line in
            ["EHLO x\r\n", "MAIL FROM:<b@x>\r\n", "RCPT TO:<a@x>\r\n", "DATA\r\n", MESSAGE, "QUIT\r\n"]
        {
            loop {
                let mut heard = String::new();
                if wire.read_line(&mut heard).unwrap_or(0) == 0 {
                    return last;
                }
                last = heard;
                if !last[3..].starts_with('-') {
                    break;
                }
            }
            wire.get_mut().write_all(line.as_bytes()).expect("it is heard");
            said += 1;
        }
        let _ = wire.read_to_string(&mut last);
        assert_eq!(said, 6);
        last
    }

    #[test]
    fn a_message_that_was_taken_is_in_the_journal() {
        let peer = Peer::start(None).expect("starts");
        assert!(send(&peer).contains("221 bye"));
        let journal = peer.finish().expect("a journal");
        let letter =
            Letter { id: "<1@x>".to_owned(), to: "a@example.com".to_owned(), subject: "one two".to_owned() };
        assert_eq!((journal.len(), journal[0].letter.as_ref()), (1, Some(&letter)));
        assert!(
            journal[0].is_whole && journal[0].is_taken && journal[0].is_told && !journal[0].is_in_doubt()
        );
    }

    #[test]
    fn what_is_armed_happens_once_and_is_in_the_journal() {
        let peer = Peer::start(None).expect("starts");
        for (act, takes) in [(Act::Close, true), (Act::Reset, false), (Act::Say("451 later"), true)] {
            peer.arm(Break { step: Step::Dot, act, takes });
            send(&peer);
            peer.reached().expect("it was done");
        }
        send(&peer);
        let journal = peer.finish().expect("a journal");
        let taken: Vec<(bool, bool)> = journal.iter().map(|it| (it.is_taken, it.is_in_doubt())).collect();
        assert_eq!(taken, [(true, true), (false, false), (false, false), (true, false)]);
    }
}
