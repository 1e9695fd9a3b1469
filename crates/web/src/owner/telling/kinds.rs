//! The kinds of events as check boxes, in groups.

use super::super::fields::Fields;
use super::super::words::Words;
use ipnd_core::EventKind;
use ipnd_gateways::dialect::Dialect;
use ipnd_store::EndpointFilter;

/// In front of a kind, in the form.
const PREFIX: &str = "kind.";

pub(super) struct Group {
    pub(super) name: String,
    pub(super) boxes: Vec<KindBox>,
}

pub(super) struct KindBox {
    pub(super) field: String,
    pub(super) name: String,
    pub(super) is_ticked: bool,
    /// The form has no words for it.
    pub(super) is_untold: bool,
}

/// In the sequence of the kinds themselves: the group, and its kinds.
fn groups() -> Vec<(&'static str, Vec<EventKind>)> {
    let mut groups: Vec<(&'static str, Vec<EventKind>)> = Vec::new();
    for kind in EventKind::ALL.iter().copied() {
        let group = kind.word().split('.').next().unwrap_or_default();
        match groups.last_mut().filter(|(own, _)| *own == group) {
            Some((_, kinds)) => kinds.push(kind),
            None => groups.push((group, vec![kind])),
        }
    }
    groups
}

/// The boxes of a filter. None is ticked where it takes everything.
pub(super) fn boxes(filter: &EndpointFilter, dialect: Dialect, words: Words) -> Vec<Group> {
    let is_all = filter.kinds.is_empty();
    let one = |kind: EventKind| KindBox {
        field: format!("{PREFIX}{}", kind.word()),
        name: words.event_kind(kind),
        is_ticked: !is_all && filter.has_kind(kind.word()),
        is_untold: !dialect.tells(kind),
    };
    let group = |(group, kinds): (&str, Vec<EventKind>)| Group {
        name: words.t(&format!("endpoints.group.{group}")),
        boxes: kinds.into_iter().map(one).collect(),
    };
    groups().into_iter().map(group).collect()
}

/// What is ticked: a group of which everything is ticked stands for what may be added to it later, too.
pub(super) fn read(fields: &Fields) -> Vec<String> {
    let is_ticked = |kind: &EventKind| fields.is_set(&format!("{PREFIX}{}", kind.word()));
    let mut wanted = Vec::new();
    for (group, kinds) in groups() {
        if kinds.iter().all(is_ticked) {
            wanted.push(format!("{group}.*"));
        } else {
            wanted.extend(kinds.iter().filter(|kind| is_ticked(kind)).map(|kind| kind.word().to_owned()));
        }
    }
    wanted
}

/// A filter's kinds in words.
pub(super) fn names(filter: &EndpointFilter, words: Words) -> Vec<String> {
    let name = |pattern: &String| match pattern.strip_suffix(".*") {
        Some(group) => words.t(&format!("endpoints.group.{group}")),
        None => super::kind_name(pattern, words),
    };
    filter.kinds.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipnd_core::Language;

    #[test]
    fn boxes_and_patterns_say_the_same() {
        let ticked = "kind.dispute.won=yes&kind.refund.pending=yes&kind.refund.completed=yes&kind.refund.failed=yes&kind.x=1";
        let kinds = read(&Fields::parse(ticked.as_bytes()).unwrap());
        assert_eq!(kinds, ["refund.*", "dispute.won"]);
        let filter = EndpointFilter { kinds, ..EndpointFilter::default() };
        let again = boxes(&filter, Dialect::Standard, Words(Language::En));
        let again: Vec<String> = again
            .into_iter()
            .flat_map(|group| group.boxes)
            .filter(|one| one.is_ticked)
            .map(|one| one.field)
            .collect();
        assert_eq!(
            again,
            ["kind.refund.pending", "kind.refund.completed", "kind.refund.failed", "kind.dispute.won"]
        );
        let all = boxes(&EndpointFilter::default(), Dialect::Standard, Words(Language::En));
        assert!(all.iter().flat_map(|group| &group.boxes).all(|one| !one.is_ticked && !one.is_untold));
        assert!(groups().iter().all(|(group, _)| Words::has(&format!("endpoints.group.{group}"))));
    }
}
