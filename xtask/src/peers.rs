//! Software that is not ours on the other side: a mail server, the payment services' libraries, a stand-in for Stripe,
//! a shop, the libraries of whoever is told. Each comes from its own registry, in one exact version, into a folder of the
//! tests' own.
//!
//! The scripts that speak to them lie in `xtask/peers`. They end by themselves when something does not come.

use crate::run::{heading, root, run, target};
use crate::suite::{NotRun, ignored};
use crate::tools;
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long a program may take to say that it is ready.
const START: Duration = Duration::from_secs(60);

/// Most are the payment services' own; Standard Webhooks' and Svix' stand for everybody who signs like them, and where a
/// service has none, one that others use.
const LIBRARIES: &[&str] = &[
    "Adyen==16.0.0",
    "mercadopago==3.6.0",
    "nowpayments-py==1.0.5",
    "paddle-python-sdk==1.16.1",
    "pywayforpay==0.2.1",
    "standardwebhooks==1.1.0",
    "stripe==16.1.0",
    "svix==2.9.1",
];

/// What a shop proves and reads with what it is told. `cryptography` stands for all that prove signatures of Ed25519: the
/// other libraries only know secrets.
const RECEIVERS: &[&str] =
    &["cloudevents==2.2.0", "cryptography==50.0.2", "standardwebhooks==1.1.0", "svix==2.9.1"];
const NODE_RECEIVERS: &[&str] = &["standardwebhooks@1.1.1", "svix@2.5.0"];

const DJANGO: &[&str] = &["django-paypal==2.1", "Django==5.2.19"];

/// Runs them all. Those that cannot be installed are named in `not_run`.
pub(crate) fn test(not_run: &mut NotRun) -> Result<()> {
    heading("A mail server that is not ours (aiosmtpd)");
    match tools::python("python", &["aiosmtpd==1.4.6"]) {
        Ok(python) => mail_server(&python)?,
        Err(why) => not_run.push(("the mails against aiosmtpd", why)),
    }

    heading("Signatures, ours for the payment services' libraries and theirs for us");
    match tools::python("python", LIBRARIES) {
        Ok(python) => {
            script(&python, "verify.py", &[("IPND", text(&ipnd()?))])?;
            beside_a_demo(&python, "sign.py", &[])?;
        }
        Err(why) => not_run.push(("the signatures against the payment services' libraries", why)),
    }

    heading("Payments at a Stripe that is not ours (localstripe)");
    match tools::python("python", &["localstripe==1.15.10", "stripe==16.1.0"]) {
        Ok(python) => beside_a_demo(&python, "localstripe_tells.py", &[])?,
        Err(why) => not_run.push(("the payments at localstripe", why)),
    }

    heading("A shop that is not ours (django-paypal), told by the sandbox's PayPal and by ipnd");
    match tools::python("python", DJANGO) {
        Ok(python) => {
            beside_a_demo(&python, "django_receives.py", &[])?;
            beside_a_demo(&python, "django_is_told.py", &[])?;
        }
        Err(why) => not_run.push(("what django-paypal is told", why)),
    }

    heading("What a shop is told, proved and read by libraries that are not ours");
    match tools::python("python", RECEIVERS) {
        Ok(python) => receivers(&python, not_run)?,
        Err(why) => not_run.push(("what a shop is told, against libraries", why)),
    }
    Ok(())
}

/// Libraries from npm prove the same as those from PyPI, where they can be installed.
fn receivers(python: &Path, not_run: &mut NotRun) -> Result<()> {
    let mut environment = Vec::new();
    match tools::node("node", NODE_RECEIVERS) {
        Ok(folder) => environment.push(("NODE_LIBRARIES", text(&folder))),
        Err(why) => not_run.push(("what a shop is told, against libraries from npm", why)),
    }
    beside_a_demo(python, "libraries_are_told.py", &environment)?;
    beside_a_demo(python, "cloudevents_reads.py", &environment)
}

/// Starts aiosmtpd on a free port with a Maildir, and lets the delivery tests talk to it.
fn mail_server(python: &Path) -> Result<()> {
    let spool = target().join("test-tools/maildir");
    let _ = std::fs::remove_dir_all(&spool);
    let mut start = Command::new(python);
    let server = Running::start(start.arg(peer("smtp.py")).arg(&spool))?;
    let Some(address) = server.line.strip_prefix("listening on ") else {
        bail!("aiosmtpd did not start: {}", server.line);
    };
    let environment = [("IPND_SMTP_PEER", address.to_owned()), ("IPND_SMTP_SPOOL", text(&spool))];
    ignored("ipnd-deliver", "smtp_peer", &[], &environment)
}

/// Runs a script with a demo on a free port beside it. The demo's folder stays, for whoever looks for a mistake.
fn beside_a_demo(python: &Path, name: &str, more: &[(&str, String)]) -> Result<()> {
    let ipnd = ipnd()?;
    let data = target().join("test-tools/demo");
    let _ = std::fs::remove_dir_all(&data);
    let mut start = Command::new(&ipnd);
    start.args(["demo", "--json", "--listen", "127.0.0.1:0", "--data"]).arg(&data);
    let demo = Running::start(&mut start)?;
    let mut environment = vec![("IPND", text(&ipnd)), ("IPND_DEMO", demo.line.clone())];
    environment.extend_from_slice(more);
    script(python, name, &environment)
}

/// The program, built from what is here.
fn ipnd() -> Result<PathBuf> {
    run("cargo", &["build", "--quiet", "--package", "ipnd"], &[])?;
    Ok(target().join("debug").join(format!("ipnd{}", std::env::consts::EXE_SUFFIX)))
}

fn script(python: &Path, name: &str, environment: &[(&str, String)]) -> Result<()> {
    // `-B`: nothing is written beside the scripts.
    run(&text(python), &["-B", &text(&peer(name))], environment)
}

fn peer(name: &str) -> PathBuf {
    root().join("xtask/peers").join(name)
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// A program that has said in one line that it is ready. It does not outlive us.
struct Running {
    child: Child,
    line: String,
}

impl Running {
    fn start(command: &mut Command) -> Result<Self> {
        let what = command.get_program().display().to_string();
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
        let child = child.with_context(|| format!("{what} could not be started"))?;
        let mut running = Self { child, line: String::new() };
        let stdout = running.child.stdout.take().expect("its output is piped");
        let (send, first) = mpsc::channel();
        std::thread::spawn(move || {
            let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
            let _ = send.send(lines.next());
            // A program whose output nobody reads would stop in the middle of a line.
            lines.for_each(drop);
        });
        match first.recv_timeout(START) {
            Ok(Some(line)) => running.line = line.trim().to_owned(),
            Ok(None) => bail!("{what} ended before it was ready"),
            Err(_) => bail!("{what} was not ready within {} s", START.as_secs()),
        }
        Ok(running)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
