//! The walk-through of docs/custom-gateways.md, followed step by step.

use super::common::ipnd;
use super::markdown::{Page, page};
use ipnd_core::Environment;
use ipnd_gateways::Settings;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

fn walk_through() -> Page {
    page("docs/custom-gateways.md")
}

/// The settings file of the page.
fn settings_file() -> String {
    let blocks = walk_through().blocks("toml");
    blocks.into_iter().find(|block| block.starts_with("environment = ")).unwrap()
}

fn followed(dir: &Path, settings: &str, request: &str) -> Output {
    std::fs::write(dir.join("settings.toml"), settings).unwrap();
    std::fs::write(dir.join("request.http"), request).unwrap();
    let command = walk_through().blocks("sh").remove(0);
    let words = command.split_whitespace().skip(1);
    ipnd().current_dir(dir).args(words).output().unwrap()
}

#[test]
fn the_command_says_what_the_page_says() {
    let dir = tempfile::tempdir().unwrap();
    let request = walk_through().blocks("http").remove(0) + "\n";
    let shown = walk_through().blocks("text");
    let output = followed(dir.path(), &settings_file(), &request);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim_end(), shown[0]);

    let wrong = settings_file().replace("encoding = \"hex\"", "encoding = \"hexa\"");
    let output = followed(dir.path(), &wrong, &request);
    assert!(!output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stderr).trim_end(), shown[1]);
}

/// The parts of the walk-through are parts of the whole file, and every other proof makes sense with the rest of it.
#[test]
fn every_snippet_can_be_pasted() {
    let whole = settings_file();
    let mut proofs = 0;
    for block in walk_through().blocks("toml").into_iter().filter(|block| !block.starts_with("environment")) {
        if whole.contains(block.trim_end()) {
            continue;
        }
        assert!(block.starts_with("[proof]"), "not in the whole file: {block}");
        let table: toml::Table = toml::from_str(&whole).unwrap();
        let described = table["description"].as_str().unwrap();
        let (before, rest) = described.split_once("[proof]").unwrap();
        let (_, fields) = rest.split_once("[fields]").unwrap();
        let values =
            BTreeMap::from([("description".to_owned(), format!("{before}{block}\n[fields]{fields}"))]);
        let gateway = ipnd_gateways::find("custom").unwrap();
        let checked = Settings::check(gateway.settings, Environment::Live, values);
        assert!(checked.is_ok(), "{block}\n{checked:?}");
        proofs += 1;
    }
    assert!(proofs >= 6, "{proofs}");
}
