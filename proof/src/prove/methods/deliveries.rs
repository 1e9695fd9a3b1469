//! M-DELIVER: receivers that refuse, hang, reset and hang up, and an ipnd that is killed again and again. In the end all
//! receivers are well. The clock is libfaketime's, so that pauses of hours pass in a moment; it moves only while ipnd is
//! not running, so that nothing under way seems to have taken longer than its lease.

use super::clock::Faketime;
use crate::api::Api;
use crate::prove::Ground;
use crate::prove::deliveries::{Entry, Nature, Receiver, Told, judge, read, unanswered, waiting};
use crate::prove::dice::Dice;
use crate::prove::load::Again;
use crate::prove::message;
use crate::prove::run::{BROKEN, Figures, Run, Sending};
use crate::prove::stage::{PATIENCE, Server, Under};
use anyhow::{Context as _, Result, ensure};
use std::time::{Duration, Instant};

/// Longer than the lease of a delivery. All kills together pass less than the schedule of retries lasts.
const PASSES_SECONDS: i64 = 100;
const DAY_SECONDS: i64 = 24 * 3_600;
/// Days that may pass, once all receivers are well, until everything has arrived.
const DAYS_MAX: u32 = 4;
/// When nothing more arrives, what is left waits for its time.
const STILL: Duration = Duration::from_millis(1_500);

/// The receivers, and whether they want to be told one after the other.
const NATURES: [(Nature, bool); 5] = [
    (Nature::Fine, false),
    (Nature::Refuses, true),
    (Nature::Hangs, false),
    (Nature::Resets, false),
    (Nature::Closes, true),
];

pub(crate) fn i_09_i_10_i_20_everything_arrives(ground: &Ground) -> Result<Figures> {
    let mut dice = ground.dice();
    let kills = ground.pick(6, 200);
    let orders = ground.pick(100, 25_000);
    let mut shop = Shop::open(ground, &mut dice)?;
    let sending = Sending {
        count: Some(orders * message::CHAPTERS),
        rate: ground.pick(150, 500),
        stories: true,
        again: Again::All,
        clock: Some(&shop.clock_file.clone()),
        ..Sending::default()
    };
    let load = shop.run.load(sending)?;
    for _ in 0..kills {
        std::thread::sleep(Duration::from_millis(dice.between(5, ground.pick(700, 1_500))));
        shop.is_killed()?;
        shop.is_started(PASSES_SECONDS)?;
    }
    load.wait()?;
    shop.run.settle()?;
    let left = waiting(&shop.run.stage.database())?;
    shop.receivers.iter().for_each(Receiver::be_well);
    let days = shop.all_arrives()?;
    let mut figures = vec![format!(
        "{kills} kills; {left} deliveries were still to be made when all receivers became well, and took {days} days"
    )];
    figures.extend(shop.judged()?);
    Ok(figures)
}

struct Shop {
    run: Run,
    receivers: Vec<Receiver>,
    clock: Faketime,
    clock_file: std::path::PathBuf,
    under: Under,
    now: i64,
    server: Option<Server>,
}

impl Shop {
    fn open(ground: &Ground, dice: &mut Dice) -> Result<Self> {
        let run = Run::new(ground.pattern.stage()?)?;
        let clock_file = run.scratch("clock");
        let clock = Faketime::at(&clock_file)?;
        let receivers: Vec<Receiver> = NATURES
            .iter()
            .map(|(nature, _)| Receiver::start(*nature, Dice::new(dice.next())))
            .collect::<Result<_>>()?;
        let mut under = clock.under();
        let allowed: Vec<String> = receivers.iter().map(|receiver| receiver.address.to_string()).collect();
        under.variables.push(("IPND_OUTGOING_ALLOWED".to_owned(), allowed.join(",")));
        // A receiver that hangs is given up soon, and not so soon that a busy machine makes all seem to hang.
        under.variables.push(("IPND_LIMITS_OUTGOING_TOTAL_MS".to_owned(), "5000".to_owned()));
        let (server, _) = run.stage.start(&under)?;
        let mut api = Api::new(run.stage.address, &run.stage.key);
        for (receiver, (nature, is_ordered)) in receivers.iter().zip(NATURES) {
            api.endpoint(&name(nature), &format!("http://{}/", receiver.address), 16, is_ordered)?;
        }
        Ok(Self { run, receivers, clock, clock_file, under, now: 0, server: Some(server) })
    }

