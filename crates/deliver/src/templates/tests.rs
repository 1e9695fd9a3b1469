use super::*;
use crate::templates::words::{AccessWords, ItemWords};
use ipnd_core::fold::Facts;
use ipnd_core::order::{Item, Terms};
use ipnd_core::{
    Answer, Currency, Environment, Event, EventKind, ExaminedEvent, Money, QuestionKind, Verdict, fold,
};

fn template(subject: &str, text: &str, html: &str) -> TemplateText {
    TemplateText { subject: subject.into(), text: text.into(), html: html.into() }
}

fn rendered(template: &TemplateText, words: &MailWords) -> Rendered {
    render(MailKind::CustomerPaid, Language::En, template, words).unwrap()
}

/// Texts that mean something to some template language, shell or mark-up.
const NAUGHTY: [&str; 14] = [
    "{{7*7}}",
    "{{ shop.email }}",
    "{% for x in order.items %}x{% endfor %}",
    "{#",
    "${7*7}",
    "#{7*7}",
    "<%= 7*7 %>",
    "[[${7*7}]]",
    "*{7*7}",
    "<img src=x onerror=alert(1)>",
    "\"><script>alert(1)</script>",
    "' onmouseover='alert(1)",
    "&lt;script&gt;",
    "javascript:alert(1)",
];

/// The sample with one text in every place that comes from outside.
fn words_full_of(text: &str) -> MailWords {
    let mut words = sample(MailKind::CustomerPaid, Language::En);
    let text = || text.to_owned();
    words.shop.name = text();
    let order = words.order.as_mut().unwrap();
    order.reference = text();
    order.items = vec![ItemWords { quantity: 1, name: text(), price: text(), total: text() }];
    words.customer.name = text();
    words.customer.email = text();
    words.reason = text();
    words.message = text();
    words.question = text();
    words.access = vec![AccessWords { name: text(), text: text() }];
    words
}

#[test]
fn t_e05_values_are_data_and_never_compiled() {
    for kind in MailKind::ALL {
        for naughty in NAUGHTY {
            let words = words_full_of(naughty);
            let mail = render(*kind, Language::En, &builtin(*kind, Language::En), &words).unwrap();
            assert!(mail.text.contains(naughty), "{kind:?}: unchanged in the text: {naughty}");
            assert!(mail.html.contains(&engine::escape(naughty)), "{kind:?}: escaped in the HTML: {naughty}");
            assert!(
                !mail.text.contains("49") && !mail.html.contains("49"),
                "{kind:?}: nothing is worked out"
            );
        }
    }
    let all = template(
        "{{ customer.name }}",
        "{{ message }}",
        "<p title=\"{{ reason }}\">{{ message|breaks }}</p>",
    );
    for naughty in NAUGHTY {
        let mail = rendered(&all, &words_full_of(naughty));
        assert_eq!(mail.subject, naughty);
        assert!(mail.text.starts_with(naughty));
        let escaped = engine::escape(naughty);
        let wanted = format!("<p title=\"{escaped}\">{escaped}</p>");
        assert!(mail.html.contains(&wanted), "{wanted}");
    }
}

/// What is left of the mark-up of a mail when the values are naughty is exactly that of a harmless one.
#[test]
fn t_e08_values_add_no_markup() {
    let tags = |html: &str| -> Vec<String> {
        html.split('<').skip(1).map(|tag| tag.split('>').next().unwrap_or_default().to_owned()).collect()
    };
    for kind in MailKind::ALL {
        for language in Language::ALL {
            let made = |text: &str| {
                let mail = render(*kind, language, &builtin(*kind, language), &words_full_of(text)).unwrap();
                let body = mail.html.split("<body").nth(1).unwrap().to_owned();
                markup::check(&format!("<body{body}")).unwrap();
                tags(&body)
            };
            for naughty in NAUGHTY {
                assert_eq!(made(naughty), made("harmless"), "{kind:?} {language:?} {naughty}");
            }
        }
    }
}

#[test]
fn t_e01_a_subject_is_one_line_whatever_is_in_it() {
    let mail = rendered(
        &template("Order\r\nBcc: x@example.com {{ customer.name }}", "x", "x"),
        &words_full_of("A\r\nBcc: y@example.com\0\u{2028}B\u{202e}C"),
    );
    assert_eq!(mail.subject, "Order Bcc: x@example.com A Bcc: y@example.com B C");
    assert!(rendered(&template(&"x".repeat(5_000), "", ""), &MailWords::default()).subject.len() <= 200);
}

