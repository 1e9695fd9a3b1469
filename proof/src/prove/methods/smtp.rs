//! M-SMTP: at every step of the conversation with a mail server ipnd is killed, or the server hangs up, resets the
//! connection or says no. Its clock is libfaketime's, so that pauses and leases of minutes pass in a moment.

use super::clock::Faketime;
use crate::http::Client;
use crate::prove::Ground;
use crate::prove::certificate::certified;
use crate::prove::dice::Dice;
use crate::prove::message;
use crate::prove::run::{BROKEN, Figures};
use crate::prove::smtp::{Act, Break, Outbox, Peer, Step, judge};
use crate::prove::stage::{PATIENCE, Server, Stage, Under};
use anyhow::{Context as _, Result, ensure};
use std::time::Duration;

/// Longer than the lease of a mail and the pause after its first attempts.
const PASSES_SECONDS: i64 = 400;
/// What the server does when it is not ipnd that dies.
const ACTS: [Act; 4] = [Act::Close, Act::Reset, Act::Say("451 not now"), Act::Say("554 not this")];
/// A payment is told to the customer and to the owner.
const MAILS_EACH: u32 = 2;

pub(crate) fn i_11_one_mail_whatever_breaks(ground: &Ground) -> Result<Figures> {
    let rounds = ground.pick(1, 50);
    let mut figures = Vec::new();
    let mut dice = ground.dice();
    for is_secured in [false, true] {
        let steps: Vec<Step> = Step::ALL.into_iter().filter(|step| is_secured || !step.is_of_tls()).collect();
        let mut shop = Shop::open(ground, is_secured, Dice::new(dice.next()))?;
        let (mut kills, mut breaks, mut twice) = (0, 0, 0);
        for _ in 0..rounds {
            for step in &steps {
                shop.is_killed_at(*step).with_context(|| format!("killed at {step:?}"))?;
                kills += 1;
            }
            for act in ACTS {
                for step in steps.iter().filter(|step| !matches!(act, Act::Say(_)) || step.is_asked()) {
                    shop.breaks_at(*step, act).with_context(|| format!("{act:?} at {step:?}"))?;
                    breaks += 1;
                }
            }
            shop.time_passes()?;
            for act in [Act::Hold, Act::Close] {
                shop.is_doubted_twice(act).with_context(|| format!("{act:?} twice"))?;
                twice += 1;
            }
        }
        let verdict = shop.close()?;
        let how = if is_secured { "STARTTLS" } else { "plain" };
        figures.push(format!(
            "{how}: {kills} kills and {breaks} broken conversations, at {} steps; {twice} times in doubt twice",
            steps.len()
        ));
        figures.push(verdict);
    }
    Ok(figures)
}

/// A shop whose mails go to a server of ours.
struct Shop {
    stage: Stage,
    peer: Peer,
    clock: Faketime,
    under: Under,
    outbox: Outbox,
    server: Option<Server>,
    dice: Dice,
    /// Whether a message that nobody is told about is taken over.
    takes: bool,
    payments: u32,
    /// Mails that are in doubt until their lease runs out.
    doubtful: u32,
    now: i64,
    _scratch: tempfile::TempDir,
}

impl Shop {
    fn open(ground: &Ground, is_secured: bool, dice: Dice) -> Result<Self> {
        let stage = ground.pattern.stage()?;
        let scratch = tempfile::tempdir()?;
        let authority = scratch.path().join("authority.pem");
        let tls = certified("127.0.0.1", &authority)?;
        let peer = Peer::start(is_secured.then_some(tls))?;
        let clock = Faketime::at(&scratch.path().join("clock"))?;
        let mut under = clock.under();
        for (name, value) in [
            ("HOST", peer.address.ip().to_string()),
            ("PORT", peer.address.port().to_string()),
            ("TLS", if is_secured { "starttls" } else { "none" }.to_owned()),
            ("USERNAME", "shop".to_owned()),
            ("PASSWORD", "nobody's".to_owned()),
            ("FROM", "shop@example.com".to_owned()),
        ] {
            under.variables.push((format!("IPND_MAIL_{name}"), value));
        }
        under.variables.push(("IPND_OUTGOING_EXTRA_CA_FILES".to_owned(), authority.display().to_string()));
        let (server, _) = stage.start(&under)?;
        let outbox = Outbox::open(&stage.database())?;
        Ok(Self {
            stage,
            peer,
            clock,
            under,
            outbox,
            server: Some(server),
            dice,
            takes: is_secured,
            payments: 0,
            doubtful: 0,
            now: 0,
            _scratch: scratch,
        })
    }

