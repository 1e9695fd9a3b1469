//! One test for each row of the threat model that this gateway answers for.

use crate::support::*;
use ipnd_core::{Environment, EventKind, Money, limits::FORM_FIELDS_MAX};
use ipnd_gateways::paypal_ipn::GATEWAY;
use ipnd_gateways::{Received, Resumed, Settings};
use std::collections::BTreeMap;

#[test]
fn t_a01_no_verification_at_all() {
    let settings = account(Environment::Live);
    let paid = post(PAID);
    // The message alone never proves anything, whatever it carries and wherever it says it comes from.
    for body in [
        PAID.to_owned(),
        paid_with("verify_sign", "AFcWxV21C7fd0v3bYYYRCpSSRl31"),
        paid_with("VERIFIED", "1"),
    ] {
        assert!(matches!(receive(&post(body), &settings), Received::Ask(_)));
    }
    let mut from_paypal = paid.clone();
    from_paypal.headers = vec![
        ("user-agent".into(), "PayPal IPN ( https://www.paypal.com/ipn )".into()),
        ("x-forwarded-for".into(), "173.0.81.1".into()),
    ];
    assert!(matches!(receive(&from_paypal, &settings), Received::Ask(_)));
    // An account that is not set up cannot accept anything.
    let empty = Settings::check(&[], Environment::Live, BTreeMap::new()).unwrap();
    assert_eq!(refused(&paid, &empty).code, "settings_incomplete");
    assert!(!matches!(resume(&paid, &empty, &answer(200, b"VERIFIED", true)), Resumed::Genuine(_)));
    let forged = resume(&paid, &settings, &answer(200, b"INVALID", true));
    assert!(matches!(forged, Resumed::Forged(reason) if reason.code == "gateway_says_invalid"));
}

#[test]
fn t_a02_no_setting_turns_verification_off() {
    let receivers = ("receivers".to_owned(), "shop@example.com".to_owned());
    for value in ["off", "false", "0", "http://127.0.0.1/", "https://attacker.example/"] {
        let address = ("postback_url".to_owned(), value.to_owned());
        let values = BTreeMap::from([receivers.clone(), address]);
        assert!(Settings::check(GATEWAY.settings, Environment::Live, values).is_err(), "{value}");
    }
    for key in ["verify", "test_mode", "skip_verification", "debug"] {
        let values = BTreeMap::from([receivers.clone(), (key.to_owned(), "1".to_owned())]);
        assert!(Settings::check(GATEWAY.settings, Environment::Sandbox, values).is_err(), "{key}");
    }
}

#[test]
fn t_a18_sender_selects_sandbox_or_live() {
    let live = "https://ipnpb.paypal.com/cgi-bin/webscr";
    let sandbox = "https://ipnpb.sandbox.paypal.com/cgi-bin/webscr";
    for body in [PAID.to_owned(), paid_with("test_ipn", "1"), paid_with("test_ipn", "0")] {
        let request = post(body);
        assert_eq!(asked(&request, &account(Environment::Live)).url, live);
        assert_eq!(asked(&request, &account(Environment::Sandbox)).url, sandbox);
    }
    // What the message claims is kept, and compared with the account by whoever counts the event.
    assert_eq!(event(PAID).environment, Environment::Live);
    assert_eq!(event(&paid_with("test_ipn", "1")).environment, Environment::Sandbox);
    assert_eq!(event(&paid_with("test_ipn", "0")).environment, Environment::Sandbox);
}

