//! Lays out JSON and XML for people: one member or element a line. Only white space is added or taken away between
//! tokens, so that numbers, strings and repeated names stay exactly as they were sent.

use ipnd_gateways::kit::xml;
use serde::de::IgnoredAny;

/// Deepest level that is still moved to the right. Beyond it, lines would be nothing but white space.
const INDENTED_LEVELS_MAX: usize = 24;

/// A whole document in JSON or XML, laid out, up to about `bytes_max`; `None` when it is neither.
pub(super) fn document(bytes: &[u8], bytes_max: usize) -> Option<Laid> {
    let start = bytes.trim_ascii_start().strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii_start();
    match start.first()? {
        b'{' | b'[' => json(std::str::from_utf8(start).ok()?, bytes_max),
        b'<' => Some(lay_out_xml(&xml::readable(bytes).ok()?, bytes_max)),
        _ => None,
    }
}

/// The text, and whether it ends before the document does.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Laid {
    pub(super) text: String,
    pub(super) is_cut: bool,
}

/// Writes lines until there is no more room.
struct Writer {
    text: String,
    level: usize,
    bytes_max: usize,
}

impl Writer {
    fn new(bytes_max: usize) -> Self {
        Self { text: String::new(), level: 0, bytes_max }
    }

    fn line(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        for _ in 0..self.level.min(INDENTED_LEVELS_MAX) {
            self.text.push_str("  ");
        }
    }

    fn is_full(&self) -> bool {
        self.text.len() > self.bytes_max
    }

    fn done(self, is_cut: bool) -> Laid {
        Laid { text: self.text, is_cut }
    }
}

fn json(text: &str, bytes_max: usize) -> Option<Laid> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    Some(lay_out_json(text, bytes_max))
}

/// `text` is JSON, which has been checked.
fn lay_out_json(text: &str, bytes_max: usize) -> Laid {
    let mut out = Writer::new(bytes_max);
    let (mut is_string, mut is_escaped) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if out.is_full() {
            return out.done(true);
        }
        if is_string {
            out.text.push(c);
            is_string = is_escaped || c != '"';
            is_escaped = !is_escaped && c == '\\';
            continue;
        }
        match c {
            '{' | '[' => {
                out.text.push(c);
                while chars.next_if(|c| c.is_ascii_whitespace()).is_some() {}
                match chars.next_if(|c| matches!(c, '}' | ']')) {
                    Some(end) => out.text.push(end),
                    None => {
                        out.level += 1;
                        out.line();
                    }
                }
            }
            '}' | ']' => {
                out.level = out.level.saturating_sub(1);
                out.line();
                out.text.push(c);
            }
            ',' => {
                out.text.push(c);
                out.line();
            }
            ':' => out.text.push_str(": "),
            c if c.is_ascii_whitespace() => {}
            c => {
                is_string = c == '"';
                out.text.push(c);
            }
        }
    }
    out.done(false)
}

/// What the last piece was: text and an end follow their beginning on the same line.
#[derive(PartialEq)]
enum Last {
    Start,
    Text,
    Other,
}

/// `text` is XML, which has been checked.
fn lay_out_xml(text: &str, bytes_max: usize) -> Laid {
    let mut out = Writer::new(bytes_max);
    let mut last = Last::Other;
    let mut rest = text.trim();
    while !rest.is_empty() {
        if out.is_full() {
            return out.done(true);
        }
        let (piece, after) = rest.split_at(piece_len(rest));
        rest = after;
        let is_markup = piece.starts_with('<') && !piece.starts_with("<![CDATA[");
        if !is_markup {
            if !piece.trim().is_empty() {
                if last == Last::Other {
                    out.line();
                }
                out.text.push_str(piece);
                last = if last == Last::Other { Last::Other } else { Last::Text };
            }
        } else if piece.starts_with("</") {
            out.level = out.level.saturating_sub(1);
            if last == Last::Other {
                out.line();
            }
            out.text.push_str(piece);
            last = Last::Other;
        } else {
            out.line();
            out.text.push_str(piece);
            let is_start = !(piece.ends_with("/>") || piece.starts_with("<?") || piece.starts_with("<!"));
            out.level += usize::from(is_start);
            last = if is_start { Last::Start } else { Last::Other };
        }
    }
    out.done(false)
}

/// The length of the piece at the beginning: one tag, comment or instruction, or the text up to the next one.
fn piece_len(text: &str) -> usize {
    let behind = |end: &str| text.find(end).map_or(text.len(), |at| at + end.len());
    if !text.starts_with('<') {
        return text.find('<').unwrap_or(text.len());
    }
    for (start, end) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>")] {
        if text.starts_with(start) {
            return behind(end);
        }
    }
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match (quote, byte) {
            (None, b'"' | b'\'') => quote = Some(byte),
            (None, b'>') => return at + 1,
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn laid(text: &str) -> String {
        document(text.as_bytes(), 10_000).unwrap().text
    }

    #[test]
    fn json_keeps_numbers_repeated_names_and_escapes() {
        let text = r#" {"a":1.10,"a":1e400,"b":[ ],"c":{"d":[12345678901234567890,"x: {,}\"\\"]},"e":{}} "#;
        let expected = "{\n  \"a\": 1.10,\n  \"a\": 1e400,\n  \"b\": [],\n  \"c\": {\n    \"d\": [\n      \
                        12345678901234567890,\n      \"x: {,}\\\"\\\\\"\n    ]\n  },\n  \"e\": {}\n}";
        assert_eq!(laid(text), expected);
        assert_eq!(laid("\u{feff}[true]"), "[\n  true\n]");
    }

    #[test]
    fn xml_has_an_element_a_line_and_its_text_beside_it() {
        let text = "<?xml version=\"1.0\"?><o a='1 > 0'><n>7.10</n><e/><x><y>a &amp; b</y></x><z></z>\
                    <c><![CDATA[<b>]]></c><!-- no --></o>";
        let expected = "<?xml version=\"1.0\"?>\n<o a='1 > 0'>\n  <n>7.10</n>\n  <e/>\n  <x>\n    <y>a &amp; b</y>\n  \
                        </x>\n  <z></z>\n  <c><![CDATA[<b>]]></c>\n  <!-- no -->\n</o>";
        assert_eq!(laid(text), expected);
        assert_eq!(laid(expected), expected, "laying out again changes nothing");
    }

    #[test]
    fn what_is_neither_is_left_alone() {
        for text in ["", " ", "a=1", "{", "{\"a\":1}x", "<a>", "<a></b>", "{\"a\":01}", "\u{feff}"] {
            assert_eq!(document(text.as_bytes(), 100), None, "{text}");
        }
        assert_eq!(document(b"{\"a\":\"\xff\"}", 100), None);
    }

    #[test]
    fn t_g03_deep_nesting_is_cut_and_not_blown_up() {
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let laid = document(deep.as_bytes(), 1_000).unwrap();
        assert!(laid.is_cut && laid.text.len() < 1_200);
        let wide = format!("[{}1]", "1,".repeat(100_000));
        assert!(document(wide.as_bytes(), 1_000).unwrap().text.len() < 1_200);
    }
}