#[test]
fn t_e05_an_owners_template_has_limits_on_size_and_time() {
    let mut words = words_full_of("x");
    let items = &mut words.order.as_mut().unwrap().items;
    *items = vec![items[0].clone(); 200];
    words.message = "m".repeat(20_000);
    let loops = |inner: &str, depth: usize| {
        format!("{}{inner}{}", "{% for item in order.items %}".repeat(depth), "{% endfor %}".repeat(depth))
    };
    for source in [loops("x", 4), loops("{{ message }}", 1), loops("", 3), "{{ message }}".repeat(100)] {
        let template = template("s", &source, "");
        assert!(
            render(MailKind::CustomerPaid, Language::En, &template, &words).is_err(),
            "{}",
            &source[..60]
        );
    }
    assert!(
        render(
            MailKind::CustomerPaid,
            Language::En,
            &template("s", &loops("{{ item.name }}", 1), ""),
            &words
        )
        .is_ok()
    );
    assert!(check(MailKind::CustomerPaid, &template("s", &"x".repeat(70_000), "")).is_err());
    let deep = format!("{}x{}", "{% if amount %}".repeat(2_000), "{% endif %}".repeat(2_000));
    assert!(check(MailKind::CustomerPaid, &template("s", &deep, "")).is_err(), "nesting has an end too");
}

#[test]
fn a_mistake_is_refused_with_part_and_line_before_it_is_saved() {
    let cases = [
        (template("{{ order.total", "", ""), Part::Subject, Some(1)),
        (template("s", "one\n{{ order.totl }}", ""), Part::Text, Some(2)),
        (template("s", "{% if reason %}\n{{ unheard_of }}\n{% endif %}", ""), Part::Text, Some(2)),
        (template("s", "", "a\nb\n{% if amount %}\nno end"), Part::Html, None),
        (template("s", "{{ item.name }}", ""), Part::Text, Some(1)),
        (template("s", "{{ customer.name|safe }}", ""), Part::Text, Some(1)),
        (template("s", "{{ amount() }}", ""), Part::Text, Some(1)),
        (template("s", "", "<p>\n<a href=\"{{ customer.name }}\">x</a>"), Part::Html, Some(2)),
        (template("s", "", "<a href=\"https://example.com/{{ order.reference }}\">"), Part::Html, Some(1)),
        (template("s", "", "<script>"), Part::Html, Some(1)),
        (template("  ", "", ""), Part::Subject, None),
    ];
    for (template, part, line) in cases {
        let problem = check(MailKind::CustomerPaid, &template).expect_err(&format!("{template:?}"));
        assert_eq!(problem.part, part, "{problem}");
        assert!(line.is_none() || problem.line == line, "{problem} for {template:?}");
        assert!(!problem.problem.is_empty());
    }
    let fine = template(
        "{{ order.reference|upper }}",
        "{% for item in order.items %}{{ loop.index }} {{ item.name }}{% endfor %}{{ access|length }}",
        "<p>{{ message|breaks }}</p><a href=\"{{ order.page_url }}\">x</a>",
    );
    assert_eq!(check(MailKind::CustomerPaid, &fine), Ok(()));
}

#[test]
fn lines_of_a_message_stay_lines() {
    let mut words = sample(MailKind::CustomerMessage, Language::En);
    words.message = "Dear <b>,\r\n\r\nyours & mine\u{7}".into();
    let mail = rendered(&template("s", "{{ message }}", "<p>{{ message|breaks }}</p>"), &words);
    assert!(mail.text.starts_with("Dear <b>,\n\nyours & mine\n"), "{}", mail.text);
    assert!(mail.html.contains("Dear &lt;b&gt;,<br>\n<br>\nyours &amp; mine</p>"), "{}", mail.html);
}

#[test]
fn every_language_says_the_same() {
    assert_eq!(WORDS.differences(), Vec::<String>::new());
    // The same variables and loops stand in all four versions of a template.
    let tags = |text: &str| {
        let mut tags: Vec<String> = text
            .split('{')
            .skip(1)
            .filter_map(|tag| Some(tag.split_once('}')?.0.trim().to_owned()))
            .collect();
        tags.sort();
        tags.dedup();
        tags
    };
    for kind in MailKind::ALL {
        let of = |language| {
            let template = builtin(*kind, language);
            [tags(&template.text), tags(&template.html)]
        };
        for language in Language::ALL {
            assert_eq!(of(language), of(Language::En), "{kind:?} {language:?}");
        }
    }
}

#[test]
fn what_customers_read_has_nothing_for_owners() {
    for kind in MailKind::ALL.iter().filter(|kind| kind.is_for_customer()) {
        for language in Language::ALL {
            let template = builtin(*kind, language);
            let all = format!("{}{}{}", template.subject, template.text, template.html);
            for own in ["owner_url", "{{ question", "{{ reason"] {
                assert!(!all.contains(own), "{kind:?} {language:?} names {own}");
            }
            assert!(all.contains("order.page_url"), "{kind:?} {language:?} leads to the customer's page");
        }
    }
}