#[test]
fn t_a20_loose_reading_of_the_post_back_answer() {
    let settings = account(Environment::Live);
    let request = post(PAID);
    let read = |status, body: &[u8], complete| resume(&request, &settings, &answer(status, body, complete));
    let long = [b"VERIFIED".to_vec(), vec![b' '; 10 * 1024 * 1024]].concat();
    let unclear: &[(u16, &[u8], bool)] = &[
        (200, b"", true),
        (200, b" \r\n", true),
        (200, b"VERIFIED\nINVALID", true),
        (200, b"INVALID\nVERIFIED", true),
        (200, b"VERIFIED VERIFIED", true),
        (200, b"VERIFIED.", true),
        (200, b"verified", true),
        (200, b"Verified", true),
        (200, b"VERIFIE", true),
        (200, b"NOT VERIFIED", true),
        (200, b"\"VERIFIED\"", true),
        (200, b"VERIFIED\0", true),
        (200, b"\xef\xbb\xbfVERIFIED", true),
        (200, b"\xc2\xa0VERIFIED", true),
        (200, "VERIFIED\u{200b}".as_bytes(), true),
        (200, "\u{ff36}ERIFIED".as_bytes(), true),
        (200, b"V\0E\0R\0I\0F\0I\0E\0D\0", true),
        (200, b"<html><body>VERIFIED</body></html>", true),
        (200, b"SUCCESS\nVERIFIED", true),
        (200, b"VERIFIED", false),
        (200, &long, true),
        (201, b"VERIFIED", true),
        (204, b"VERIFIED", true),
        (206, b"VERIFIED", true),
        (301, b"VERIFIED", true),
        (302, b"VERIFIED", true),
        (403, b"INVALID", true),
        (500, b"VERIFIED", true),
        (500, b"INVALID", true),
        (503, b"", true),
        (200, b"invalid", true),
        (200, b"INVALID", false),
    ];
    for (status, body, complete) in unclear {
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]).into_owned();
        let Resumed::NotYetKnown(reason) = read(*status, body, *complete) else {
            panic!("{status} {shown:?} was taken for an answer");
        };
        assert_eq!(reason.code, "answer_unclear");
    }
    for padded in [&b"VERIFIED"[..], b"VERIFIED\n", b"\r\n VERIFIED\t\r\n"] {
        assert!(matches!(read(200, padded, true), Resumed::Genuine(_)));
    }
    for padded in [&b"INVALID"[..], b"INVALID\r\n", b"  INVALID"] {
        assert!(matches!(read(200, padded, true), Resumed::Forged(_)));
    }
}

#[test]
fn the_question_is_the_body_byte_for_byte() {
    let settings = account(Environment::Live);
    for body in
        [&b"txn_id=1&a=%zz&b=%u010D&c=\xff\0+%20%2B&d"[..], b"\xef\xbb\xbftxn_id=1&&", PAID.as_bytes()]
    {
        let ask = asked(&post(body), &settings);
        assert_eq!(ask.method, "POST");
        assert_eq!(ask.body, [b"cmd=_notify-validate&", body].concat());
        let header = |name: &str| ask.headers.iter().find(|(own, _)| own == name).unwrap().1.as_str();
        assert_eq!(header("content-type"), "application/x-www-form-urlencoded");
        assert!(header("user-agent").starts_with("ipnd/"), "without a user agent PayPal answers 403");
        assert_eq!(header("connection"), "close");
    }
}

#[test]
fn t_b05_not_final_status_taken_as_paid() {
    let statuses = [
        "Pending",
        "Processed",
        "Created",
        "Denied",
        "Declined",
        "Failed",
        "Expired",
        "Voided",
        "Refunded",
        "Reversed",
        "Canceled_Reversal",
        "Active",
        "Cancelled",
        "Cleared",
        "Paid",
        "Refused",
        "Rewarded",
        "Unclaimed",
        "Uncleared",
        "In-Progress",
        "Partially_Refunded",
        "Partially-Refunded",
        "Completed_Maybe",
        "Complete",
        "COMPLETED!",
        "1",
        "true",
        "null",
        "",
    ];
    for status in statuses {
        let reading = reading(&paid_with("payment_status", status));
        let paid = reading.events.iter().any(|event| event.kind == EventKind::PaymentCompleted);
        assert!(!paid, "{status} was taken for money");
    }
    for unknown in ["Paid", "Cleared", "Complete", "Partially_Refunded", "In-Progress"] {
        assert_eq!(remark(&paid_with("payment_status", unknown)), "unknown_status");
    }
    for money in ["Completed", "completed", "COMPLETED"] {
        assert_eq!(event(&paid_with("payment_status", money)).kind, EventKind::PaymentCompleted);
    }
}

