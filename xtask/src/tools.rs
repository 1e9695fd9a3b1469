//! Installs what the tests need: Debian packages when run as root, those of Python and Node.js into folders of our own.

use crate::run::{exists, output, run, target};
use anyhow::Result;
use std::path::PathBuf;

/// Installs Debian packages unless `program` is there. Says why not when it cannot.
pub(crate) fn debian(program: &str, packages: &[&str]) -> Result<(), String> {
    if exists(program) {
        return Ok(());
    }
    if !exists("apt-get") {
        return Err(format!(
            "{program} is missing and this is not a Debian system; install it and run again"
        ));
    }
    if output("id", &["-u"]).map(|id| id.trim() != "0").unwrap_or(true) {
        return Err(format!("{program} is missing; as root: apt-get install {}", packages.join(" ")));
    }
    let quiet = [("DEBIAN_FRONTEND", "noninteractive".to_owned())];
    let mut install = vec!["install", "-y", "-qq", "--no-install-recommends"];
    install.extend(packages);
    run("apt-get", &["update", "-qq"], &quiet)
        .and_then(|()| run("apt-get", &install, &quiet))
        .map_err(|error| error.to_string())
}

/// A Python program out of a virtual environment of our own called `name`, with these packages.
pub(crate) fn python(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let home = target().join("test-tools").join(name);
    let python = home.join("bin/python");
    let stamp = home.join(packages.join(" ").replace('/', "_"));
    if stamp.exists() {
        return Ok(python);
    }
    let text = |path: &PathBuf| path.to_str().expect("paths of the target folder are text").to_owned();
    let mut install = vec!["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    install.extend(packages);
    let made = run("python3", &["-m", "venv", &text(&home)], &[])
        .or_else(|_| {
            debian("virtualenv", &["python3-venv"]).map_err(anyhow::Error::msg)?;
            run("python3", &["-m", "venv", &text(&home)], &[])
        })
        .and_then(|()| run(&text(&python), &install, &[]));
    made.map_err(|error| error.to_string())?;
    std::fs::write(&stamp, "").map_err(|error| error.to_string())?;
    Ok(python)
}

/// A folder of our own called `name` in which Node.js finds these packages.
pub(crate) fn node(name: &str, packages: &[&str]) -> Result<PathBuf, String> {
    debian("npm", &["nodejs", "npm"])?;
    let home = target().join("test-tools").join(name);
    let stamp = home.join(packages.join(" ").replace('/', "_"));
    if stamp.exists() {
        return Ok(home);
    }
    std::fs::create_dir_all(&home).map_err(|error| error.to_string())?;
    let folder = home.to_str().expect("paths of the target folder are text");
    let mut install = vec!["install", "--silent", "--no-audit", "--no-fund", "--prefix", folder];
    install.extend(packages);
    run("npm", &install, &[]).map_err(|error| error.to_string())?;
    std::fs::write(&stamp, "").map_err(|error| error.to_string())?;
    Ok(home)
}
