//! The goals, what was measured of each, and what that comes to.

use super::rounds::Middle;
use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Reached,
    /// Better than the floor and not as good as the goal.
    Short,
    /// Below the floor.
    Defect,
    TooNoisy,
    NotMeasured,
}

impl Verdict {
    fn word(self) -> &'static str {
        match self {
            Self::Reached => "reached",
            Self::Short => "SHORT of the goal",
            Self::Defect => "DEFECT: below the floor",
            Self::TooNoisy => "too noisy to say",
            Self::NotMeasured => "not measured",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Better {
    More,
    Less,
}

#[derive(Serialize)]
pub(crate) struct Goal {
    pub(crate) id: &'static str,
    what: &'static str,
    better: Better,
    floor: f64,
    goal: f64,
    measured: Option<Middle>,
    verdict: Verdict,
}

#[derive(Default, Serialize)]
pub(crate) struct Goals(Vec<Goal>);

/// Whether a figure can be believed on a machine that others used as well.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    Always,
    Unless(bool),
}

impl Goals {
    /// Holds a figure against its floor and its goal.
    pub(crate) fn hold(
        &mut self,
        (id, what): (&'static str, &'static str),
        better: Better,
        (floor, goal): (f64, f64),
        measured: Option<Middle>,
        trust: Trust,
    ) {
        let is_as_good = |value: f64, mark: f64| match better {
            Better::More => value >= mark,
            Better::Less => value <= mark,
        };
        let verdict = match measured {
            None => Verdict::NotMeasured,
            Some(middle) if is_as_good(middle.median, goal) => Verdict::Reached,
            Some(_) if trust == Trust::Unless(true) => Verdict::TooNoisy,
            Some(middle) if is_as_good(middle.median, floor) => Verdict::Short,
            Some(_) => Verdict::Defect,
        };
        self.0.push(Goal { id, what, better, floor, goal, measured, verdict });
    }

    pub(crate) fn defects(&self) -> Vec<&'static str> {
        self.0.iter().filter(|goal| goal.verdict == Verdict::Defect).map(|goal| goal.id).collect()
    }

    /// As a table in Markdown.
    pub(crate) fn table(&self) -> String {
        let mut table = String::from(
            "| | what | floor | goal | measured | range | verdict |\n|---|---|---|---|---|---|---|\n",
        );
        for goal in &self.0 {
            let sign = if goal.better == Better::More { "≥" } else { "≤" };
            let (measured, range) = match goal.measured {
                None => ("-".to_owned(), String::new()),
                Some(middle) if middle.least == middle.most => (shown(middle.median), String::new()),
                Some(middle) => {
                    (shown(middle.median), format!("{} - {}", shown(middle.least), shown(middle.most)))
                }
            };
            table.push_str(&format!(
                "| {} | {} | {sign} {} | {sign} {} | {measured} | {range} | {} |\n",
                goal.id,
                goal.what,
                shown(goal.floor),
                shown(goal.goal),
                goal.verdict.word()
            ));
        }
        table
    }
}

/// Three figures are more than the machine is good for.
pub(crate) fn shown(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// One figure that was measured once.
pub(crate) fn once(value: f64) -> Option<Middle> {
    Some(Middle { median: value, least: value, most: value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_held_against_floor_and_goal() {
        let verdict = |better, value, is_noisy| {
            let mut goals = Goals::default();
            goals.hold(("G", ""), better, (2.0, 4.0), value, Trust::Unless(is_noisy));
            goals.0.remove(0).verdict
        };
        assert_eq!(verdict(Better::More, once(4.0), false), Verdict::Reached);
        assert_eq!(verdict(Better::More, once(3.0), false), Verdict::Short);
        assert_eq!(verdict(Better::More, once(1.0), false), Verdict::Defect);
        assert_eq!(verdict(Better::More, once(1.0), true), Verdict::TooNoisy);
        assert_eq!(verdict(Better::More, once(5.0), true), Verdict::Reached);
        assert_eq!(verdict(Better::Less, once(5.0), false), Verdict::Defect);
        assert_eq!(verdict(Better::Less, None, false), Verdict::NotMeasured);
    }
}
