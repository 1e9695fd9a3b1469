//! The one layout of all HTML mails: the shop's name, what the template says, the order, the small print.
//!
//! Mail programs know little CSS: everything that matters is written on the elements themselves, in tables. The
//! style sheet only adds the dark colours, for programs that ask for them. Nothing is loaded from anywhere.

use super::WORDS;
use super::engine::escape;
use super::words::{MailWords, OrderWords};
use ipnd_core::{Language, MailKind};
use std::fmt::Write as _;

const FONT: &str = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

const DARK: &str = "\
:root{color-scheme:light dark;supported-color-schemes:light dark}\
@media (prefers-color-scheme:dark){\
.page{background:#14171c!important}.card,.box{background:#1e232b!important;border-color:#333b47!important}\
.ink{color:#e8ebf0!important}.soft{color:#a4adba!important}.rule{border-color:#333b47!important}\
.ink a{color:#8ab4ff!important}}";

/// What stands under every mail.
pub(super) fn footer(kind: MailKind, language: Language, words: &MailWords) -> String {
    let key = match (kind.is_for_customer(), words.customer.email.is_empty()) {
        (true, _) => "footer.customer",
        (false, true) => "footer.owner",
        (false, false) => "footer.owner_reply",
    };
    WORDS.say(language, key, &[("shop", &words.shop.name)])
}

/// The whole document around `inner`, which is HTML already. Everything else is text.
pub(super) fn page(language: Language, title: &str, inner: &str, footer: &str, words: &MailWords) -> String {
    let code = language.code();
    let (title, shop, footer) = (escape(title.trim()), escape(&words.shop.name), escape(footer));
    let (inner, order) =
        (dressed(inner.trim()), words.order.as_ref().map(|order| order_box(language, order)));
    let order = order.unwrap_or_default();
    format!(
        "<!DOCTYPE html>\n\
<html lang=\"{code}\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
<meta name=\"color-scheme\" content=\"light dark\"><title>{title}</title>\
<style>{DARK}</style></head>\n\
<body class=\"page\" style=\"margin:0;padding:0;background:#f3f5f8\">\n\
<table role=\"presentation\" class=\"page\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" \
style=\"background:#f3f5f8\"><tr><td align=\"center\" style=\"padding:24px 12px\">\n\
<table role=\"presentation\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" style=\"max-width:600px\">\n\
<tr><td class=\"ink\" style=\"padding:0 4px 14px;{FONT};font-size:18px;font-weight:600;color:#1c2430\">{shop}</td></tr>\n\
<tr><td class=\"card ink\" style=\"padding:24px;background:#ffffff;border:1px solid #e1e6ed;border-radius:10px;\
{FONT};font-size:16px;line-height:1.55;color:#1c2430\">\n{inner}\n{order}</td></tr>\n\
<tr><td class=\"soft\" style=\"padding:14px 4px 0;{FONT};font-size:13px;line-height:1.5;color:#667085\">{footer}</td></tr>\n\
</table>\n</td></tr></table>\n</body></html>\n"
    )
}

/// Gives bare paragraphs and links their look. Values are escaped, so these can only be the template's own.
fn dressed(inner: &str) -> String {
    inner
        .replace("<p>", "<p style=\"margin:0 0 14px\">")
        .replace("<a href=", "<a style=\"color:#1f5fd6;text-decoration:underline\" href=")
}

fn order_box(language: Language, order: &OrderWords) -> String {
    let heading = WORDS.say(language, "box.order", &[("reference", &order.reference)]);
    let mut rows = String::new();
    for item in &order.items {
        let (name, total) = (escape(&item.name), escape(&item.total));
        let quantity = item.quantity;
        writeln!(
            rows,
            "<tr><td style=\"padding:4px 0\">{quantity} × {name}</td>\
<td align=\"right\" style=\"padding:4px 0 4px 16px;white-space:nowrap\">{total}</td></tr>"
        )
        .expect("writing to a string cannot fail");
    }
    let (heading, label) = (escape(&heading), escape(&WORDS.say(language, "box.total", &[])));
    let total = escape(&order.total);
    format!(
        "<table role=\"presentation\" class=\"box ink\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" \
style=\"margin-top:20px;background:#f8fafc;border:1px solid #e1e6ed;border-radius:8px\"><tr><td style=\"padding:14px 16px\">\n\
<table role=\"presentation\" class=\"ink\" width=\"100%\" cellpadding=\"0\" cellspacing=\"0\" \
style=\"{FONT};font-size:14px;line-height:1.45;color:#1c2430\">\n\
<tr><td colspan=\"2\" style=\"padding-bottom:6px;font-weight:600\">{heading}</td></tr>\n{rows}\
<tr><td class=\"rule\" style=\"padding-top:8px;border-top:1px solid #e1e6ed;font-weight:600\">{label}</td>\
<td class=\"rule\" align=\"right\" style=\"padding:8px 0 0 16px;border-top:1px solid #e1e6ed;font-weight:600;\
white-space:nowrap\">{total}</td></tr>\n</table>\n</td></tr></table>\n"
    )
}
