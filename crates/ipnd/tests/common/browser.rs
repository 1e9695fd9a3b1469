//! A browser without scripts: cookies, forms, and nothing else.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

pub(crate) struct Browser {
    pub(crate) address: SocketAddr,
    cookies: BTreeMap<String, String>,
    pub(crate) bearer: Option<String>,
}

pub(crate) struct Page {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Page {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// Where a redirect leads, without the host.
    pub(crate) fn location(&self) -> String {
        let location = self.header("location").unwrap_or_else(|| panic!("{}: {}", self.status, self.body));
        path(location).to_owned()
    }

    /// Names and values of all hidden fields.
    pub(crate) fn hidden_fields(&self) -> Vec<(String, String)> {
        let inputs = self.body.split("<input ").skip(1).filter_map(|rest| rest.split_once('>'));
        inputs
            .filter(|(input, _)| input.contains("type=\"hidden\""))
            .filter_map(|(input, _)| Some((attribute(input, "name")?, attribute(input, "value")?)))
            .collect()
    }

    /// Where the first form that posts goes to.
    pub(crate) fn form_action(&self) -> String {
        let forms = self.body.split("<form ").skip(1).filter_map(|rest| rest.split_once('>'));
        let mut posting = forms.filter(|(form, _)| form.contains("post"));
        path(&posting.find_map(|(form, _)| attribute(form, "action")).expect("a form")).to_owned()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}: {}", self.status, self.body))
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!("{name}=\""))?;
    let (value, _) = rest.split_once('"')?;
    let escapes = [("&#38;", "&"), ("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'")];
    // The ampersand comes last, so that nothing is read twice.
    Some(escapes.iter().rev().fold(value.to_owned(), |text, (escape, plain)| text.replace(escape, plain)))
}

/// An address without its scheme and host.
pub(crate) fn path(address: &str) -> &str {
    match address.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |slash| &rest[slash..]),
        None => address,
    }
}

impl Browser {
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self { address, cookies: BTreeMap::new(), bearer: None }
    }

    pub(crate) fn get(&mut self, path: &str) -> Page {
        self.request("GET", path, "", "").unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    pub(crate) fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.try_post(path, fields).unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    /// For when the other side may be killed in between.
    pub(crate) fn try_post(&mut self, path: &str, fields: &[(&str, &str)]) -> io::Result<Page> {
        let form: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        self.request("POST", path, "application/x-www-form-urlencoded", &form.join("&"))
    }

    pub(crate) fn post_json(&mut self, path: &str, body: &serde_json::Value) -> Page {
        let posted = self.request("POST", path, "application/json", &body.to_string());
        posted.unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    fn request(&mut self, method: &str, path: &str, kind: &str, body: &str) -> io::Result<Page> {
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: test\r\nAccept-Language: en\r\n\
             Connection: close\r\n",
            self.address
        );
        if method == "POST" {
            head += &format!(
                "Origin: http://{}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n",
                self.address,
                body.len()
            );
        }
        if let Some(key) = &self.bearer {
            head += &format!("Authorization: Bearer {key}\r\n");
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            head += &format!("Cookie: {}\r\n", cookies.join("; "));
        }
        stream.write_all(format!("{head}\r\n{body}").as_bytes())?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let page = read(&answer).ok_or(io::ErrorKind::UnexpectedEof)?;
        self.keep_cookies(&page);
        Ok(page)
    }

    fn keep_cookies(&mut self, page: &Page) {
        for line in page.head.lines() {
            let Some((name, value)) = line.split_once(':') else { continue };
            if !name.eq_ignore_ascii_case("set-cookie") {
                continue;
            }
            if let Some((name, value)) = value.split(';').next().and_then(|pair| pair.trim().split_once('='))
            {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

/// `None` when the answer breaks off.
fn read(answer: &[u8]) -> Option<Page> {
    let text = String::from_utf8_lossy(answer);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let page =
        Page { status: head.split(' ').nth(1)?.parse().ok()?, head: head.to_owned(), body: body.to_owned() };
    let length: usize = page.header("content-length").unwrap_or("0").parse().ok()?;
    (body.len() >= length).then_some(page)
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}
