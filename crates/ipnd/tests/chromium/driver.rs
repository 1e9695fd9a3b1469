//! A headless Chromium behind a chromedriver of our own, and the few things the tests do with it.
//!
//! WebDriver is JSON over plain HTTP, and a dozen commands are enough here.

use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. Generous: machines that test are busy.
const PATIENCE: Duration = Duration::from_secs(30);

/// The name that WebDriver gives to a reference to an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

/// How the pages are looked at.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) is_dark: bool,
}

pub(crate) const DESK: Look = Look { width: 1280, height: 860, is_dark: false };

pub(crate) struct Window {
    driver: Child,
    port: u16,
    session: String,
}

/// An element of the page that is shown.
pub(crate) struct Element(String);

impl Window {
    pub(crate) fn open(look: Look) -> Self {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver can be started");
        let stdout = BufReader::new(driver.stdout.take().unwrap());
        let port = stdout.lines().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let mut window =
            Self { driver, port: port.expect("chromedriver says its port"), session: String::new() };
        let wanted = json!({ "capabilities": { "alwaysMatch": capabilities(look) } });
        let session = window.request("POST", "/session", &wanted).expect("Chromium can be started");
        window.session = session["sessionId"].as_str().unwrap().to_owned();
        window
    }

    pub(crate) fn goto(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    pub(crate) fn address(&self) -> String {
        self.get("/url").as_str().unwrap().to_owned()
    }

    /// Waits until a click has led to an address that holds `part`.
    pub(crate) fn arrive(&self, part: &str) {
        let deadline = Instant::now() + PATIENCE;
        while !self.address().contains(part) {
            assert!(Instant::now() < deadline, "{} is not {part}", self.address());
        }
    }

    pub(crate) fn all(&self, selector: &str) -> Vec<Element> {
        let found = self.post("/elements", &json!({ "using": "css selector", "value": selector }));
        let found = found.as_array().unwrap();
        found.iter().map(|element| Element(element[ELEMENT].as_str().unwrap().to_owned())).collect()
    }

    /// Waits until the page has such an element.
    pub(crate) fn find(&self, selector: &str) -> Element {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(element) = self.all(selector).into_iter().next() {
                return element;
            }
            if Instant::now() > deadline {
                let text = self.run("return document.body.innerText");
                panic!("{} never showed {selector}; {:?}; {text}", self.address(), self.console());
            }
        }
    }

    pub(crate) fn click(&self, selector: &str) {
        let element = self.find(selector);
        // In the middle of the window, so that nothing that sticks to an edge lies above it.
        let script = "arguments[0].scrollIntoView({block: 'center'})";
        self.post("/execute/sync", &json!({ "script": script, "args": [{ ELEMENT: element.0 }] }));
        self.post(&format!("/element/{}/click", element.0), &json!({}));
    }

    pub(crate) fn fill(&self, selector: &str, text: &str) {
        let element = self.find(selector);
        self.post(&format!("/element/{}/clear", element.0), &json!({}));
        self.post(&format!("/element/{}/value", element.0), &json!({ "text": text }));
    }

    pub(crate) fn text(&self, element: &Element) -> String {
        let text = self.get(&format!("/element/{}/text", element.0));
        text.as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn attribute(&self, element: &Element, name: &str) -> String {
        let value = self.get(&format!("/element/{}/attribute/{name}", element.0));
        value.as_str().unwrap_or_default().to_owned()
    }

    /// What a script in the page returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Opens a page again and again until an element of it holds all these texts.
    pub(crate) fn until_page_says(&self, url: &str, selector: &str, texts: &[&str]) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.goto(url);
            let shown: Vec<String> = self.all(selector).iter().map(|element| self.text(element)).collect();
            let shown = shown.join("\n");
            if texts.iter().all(|text| shown.contains(text)) {
                return;
            }
            assert!(Instant::now() < deadline, "{url} never showed {texts:?} in {selector}, but: {shown}");
        }
    }

    pub(crate) fn tab(&self) -> Value {
        self.get("/window")
    }

    pub(crate) fn new_tab(&self) -> Value {
        self.post("/window/new", &json!({ "type": "window" }))["handle"].clone()
    }

    pub(crate) fn switch_to(&self, tab: &Value) {
        self.post("/window", &json!({ "handle": tab }));
    }

    pub(crate) fn cookie(&self, name: &str) -> Value {
        self.get(&format!("/cookie/{name}"))
    }

    pub(crate) fn set_cookie(&self, cookie: &Value) {
        self.post("/cookie", &json!({ "cookie": cookie }));
    }

    /// The window as a PNG file in base64.
    pub(crate) fn picture(&self) -> String {
        self.get("/screenshot").as_str().unwrap().to_owned()
    }

    /// What the browser's console has said since the last call.
    pub(crate) fn console(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({ "type": "browser" }));
        let entries = entries.as_array().cloned().unwrap_or_default();
        entries.iter().map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    fn get(&self, command: &str) -> Value {
        let path = format!("/session/{}{command}", self.session);
        self.request("GET", &path, &Value::Null).unwrap_or_else(|error| panic!("{command}: {error}"))
    }

    fn post(&self, command: &str, body: &Value) -> Value {
        let path = format!("/session/{}{command}", self.session);
        self.request("POST", &path, body).unwrap_or_else(|error| panic!("{command} {body}: {error}"))
    }

    /// One WebDriver command; its value, or what chromedriver says is wrong.
    fn request(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let body = if method == "POST" { body.to_string() } else { String::new() };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).map_err(|error| error.to_string())?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all((head + &body).as_bytes()).map_err(|error| error.to_string())?;
        let mut answer: Value =
            serde_json::from_slice(&body_of(stream)?).map_err(|error| error.to_string())?;
        let value = answer["value"].take();
        match value["error"].as_str() {
            Some(error) => Err(format!("{error}: {}", value["message"].as_str().unwrap_or_default())),
            None => Ok(value),
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        // Ending the session ends Chromium; killing chromedriver alone would leave it behind.
        let _ = self.request("DELETE", &format!("/session/{}", self.session), &Value::Null);
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// The body of an answer. chromedriver keeps its connections open, so only the length tells where it ends.
fn body_of(stream: TcpStream) -> Result<Vec<u8>, String> {
    let mut reader = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).map_err(|error| error.to_string())?;
        let Some((name, value)) = line.split_once(':') else {
            if line.trim().is_empty() {
                break;
            }
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(|_| "chromedriver says no length")?;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).map_err(|error| error.to_string())?;
    Ok(body)
}

fn capabilities(look: Look) -> Value {
    let mut arguments = vec![
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-quic".to_owned(),
        "--no-first-run".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--hide-scrollbars".to_owned(),
        "--lang=en".to_owned(),
        format!("--window-size={},{}", look.width, look.height),
    ];
    if look.is_dark {
        arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
    }
    let mut options = json!({ "args": arguments });
    // Headless windows have a smallest width; a phone is told to the page instead.
    if look.width < 500 {
        options["mobileEmulation"] = json!({
            "deviceMetrics": { "width": look.width, "height": look.height, "pixelRatio": 2.0, "touch": true }
        });
    }
    json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } })
}
