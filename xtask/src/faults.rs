//! `cargo xtask prove faults`: defects planted in a copy of the tree, each of which the methods named in its patch have
//! to find. A method that finds nothing wrong with a wrong program proves nothing about a right one.

use crate::prove::{self, INSIDE};
use crate::run::{heading, output, root, target};
use anyhow::{Context as _, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How a broken promise begins in what the methods print.
const FOUND: &str = "BROKEN PROMISE";

/// A patch: what it says about itself stands before the first file.
struct Fault {
    path: PathBuf,
    what: String,
    found_by: Vec<String>,
}

/// Plants the faults of these names, or all.
pub(crate) fn find(names: &[String]) -> Result<()> {
    let mut faults = faults()?;
    let is_named =
        |fault: &Fault, name: &String| fault.path.file_stem().and_then(|stem| stem.to_str()) == Some(name);
    if let Some(unknown) = names.iter().find(|name| !faults.iter().any(|fault| is_named(fault, name))) {
        bail!("no planted fault is called {unknown}; see proof/faults");
    }
    faults.retain(|fault| names.is_empty() || names.iter().any(|name| is_named(fault, name)));
    let tree = target().join("faults/tree");
    let proof = prove::text(&prove::build_proof()?);
    let mut table = Vec::new();
    let mut missed = 0;
    for fault in &faults {
        heading(&format!("A planted fault: {}", fault.what));
        restore(&tree)?;
        fault.apply(&tree)?;
        for method in &fault.found_by {
            let is_found = tries(&tree, &proof, method)?;
            println!("{method}: {}", if is_found { "found" } else { "!!! NOT FOUND" });
            missed += u32::from(!is_found);
            table.push(format!(
                "{} | {method} | {}",
                fault.what,
                if is_found { "found" } else { "NOT FOUND" }
            ));
        }
    }
    heading("Planted faults");
    table.iter().for_each(|line| println!("{line}"));
    ensure!(missed == 0, "{missed} planted faults were not found");
    Ok(())
}

/// Whether every patch still fits: one that does not would be noticed only when somebody plants it.
pub(crate) fn check() -> Result<()> {
    for fault in faults()? {
        fault.git_apply(root(), &["--check"])?;
    }
    Ok(())
}

fn faults() -> Result<Vec<Fault>> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(root().join("proof/faults"))?
        .map(|entry| Ok(entry?.path()))
        .collect::<Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "patch"));
    paths.sort();
    paths.into_iter().map(Fault::read).collect()
}

impl Fault {
    fn read(path: PathBuf) -> Result<Self> {
        let text = std::fs::read_to_string(&path)?;
        let says = |word: &str| text.lines().find_map(|line| line.strip_prefix(word)).map(str::trim);
        let what = says("What:").with_context(|| format!("{}: no What:", path.display()))?.to_owned();
        let found_by = says("Found-by:").with_context(|| format!("{}: no Found-by:", path.display()))?;
        let found_by = found_by.split(',').map(|name| name.trim().to_owned()).collect();
        Ok(Self { path, what, found_by })
    }

    fn apply(&self, tree: &Path) -> Result<()> {
        self.git_apply(tree, &["--whitespace=nowarn"])
    }

    fn git_apply(&self, tree: &Path, options: &[&str]) -> Result<()> {
        let status = Command::new("git")
            .arg("apply")
            .args(options)
            .arg(&self.path)
            .current_dir(tree)
            // The copy is not a part of the repository around it.
            .env("GIT_CEILING_DIRECTORIES", target().join("faults"))
            .status()?;
        ensure!(status.success(), "{} no longer applies: it has to follow the code", self.path.display());
        Ok(())
    }
}

/// Makes the copy what the tree is. What has not changed is left alone, so that it need not be built again.
fn restore(tree: &Path) -> Result<()> {
    let listing = output("git", &["ls-files", "--cached", "--others", "--exclude-standard"])?;
    for name in listing.lines() {
        let Ok(bytes) = std::fs::read(root().join(name)) else { continue };
        let copy = tree.join(name);
        if std::fs::read(&copy).ok().as_ref() == Some(&bytes) {
            continue;
        }
        std::fs::create_dir_all(copy.parent().expect("it lies in the tree"))?;
        std::fs::write(copy, bytes)?;
    }
    Ok(())
}

/// Whether a method finds something wrong with the program in the copy.
fn tries(tree: &Path, proof: &str, method: &str) -> Result<bool> {
    if let Some((_, test, _)) = INSIDE.iter().find(|inside| inside.0 == method) {
        let said = cargo(tree, &["test", "--package", "ipnd-store", "--test", test])?;
        return Ok(said.contains(FOUND));
    }
    let built = cargo(tree, &["build", "--package", "ipnd"])?;
    let ipnd = tree.parent().expect("it lies in a folder").join("target/debug/ipnd");
    ensure!(ipnd.exists(), "the planted fault does not build:\n{built}");
    let output = Command::new(proof)
        .args(["prove", "methods", method, "--ipnd"])
        .arg(&ipnd)
        .stdin(Stdio::null())
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    print!("{said}");
    if output.status.success() {
        return Ok(false);
    }
    if !said.contains(FOUND) {
        bail!("{method} failed for another reason: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(true)
}

/// Cargo over the copy, with a target folder that it shares with nothing. Gives all it said.
fn cargo(tree: &Path, words: &[&str]) -> Result<String> {
    let own = tree.parent().expect("it lies in a folder").join("target");
    let output = Command::new("cargo")
        .args(words)
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", own)
        .stdin(Stdio::null())
        .output()?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    ensure!(!said.contains("could not compile"), "the planted fault does not build:\n{said}");
    Ok(said)
}
