//! Repeats follow the gateway's own schedule.

use crate::receiver::Stage;
use ipnd_gateways::{ALL, Wants};
use ipnd_sandbox::player::{Fault, Wish};

#[tokio::test]
async fn the_first_pause_is_the_gateways_own() {
    for gateway in ALL {
        let Some(first) = gateway.retries.first().map(|seconds| i64::from(*seconds)) else { continue };
        let stage = Stage::set(gateway, Some(500)).await;
        let wish = Wish { speed: 1, ..stage.wish(gateway.tells[0].word()) };
        let number = stage.player.play(&wish).await.unwrap();
        let report = loop {
            let report = stage.player.report(number).await.unwrap().remove(0);
            if !report.hearings.is_empty() {
                break report;
            }
            tokio::task::yield_now().await;
        };
        assert_eq!(report.state, "repeating", "{}", gateway.id);
        let pause = report.next_at.unwrap().duration_since(report.hearings[0].at).as_millis();
        // What keeping the reply took comes on top.
        assert!((0..30_000).contains(&(pause - i128::from(first) * 1_000)), "{}: {pause} ms", gateway.id);
    }
}

#[tokio::test]
async fn all_repeats_are_made_with_growing_pauses_and_then_no_more() {
    let gateway = ALL.iter().find(|gateway| (5..12).contains(&gateway.retries.len())).unwrap();
    let stage = Stage::set(gateway, Some(500)).await;
    let speed = 1_000_000;
    let reports = stage.play(&Wish { speed, ..stage.wish(gateway.tells[0].word()) }).await;
    assert_eq!(reports[0].state, "given_up");
    let hearings = &reports[0].hearings;
    assert_eq!(hearings.len(), gateway.retries.len() + 1);
    for (pair, seconds) in hearings.windows(2).zip(gateway.retries) {
        let pause = pair[1].at.duration_since(pair[0].at).as_millis();
        assert!(pause >= i128::from(*seconds) * 1_000 / i128::from(speed), "{pause} ms for {seconds} s");
    }
    assert_eq!(stage.heard().len(), hearings.len());
}

#[tokio::test]
async fn a_reply_that_is_not_heard_makes_repeats_that_are_still_believed() {
    for gateway in ALL.iter().filter(|gateway| gateway.retries.len() >= 2) {
        let stage = Stage::set(gateway, None).await;
        let wish = Wish {
            fault: Some(Fault::ReplyIgnored),
            repeats_max: Some(2),
            speed: 1_000_000,
            ..stage.wish(gateway.tells[0].word())
        };
        let reports = stage.play(&wish).await;
        assert_eq!(reports[0].hearings.len(), 3, "{}", gateway.id);
        assert!(reports[0].hearings.iter().all(|hearing| hearing.is_content), "{}", gateway.id);
        assert_eq!(stage.heard().len(), 3, "{}", gateway.id);
    }
}

#[tokio::test]
async fn a_success_that_is_not_the_wanted_one_is_none() {
    for gateway in ALL {
        let stage = Stage::set(gateway, Some(204)).await;
        let wish = Wish { repeats_max: Some(0), ..stage.wish(gateway.tells[0].word()) };
        let report = stage.play(&wish).await.remove(0);
        let is_content = gateway.wants == Wants::AnySuccess;
        assert_eq!(report.hearings[0].is_content, is_content, "{}", gateway.id);
        assert_eq!(report.state, if is_content { "content" } else { "given_up" }, "{}", gateway.id);
        let status = report.wanted.unwrap().statuses;
        assert_eq!(status == "200 to 299", is_content, "{}: {status}", gateway.id);
    }
}
