//! A network of its own (Linux): nothing in it but its loopback, which answers for every address in the world. It is
//! gone, with the files that are mounted over the system's, when the last process in it has ended.

use anyhow::{Context as _, Result, ensure};
use std::path::Path;
use std::process::Command;

/// The files by which names are looked up, and what they are to say.
const FILES: [(&str, &str); 3] = [
    ("/etc/resolv.conf", "nameserver 127.0.0.1\nsearch .\noptions timeout:1 attempts:2\n"),
    ("/etc/nsswitch.conf", "hosts: files dns\n"),
    ("/etc/hosts", "127.0.0.1 localhost\n"),
];

/// A command that runs in a network and with mounts of its own.
pub(crate) fn in_one_of_its_own(program: &Path) -> Command {
    let mut command = Command::new("unshare");
    command.args(["--net", "--mount", "--"]).arg(program);
    command
}

/// Makes the network that this process is in what it has to be. `scratch` is a folder for the files.
pub(crate) fn make(scratch: &Path) -> Result<()> {
    let others = std::fs::read_to_string("/proc/net/dev")?.lines().filter(|line| line.contains(':')).count();
    ensure!(others == 1, "this network is not one of its own");
    run("ip", &["link", "set", "lo", "up"])?;
    run("ip", &["route", "add", "local", "0.0.0.0/0", "dev", "lo"])?;
    run("ip", &["-6", "route", "add", "local", "::/0", "dev", "lo"])?;
    for (path, text) in FILES {
        let own = scratch.join(path.trim_start_matches('/').replace('/', "-"));
        std::fs::write(&own, text)?;
        let own = own.to_str().context("scratch folders have names of text")?;
        run("mount", &["--bind", own, path])?;
    }
    Ok(())
}

fn run(program: &str, words: &[&str]) -> Result<()> {
    let output =
        Command::new(program).args(words).output().with_context(|| format!("{program} is missing"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{program} {}: {}", words.join(" "), said.trim());
    Ok(())
}
