//! The templates that come with ipnd: one file for each kind of mail and language.

use ipnd_core::{Language, MailKind};
use ipnd_store::TemplateText;

macro_rules! files {
    ($($kind:ident $word:literal;)+) => {
        fn file(kind: MailKind, language: Language) -> &'static str {
            match (kind, language) {$(
                (MailKind::$kind, Language::En) => include_str!(concat!("../../templates/mail/", $word, ".en.txt")),
                (MailKind::$kind, Language::De) => include_str!(concat!("../../templates/mail/", $word, ".de.txt")),
                (MailKind::$kind, Language::Es) => include_str!(concat!("../../templates/mail/", $word, ".es.txt")),
                (MailKind::$kind, Language::Uk) => include_str!(concat!("../../templates/mail/", $word, ".uk.txt")),
            )+}
        }
    };
}

files! {
    CustomerPaid "customer.paid";
    CustomerPending "customer.pending";
    CustomerFailed "customer.failed";
    CustomerRefunded "customer.refunded";
    CustomerMessage "customer.message";
    OwnerPaid "owner.paid";
    OwnerPending "owner.pending";
    OwnerFailed "owner.failed";
    OwnerRefunded "owner.refunded";
    OwnerReversed "owner.reversed";
    OwnerDisputed "owner.disputed";
    OwnerReview "owner.review";
    OwnerEndpoint "owner.endpoint";
    OwnerStandstill "owner.standstill";
}

/// The template that is used where the owner has none of their own.
#[must_use]
pub fn builtin(kind: MailKind, language: Language) -> TemplateText {
    parse(file(kind, language)).expect("a test reads every built-in template")
}

/// Reads the one form that template files have: a subject line, then the two bodies under their headings.
fn parse(file: &str) -> Option<TemplateText> {
    let (head, rest) = file.split_once("\n--- text\n")?;
    let (text, html) = rest.split_once("--- html\n")?;
    Some(TemplateText {
        subject: head.strip_prefix("Subject: ")?.trim().to_owned(),
        text: text.to_owned(),
        html: html.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_template_is_one_that_an_owner_could_save() {
        for kind in MailKind::ALL {
            for language in Language::ALL {
                let template = builtin(*kind, language);
                assert_eq!(crate::templates::check(*kind, &template), Ok(()), "{kind:?} {language:?}");
            }
        }
    }
}