    /// A payment, and with it mails.
    fn is_paid(&mut self) -> Result<()> {
        self.payments += 1;
        let body = message::body(self.payments.into(), 0);
        let seconds = message::now().as_secs().cast_signed() + self.now;
        let signature = message::signature(&body, seconds);
        let mut client = Client::new(self.stage.address, PATIENCE);
        let answer = client.post(&self.stage.path, &[("stripe-signature", &signature)], &body)?;
        ensure!((200..300).contains(&answer.status), "a payment was answered with {}", answer.status);
        Ok(())
    }

    /// A payment whose mails meet what goes wrong at that step.
    fn breaks_at(&mut self, step: Step, act: Act) -> Result<()> {
        // In turn, so that every way to break off comes with a message that was taken over and with one that was not.
        self.takes ^= step == Step::Dot;
        self.peer.arm(Break { step, act, takes: self.takes });
        self.is_paid()?;
        self.peer.reached()?;
        // It has sent all of its message, or thinks so, and was told nothing.
        let is_in_doubt = matches!(step, Step::Body | Step::Dot) && matches!(act, Act::Close | Act::Reset);
        self.doubtful += u32::from(is_in_doubt);
        Ok(())
    }

    /// SIGKILL while the server waits at that step; then a start, and everything is left to finish.
    fn is_killed_at(&mut self, step: Step) -> Result<()> {
        self.breaks_at(step, Act::Hold)?;
        if matches!(step, Step::Reply | Step::Quit) {
            // Before, while and after it writes down what it was told.
            std::thread::sleep(Duration::from_micros(self.dice.between(0, 3_000)));
        }
        self.is_killed()?;
        self.is_started()?;
        self.outbox.settle(self.payments * MAILS_EACH)
    }

    /// Nobody is told of a mail that was taken over, and nobody again when it is repeated. There must be no third time.
    fn is_doubted_twice(&mut self, act: Act) -> Result<()> {
        for is_repeat in [false, true] {
            if is_repeat && act != Act::Hold {
                self.pause()?;
            }
            self.peer.arm(Break { step: Step::Dot, act, takes: true });
            match (is_repeat, act) {
                (false, _) => self.is_paid()?,
                (true, Act::Hold) => self.is_started()?,
                (true, _) => self.advance()?,
            }
            let reached = self.peer.reached();
            let silence = if is_repeat { "a mail in doubt is not sent again" } else { "a mail is not sent" };
            reached.with_context(|| format!("{BROKEN}: {silence}"))?;
            match act {
                Act::Hold => self.is_killed()?,
                _ => self.doubtful += 1,
            }
        }
        if self.server.is_none() {
            self.is_started()?;
        }
        self.time_passes()
    }

    fn is_killed(&mut self) -> Result<()> {
        self.server.take().context("it runs")?.kill()
    }

    fn is_started(&mut self) -> Result<()> {
        let started = self.stage.start(&self.under);
        self.server = Some(started.context(format!("{BROKEN}: no restart without a hand"))?.0);
        Ok(())
    }

    /// Until all that is under way has ended: else it would seem to have taken longer than its lease.
    fn pause(&mut self) -> Result<()> {
        self.outbox.pause(self.payments * MAILS_EACH, std::mem::take(&mut self.doubtful))
    }

    fn advance(&mut self) -> Result<()> {
        self.now += PASSES_SECONDS;
        self.clock.set(self.now)
    }

    /// Pauses and leases run out, and what was let down is done.
    fn time_passes(&mut self) -> Result<()> {
        self.pause()?;
        self.advance()?;
        self.outbox.settle(self.payments * MAILS_EACH)
    }

    /// Stops all, and has the server's journal held against the database.
    fn close(mut self) -> Result<String> {
        let mut server = self.server.take().context("it runs")?;
        server.signal("TERM")?;
        server.end(PATIENCE)?;
        let mails = self.outbox.mails()?;
        let verdict = judge(&self.peer.finish()?, &mails);
        ensure!(
            verdict.complaints.is_empty(),
            "{BROKEN}: {} complaints: {}",
            verdict.complaints.len(),
            verdict.complaints[..verdict.complaints.len().min(5)].join("; ")
        );
        let expected = self.payments * MAILS_EACH;
        ensure!(mails.len() == expected as usize, "{BROKEN}: {} mails instead of {expected}", mails.len());
        Ok(verdict.text())
    }
}
