//! What the HTML of a template may contain: text and its dressing, and links that lead where they seem to.

use super::{Part, TemplateProblem};

/// Stands in for every value that is not a link of ours, so that a link made of one is seen.
pub(super) const PROBE: &str = "javascript:probe";

/// Elements that have no place in a mail: they run, load, submit or re-direct something.
const ELEMENTS: [&str; 12] = [
    "script", "iframe", "object", "embed", "form", "input", "button", "link", "meta", "base", "svg", "style",
];

/// Refuses elements that do something, handlers, and links that are neither ours nor fixed http, https or mailto.
pub(super) fn check(html: &str) -> Result<(), TemplateProblem> {
    let mut at = 0;
    while let Some(start) = html[at..].find('<').map(|offset| at + offset) {
        let line = html[..start].matches('\n').count() + 1;
        let rest = &html[start + 1..];
        let name: String =
            rest.trim_start_matches('/').chars().take_while(char::is_ascii_alphanumeric).collect();
        let problem = |text: String| TemplateProblem::new(Part::Html, line, text);
        if ELEMENTS.iter().any(|element| element.eq_ignore_ascii_case(&name)) {
            return Err(problem(format!("the element “{name}” has no place in a mail")));
        }
        let (attributes, length) = attributes(&rest[name.len().min(rest.len())..]);
        for (attribute, value) in attributes {
            attribute_is_fine(&attribute, &value).map_err(problem)?;
        }
        at = (start + 1 + name.len() + length).min(html.len());
    }
    Ok(())
}

fn attribute_is_fine(attribute: &str, value: &str) -> Result<(), String> {
    if attribute.starts_with("on") {
        return Err(format!("the handler “{attribute}” has no place in a mail"));
    }
    let value = value.trim().to_ascii_lowercase();
    let leads_somewhere =
        ["href", "src", "action", "background", "srcset", "xlink:href"].contains(&attribute);
    let is_fine =
        ["https://", "http://", "mailto:", "#", "cid:"].iter().any(|start| value.starts_with(start))
            && !value.contains(PROBE);
    if leads_somewhere && !is_fine {
        return Err(
            "a link leads to order.page_url, order.owner_url, reviews_url, deliveries_url, standstill.page_url or a fixed http, https or mailto address"
                .into(),
        );
    }
    Ok(())
}

/// The attributes of a tag, names in lower case, and where the tag ends.
fn attributes(tag: &str) -> (Vec<(String, String)>, usize) {
    let mut found = Vec::new();
    let bytes = tag.as_bytes();
    let mut at = 0;
    while at < bytes.len() && bytes[at] != b'>' {
        if !bytes[at].is_ascii_alphabetic() {
            at += 1;
            continue;
        }
        let name_end =
            tag[at..].find(['=', '>', ' ', '\n', '\t', '\r', '/']).map_or(tag.len(), |end| at + end);
        let name = tag[at..name_end].to_ascii_lowercase();
        at = name_end;
        let after = tag[at..].trim_start();
        if let Some(value) = after.strip_prefix('=') {
            let value = value.trim_start();
            let start = tag.len() - value.len();
            let (value, end) = quoted(value);
            found.push((name, value));
            at = start + end;
        } else {
            found.push((name, String::new()));
        }
    }
    (found, at)
}

/// A value, with or without quotes, and the length it takes.
fn quoted(text: &str) -> (String, usize) {
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) => {
            let end = text[1..].find(quote).unwrap_or(text.len() - 1);
            (text[1..=end].to_owned(), (end + 2).min(text.len()))
        }
        _ => {
            let end = text.find([' ', '>', '\n', '\t', '\r']).unwrap_or(text.len());
            (text[..end].to_owned(), end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_e08_only_links_that_lead_where_they_seem_to() {
        for html in [
            "<a href=\"javascript:x\">",
            "<A HREF = 'JavaScript:x'>",
            "<a href=javascript:x>",
            "<img src=x>",
            "<a href=\"https://example.com/javascript:probe\">",
            "<img onerror=x>",
            "<p onclick=\"x\">",
            "<script>",
            "</script>",
            "<IFRAME>",
            "<form action=x>",
            "<svg/onload=x>",
            "<a\nhref='data:x'>",
            "<style>",
            "<a title='a>b' href=vbscript:x>",
            "<a href>",
        ] {
            assert!(check(html).is_err(), "{html}");
        }
        for html in [
            "<p>Hello</p>",
            "<a href=\"https://example.com/\">x</a>",
            "1 < 2",
            "<",
            "<a href='mailto:a@example.com'>",
            "<p style=\"color:red\">x</p><br/>",
            "<table width=100%><tr><td>x</td></tr></table>",
            "ї<b>є</b>",
        ] {
            assert_eq!(check(html), Ok(()), "{html}");
        }
    }
}
