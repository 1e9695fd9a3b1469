//! XML as a small tree, for gateways that still send it.
//!
//! There are no document types and no entities but the five that XML itself has, so nothing can be expanded, included
//! or fetched; depth, elements and attributes have limits (T-G03). An element that must come once is asked for with
//! [`Xml::single`], which refuses a second one (T-B12). [`Xml::parse`] is for verifiers; content is read with
//! [`Xml::of`], from what has been proved.

use super::charset;
use super::verified::Verified;
use ipnd_core::Reason;
use ipnd_core::limits::{XML_ATTRIBUTES_MAX, XML_DEPTH_MAX, XML_ELEMENTS_MAX};
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;
use std::borrow::Cow;

/// How far into the text the declaration of its encoding may reach, in bytes.
const DECLARATION_BYTES_MAX: usize = 200;

/// An element.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Xml {
    /// Without the prefix of its namespace.
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Xml>,
    /// Its own text, without that of its children.
    text: String,
}

impl Xml {
    /// Reads any bytes: UTF-8, or the encoding that the text declares.
    ///
    /// # Errors
    /// `not_xml`, `too_deep`, `too_large`, `duplicate_field` for an attribute that comes twice.
    pub fn parse(bytes: &[u8]) -> Result<Self, Reason> {
        let text = decoded(bytes)?;
        let mut reader = Reader::from_str(&text);
        reader.config_mut().enable_all_checks(true);
        reader.config_mut().expand_empty_elements = true;
        Builder::default().read(&mut reader)
    }

    /// Reads what has been proved.
    ///
    /// # Errors
    /// As [`Xml::parse`].
    pub fn of(verified: Verified<'_>) -> Result<Self, Reason> {
        Self::parse(verified.body())
    }

    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The value of an attribute of this element.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Names and values.
    #[must_use]
    pub fn attributes(&self) -> &[(String, String)] {
        &self.attributes
    }

    #[must_use]
    pub fn children(&self) -> &[Xml] {
        &self.children
    }

    /// The first element at a path of names with dots between them, below this one: `subject.transaction.id`. The
    /// empty path is this element.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Xml> {
        steps(path).try_fold(self, |element, step| element.children.iter().find(|child| child.name == step))
    }

    /// All elements at a path: every one of the last name within the first ones of the names before it.
    pub fn list<'x>(&'x self, path: &'x str) -> impl Iterator<Item = &'x Xml> {
        let (parent, name) = path.rsplit_once('.').unwrap_or(("", path));
        let children = self.at(parent).map(Xml::children).unwrap_or_default();
        children.iter().filter(move |child| child.name == name)
    }

    /// The text of this element without the white space around it, unless it is empty.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|text| !text.is_empty())
    }

    /// The text of the first element at a path.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.at(path).and_then(Xml::as_text)
    }

    /// The first of these paths that has a text.
    #[must_use]
    pub fn first(&self, paths: &[&str]) -> Option<String> {
        paths.iter().find_map(|path| self.text(path)).map(str::to_owned)
    }

    /// The text at a path on which each name comes once. Whoever signed, and whoever reads, might look at different
    /// ones otherwise.
    ///
    /// # Errors
    /// `duplicate_field`.
    pub fn single(&self, path: &str) -> Result<Option<&str>, Reason> {
        let mut element = self;
        for step in steps(path) {
            let mut own = element.children.iter().filter(|child| child.name == step);
            match (own.next(), own.next()) {
                (None, _) => return Ok(None),
                (Some(only), None) => element = only,
                (Some(_), Some(_)) => return Err(Reason::new("duplicate_field", path)),
            }
        }
        Ok(element.as_text())
    }
}

/// The text of any XML, for people to look at. Nothing may be decided by it: the bytes may be anybody's.
///
/// # Errors
/// As [`Xml::parse`].
pub fn readable(bytes: &[u8]) -> Result<String, Reason> {
    Xml::parse(bytes)?;
    decoded(bytes).map(Cow::into_owned)
}

fn steps(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').filter(|step| !step.is_empty())
}

fn malformed(why: impl ToString) -> Reason {
    Reason::new("not_xml", why.to_string())
}

/// The text, in the encoding of a byte order mark or of the declaration, else UTF-8.
fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, Reason> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match declared_encoding(bytes) {
        Some(label) if !label.eq_ignore_ascii_case(b"utf-8") => {
            let decoded = charset::decoded(charset::by_label(label), bytes);
            if decoded.damaged { Err(malformed("damaged text")) } else { Ok(Cow::Owned(decoded.text)) }
        }
        _ => std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|_| malformed("not UTF-8")),
    }
}

/// `<?xml version="1.0" encoding="ISO-8859-1"?>`: every encoding that counts here writes this line as ASCII does.
fn declared_encoding(bytes: &[u8]) -> Option<&[u8]> {
    let head = bytes.strip_prefix(b"<?xml")?;
    let head = &head[..head.len().min(DECLARATION_BYTES_MAX)];
    let end = head.windows(2).position(|two| two == b"?>")?;
    let at = head[..end].windows(8).position(|word| word == b"encoding")?;
    let value = head[at + 8..end].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
    let (quote, value) = value.split_first()?;
    let length = value.iter().position(|byte| byte == quote)?;
    matches!(quote, b'"' | b'\'').then(|| &value[..length])
}