#[test]
fn money_that_is_taken_or_sent_never_pays_an_order() {
    let gross = "txn_id=1AB&payment_status=Completed&mc_gross=-19.95&mc_currency=EUR&invoice=A-17";
    assert_eq!(event(&format!("txn_type=adjustment&{gross}")).kind, EventKind::DisputeLost);
    assert_eq!(remark(&format!("txn_type=web_accept&{gross}")), "amount_negative");
    assert_eq!(remark(gross), "amount_negative");
    let payout = "txn_type=masspay&payment_status=Completed&masspay_txn_id_1=1AB&mc_gross_1=19.95&mc_currency_1=EUR\
                  &status_1=Completed&invoice=A-17&txn_id=1AB&mc_gross=19.95&mc_currency=EUR";
    assert_eq!(event(payout).kind, EventKind::PayoutCompleted);
    assert_eq!(event(payout).order_ref, None);
}

#[test]
fn t_b09_number_formats() {
    let unreadable = [
        "1e3",
        "%D9%A1%D9%A0%D9%A0",
        "1,00",
        "1.005",
        "-0",
        "-0.00",
        "NaN",
        "Infinity",
        "+19.95",
        "19.95+",
        "+",
        "0x10",
        "19.",
        ".95",
        "1_000",
        "%EF%BC%91",
        "19.95%00",
        "1.000.00",
        "10.000",
    ];
    for text in unreadable {
        assert_eq!(remark(&paid_with("mc_gross", text)), "amount_unreadable", "{text}");
    }
    let digits = "9".repeat(400);
    assert_eq!(remark(&paid_with("mc_gross", &digits)), "amount_unreadable");
    assert_eq!(remark(&paid_with("mc_gross", "")), "amount_unreadable");
    for code in ["", "eur", "EURO", "XYZ9", "EUR%00", "E"] {
        assert_eq!(remark(&paid_with("mc_currency", code)), "currency_unknown", "{code}");
    }
    let minor = |code: &str, text: &str| {
        let body =
            format!("{}&mc_gross={text}", paid_with("mc_currency", code).replace("mc_gross=19.95&", ""));
        event(&body).amount.map(Money::minor)
    };
    for (code, text, expected) in [
        ("EUR", "19.95", 1995),
        ("EUR", "5", 500),
        ("EUR", "0.5", 50),
        ("EUR", "019.95", 1995),
        ("JPY", "1500", 1500),
        ("JPY", "1500.00", 1500),
        ("JPY", "1500.0", 1500),
        ("HUF", "1500", 150_000),
        ("HUF", "1500.00", 150_000),
        ("TWD", "30", 3_000),
        ("KWD", "1.005", 1005),
    ] {
        assert_eq!(minor(code, text), Some(expected), "{text} {code}");
    }
    assert_eq!(
        remark(&format!("{}&mc_gross=1.50", paid_with("mc_currency", "JPY").replace("mc_gross=19.95&", ""))),
        "amount_unreadable"
    );
}

#[test]
fn t_b12_duplicate_or_smuggled_form_fields() {
    let settings = account(Environment::Live);
    let code = |body: &str| refused(&post(body), &settings).code;
    for double in [
        "mc_gross=2000.00",
        "mc%5Fgross=2000.00",
        "%6dc_gross=2000.00",
        "mc_gross",
        "payment_status=Completed",
        "txn_id=X",
        "invoice=B",
        "receiver_email=x",
        "test_ipn=1&test_ipn=1",
        "charset=utf-8&charset=utf-7",
        "item_name1=a&item_name1=b",
    ] {
        assert_eq!(code(&format!("{PAID}&{double}")), "duplicate_field", "{double}");
        assert_eq!(code(&format!("{double}&{PAID}")), "duplicate_field", "{double}");
    }
    // PayPal would be asked something else.
    assert_eq!(code(&format!("{PAID}&cmd=_notify-synch")), "duplicate_field");
    // A semicolon, brackets, other case and the address are nothing special.
    let mut request = post(format!("{PAID}&note=1;mc_gross=1&mc_gross[]=1&MC_GROSS=1&x=1&x=2"));
    request.query = "mc_gross=1&payment_status=Completed&invoice=B".into();
    let interpretation = interpreted(&request, &settings);
    assert_eq!(interpretation.events, [event(PAID)]);
    // And what only looks like a form, or like a message, is none.
    assert_eq!(code(""), "body_empty");
    assert_eq!(code("{\"txn_id\":\"1\"}"), "not_a_form");
    assert_eq!(code("a=1;txn_id=1"), "not_a_form");
    assert_eq!(code("a=1&b=2"), "not_a_form");
    assert_eq!(code("&&&"), "not_a_form");
    for method in ["GET", "PUT", "post", "HEAD"] {
        let mut request = post(PAID);
        request.method = method.into();
        assert_eq!(refused(&request, &settings).code, "not_post", "{method}");
    }
}

