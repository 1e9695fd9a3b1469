//! A headless Chromium behind a chromedriver of our own, and the few things the tests do with it.

use fantoccini::elements::Element;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use url::Url;

/// How long anything may take before a test gives up. Generous: machines that test are busy.
const PATIENCE: Duration = Duration::from_secs(30);

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
    pub(crate) client: Client,
}

impl Window {
    pub(crate) async fn open(look: Look) -> Self {
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
            port.trim_end_matches('.').parse::<u16>().ok()
        });
        let address = format!("http://127.0.0.1:{}", port.expect("chromedriver says its port"));
        let mut builder = ClientBuilder::new(HttpConnector::new());
        builder.capabilities(capabilities(look));
        let client = builder.connect(&address).await.expect("Chromium can be started");
        Self { driver, client }
    }

    pub(crate) async fn close(mut self) {
        let _ = self.client.clone().close().await;
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }

    pub(crate) async fn goto(&self, url: &str) {
        self.client.goto(url).await.unwrap_or_else(|error| panic!("{url} cannot be opened: {error}"));
    }

    pub(crate) async fn find(&self, selector: &str) -> Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(selector)).await;
        match found {
            Ok(element) => element,
            Err(error) => {
                let page = self.client.current_url().await.map(|url| url.to_string());
                let text = self.client.execute("return document.body.innerText", Vec::new()).await;
                let console = console(self).await;
                panic!("{page:?} never showed {selector}: {error}\nconsole: {console:?}\ntext: {text:?}")
            }
        }
    }

    pub(crate) async fn all(&self, selector: &str) -> Vec<Element> {
        self.client.find_all(Locator::Css(selector)).await.unwrap()
    }

    pub(crate) async fn click(&self, selector: &str) {
        let element = self.find(selector).await;
        // In the middle of the window, so that nothing that sticks to an edge lies above it.
        let into_view = "arguments[0].scrollIntoView({block: 'center'})";
        let arguments = vec![serde_json::to_value(&element).unwrap()];
        self.client.execute(into_view, arguments).await.unwrap();
        element.click().await.unwrap_or_else(|error| panic!("{selector} cannot be clicked: {error}"));
    }

    pub(crate) async fn fill(&self, selector: &str, text: &str) {
        let field = self.find(selector).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    pub(crate) async fn text(&self, selector: &str) -> String {
        self.find(selector).await.text().await.unwrap()
    }

    /// Opens a page again and again until an element of it holds all these texts.
    pub(crate) async fn until_page_says(&self, url: &str, selector: &str, texts: &[&str]) {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            self.goto(url).await;
            let mut shown = String::new();
            for element in self.all(selector).await {
                shown.push_str(&element.text().await.unwrap_or_default());
                shown.push('\n');
            }
            if texts.iter().all(|text| shown.contains(text)) {
                return;
            }
            let in_time = tokio::time::Instant::now() < deadline;
            assert!(in_time, "{url} never showed {texts:?} in {selector}, but: {shown}");
        }
    }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

/// chromedriver's own command for reading the browser's console.
#[derive(Debug)]
struct ReadConsole;

impl WebDriverCompatibleCommand for ReadConsole {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, url::ParseError> {
        base.join(&format!("session/{}/se/log", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(json!({ "type": "browser" }).to_string()))
    }
}

/// What the browser's console has said since the last call.
pub(crate) async fn console(window: &Window) -> Vec<String> {
    let entries = window.client.issue_cmd(ReadConsole).await.expect("chromedriver gives the console");
    let entries = entries.as_array().cloned().unwrap_or_default();
    entries.iter().map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
}

fn capabilities(look: Look) -> serde_json::Map<String, Value> {
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
    let capabilities = json!({
        "goog:chromeOptions": options,
        "goog:loggingPrefs": { "browser": "ALL" },
    });
    capabilities.as_object().unwrap().clone()
}