#[derive(Default)]
struct Builder {
    /// The elements that are open, the outermost first.
    open: Vec<Xml>,
    root: Option<Xml>,
    elements: usize,
}

impl Builder {
    fn read(mut self, reader: &mut Reader<&[u8]>) -> Result<Xml, Reason> {
        loop {
            match reader.read_event().map_err(malformed)? {
                Event::Start(start) => self.start(&start)?,
                Event::End(_) => self.end()?,
                Event::Text(text) => self.text(&text.xml10_content())?,
                Event::CData(text) => self.text(&text.xml10_content())?,
                Event::GeneralRef(reference) => self.reference(&reference)?,
                Event::DocType(_) => return Err(malformed("it declares a document type")),
                Event::Eof => break,
                Event::Decl(_) | Event::Comment(_) | Event::PI(_) | Event::Empty(_) => {}
            }
        }
        if !self.open.is_empty() {
            return Err(malformed("it ends too early"));
        }
        self.root.ok_or_else(|| malformed("it has no element"))
    }

    fn start(&mut self, start: &BytesStart<'_>) -> Result<(), Reason> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(malformed("it goes on after its end"));
        }
        if self.open.len() >= XML_DEPTH_MAX {
            return Err(Reason::new("too_deep", XML_DEPTH_MAX.to_string()));
        }
        self.elements += 1;
        if self.elements > XML_ELEMENTS_MAX {
            return Err(Reason::new("too_large", "elements"));
        }
        let name = start.local_name().into_inner().to_owned();
        self.open.push(Xml { name, attributes: attributes(start)?, ..Xml::default() });
        Ok(())
    }

    fn end(&mut self) -> Result<(), Reason> {
        let element = self.open.pop().ok_or_else(|| malformed("an end without a beginning"))?;
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.root = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Reason> {
        match self.open.last_mut() {
            Some(element) => element.text.push_str(&printable(text)),
            None if text.trim().is_empty() => {}
            None => return Err(malformed("text outside")),
        }
        Ok(())
    }

    /// `&amp;` and `&#38;`. Every other entity would have to be declared somewhere.
    fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), Reason> {
        if let Some(c) = reference.resolve_char_ref().map_err(malformed)? {
            return self.text(c.encode_utf8(&mut [0; 4]));
        }
        let name = reference.xml10_content();
        let text = resolve_predefined_entity(&name).ok_or_else(|| malformed("an entity of its own"))?;
        self.text(text)
    }
}

fn attributes(start: &BytesStart<'_>) -> Result<Vec<(String, String)>, Reason> {
    let mut all: Vec<(String, String)> = Vec::new();
    // The library's own check for repeated names compares each with each before anybody could count them.
    for attribute in start.attributes().with_checks(false) {
        let attribute = attribute.map_err(malformed)?;
        if all.len() >= XML_ATTRIBUTES_MAX {
            return Err(Reason::new("too_large", "attributes"));
        }
        let name = attribute.key.local_name().into_inner().to_owned();
        let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(malformed)?;
        if attribute.key.prefix().is_none() && all.iter().any(|(own, _)| *own == name) {
            return Err(Reason::new("duplicate_field", name));
        }
        all.push((name, printable(&value).into_owned()));
    }
    Ok(all)
}

