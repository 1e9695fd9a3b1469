//! What owners and customers read, word for word.

use crate::story::Story;
use ipnd_core::explain::{ask, explain, for_customer};
use ipnd_core::{Language, OrderStatus};

fn said(lines: &str, language: Language) -> String {
    let story = Story::told(lines);
    explain(&story.state(), &story.terms, language)
}

#[test]
fn the_owner_reads_one_sentence_in_each_language() {
    let paid = "completed T1 100.00 @1";
    assert_eq!(said(paid, Language::En), "€100.00 has been paid in full.");
    assert_eq!(said(paid, Language::De), "100,00\u{a0}€ wurden vollständig bezahlt.");
    assert_eq!(said(paid, Language::Es), "Se ha pagado el total de 100,00\u{a0}€.");
    assert_eq!(said(paid, Language::Uk), "Сплачено повністю: 100,00\u{a0}€.");
}

#[test]
fn further_sentences_say_what_else_the_owner_must_know() {
    let english = |lines: &str| said(lines, Language::En);
    assert_eq!(
        english("completed T1 100.00 @1; completed T2 100.00 @2; opened D1 of T1 case C-1 @3"),
        "€100.00 has been paid in full. The customer or a bank disputes a payment. There is a question for you."
    );
    assert_eq!(
        english("completed T1 60.00 @1; accept amount T1 @2"),
        "You have accepted what was paid: the order of €100.00 is settled."
    );
    assert_eq!(
        english("completed T1 60.00 @1"),
        "A payment came that does not fit this order of €100.00. Nothing goes on until you have answered."
    );
    assert_eq!(
        english("completed T1 60.00 @1; reject amount T1 @2"),
        "€60.00 of €100.00 has been paid; the rest is still due."
    );
}

#[test]
fn a_waiting_order_gives_the_reason_of_the_gateway() {
    let mut story = Story::told("pending T1 100.00 @1; failed T2 @2");
    let without = explain(&story.state(), &story.terms, Language::En);
    assert!(without.ends_with("€100.00 is still due."), "{without}");
    story.events[0].event.reason = Some("echeck".into());
    let with = explain(&story.state(), &story.terms, Language::En);
    assert_eq!(with, format!("{without} The gateway gives this reason: echeck."));
}

#[test]
fn the_customer_reads_a_friendly_sentence() {
    let story = Story::told("completed T1 60.00 @1; reject amount T1 @2");
    let said = |language| for_customer(&story.state(), &story.terms, language);
    assert_eq!(said(Language::En), "Thank you! €60.00 of €100.00 has arrived; the rest is still open.");
    assert_eq!(
        said(Language::De),
        "Vielen Dank! 60,00\u{a0}€ von 100,00\u{a0}€ sind eingetroffen; der Rest ist noch offen."
    );
    assert_eq!(
        said(Language::Es),
        "¡Muchas gracias! Han llegado 60,00\u{a0}€ de 100,00\u{a0}€; el resto sigue pendiente."
    );
    assert_eq!(said(Language::Uk), "Дякуємо! Надійшло 60,00\u{a0}€ із 100,00\u{a0}€; решту ще не сплачено.");
}

#[test]
fn the_customer_never_reads_of_questions_and_disputes() {
    let story = Story::told("completed T1 100.00 @1; completed T2 100.00 @2; opened D1 of T1 case C-1 @3");
    let state = story.state();
    assert_eq!(state.status, OrderStatus::Paid);
    assert_eq!(for_customer(&state, &story.terms, Language::En), "Thank you! Your payment has arrived.");
}

#[test]
fn a_question_says_what_the_answers_do() {
    let story = Story::told("completed T1 60.00 @1");
    let question = |language| ask(story.state().open_questions().next().unwrap(), language);
    assert_eq!(
        question(Language::En),
        "Payment T1 brought 60.00 EUR, but 100.00 EUR was due. If you accept, the order is settled with it. \
         If you reject, the order waits for the right amount, and you send back at the gateway what you do not \
         want to keep."
    );
    for language in Language::ALL {
        assert!(question(language).contains("60.00 EUR"));
    }
    let nameless = Story::told("completed T1 @1").state();
    let question = ask(nameless.open_questions().next().unwrap(), Language::En);
    assert!(question.starts_with("Payment T1 brought —, but 100.00 EUR was due."), "{question}");
}
