//! Each fault does what it says.

use crate::receiver::Stage;
use ipnd_core::EventKind;
use ipnd_gateways::drive::Decided;
use ipnd_gateways::{ALL, Covers, Gateway};
use ipnd_sandbox::player::{Fault, Wish};

/// What most gateways tell.
const PAID: EventKind = EventKind::PaymentCompleted;

fn paying() -> impl Iterator<Item = &'static Gateway> {
    ALL.iter().copied().filter(|gateway| gateway.tells.contains(&PAID))
}

impl Stage {
    fn with(&self, fault: Fault) -> Wish {
        Wish { fault: Some(fault), repeats_max: Some(0), ..self.wish(PAID.word()) }
    }
}

#[tokio::test]
async fn a_duplicate_is_the_same_bytes_twice() {
    for gateway in paying() {
        let stage = Stage::set(gateway, None).await;
        stage.play(&stage.with(Fault::Duplicate)).await;
        let heard = stage.heard();
        assert_eq!(heard.len(), 2, "{}", gateway.id);
        assert_eq!(heard[0], heard[1], "{}", gateway.id);
    }
}

#[tokio::test]
async fn what_is_lost_never_comes_and_has_happened_all_the_same() {
    for gateway in paying() {
        let stage = Stage::set(gateway, None).await;
        let reports = stage.play(&stage.with(Fault::Drop)).await;
        assert_eq!(reports[0].state, "lost", "{}", gateway.id);
        assert!(reports[0].request.is_some(), "{}", gateway.id);
        assert_eq!(stage.heard().len(), 0, "{}", gateway.id);
    }
}

#[tokio::test]
async fn what_is_late_comes_after_the_others() {
    let stage = Stage::set(ALL[0], None).await;
    let late = stage.player.play(&Wish { speed: 10_000, ..stage.with(Fault::Delay) }).await.unwrap();
    let soon = stage.play(&stage.wish(PAID.word())).await;
    let late = stage.player.finish(late, crate::receiver::PATIENCE).await.unwrap();
    assert_eq!(late[0].state, "content");
    let waited = late[0].hearings[0].at.duration_since(soon[0].hearings[0].at);
    assert!(waited.as_millis() > 0, "{waited}");
    assert_eq!(stage.heard().len(), 2);
}

#[tokio::test]
async fn two_messages_change_places() {
    let stage = Stage::set(ALL[0], None).await;
    let wish = Wish {
        event: None,
        scenario: Some("sale-and-refund".to_owned()),
        speed: 10_000,
        ..stage.with(Fault::Reorder)
    };
    let reports = stage.play(&wish).await;
    assert_eq!([reports[0].event, reports[1].event], [PAID, EventKind::RefundCompleted]);
    assert!(reports[0].hearings[0].at >= reports[1].hearings[0].at, "{reports:?}");
    let sent = |index: usize| reports[index].request.as_ref().unwrap().body.clone().into_bytes();
    assert_eq!(stage.heard()[0].body, sent(1), "the refund comes first");
}

/// What is signed wrongly is believed by nobody; where nothing is signed, that is said instead.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_signatures_and_wrong_secrets_are_not_believed() {
    for fault in [Fault::WrongSignature, Fault::WrongSecret] {
        let mut played = 0;
        for gateway in paying() {
            let stage = Stage::set(gateway, None).await;
            let Ok(number) = stage.player.play(&stage.with(fault)).await else {
                // Somebody whose messages are covered can always be imitated badly.
                let has_secret = gateway.settings.iter().any(|setting| setting.kind.is_secret());
                let is_told_by_api = gateway.resume.is_some() || gateway.covers == Covers::Nothing;
                assert!(is_told_by_api || !has_secret, "{} cannot be wrong: {}", gateway.id, fault.word());
                continue;
            };
            stage.player.finish(number, crate::receiver::PATIENCE).await.unwrap();
            let request = stage.heard().pop().unwrap();
            let decided = stage.decide(&request).await;
            let is_refused = matches!(decided, Decided::Refused(_) | Decided::Forged(_));
            assert!(is_refused, "{} {}: {decided:?}", gateway.id, fault.word());
            played += 1;
        }
        assert!(played * 2 > paying().count(), "{}: only {played} gateways", fault.word());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_amount_is_one_smallest_unit_less_and_believed() {
    for gateway in paying() {
        let stage = Stage::set(gateway, None).await;
        let right = stage.play(&Wish { order: None, ..stage.wish(PAID.word()) }).await.remove(0);
        let currency = right.amount.unwrap().currency().code().to_owned();
        let amount = right.amount.unwrap().decimal();
        let wish = Wish {
            amount: Some(amount),
            currency: Some(currency),
            order: None,
            ..stage.with(Fault::WrongAmount)
        };
        let Ok(number) = stage.player.play(&wish).await else { continue };
        let wrong = stage.player.finish(number, crate::receiver::PATIENCE).await.unwrap().remove(0);
        assert_eq!(wrong.amount.unwrap().minor(), right.amount.unwrap().minor() - 1, "{}", gateway.id);
        let request = stage.heard().pop().unwrap();
        let decided = stage.decide(&request).await;
        assert!(matches!(decided, Decided::Genuine(_)), "{}: {decided:?}", gateway.id);
    }
}

/// Stale and re-encoded messages are refused or understood, by each gateway's own rules; what matters here is that
/// they are what they say.
#[tokio::test(flavor = "multi_thread")]
async fn stale_and_re_encoded_messages_are_what_they_say() {
    for gateway in paying() {
        let stage = Stage::set(gateway, None).await;
        if let Ok(number) = stage.player.play(&stage.with(Fault::WrongCharset)).await {
            stage.player.finish(number, crate::receiver::PATIENCE).await.unwrap();
            let request = stage.heard().pop().unwrap();
            let content_type = request.header("content-type").unwrap();
            let is_other = ["windows-1252", "utf-16le"].iter().any(|label| content_type.ends_with(label));
            assert!(is_other, "{}: {content_type}", gateway.id);
            if gateway.covers == Covers::Body {
                let decided = stage.decide(&request).await;
                let is_believed = matches!(decided, Decided::Genuine(_));
                assert!(!is_believed, "{}: {decided:?}", gateway.id);
            }
        }
        let reports = stage.play(&stage.with(Fault::Stale)).await;
        assert_eq!(reports[0].hearings.len(), 1, "{}", gateway.id);
        let request = stage.heard().pop().unwrap();
        let decided = stage.decide(&request).await;
        let is_decided = !matches!(decided, Decided::NotYetKnown(_) | Decided::Probe);
        assert!(is_decided, "{}: {decided:?}", gateway.id);
    }
}
