//! Dependency rules: the layers of the design, purity of the inner crates, licences, banned crates.

use crate::run::output;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::BTreeSet;

/// The layers, outermost last. A crate may depend only on crates that stand before it.
const LAYERS: [&str; 7] =
    ["ipnd-core", "ipnd-gateways", "ipnd-store", "ipnd-deliver", "ipnd-web", "ipnd-sandbox", "ipnd"];

/// Crates that must know neither clock nor network nor chance, and what gives those away in their trees.
const PURE: [&str; 2] = ["ipnd-core", "ipnd-gateways"];
const IMPURE: [&str; 8] = ["tokio", "hyper", "rand", "rusqlite", "lettre", "axum", "reqwest", "socket2"];

/// Never in the tree, and why.
const BANNED: [(&str, &str); 6] = [
    ("openssl-sys", "TLS is rustls"),
    ("native-tls", "TLS is rustls"),
    ("rsa", "RUSTSEC-2023-0071 has no fixed release"),
    ("chrono", "time is jiff"),
    ("ring", "one cryptography library is enough: aws-lc-rs"),
    ("reqwest", "there is one way out, in ipnd-deliver"),
];

/// Permissive licences. A crate that offers a choice needs one of them.
const LICENCES: [&str; 15] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "Unlicense",
    "Unicode-3.0",
    "BSL-1.0",
    "CC0-1.0",
    "MIT-0",
    "OpenSSL",
    "CDLA-Permissive-2.0",
];

pub(crate) fn check() -> Result<()> {
    let metadata = output("cargo", &["metadata", "--format-version", "1", "--locked"])?;
    let metadata: Value =
        serde_json::from_str(&metadata).context("cargo metadata printed something unexpected")?;
    let mut broken = Vec::new();
    layers(&mut broken)?;
    forbid(&PURE, IMPURE.map(|name| (name, "this crate must stay pure")).as_slice(), &mut broken)?;
    forbid(&["ipnd"], BANNED.as_slice(), &mut broken)?;
    licences(&metadata, &mut broken)?;
    features(&metadata, &mut broken)?;
    if broken.is_empty() {
        println!("layers, purity, licences and bans hold");
        return Ok(());
    }
    bail!("dependency rules are broken:\n  {}", broken.join("\n  "))
}

/// The names of all crates that are built into `package` (not those of its tests).
fn tree(package: &str) -> Result<BTreeSet<String>> {
    let arguments = [
        "tree",
        "--package",
        package,
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
        "--locked",
    ];
    let listing = output("cargo", &arguments)?;
    Ok(listing.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

fn layers(broken: &mut Vec<String>) -> Result<()> {
    for (position, name) in LAYERS.iter().enumerate() {
        let outer: Vec<_> =
            LAYERS.iter().skip(position + 1).map(|outer| (*outer, "it lies further out")).collect();
        forbid(&[name], &outer, broken)?;
    }
    Ok(())
}

fn forbid(packages: &[&str], forbidden: &[(&str, &str)], broken: &mut Vec<String>) -> Result<()> {
    for package in packages {
        let tree = tree(package)?;
        for (name, why) in forbidden.iter().filter(|(name, _)| tree.contains(*name)) {
            broken.push(format!("{package} is built with {name}: {why}"));
        }
    }
    Ok(())
}

fn licences(metadata: &Value, broken: &mut Vec<String>) -> Result<()> {
    for package in metadata["packages"].as_array().context("no packages")? {
        let (Some(name), licence) = (package["name"].as_str(), package["license"].as_str()) else { continue };
        let Some(licence) = licence else {
            broken.push(format!("{name} names no licence"));
            continue;
        };
        // Every part joined by AND must offer, among its alternatives, one permissive licence.
        let plain = licence.replace(['(', ')'], " ").replace('/', " OR ");
        let fine = plain
            .split(" AND ")
            .all(|part| part.split(" OR ").any(|alternative| LICENCES.contains(&alternative.trim())));
        if !fine {
            broken.push(format!("{name} has the licence “{licence}”, which is not in the list"));
        }
    }
    Ok(())
}

/// Any crate may switch on a feature for all: this one changes how numbers in JSON are read.
fn features(metadata: &Value, broken: &mut Vec<String>) -> Result<()> {
    for node in metadata["resolve"]["nodes"].as_array().context("no nodes")? {
        let id = node["id"].as_str().unwrap_or_default();
        let features = node["features"].as_array().context("no features")?;
        if id.contains("serde_json") && features.iter().any(|feature| feature == "arbitrary_precision") {
            broken.push(
                "serde_json has arbitrary_precision switched on, which breaks untagged enums".to_owned(),
            );
        }
    }
    Ok(())
}
