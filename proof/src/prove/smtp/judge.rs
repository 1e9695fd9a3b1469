//! Holds what the mail server has taken over against what the database says of it (I-11). Mails are told apart by whom
//! they are for and which order they are about, so a Message-ID that is not what it was is seen.

use super::peer::Session;
use super::rows::Mail;
use crate::prove::message;
use std::collections::{BTreeMap, BTreeSet};

/// What was found; the complaints are never anything but empty when ipnd keeps its promise.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) complaints: Vec<String>,
    mails: usize,
    taken: usize,
    /// Mails that were taken over twice, the first time in doubt.
    repeats: usize,
    /// Mails that are shown as doubtful.
    doubtful: usize,
    /// Mails that were given up, with the reason shown.
    failed: usize,
}

impl Verdict {
    pub(crate) fn text(&self) -> String {
        format!(
            "{} mails, {} times taken over: 0 duplicates outside the doubtful step, {} repeats in it, {} shown as \
             doubtful, {} failed with a reason, 0 lost silently",
            self.mails, self.taken, self.repeats, self.doubtful, self.failed
        )
    }
}

/// Whom it is for, and the order it is about.
type Mark = (bool, String);

pub(crate) fn judge(journal: &[Session], mails: &[Mail]) -> Verdict {
    let mut verdict = Verdict { mails: mails.len(), ..Verdict::default() };
    let mut heard: BTreeMap<Mark, Vec<&Session>> = BTreeMap::new();
    let mut owners: BTreeMap<&str, BTreeSet<Mark>> = BTreeMap::new();
    for session in journal {
        let Some(letter) = &session.letter else { continue };
        let Some(order) = message::order_in(&letter.subject) else {
            verdict.complaints.push(format!("phantom: “{}” is about no order of ours", letter.subject));
            continue;
        };
        let mark = (letter.to == message::buyer_of(order), order.to_owned());
        owners.entry(&letter.id).or_default().insert(mark.clone());
        heard.entry(mark).or_default().push(session);
    }
    for (id, marks) in owners.iter().filter(|(_, marks)| marks.len() > 1) {
        verdict.complaints.push(format!("the Message-ID {id} stands for {} mails", marks.len()));
    }
    let mut known = BTreeSet::new();
    for mail in mails {
        let mark = (mail.is_for_customer, mail.order.clone());
        let sessions = heard.get(&mark).map(Vec::as_slice).unwrap_or_default();
        one(&mut verdict, mail, sessions);
        if !known.insert(mark) {
            verdict
                .complaints
                .push(format!("double: {} has the same mail twice in the database", mail.order));
        }
    }
    for (_, order) in heard.keys().filter(|mark| !known.contains(*mark)) {
        verdict.complaints.push(format!("phantom: a mail about {order} that is not in the database"));
    }
    verdict
}

fn one(verdict: &mut Verdict, mail: &Mail, sessions: &[&Session]) {
    let name = format!("{} to the {}", mail.order, if mail.is_for_customer { "customer" } else { "owner" });
    let mut complain = |what: String| verdict.complaints.push(format!("{name}: {what}"));
    let taken: Vec<&&Session> = sessions.iter().filter(|session| session.is_taken).collect();
    let ids: BTreeSet<&str> =
        sessions.iter().filter_map(|session| Some(session.letter.as_ref()?.id.as_str())).collect();
    if ids.len() > 1 {
        complain(format!("its Message-ID changed: {ids:?}"));
    }
    if taken.len() > 1 && !taken[..taken.len() - 1].iter().all(|session| session.is_in_doubt()) {
        complain(format!("duplicate: taken over {} times, and not for a doubt", taken.len()));
    }
    if taken.len() > 2 {
        complain(format!("repeated {} times for one doubt", taken.len() - 1));
    }
    if taken.len() > 1 && mail.doubts == 0 {
        complain("taken over twice, and not shown as doubtful".to_owned());
    }
    if sessions.iter().any(|session| session.is_taken && !session.is_told) && mail.doubts == 0 {
        complain("nobody was told that it was taken, and it is not shown as doubtful".to_owned());
    }
    match mail.state.as_str() {
        "sent" if taken.is_empty() => complain("lost: it is said to be sent, and nobody has it".to_owned()),
        "sent" => {}
        "failed" if mail.reason.is_some() => verdict.failed += 1,
        other => complain(format!("lost: it is {other} and says no reason")),
    }
    verdict.taken += taken.len();
    verdict.repeats += taken.len().saturating_sub(1);
    verdict.doubtful += usize::from(mail.doubts > 0);
}

#[cfg(test)]
mod tests {
    use super::super::peer::{Act, Letter, Session, Step};
    use super::super::rows::Mail;
    use super::judge;
    use crate::prove::message;

    fn mail(state: &str, doubts: u32) -> Mail {
        let reason = (state == "failed").then(|| "smtp_permanent".to_owned());
        Mail { order: message::order(1), is_for_customer: true, state: state.to_owned(), reason, doubts }
    }

    fn session(id: &str, is_told: bool) -> Session {
        let order = message::order(1);
        let letter =
            Letter { id: id.to_owned(), to: message::buyer_of(&order), subject: format!("About {order}") };
        Session { letter: Some(letter), is_whole: true, is_taken: true, is_told, broken: None }
    }

    fn is_fine(journal: &[Session], mail: Mail) -> bool {
        judge(journal, &[mail]).complaints.is_empty()
    }

    #[test]
    fn what_is_allowed_is_not_complained_about() {
        assert!(is_fine(&[session("<1@x>", true)], mail("sent", 0)));
        assert!(is_fine(&[session("<1@x>", false), session("<1@x>", true)], mail("sent", 1)), "a repeat");
        assert!(is_fine(&[], mail("failed", 0)), "it says why");
        let killed = Session { broken: Some((Step::Reply, Act::Hold)), ..session("<1@x>", true) };
        assert!(
            is_fine(&[killed, session("<1@x>", true)], mail("sent", 1)),
            "it died before it wrote that down"
        );
    }

    #[test]
    fn every_breach_is_complained_about() {
        let (told, untold, other) = (session("<1@x>", true), session("<1@x>", false), session("<2@x>", true));
        let both = |a: &Session, b: &Session| [a.clone(), b.clone()];
        assert!(!is_fine(&both(&told, &told), mail("sent", 0)), "a duplicate without a doubt");
        assert!(!is_fine(&both(&told, &told), mail("sent", 1)), "a doubt that was not about this");
        assert!(!is_fine(&both(&untold, &other), mail("sent", 1)), "another Message-ID");
        assert!(!is_fine(&both(&untold, &told), mail("sent", 0)), "not shown as doubtful");
        assert!(!is_fine(&[untold.clone(), untold.clone(), told.clone()], mail("sent", 2)), "two repeats");
        assert!(!is_fine(&[], mail("sent", 0)), "lost");
        assert!(!is_fine(&[], mail("waiting", 0)), "never finished");
        assert!(!judge(&[told], &[]).complaints.is_empty(), "never in the database");
    }
}