/// Databases cannot hold U+0000 in text (T-B13).
fn printable(text: &str) -> Cow<'_, str> {
    if text.contains('\0') { Cow::Owned(text.replace('\0', "\u{fffd}")) } else { Cow::Borrowed(text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fmt::Write as _;

    fn parse(text: &str) -> Xml {
        Xml::parse(text.as_bytes()).unwrap()
    }

    fn code(text: &str) -> String {
        Xml::parse(text.as_bytes()).map(|xml| format!("{xml:?}")).unwrap_err().code
    }

    #[test]
    fn paths_lead_to_text() {
        let xml = parse(
            "<?xml version=\"1.0\"?>\n<!-- x --><n:notification xmlns:n=\"u\" kind='a&amp;b'>\n <subject>\
             <transaction><id> 17 </id><amount>19.<!-- no -->95</amount></transaction>\
             <item><sku>A</sku></item><item><sku><![CDATA[B & <C>]]></sku></item><empty/></subject>\
             <who>O&apos;Neil &#38; J&#xF6;rg &lt;&gt;&quot;</who></n:notification>\n",
        );
        assert_eq!((xml.name(), xml.attribute("kind")), ("notification", Some("a&b")));
        assert_eq!(xml.text("subject.transaction.id"), Some("17"));
        assert_eq!(xml.text("subject.transaction.amount"), Some("19.95"));
        assert_eq!(xml.text("who"), Some("O'Neil & Jörg <>\""));
        let skus: Vec<_> = xml.list("subject.item").filter_map(|item| item.text("sku")).collect();
        assert_eq!(skus, ["A", "B & <C>"]);
        assert_eq!(xml.first(&["subject.none", "subject.empty", "subject.item.sku"]).as_deref(), Some("A"));
        assert_eq!(xml.text("subject.empty"), None);
        assert!(xml.at("subject.empty").is_some() && xml.at("subject.empty.x").is_none());
        assert_eq!(xml.at("").unwrap().name(), "notification");
    }

    #[test]
    fn t_b12_duplicate_or_smuggled_form_fields_in_xml() {
        let xml = parse("<a><b><c>1</c></b><d>1</d><d>2</d><e><f>1</f></e><e><f>2</f></e></a>");
        assert_eq!(xml.single("b.c"), Ok(Some("1")));
        assert_eq!(xml.single("b.x"), Ok(None));
        for path in ["d", "e.f", "e"] {
            assert_eq!(xml.single(path).unwrap_err().code, "duplicate_field", "{path}");
        }
        assert_eq!(code("<a b='1' b='2'/>"), "duplicate_field");
        for smuggled in
            ["<a/><a/>", "<a/>x", "x<a/>", "<a></b>", "<a><b></a></b>", "<a>", "</a>", "<a/></a>", "a=1", ""]
        {
            assert_eq!(code(smuggled), "not_xml", "{smuggled}");
        }
    }

    #[test]
    fn t_g03_many_fields_and_deep_nesting_have_limits_in_xml() {
        let nested = |depth: usize| format!("{}x{}", "<a>".repeat(depth), "</a>".repeat(depth));
        assert!(Xml::parse(nested(XML_DEPTH_MAX).as_bytes()).is_ok());
        assert_eq!(code(&nested(XML_DEPTH_MAX + 1)), "too_deep");
        assert_eq!(code(&"<a>".repeat(100_000)), "too_deep");
        assert!(Xml::parse(format!("<r>{}</r>", "<a/>".repeat(XML_ELEMENTS_MAX - 1)).as_bytes()).is_ok());
        assert_eq!(code(&format!("<r>{}</r>", "<a/>".repeat(XML_ELEMENTS_MAX))), "too_large");
        let with_attributes = |count: usize| {
            let attributes = (0..count).fold(String::new(), |mut text, number| {
                let _ = write!(text, " a{number}='1'");
                text
            });
            format!("<a{attributes}/>")
        };
        assert!(Xml::parse(with_attributes(XML_ATTRIBUTES_MAX).as_bytes()).is_ok());
        assert_eq!(code(&with_attributes(XML_ATTRIBUTES_MAX + 1)), "too_large");
        assert_eq!(code(&with_attributes(100_000)), "too_large");
    }

    #[test]
    fn t_b15_xml_entities() {
        // A billion laughs, a document from elsewhere, a file of ours.
        let laughs = "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 \"&lol;&lol;&lol;\">\
             <!ENTITY lol3 \"&lol2;&lol2;&lol2;\">]><lolz>&lol3;</lolz>";
        let outside = "<!DOCTYPE a SYSTEM \"https://evil.tld/x.dtd\"><a/>";
        let file = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>";
        for text in [laughs, outside, file, "<a>&lol3;</a>", "<a b='&x;'/>", "<a>&;</a>", "<a>&x</a>"] {
            assert_eq!(code(text), "not_xml", "{text}");
        }
    }

    #[test]
    fn t_b13_text_encoding_in_xml() {
        let read = |bytes: &[u8]| Xml::parse(bytes).map(|xml| xml.as_text().unwrap_or_default().to_owned());
        assert_eq!(read("<a>Jörg</a>".as_bytes()), Ok("Jörg".into()));
        assert_eq!(read("\u{feff}<a>Jörg</a>".as_bytes()), Ok("Jörg".into()));
        let latin = b"<?xml version='1.0' encoding = \"ISO-8859-1\" ?><a>J\xf6rg</a>";
        assert_eq!(read(latin), Ok("Jörg".into()));
        assert_eq!(read("<?xml version='1.0' encoding='UTF-8'?><a>ö</a>".as_bytes()), Ok("ö".into()));
        for bytes in [
            &b"<a>\xff</a>"[..],
            b"<a>\xc0\xaf</a>",
            b"<a>\xed\xa0\x80</a>",
            b"\xff\xfe<\0a\0/\0>\0",
            b"<?xml version='1.0' encoding='utf-8'?><a>\xf6</a>",
            b"<a>&#xD800;</a>",
            b"<a>&#x110000;</a>",
            b"<a>&#0;</a>",
        ] {
            assert_eq!(read(bytes).map_err(|reason| reason.code), Err("not_xml".into()), "{bytes:?}");
        }
        assert_eq!(read(b"<a>x\0y</a>"), Ok("x\u{fffd}y".into()));
    }

    #[test]
    fn nothing_makes_it_panic() {
        let text = "<?xml version='1.0'?><n:a b='1&amp;2'><!-- c --><![CDATA[d]]>&#38;<e/>f</n:a>";
        for at in 0..text.len() {
            let _ = Xml::parse(&text.as_bytes()[..at]);
            for byte in 0..=255 {
                let mut bent = text.as_bytes().to_vec();
                bent[at] = byte;
                let _ = Xml::parse(&bent);
            }
        }
    }
}
