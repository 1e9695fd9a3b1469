//! The clock jumps, forward and back, by seconds and by years, while messages come in. The sender's clock is right: what
//! it signs is refused while ours is too far off, and accepted when it is put right.

use crate::prove::Ground;
use crate::prove::load::Again;
use crate::prove::run::{BROKEN, Figures, Run, Sending};
use crate::prove::stage::Under;
use anyhow::{Context as _, Result, ensure};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const YEAR: i64 = 365 * 24 * 3_600;
const STEPS: &[i64] = &[1, -1, 300, -300, 3_600, -3_600, 10 * YEAR, -10 * YEAR];
/// What I-18 promises: so long after the clock is right again, everything due is done.
const RESUMES_WITHIN: Duration = Duration::from_secs(60);

pub(crate) fn i_18_the_clock_jumps(ground: &Ground) -> Result<Figures> {
    let rounds = ground.pick(1, 5);
    let mut run = Run::new(ground.pattern.stage()?)?;
    let clock = Faketime::at(&run.scratch("clock"))?;
    let (_server, _) = run.stage.start(&clock.under())?;
    let sender = run.scratch("sender");
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds {
        for step in STEPS {
            // A sender that goes by the clock that is wrong, so that messages come in at that time, too.
            for is_wrong_together in [true, false] {
                std::fs::write(&sender, if is_wrong_together { step.to_string() } else { "0".to_owned() })?;
                clock.set(0)?;
                let sending =
                    Sending { rate: 400, clock: Some(&sender), again: Again::Even, ..Sending::default() };
                let load = run.load(sending)?;
                std::thread::sleep(Duration::from_millis(150));
                clock.set(*step)?;
                std::thread::sleep(Duration::from_millis(250));
                clock.set(0)?;
                std::fs::write(&sender, "0")?;
                let put_right = Instant::now();
                std::thread::sleep(Duration::from_millis(50));
                load.stop()?;
                run.send(Sending {
                    count: Some(3),
                    connections: 1,
                    again: Again::All,
                    ..Sending::default()
                })?;
                run.settle().with_context(|| format!("after a step of {step} s"))?;
                slowest = slowest.max(put_right.elapsed());
                ensure!(
                    slowest <= RESUMES_WITHIN,
                    "{BROKEN}: work resumed only after {slowest:?} (step {step} s)"
                );
            }
        }
    }
    let verdict = run.audit(true)?;
    Ok(vec![
        format!("{} steps and back", rounds * STEPS.len() * 2),
        format!("all done {} ms after the clock was right again, at the latest", slowest.as_millis()),
        verdict.text(),
    ])
}

/// The clock of a process, in a file.
pub(crate) struct Faketime {
    file: PathBuf,
    library: PathBuf,
}

impl Faketime {
    pub(crate) fn at(file: &Path) -> Result<Self> {
        let places = ["x86_64-linux-gnu", "aarch64-linux-gnu"];
        let mut libraries =
            places.iter().map(|place| PathBuf::from(format!("/usr/lib/{place}/faketime/libfaketimeMT.so.1")));
        let library = libraries
            .find(|path| path.exists())
            .context("libfaketime is missing (the Debian package faketime)")?;
        let clock = Self { file: file.to_owned(), library };
        clock.set(0)?;
        Ok(clock)
    }

    /// By how many seconds it is off from now on. The file is replaced as a whole, so that nobody reads half of it.
    pub(crate) fn set(&self, seconds: i64) -> Result<()> {
        let sign = if seconds < 0 { "" } else { "+" };
        let next = self.file.with_extension("next");
        std::fs::write(&next, format!("{sign}{seconds}"))?;
        Ok(std::fs::rename(next, &self.file)?)
    }

    pub(crate) fn under(&self) -> Under {
        let pairs = [
            ("LD_PRELOAD", self.library.display().to_string()),
            ("FAKETIME_TIMESTAMP_FILE", self.file.display().to_string()),
            ("FAKETIME_NO_CACHE", "1".to_owned()),
            // Pauses and time-outs go by the clock that cannot be set.
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
            ("DONT_FAKE_MONOTONIC", "1".to_owned()),
        ];
        Under { program: Vec::new(), variables: pairs.map(|(name, value)| (name.to_owned(), value)).into() }
    }
}
