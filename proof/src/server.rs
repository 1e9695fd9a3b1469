//! Programs that are started for a proof, and a shop prepared with ipnd's own commands.

use anyhow::{Context as _, Result, bail};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// How long a program may take to become ready, or to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the prepared account's messages are signed with.
pub(crate) const SIGNING_SECRET: &str = "whsec_measuredAndProvedNobodysSecret";

/// A running program. It does not outlive us.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    /// Starts it with its standard output for us and its standard error in a file, for whoever looks for a mistake.
    pub(crate) fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let what = command.get_program().display().to_string();
        let errors = std::fs::File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn();
        let mut child = child.with_context(|| format!("{what} could not be started"))?;
        let (send, lines) = mpsc::channel();
        let stdout = child.stdout.take().context("its output is piped")?;
        std::thread::spawn(move || {
            // A program whose output nobody reads would stop in the middle of a line.
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        Ok(Self { child, lines })
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The next line on its standard output in which `wanted` finds something.
    pub(crate) fn line<T>(&self, what: &str, wanted: impl Fn(&str) -> Option<T>) -> Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).with_context(|| format!("it did not say: {what}"))?;
            if let Some(found) = wanted(&line) {
                return Ok(found);
            }
        }
    }

    /// Waits until it listens.
    pub(crate) fn listens(&mut self, address: SocketAddr) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if TcpStream::connect(address).is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("it ended with {status} instead of listening");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        bail!("it does not listen")
    }

    /// SIGTERM, and then as long as it takes.
    pub(crate) fn stop(mut self) -> Result<()> {
        let pid = self.pid().to_string();
        let told = Command::new("kill").args(["-TERM", &pid]).status()?;
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                if !status.success() {
                    bail!("it ended with {status}");
                }
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        bail!("it does not stop ({told})")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An address of this machine that nobody listens on.
pub(crate) fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}

/// The program under test, with nothing from our own surroundings.
pub(crate) fn ipnd(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("IPND_")) {
        command.env_remove(name);
    }
    command
}

/// A shop with an account for Stripe's messages.
pub(crate) struct Shop {
    /// `--data FOLDER`, or whatever else says where its data is.
    pub(crate) place: Vec<String>,
    /// Where its account listens: `/in/TOKEN`.
    pub(crate) intake: String,
    /// A key of its API.
    pub(crate) key: String,
}

/// Makes a shop as its owner would: a first start, the form of the set-up, `ipnd connect`. `place` says where the data
/// is; `scratch` is a folder for what is said meanwhile.
pub(crate) fn prepare(program: &Path, place: Vec<String>, scratch: &Path) -> Result<Shop> {
    let log = scratch.join("prepare.log");
    let mut command = ipnd(program);
    command.arg("serve").args(&place).args(["--listen", "127.0.0.1:0"]).current_dir(scratch);
    let first = Running::start(&mut command, &log)?;
    let address: SocketAddr = first.line("where to set it up", |line| {
        line.split_once("http://")?.1.strip_suffix("/setup")?.parse().ok()
    })?;
    let code = first.line("the code", |line| Some(line.trim().strip_prefix("code")?.trim().to_owned()))?;
    let form = format!(
        "code={code}&name=Measured&slug=measured&currency=EUR&language=en&email=owner%40example.com\
         &password=a+long+enough+password"
    );
    let answer = post_form(address, "/setup", &form, "")?;
    let cookie = answer.split_once("set-cookie: ").and_then(|(_, rest)| rest.split(';').next());
    let cookie = cookie.with_context(|| format!("the set-up was answered with {answer}"))?;
    let page = exchange(address, &format!("GET /owner/settings HTTP/1.1\r\ncookie: {cookie}"), "")?;
    let token = page.split_once("name=\"csrf\" value=\"").and_then(|(_, rest)| rest.split('"').next());
    let token = token.with_context(|| format!("the settings have no form: {page}"))?;
    let page = post_form(address, "/owner/settings/keys", &format!("csrf={token}&name=Proof"), cookie)?;
    let is_of_key = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut words = page.split(|c| !is_of_key(c));
    let key = words.find(|word| word.starts_with("ipnd_key_") && word.len() > 40);
    let key = key.with_context(|| format!("the settings show no key: {page}"))?.to_owned();
    first.stop()?;
    let secret = format!("signing_secret={SIGNING_SECRET}");
    let account = ["connect", "stripe", "--environment", "live", "--creates-orders", "--set", &secret];
    let intake = connect(program, &account, &place, scratch)?;
    Ok(Shop { place, intake, key })
}

/// Makes an account with `ipnd connect` and gives where it listens.
pub(crate) fn connect(program: &Path, account: &[&str], place: &[String], scratch: &Path) -> Result<String> {
    let mut command = ipnd(program);
    let output = command.args(account).args(place).current_dir(scratch).stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let intake = said.split_whitespace().find_map(|word| word.find("/in/").map(|at| word[at..].to_owned()));
    intake.with_context(|| {
        format!("ipnd connect named no address: {said}{}", String::from_utf8_lossy(&output.stderr))
    })
}

/// Posts a form the way a browser does, and gives the whole answer.
fn post_form(address: SocketAddr, path: &str, form: &str, cookie: &str) -> Result<String> {
    let head = format!(
        "POST {path} HTTP/1.1\r\norigin: http://{address}\r\ncookie: {cookie}\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}",
        form.len()
    );
    exchange(address, &head, form)
}

fn exchange(address: SocketAddr, head: &str, body: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(stream, "{head}\r\nhost: {address}\r\nconnection: close\r\n\r\n{body}")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

/// The folder and the options of a shop whose data is a SQLite file.
pub(crate) fn folder(data: &Path) -> Vec<String> {
    vec!["--data".to_owned(), data.display().to_string()]
}

/// The file in such a folder.
pub(crate) fn database(data: &Path) -> PathBuf {
    data.join("ipnd.db")
}