#[test]
fn t_e05_a_template_that_forgets_mails_without_an_order_is_refused() {
    let kind = MailKind::OwnerReview;
    let forgetful = template("Answer", "{{ question }}\n{{ order.reference }}", "");
    let problem = check(kind, &forgetful).unwrap_err();
    assert_eq!((problem.part, problem.line), (Part::Text, Some(2)));
    assert!(problem.problem.contains("{% if order %}"), "{problem}");
    let thoughtful =
        template("Answer", "{% if order %}{{ order.reference }}{% else %}{{ reviews_url }}{% endif %}", "");
    assert_eq!(check(kind, &thoughtful), Ok(()));
    let nameless = template("{% if order %}Answer{% endif %}", "", "");
    assert_eq!(check(kind, &nameless).unwrap_err().part, Part::Subject);
    assert_eq!(check(MailKind::OwnerPaid, &template("s", "{{ order.reference }}", "")), Ok(()));
}

/// All mails of a language, as they read.
fn book(language: Language) -> String {
    let mut book = String::new();
    for kind in MailKind::ALL {
        let mail = render(*kind, language, &builtin(*kind, language), &sample(*kind, language)).unwrap();
        book.push_str(&format!("===== {} =====\nSubject: {}\n\n{}\n", kind.word(), mail.subject, mail.text));
    }
    let kind = MailKind::OwnerReview;
    let mail =
        render(kind, language, &builtin(kind, language), &words::sample_without_order(language)).unwrap();
    book.push_str(&format!("===== {} without an order =====\n", kind.word()));
    book.push_str(&format!("Subject: {}\n\n{}\n", mail.subject, mail.text));
    let kind = MailKind::OwnerStandstill;
    let mut words = sample(kind, language);
    let standstill = words.standstill.as_mut().unwrap();
    standstill.until = standstill.since.replace("09:05", "09:20");
    let mail = render(kind, language, &builtin(kind, language), &words).unwrap();
    book.push_str(&format!("===== {} that is over =====\n", kind.word()));
    book.push_str(&format!("Subject: {}\n\n{}\n", mail.subject, mail.text));
    book
}

#[test]
fn the_built_in_mails_read_like_this() {
    for language in Language::ALL {
        insta::assert_snapshot!(format!("mails.{}", language.code()), book(language));
        let kind = MailKind::CustomerPaid;
        let mail = render(kind, language, &builtin(kind, language), &sample(kind, language)).unwrap();
        insta::assert_snapshot!(format!("customer.paid.html.{}", language.code()), mail.html);
        let kind = MailKind::OwnerReview;
        let mail = render(kind, language, &builtin(kind, language), &sample(kind, language)).unwrap();
        insta::assert_snapshot!(format!("owner.review.html.{}", language.code()), mail.html);
        let words = words::sample_without_order(language);
        let mail = render(kind, language, &builtin(kind, language), &words).unwrap();
        insta::assert_snapshot!(format!("owner.review.no_order.html.{}", language.code()), mail.html);
    }
}

/// An order of 19.95 EUR with one payment that counts because the owner accepted it.
#[test]
fn nobody_is_thanked_for_nothing() {
    let money = |text: &str, code: &str| Money::parse(text, Currency::from_code(code).unwrap()).unwrap();
    let tea = Item { sku: String::new(), name: "Tea".into(), quantity: 1, unit_price: money("19.95", "EUR") };
    let terms = Terms::from_items(vec![tea], money("19.95", "EUR").currency()).unwrap();
    let shown = |amount: Option<Money>, accepted: QuestionKind| {
        let mut event = Event::new(EventKind::PaymentCompleted, "T1/completed", Environment::Live);
        event.transaction = Some("T1".into());
        event.amount = amount;
        let answered_at = jiff::Timestamp::UNIX_EPOCH;
        let answer = Answer { kind: accepted, subject: "T1".into(), verdict: Verdict::Accept, answered_at };
        let events = [ExaminedEvent { event, concerns: vec![] }];
        let state = fold(Facts { terms: &terms, cancelled_at: None, events: &events, answers: &[answer] });
        super::words::paid(&state, &terms, Language::En)
    };
    assert_eq!(shown(Some(money("19.95", "EUR")), QuestionKind::Amount), "€19.95");
    assert_eq!(shown(Some(money("19.00", "EUR")), QuestionKind::Amount), "€19.00");
    assert_eq!(shown(Some(money("19.95", "USD")), QuestionKind::Currency), "$19.95");
    assert_eq!(shown(None, QuestionKind::Amount), "€19.95", "the owner is content with it");
}
