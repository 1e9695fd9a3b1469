//! Tests of the table of paths.

use super::*;

fn path(text: &str) -> Path {
    Path::parse(text).unwrap()
}

fn json(text: &str) -> Json<'_> {
    Json::parse(text.as_bytes()).unwrap()
}

#[test]
fn paths_lead_to_values_by_several_ways() {
    let content = json(
        r##"{"data":{"id":7,"list":[{"a":""},{"a":"x"}],"e":{"#text":"25.99","@cur":"EUR"}},"a.b":"dot"}"##,
    );
    let find = |text: &str| path(text).find(&content).map(str::to_owned);
    assert_eq!(find("data.id").as_deref(), Some("7"));
    assert_eq!(find("data.list.1.a").as_deref(), Some("x"));
    assert_eq!(find("data.list.0.a|data.none|data.id").as_deref(), Some("7"));
    assert_eq!(find("data.e").as_deref(), Some("25.99"));
    assert_eq!(find("a.b"), None);
    assert_eq!(Path::of_steps(vec!["a.b".into()]).unwrap().find(&content), Some("dot"));
    assert!(path("data.list").is_repeated(&content));
    for text in ["", ".", "a.", "a..b", "|a", "a| ", " a", &"a.".repeat(200)] {
        assert!(Path::parse(text).is_err(), "{text}");
    }
}

#[test]
fn one_of_two_places_is_not_both() {
    let either = [path("a|b")];
    assert!(path("a|b").is_among(&either));
    assert!(!path("a").is_among(&either) && !path("b").is_among(&either));
    assert!(path("a|b").is_among(&[path("b"), path("a")]));
    assert!(!path("a|c").is_among(&[path("b"), path("a")]));
}

#[test]
fn writing_makes_what_reading_finds() {
    let mut content = Json::Object(Vec::new());
    for (at, value) in [("data.items.1.id", "x"), ("data.items.0.id", "y"), ("type", "paid")] {
        path(at).put(&mut content, Json::of_text(value)).unwrap();
    }
    assert_eq!(content.to_string(), r#"{"data":{"items":[{"id":"y"},{"id":"x"}]},"type":"paid"}"#);
    assert!(path("type").put(&mut content, Json::of_text("other")).is_err(), "something else stands there");
    assert!(
        path("type").put(&mut content, Json::of_text("paid")).is_ok(),
        "the same value may be named twice"
    );
    assert!(path("type.x").put(&mut content, Json::of_text("a")).is_err());
    assert!(path("data.x").put(&mut content, Json::of_text("a")).is_ok());
}

fn mapping() -> Mapping {
    Mapping {
        status: Some(path("data.status")),
        words: vec![
            (
                "payment".into(),
                Meaning::ByStatus(vec![
                    ("paid".into(), vec![EventKind::PaymentCompleted]),
                    ("open".into(), vec![]),
                ]),
            ),
            ("chargeback".into(), Meaning::Kinds(vec![EventKind::DisputeOpened, EventKind::ReversalMade])),
        ],
        order: Some(path("data.order")),
        transaction: Some(path("data.id")),
        amount: Some((path("data.amount"), Unit::Minor)),
        currency: Some(CurrencyAt::Path(path("data.currency"))),
        test: Some(TestFlag { path: path("live"), word: "false".into() }),
        ..Mapping::new(path("type"))
    }
}

fn read(text: &str) -> Result<Vec<Event>, String> {
    mapping().read(&json(text), Environment::Live).map_err(|reason| reason.code)
}

#[test]
fn words_are_kept_where_nobody_knows_them() {
    let with = |kind: &str, status: &str| {
        let data = r#""id":"t","order":"A","amount":2599,"currency":"eur""#;
        read(&format!(r#"{{"type":"{kind}","data":{{"status":"{status}",{data}}}}}"#))
    };
    let paid = with("payment", "paid").unwrap();
    assert_eq!(
        (paid[0].kind, paid[0].identity.as_str()),
        (EventKind::PaymentCompleted, "payment.completed/t/payment/paid/25.99 EUR")
    );
    assert_eq!(paid[0].environment, Environment::Live, "the message claims nothing");
    assert_eq!(with("chargeback", "").unwrap().len(), 2);
    assert_eq!(with("payment", "open"), Err("nothing_to_do".into()));
    assert_eq!(with("payment", "PAID"), Err("unknown_status".into()));
    assert_eq!(with("payout", "paid"), Err("unknown_type".into()));
    assert_eq!(read("{}"), Err("field_missing".into()));
}

#[test]
fn t_b10_type_confusion_and_t_b12_duplicates_in_decisive_fields() {
    let with = |amount: &str| {
        read(&format!(
            r#"{{"type":"payment","data":{{"status":"paid","id":"t","amount":{amount},"currency":"EUR"}}}}"#
        ))
    };
    assert_eq!(with("[2599]"), Err("duplicate_field".into()));
    assert_eq!(with("true"), Err("amount_unreadable".into()));
    assert_eq!(with("\"0e1\""), Err("amount_unreadable".into()));
    assert_eq!(with("-1"), Err("amount_negative".into()));
    assert_eq!(with("{}").unwrap()[0].amount, None);
    assert_eq!(with("null").unwrap()[0].amount, None);
}

#[test]
fn reading_undoes_writing() {
    let euro = amount::currency("EUR").unwrap();
    let event = Event {
        order_ref: Some("A-1".into()),
        transaction: Some("t1".into()),
        amount: Some(Money::from_minor(2599, euro)),
        ..Event::new(EventKind::PaymentCompleted, "payment.completed/elsewhere", Environment::Sandbox)
    };
    for identity in [vec![], vec![path("id")], vec![path("id"), path("data.id")]] {
        let mapping = Mapping { identity, sender: "teapay".into(), ..mapping() };
        let write =
            |event: &Event| mapping.write(event, Environment::Sandbox, Timestamp::UNIX_EPOCH).unwrap();
        let once = mapping.read(&write(&event), Environment::Sandbox).unwrap().remove(0);
        assert_eq!(
            (once.amount, &once.order_ref, once.environment),
            (event.amount, &event.order_ref, event.environment)
        );
        assert_eq!(mapping.read(&write(&once), Environment::Sandbox).unwrap(), [once]);
    }
}
