//! What is told arrives, is believed by whoever asks back, and is judged by the reply.

use crate::receiver::Stage;
use ipnd_gateways::ALL;
use ipnd_gateways::drive::Decided;
use ipnd_sandbox::player::{Scenario, Wish};

#[tokio::test(flavor = "multi_thread")]
async fn every_gateway_tells_every_event_and_is_believed() {
    for gateway in ALL {
        let stage = Stage::set(gateway, None).await;
        for kind in gateway.tells {
            let place = format!("{} {}", gateway.id, kind.word());
            let reports = stage.play(&Wish { order: None, ..stage.wish(kind.word()) }).await;
            assert_eq!(reports[0].state, "content", "{place}: {reports:?}");
            let request = stage.heard().pop().unwrap();
            match stage.decide(&request).await {
                Decided::Genuine(understood) => {
                    let kinds: Vec<_> = understood.events.iter().map(|event| event.kind).collect();
                    assert!(kinds.contains(kind), "{place}: {kinds:?}");
                }
                other => panic!("{place}: {other:?}"),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scenarios_are_told_in_their_sequence_about_one_payment() {
    for gateway in ALL {
        let stage = Stage::set(gateway, None).await;
        for scenario in Scenario::of(gateway) {
            let place = format!("{} {}", gateway.id, scenario.name);
            let wish = Wish {
                event: None,
                scenario: Some(scenario.name.to_owned()),
                order: Some(scenario.name.chars().take(20).collect()),
                speed: 100_000,
                ..stage.wish("")
            };
            let before = stage.heard().len();
            let reports = stage.play(&wish).await;
            let steps = scenario.steps(gateway).unwrap();
            assert_eq!(reports.len(), steps.len(), "{place}");
            for (report, step) in reports.iter().zip(steps) {
                assert_eq!((report.event, report.state.as_str()), (step.kind, "content"), "{place}");
                assert!(report.parent.is_none() || report.parent == reports[0].transaction, "{place}");
            }
            assert_eq!(stage.heard().len() - before, steps.len(), "{place}");
        }
    }
}

#[tokio::test]
async fn a_reply_that_the_gateway_does_not_want_is_no_reply() {
    for gateway in ALL {
        let stage = Stage::set(gateway, Some(418)).await;
        let kind = gateway.tells[0];
        let reports = stage.play(&Wish { repeats_max: Some(0), ..stage.wish(kind.word()) }).await;
        assert_eq!(reports[0].state, "given_up", "{}", gateway.id);
        // An empty reply will do unless the gateway wants a body.
        let wanted = reports[0].wanted.clone().unwrap();
        let stage = Stage::set(gateway, Some(wanted.status)).await;
        let reports = stage.play(&Wish { repeats_max: Some(0), ..stage.wish(kind.word()) }).await;
        let expected = if wanted.body.is_empty() { "content" } else { "given_up" };
        assert_eq!(reports[0].state, expected, "{}: {wanted:?}", gateway.id);
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_explained() {
    let stage = Stage::set(ALL[0], None).await;
    let good = stage.wish("payment.completed");
    let wrong = [
        (Wish { gateway: "nobody".into(), ..good.clone() }, "nobody"),
        (Wish { event: None, ..good.clone() }, "an event or a scenario"),
        (Wish { event: Some("payment.imagined".into()), ..good.clone() }, "payment.completed"),
        (Wish { event: None, scenario: Some("fairy-tale".into()), ..good.clone() }, "sale-and-refund"),
        (Wish { amount: Some("1,50".into()), currency: Some("EUR".into()), ..good.clone() }, "12.34"),
        (Wish { amount: Some("0.00".into()), currency: Some("EUR".into()), ..good.clone() }, "0.00"),
        (Wish { currency: Some("EURO".into()), ..good.clone() }, "three capital letters"),
        (Wish { times: 0, ..good.clone() }, "times must be"),
        (Wish { order: Some("a\nb".into()), ..good.clone() }, "control characters"),
        (Wish { settings: [("colour".to_owned(), "red".to_owned())].into(), ..good.clone() }, "colour"),
        (Wish { fault: ipnd_sandbox::player::Fault::from_word("reorder"), ..good.clone() }, "change places"),
    ];
    for (wish, expected) in wrong {
        let error = stage.player.play(&wish).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{wish:?}: {error}");
    }
    assert_eq!(stage.heard().len(), 0);
}
