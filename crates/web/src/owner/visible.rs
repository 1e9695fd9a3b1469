//! Makes every byte of somebody else's message visible: nothing may hide in a control character, and nothing may
//! turn the page's own text around (T-F07). Escaping for HTML is the template's business.

use std::fmt::Write as _;

/// How much of a body a page shows as text, in bytes. The whole of it can be downloaded.
pub(super) const TEXT_BYTES_MAX: usize = 64 * 1024;
/// How much of it is shown byte by byte, in bytes: sixteen times as long on the page.
pub(super) const HEX_BYTES_MAX: usize = 8 * 1024;

/// The bytes as text: what is printable stays, everything else is written out.
///
/// Control characters and bytes that are not UTF-8 become `\xNN`, invisible or direction-changing characters
/// become `\u{NNNN}`. Line feeds stay line feeds.
#[must_use]
pub(super) fn text(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        chunk.valid().chars().for_each(|c| push_visible(&mut out, c));
        for byte in chunk.invalid() {
            write!(out, "\\x{byte:02x}").expect("writing into a String does not fail");
        }
    }
    out
}

/// A text that was decoded already, made visible in the same way; without line feeds, for one line.
#[must_use]
pub(super) fn line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\n' { out.push('↵') } else { push_visible(&mut out, c) }
    }
    out
}

fn push_visible(out: &mut String, c: char) {
    match c {
        '\n' => out.push('\n'),
        '\u{0}'..='\u{1f}' | '\u{7f}' => {
            write!(out, "\\x{:02x}", u32::from(c)).expect("writing into a String does not fail");
        }
        _ if c.is_control() || is_hidden(c) => {
            write!(out, "\\u{{{:04x}}}", u32::from(c)).expect("writing into a String does not fail");
        }
        _ => out.push(c),
    }
}

/// Characters that show nothing or change the direction of what follows.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The classic dump: offset, sixteen bytes in hexadecimal, the same as ASCII.
#[must_use]
pub(super) fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 5);
    for (index, row) in bytes.chunks(16).enumerate() {
        write!(out, "{:08x} ", index * 16).expect("writing into a String does not fail");
        for column in 0..16 {
            let gap = if column == 8 { "  " } else { " " };
            let cell = row.get(column).map_or("  ".to_owned(), |byte| format!("{byte:02x}"));
            out.push_str(gap);
            out.push_str(&cell);
        }
        out.push_str("  ");
        out.extend(row.iter().map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '.' }));
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides() {
        assert_eq!(text(b"a\0b\x1b[31m\x7f\xff\xc3\xa9\r\nz"), "a\\x00b\\x1b[31m\\x7f\\xff\u{e9}\\x0d\nz");
        assert_eq!(
            text("safe\u{202e}txt.exe\u{200b}\u{85}".as_bytes()),
            "safe\\u{202e}txt.exe\\u{200b}\\u{0085}"
        );
        assert_eq!(line("one\ntwo\t"), "one↵two\\x09");
    }

    #[test]
    fn the_dump_lines_up() {
        let dump = hex(b"cmd=_notify-validate&x=\xff");
        let rows: Vec<&str> = dump.lines().collect();
        assert_eq!(rows[0], "00000000  63 6d 64 3d 5f 6e 6f 74  69 66 79 2d 76 61 6c 69  cmd=_notify-vali");
        assert!(rows[1].starts_with("00000010  64 61 74 65 26 78 3d ff "), "{}", rows[1]);
        assert!(rows[1].ends_with("  date&x=."), "{}", rows[1]);
        assert_eq!(hex(b""), "");
    }
}
