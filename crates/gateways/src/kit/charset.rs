//! Text in whatever charset the sender names.
//!
//! Labels are those of the WHATWG encoding standard, which says what senders mean rather than what they write:
//! `gb2312` is GBK, `iso-8859-1` is windows-1252, `KOI8_R` is KOI8-R. No label, or one that nobody knows, means
//! windows-1252, in which every byte is some character, so nothing is lost.

use encoding_rs::{Encoding, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// What stands for a byte, or a NUL, that is no text (T-B13).
const REPLACEMENT: &str = "\u{fffd}";

/// Bytes as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    pub text: String,
    /// Whether something had to be replaced by U+FFFD.
    pub damaged: bool,
}

/// The encoding of a label. The two-byte encodings cannot carry a percent-encoded form, whatever the label says.
#[must_use]
pub fn by_label(label: &[u8]) -> &'static Encoding {
    Encoding::for_label_no_replacement(label)
        .filter(|encoding| *encoding != UTF_16LE && *encoding != UTF_16BE)
        .unwrap_or(WINDOWS_1252)
}

/// Decodes bytes. A byte order mark of the encoding's own is dropped. U+0000 is replaced, because databases cannot
/// hold it in text.
#[must_use]
pub fn decoded(encoding: &'static Encoding, bytes: &[u8]) -> Decoded {
    let (text, malformed) = encoding.decode_with_bom_removal(bytes);
    let has_nul = text.contains('\0');
    let text = if has_nul { text.replace('\0', REPLACEMENT) } else { text.into_owned() };
    Decoded { text, damaged: malformed || has_nul }
}

/// Text in the first of windows-1252 and UTF-8 that has all its characters; the label as PayPal writes it.
#[must_use]
pub fn label_for(text: &str) -> &'static str {
    let (_, _, unmappable) = WINDOWS_1252.encode(text);
    if unmappable { "UTF-8" } else { "windows-1252" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(label: &str, bytes: &[u8], text: &str) {
        assert_eq!(decoded(by_label(label.as_bytes()), bytes), Decoded { text: text.into(), damaged: false });
    }

    #[test]
    fn labels_mean_what_senders_mean() {
        check("windows-1252", b"J\xf6rg \x80", "Jörg €");
        check("", b"J\xf6rg", "Jörg");
        check("x-nobody-knows", b"J\xf6rg", "Jörg");
        check("ISO-8859-1", b"\x80", "€");
        check("UTF-8", "Jörg €".as_bytes(), "Jörg €");
        check("KOI8_R", b"\xfe\xc1\xca", "Чай");
        check("koi8-u", b"\xf7\xa6\xc4\xc5\xcf", "Відео");
        check("gb2312", b"\xb9\xba\xc2\xf2", "购买");
        check("Shift_JIS", b"\x93\xfa\x96\x7b", "日本");
        check("ISO-2022-JP", b"\x1b$B4A\x1b(B", "漢");
        check(" utf-8 ", "ä".as_bytes(), "ä");
    }

    #[test]
    fn t_b13_text_encoding() {
        let damaged = |label: &str, bytes: &[u8], text: &str| {
            assert_eq!(
                decoded(by_label(label.as_bytes()), bytes),
                Decoded { text: text.into(), damaged: true },
                "{label}"
            );
        };
        damaged("windows-1252", b"a\0b", "a\u{fffd}b");
        damaged("UTF-8", b"a\0b", "a\u{fffd}b");
        damaged("UTF-8", b"a\xffb", "a\u{fffd}b");
        damaged("UTF-8", b"\xc0\xaf", "\u{fffd}\u{fffd}"); // an overlong slash
        damaged("UTF-8", b"\xed\xa0\x80", "\u{fffd}\u{fffd}\u{fffd}"); // a lone surrogate
        damaged("gb2312", b"\xb9", "\u{fffd}");
        check("UTF-8", b"\xef\xbb\xbfabc", "abc");
        check("utf-16", b"19.95", "19.95");
        check("iso-2022-kr", b"19.95", "19.95");
    }

    #[test]
    fn text_goes_out_in_windows_1252_where_that_has_the_letters() {
        assert_eq!(label_for("Jörg €"), "windows-1252");
        assert_eq!(label_for("Чай"), "UTF-8");
    }
}