#[test]
fn t_b13_text_encoding() {
    let note = |charset: &str, bytes: &str| reading(&format!("{PAID}&charset={charset}&memo={bytes}"));
    let text = |charset: &str, bytes: &str| note(charset, bytes).events[0].note.clone().unwrap();
    assert_eq!(text("windows-1252", "J%F6rg+%80"), "Jörg €");
    assert_eq!(text("", "J%F6rg"), "Jörg");
    assert_eq!(text("UTF-8", "J%C3%B6rg"), "Jörg");
    assert_eq!(text("KOI8_R", "%FE%C1%CA"), "Чай");
    assert_eq!(text("gb2312", "%B9%BA%C2%F2"), "购买");
    assert_eq!(text("UTF-8", "%EF%BB%BFabc"), "abc");
    assert_eq!(text("UTF-8", "%u010D"), "%u010D");
    for (charset, bytes, shown) in [
        ("UTF-8", "a%00b", "a\u{fffd}b"),
        ("windows-1252", "a%00b", "a\u{fffd}b"),
        ("UTF-8", "a%FFb", "a\u{fffd}b"),
        ("UTF-8", "%ED%A0%80", "\u{fffd}\u{fffd}\u{fffd}"),
    ] {
        let interpretation = note(charset, bytes);
        assert_eq!(interpretation.events[0].note.as_deref(), Some(shown));
        let remark = interpretation.remark.unwrap();
        assert_eq!((remark.code.as_str(), remark.detail.as_str()), ("text_damaged", "memo"));
    }
    // A NUL in a reference makes another reference of it, not a shorter one.
    let reference = reading(&paid_with("invoice", "A-17%00")).events[0].order_ref.clone();
    assert_eq!(reference.as_deref(), Some("A-17\u{fffd}"));
    // Raw bytes that no encoder would have left in a body are no obstacle either.
    let raw = post([PAID.as_bytes(), b"&memo=\0\xff\xfe"].concat());
    assert_eq!(interpreted(&raw, &account(Environment::Live)).events.len(), 1);
}

#[test]
fn t_b14_references_are_compared_exactly_and_so_kept_exactly() {
    for (sent, kept) in [
        ("0004", "0004"),
        ("+0004", " 0004"),
        ("a%CC%88", "a\u{cc}\u{2c6}"),
        ("2018051016144332193", "2018051016144332193"),
    ] {
        assert_eq!(event(&paid_with("invoice", sent)).order_ref.as_deref(), Some(kept));
    }
}

#[test]
fn t_g03_many_fields() {
    let settings = account(Environment::Live);
    let many = |count: usize| post(format!("{PAID}{}", "&x=1".repeat(count)));
    let own = PAID.split('&').count();
    assert!(matches!(receive(&many(FORM_FIELDS_MAX - own), &settings), Received::Ask(_)));
    assert_eq!(refused(&many(FORM_FIELDS_MAX - own + 1), &settings).code, "too_many_fields");
    assert_eq!(refused(&many(1_000_000), &settings).code, "too_many_fields");
    // As many items as fit are read in one pass.
    let items: String = (1..1000).map(|n| format!("&item_name{n}=a&mc_gross_{n}=0.01")).collect();
    assert_eq!(event(&format!("{PAID}{items}")).items.len(), 999);
}