    fn is_killed(&mut self) -> Result<()> {
        self.server.take().context("it runs")?.kill()?;
        self.receivers.iter().try_for_each(Receiver::next_life)
    }

    fn is_stopped(&mut self) -> Result<()> {
        let mut server = self.server.take().context("it runs")?;
        server.signal("TERM")?;
        server.end(PATIENCE)?;
        self.receivers.iter().try_for_each(Receiver::next_life)
    }

    fn is_started(&mut self, passed: i64) -> Result<()> {
        self.now += passed;
        self.clock.set(self.now)?;
        let started = self.run.stage.start(&self.under);
        self.server = Some(started.context(format!("{BROKEN}: no restart without a hand"))?.0);
        Ok(())
    }

    /// Lets days pass until nothing is left to be delivered; gives how many.
    fn all_arrives(&mut self) -> Result<u32> {
        for day in 0..=DAYS_MAX {
            if self.until_still()? == 0 {
                return Ok(day);
            }
            self.is_stopped()?;
            self.is_started(DAY_SECONDS)?;
        }
        let left = self.until_still()?;
        ensure!(
            left == 0,
            "{BROKEN}: {left} are not delivered {DAYS_MAX} days after all receivers became well"
        );
        Ok(DAYS_MAX)
    }

    fn until_still(&self) -> Result<u64> {
        let (mut fewest, mut moved) = (u64::MAX, Instant::now());
        loop {
            let left = waiting(&self.run.stage.database())?;
            if left < fewest {
                (fewest, moved) = (left, Instant::now());
            }
            if left == 0 || moved.elapsed() > STILL {
                return Ok(left);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn judged(&mut self) -> Result<Figures> {
        let told: Vec<Told> = self.run.acknowledged_numbers()?.into_iter().map(expected).collect();
        ensure!(!told.is_empty(), "nothing was acknowledged, which proves nothing");
        let mut api = Api::new(self.run.stage.address, &self.run.stage.key);
        let ledger = read(&mut api)?;
        let mut figures = vec![format!("{} events acknowledged", told.len())];
        for (receiver, (nature, is_ordered)) in self.receivers.iter().zip(NATURES) {
            let own: Vec<Entry> =
                ledger.iter().filter(|entry| entry.endpoint == name(nature)).cloned().collect();
            let verdict = judge(&told, &receiver.arrivals()?, &own, is_ordered);
            let complaints = &verdict.complaints;
            ensure!(
                complaints.is_empty(),
                "{BROKEN}: {}: {} complaints: {}",
                name(nature),
                complaints.len(),
                complaints[..complaints.len().min(5)].join("; ")
            );
            // A yes that comes after ipnd has given up waiting is as good as lost. It has to stand in the ledger.
            for id in &verdict.repeats_after_yes {
                let repeats = verdict.repeats_after_yes.iter().filter(|own| *own == id).count();
                ensure!(
                    unanswered(&mut api, id)? >= repeats,
                    "{BROKEN}: {id} arrived again although the receiver had said yes, and ipnd knows of no lost answer"
                );
            }
            figures.push(format!(
                "{}: {} events with one id each and no gap, in {} requests: {} again after a yes that a kill had lost, {} \
                 after a yes that came too late, {} after it was taken without an answer, {} after a refusal",
                name(receiver.nature),
                verdict.events,
                verdict.requests,
                verdict.repeats_after_a_kill,
                verdict.repeats_after_yes.len(),
                verdict.repeats_untold,
                verdict.retries
            ));
        }
        self.is_stopped()?;
        Ok(figures)
    }
}

fn name(nature: Nature) -> String {
    format!("{nature:?}").to_lowercase()
}

/// What a number has to be told as.
fn expected(number: u64) -> Told {
    let (order, chapter) = message::chapter(number);
    let what = match chapter {
        0 => "payment.completed 19.95".to_owned(),
        sum => format!("refund.completed {sum}.00"),
    };
    Told { order: message::order(order), what }
}
