//! Rounds: all subjects one after the other, again and again, so that whatever the machine does concerns all of them.

use super::requests::Maker;
use super::subject::Subject;
use super::window::{self, Plan, Window};
use anyhow::Result;
use serde::Serialize;
use std::path::Path;

/// Rounds that may be spoilt before the machine is called too noisy.
const SPOILT_MAX: usize = 10;
const FOREIGN_MAX: f64 = 0.1;
const STOLEN_MAX: f64 = 0.05;
const PROBE_TIMES_MAX: f64 = 3.0;
const LOAD_TIMES_MAX: f64 = 1.4;

/// One round: a window for each subject, in their sequence.
pub(crate) type Round = Vec<Window>;

#[derive(Serialize)]
pub(crate) struct Rounds {
    pub(crate) connections: usize,
    pub(crate) rounds: Vec<Round>,
    pub(crate) spoilt: usize,
    /// So many were spoilt that spoilt ones are among those that count.
    pub(crate) is_noisy: bool,
}

/// The middle of several values, and their range.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Middle {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

pub(crate) fn middle(mut values: Vec<f64>) -> Option<Middle> {
    values.sort_by(f64::total_cmp);
    let (least, most) = (*values.first()?, *values.last()?);
    let half = values.len() / 2;
    let median =
        if values.len() % 2 == 1 { values[half] } else { f64::midpoint(values[half - 1], values[half]) };
    Some(Middle { median, least, most })
}

/// Runs `count` good rounds over `subjects`, each with its own plan. Unless it is `patient`, all rounds count, good or not.
pub(crate) fn run(
    subjects: &[(&Subject, Plan)],
    (count, is_patient): (usize, bool),
    maker: &mut Maker,
    probe: &Path,
) -> Result<Rounds> {
    let connections = subjects.first().map_or(0, |(_, plan)| plan.connections);
    collect(connections, (count, is_patient), || {
        subjects.iter().map(|(subject, plan)| window::measure(subject, *plan, maker, probe)).collect()
    })
}

/// As [`run`], over whatever makes a round.
pub(crate) fn collect(
    connections: usize,
    (count, is_patient): (usize, bool),
    mut measure: impl FnMut() -> Result<Round>,
) -> Result<Rounds> {
    let mut good: Vec<Round> = Vec::new();
    let mut spoilt: Vec<Round> = Vec::new();
    while good.len() < count && spoilt.len() < SPOILT_MAX {
        let round = measure()?;
        round.iter().for_each(|window| eprintln!("  {}", line(window)));
        let seen: Vec<&Round> = good.iter().chain(&spoilt).collect();
        match trouble(&round, &seen) {
            None => good.push(round),
            Some(why) => {
                eprintln!("  spoilt: {why}");
                spoilt.push(round);
            }
        }
        if !is_patient && good.len() + spoilt.len() == count {
            break;
        }
    }
    let is_noisy = good.len() < count;
    let spoilt_count = spoilt.len();
    if is_noisy {
        // The least spoilt fill up.
        spoilt.sort_by(|a, b| foreign(a).total_cmp(&foreign(b)));
        good.extend(spoilt.into_iter().take(count - good.len()));
    }
    Ok(Rounds { connections, rounds: good, spoilt: spoilt_count, is_noisy })
}

fn line(window: &Window) -> String {
    format!(
        "{:<24} {:>7.0}/s  {:>6.1} us CPU  p50 {:>6} p99 {:>6} us  (load {:.1} us, foreign {:.2}, sync {:.0} us)",
        window.subject,
        window.rate,
        window.cpu_micros,
        window.p50,
        window.p99,
        window.load_micros,
        window.foreign,
        window.probe_micros
    )
}

fn foreign(round: &Round) -> f64 {
    round.iter().map(|window| window.foreign + window.stolen).sum()
}

/// Whether somebody else worked on this machine meanwhile.
pub(crate) fn is_disturbed(window: &Window) -> bool {
    window.foreign > FOREIGN_MAX || window.stolen > STOLEN_MAX
}

/// Why a round does not count.
fn trouble(round: &Round, before: &[&Round]) -> Option<String> {
    for (place, window) in round.iter().enumerate() {
        let name = window.subject;
        if window.foreign > FOREIGN_MAX {
            return Some(format!("others used {:.2} processors beside {name}", window.foreign));
        }
        if window.stolen > STOLEN_MAX {
            return Some(format!("{:.2} processors were stolen beside {name}", window.stolen));
        }
        let same = before.iter().filter_map(|round| round.get(place));
        let best = before
            .iter()
            .flat_map(|round| round.iter())
            .map(|window| window.probe_micros)
            .fold(f64::MAX, f64::min);
        if window.probe_micros > best * PROBE_TIMES_MAX {
            return Some(format!("a sync took {:.0} us before {name}", window.probe_micros));
        }
        if let Some(usual) = middle(same.map(|window| window.load_micros).collect())
            && window.load_micros > usual.median * LOAD_TIMES_MAX
        {
            return Some(format!("the load itself took {:.1} us for {name}", window.load_micros));
        }
    }
    None
}

impl Rounds {
    fn windows<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Window> {
        self.rounds.iter().filter_map(move |round| round.iter().find(|window| window.subject == name))
    }

    /// The middle of one figure over all rounds.
    pub(crate) fn of(&self, name: &str, figure: fn(&Window) -> f64) -> Option<Middle> {
        middle(self.windows(name).map(figure).collect())
    }

    /// The middle of the ratios within each round.
    pub(crate) fn ratio(&self, name: &str, to: &str, figure: fn(&Window) -> f64) -> Option<Middle> {
        middle(
            self.windows(name)
                .zip(self.windows(to))
                .map(|(one, other)| figure(one) / figure(other))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(subject: &'static str, rate: f64, foreign: f64) -> Window {
        let (load_micros, probe_micros) = (6.0, 50.0);
        Window {
            subject,
            requests: 1,
            seconds: 1.0,
            rate,
            cpu_micros: 1.0,
            load_micros,
            p50: 1,
            p99: 1,
            p999: 1,
            foreign,
            stolen: 0.0,
            probe_micros,
        }
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let round = |a, b| vec![window("a", a, 0.0), window("b", b, 0.0)];
        let rounds = vec![round(1.0, 2.0), round(10.0, 40.0), round(6.0, 8.0)];
        let rounds = Rounds { connections: 1, rounds, spoilt: 0, is_noisy: false };
        let ratio = rounds.ratio("a", "b", |window| window.rate);
        assert_eq!(ratio, Some(Middle { median: 0.5, least: 0.25, most: 0.75 }));
        assert_eq!(rounds.of("a", |window| window.rate).map(|middle| middle.median), Some(6.0));
        assert_eq!(rounds.of("c", |window| window.rate), None);
    }

    #[test]
    fn a_round_with_strangers_in_it_does_not_count() {
        assert_eq!(trouble(&vec![window("a", 1.0, 0.05)], &[]), None);
        assert!(trouble(&vec![window("a", 1.0, 0.2)], &[]).is_some());
        let quiet = vec![window("a", 1.0, 0.0)];
        let mut slow = quiet.clone();
        slow[0].load_micros = 9.0;
        assert!(trouble(&slow, &[&quiet]).is_some());
        slow[0].load_micros = 6.0;
        slow[0].probe_micros = 200.0;
        assert!(trouble(&slow, &[&quiet]).is_some());
    }
}
