//! Tests of Adyen.

use super::*;

fn sandbox() -> Settings {
    Settings::sample(SETTINGS)
}

fn ordinary(kind: EventKind) -> Event {
    Event {
        order_ref: Some("A-1".to_owned()),
        transaction: Some("QX5K8TZW2N4M7B93".to_owned()),
        parent: Some("QX5K8TZW2N4M7B92".to_owned()),
        amount: Some(Money::parse("25.99", amount::currency("EUR").unwrap()).unwrap()),
        ..Event::new(kind, "x", Environment::Sandbox)
    }
}

fn told(kind: EventKind) -> String {
    let request = super::compose::compose(&ordinary(kind), &sandbox(), Timestamp::UNIX_EPOCH).unwrap();
    String::from_utf8(request.body).unwrap()
}

fn received(body: &str) -> Result<Vec<Event>, Reason> {
    let settings = sandbox();
    let basic = token::basic(settings.get("user").unwrap(), settings.get("password").unwrap());
    let request = RawRequest::post("application/json", body).with("authorization", basic);
    match receive(&request, &settings, Timestamp::UNIX_EPOCH) {
        Received::Proven(interpretation) => Ok(interpretation.events),
        Received::Refused(reason) => Err(reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn t_a16_joined_fields_collide_only_where_a_colon_is_refused() {
    let body = told(EventKind::RefundCompleted);
    assert_eq!(received(&body).unwrap().len(), 1);
    let fields = r#""pspReference":"QX5K8TZW2N4M7B93","originalReference":"QX5K8TZW2N4M7B92""#;
    assert!(body.contains(fields));
    // The same signed text, cut in another place.
    for moved in [
        r#""pspReference":"QX5K8TZW2N4M7B93:QX5K8TZW2N4M7B92","originalReference":"IpndSandboxECOM","merchantAccountCode":"A-1","merchantReference":"2599""#,
        r#""pspReference":"","originalReference":"QX5K8TZW2N4M7B93:QX5K8TZW2N4M7B92""#,
    ] {
        assert!(received(&body.replace(fields, moved)).is_err(), "{moved}");
    }
}

#[test]
fn t_a17_unsigned_fields_change_nothing_that_moves_money() {
    let body = told(EventKind::RefundCompleted);
    let genuine = received(&body).unwrap();
    for (from, to) in [
        (r#""paymentMethod":"visa""#, r#""paymentMethod":"ideal""#),
        (r#""reason":"""#, r#""reason":"CAPTURE""#),
        (
            r#""additionalData":{"#,
            r#""additionalData":{"modification.action":"cancel","disputeStatus":"Won","#,
        ),
        ("+00:00", "+02:00"),
        (r#""live":"false""#, r#""live":"true""#),
    ] {
        assert!(body.contains(from), "{from}");
        let bent = received(&body.replace(from, to)).unwrap();
        let essence = |event: &Event| {
            (
                event.kind,
                event.identity.clone(),
                event.amount,
                event.transaction.clone(),
                event.parent.clone(),
            )
        };
        assert_eq!(
            bent.iter().map(essence).collect::<Vec<_>>(),
            genuine.iter().map(essence).collect::<Vec<_>>()
        );
    }
}

#[test]
fn t_a18_live_is_compared_with_the_account_and_never_believed() {
    let body = told(EventKind::PaymentAuthorized);
    assert_eq!(received(&body).unwrap()[0].environment, Environment::Sandbox);
    let claimed = received(&body.replace(r#""live":"false""#, r#""live":"true""#)).unwrap();
    assert_eq!(claimed[0].environment, Environment::Live, "which is not that of the account: asked about");
    let silent = received(&body.replace(r#""live":"false","#, "")).unwrap();
    assert_eq!(silent[0].environment, Environment::Sandbox, "the account's own");
}

#[test]
fn t_a06_empty_or_missing_secret_is_no_key() {
    for value in
        ["", "zz", "00112233", "0011223344556677889900112233445", "00112233445566778899001122334455 x"]
    {
        let values = [("hmac_key".to_owned(), value.to_owned())].into();
        assert!(Settings::check(SETTINGS, Environment::Live, values).is_err(), "{value}");
    }
}

#[test]
fn with_automatic_capture_all_messages_about_the_same_money_have_one_name() {
    let read = |code: &str, success: &str| {
        let text = format!(
            r#"{{"pspReference":"C","originalReference":"P","eventCode":"{code}","success":"{success}",
                "amount":{{"value":100,"currency":"EUR"}}}}"#
        );
        let item = Json::parse(text.as_bytes()).unwrap();
        let item = Item { item: &item, environment: Environment::Live, is_automatic: true };
        item.read()
            .unwrap()
            .iter()
            .map(|event| (event.kind, event.transaction.clone(), event.parent.clone()))
            .collect::<Vec<_>>()
    };
    let name = |text: &str| Some(text.to_owned());
    assert_eq!(read("CAPTURE", "true"), [(EventKind::PaymentCompleted, name("P"), None)]);
    assert_eq!(
        read("CAPTURE_FAILED", "true"),
        [(EventKind::PaymentFailed, name("P"), None), (EventKind::ReversalMade, None, name("P"))]
    );
}
