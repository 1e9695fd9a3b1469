//! Every command that the documentation shows is run, or stands in a short list with the reason why it is not.

use super::common::browser::{Browser, path};
use super::common::{Demo, deaf_shop, ipnd, shopping};
use super::markdown::{Page, page, pages, root};
use super::shell::commands;
use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;

/// Commands that no test runs as they stand.
const NOT_RUN: &[(&str, &str)] = &[
    (
        "cargo run --release -- demo",
        "builds for minutes; what follows the dashes is checked, and tests run demos",
    ),
    ("cargo build --release", "builds for minutes; tests run the same program"),
    ("cargo xtask test", "it is what runs this test"),
    ("mkdir restored", "the test of the page makes a folder of its own"),
    ("cp /tmp/ipnd-backup.db restored/ipnd.db", "the test of the page copies within its own folder"),
    ("cargo xtask bench intake --json intake.json", "takes minutes and wants the machine for itself"),
    ("cargo xtask bench deliver --json deliver.json", "takes minutes and wants the machine for itself"),
    ("cargo xtask bench peers --json peers.json", "takes minutes, and installs what is compared with"),
    ("BASE=http://127.0.0.1:8787", "the test has an address of its own"),
    ("KEY=ipnd_key_...", "the test has a key of its own"),
];

/// Pages whose calls of the API are made against a demo.
const CALLED: [&str; 2] = ["docs/api.md", "docs/telling.md"];

/// All commands of all pages, with the page and their words.
fn all_commands() -> Vec<(String, Vec<String>)> {
    let of_page = |page: Page| {
        let blocks = page.blocks("sh").into_iter();
        let words = blocks.flat_map(|block| commands(&block, |name| format!("${name}"))).collect::<Vec<_>>();
        words.into_iter().map(move |words| (page.path.clone(), words))
    };
    pages().into_iter().flat_map(of_page).collect()
}

fn is_ipnd(word: &str) -> bool {
    word == "ipnd" || word.ends_with("/ipnd")
}

#[test]
fn every_command_is_run_or_listed() {
    let all = all_commands();
    for (page, words) in &all {
        let text = words.join(" ");
        let is_run = match words[0].as_str() {
            "curl" => CALLED.contains(&page.as_str()),
            "sqlite3" => page == "docs/database.md",
            program => is_ipnd(program),
        };
        let is_listed = NOT_RUN.iter().any(|(listed, _)| *listed == text);
        assert!(is_run != is_listed, "{page}: “{text}” is neither run by a test nor listed with a reason");
    }
    for (listed, _) in NOT_RUN {
        assert!(all.iter().any(|(_, words)| words.join(" ") == *listed), "nobody names “{listed}” any more");
    }
}

fn help(command: &[&str]) -> String {
    let output = ipnd().args(command).arg("--help").output().unwrap();
    assert!(output.status.success(), "there is no command “ipnd {}”", command.join(" "));
    String::from_utf8(output.stdout).unwrap()
}

fn flags(help: &str) -> BTreeSet<String> {
    let words = help.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.filter(|word| word.starts_with("--") && word.len() > 2).map(str::to_owned).collect()
}

/// Sub-commands and options exist.
fn check_ipnd(place: &str, words: &[String]) {
    let is_plain = |word: &&String| word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
    let mut command: Vec<&str> = Vec::new();
    for word in words.iter().take_while(|word| is_plain(word) && !word.starts_with('-')) {
        // What comes after the command itself may be a plain word, too: a file, a folder.
        if !help(&command).contains(&format!("\n  {word} ")) {
            break;
        }
        command.push(word);
    }
    assert!(!command.is_empty() || words[0].starts_with('-'), "{place}: no such command: {words:?}");
    let known = flags(&help(&command));
    for flag in words.iter().filter(|word| word.starts_with("--")) {
        assert!(known.contains(flag.as_str()), "{place}: “ipnd {}” has no {flag}", command.join(" "));
    }
}

#[test]
fn every_command_of_ipnd_exists_with_its_options() {
    for (page, words) in all_commands() {
        if is_ipnd(&words[0]) && words.len() > 1 {
            check_ipnd(&page, &words[1..]);
        }
        if let Some(dashes) = words.iter().position(|word| word == "--") {
            check_ipnd(&page, &words[dashes + 1..]);
        }
    }
    let all: BTreeSet<String> = [
        "backup",
        "check",
        "connect",
        "deliveries",
        "demo",
        "listen",
        "resend",
        "serve",
        "tail",
        "init",
        "rebuild",
        "gateways",
        "gateways try",
        "trigger",
    ]
    .iter()
    .flat_map(|command| flags(&help(&command.split(' ').collect::<Vec<_>>())))
    .collect();
    for page in pages() {
        for span in page.spans() {
            let words: Vec<String> = span.split_whitespace().map(str::to_owned).collect();
            match words.as_slice() {
                [program, rest @ ..] if is_ipnd(program) && !rest.is_empty() => check_ipnd(&page.path, rest),
                [flag, ..] if flag.starts_with("--") => {
                    assert!(all.contains(flag), "{}: no command has {flag}", page.path);
                }
                _ => {}
            }
        }
    }
}

/// `IPND_...` names in the documentation are options of the configuration file.
#[test]
fn every_variable_of_the_environment_is_an_option() {
    let mut known: BTreeSet<String> =
        ["IPND_API_KEY", "IPND_CONFIG", "IPND_UPDATE_DOCS"].map(str::to_owned).into();
    let mut section = String::new();
    for line in std::fs::read_to_string(root().join("crates/ipnd/ipnd.toml")).unwrap().lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}_");
        } else if let Some((name, _)) = line.strip_prefix('#').and_then(|rest| rest.split_once(" = "))
            && !name.contains(' ')
        {
            known.insert(format!("IPND_{section}{name}").to_uppercase());
        }
    }
    for page in pages() {
        for word in page.text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')) {
            let is_one = word.starts_with("IPND_") && word.len() > "IPND_".len();
            assert!(!is_one || known.contains(word), "{}: there is no {word}", page.path);
        }
    }
}

/// A demo with a paid order 1001, and its data in a folder as the documentation has it.
fn demo_with_an_order(folder: &std::path::Path) -> Demo {
    let demo = Demo::start(Some(&folder.join("data")));
    let mut customer = Browser::new(demo.address);
    let (_, payment) = shopping::order(&mut customer, "MUG");
    customer.post(&payment, &shopping::outcome("pay"));
    shopping::until_all(&mut shopping::api(&demo), 1, "paid");
    demo
}

#[test]
fn the_examples_of_the_api_work() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo_with_an_order(folder.path());
    let mut run = 0;
    for block in CALLED.iter().flat_map(|path| page(path).blocks("sh")) {
        let value = |name: &str| match name {
            "BASE" => demo.text("base_url").to_owned(),
            "KEY" => demo.text("api_key").to_owned(),
            other => panic!("the examples use ${other}, which nobody has set"),
        };
        for words in commands(&block, value).iter().filter(|words| words[0] == "curl") {
            let (status, answer) = curl(demo.address, &words[1..]);
            assert!(matches!(status, 200..=202), "{words:?}: {status} {answer}");
            let json: serde_json::Value = serde_json::from_str(&answer).unwrap();
            assert!(json.is_object(), "{answer}");
            run += 1;
        }
    }
    assert!(run >= 15, "only {run} examples were found");
}

/// Those that ask a running ipnd and end by themselves; what stays open has tests of its own.
#[test]
fn what_the_sandbox_page_asks_a_running_ipnd_is_answered() {
    let demo = Demo::start(None);
    let mut api = shopping::api(&demo);
    let shop = serde_json::json!({ "name": "Shop", "url": format!("http://{}", deaf_shop()) });
    assert_eq!(api.post_json("/v1/endpoints", &shop).status, 201);
    assert_eq!(api.post_json("/v1/endpoints/end_1/test", &serde_json::json!({})).status, 202);
    let mut run = 0;
    for block in page("docs/sandbox.md").blocks("sh") {
        for words in commands(&block, |name| format!("${name}")) {
            if !["deliveries", "resend"].contains(&words[1].as_str()) {
                continue;
            }
            let place = ["--url", demo.text("base_url"), "--key", demo.text("api_key")];
            let output = ipnd().args(&words[1..]).args(place).output().unwrap();
            assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
            assert!(!output.stdout.is_empty(), "{words:?}");
            run += 1;
        }
    }
    assert!(run >= 5, "only {run} commands were found");
}

#[test]
fn the_examples_of_the_sandbox_page_work() {
    let demo = Demo::start(None);
    let mut run = 0;
    for block in page("docs/sandbox.md").blocks("sh") {
        for words in commands(&block, |name| format!("${name}")) {
            if words[..2] != ["ipnd", "trigger"] {
                continue;
            }
            let own = format!("http://{}", deaf_shop());
            let mut arguments: Vec<String> =
                words[1..].iter().map(|word| word.replace("http://127.0.0.1:3000", &own)).collect();
            if !arguments.iter().any(|word| word == "--to" || word == "--list") {
                arguments.extend(["--demo".to_owned(), demo.text("base_url").to_owned()]);
            }
            let output = ipnd().args(&arguments).output().unwrap();
            assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
            assert!(!output.stdout.is_empty(), "{words:?}");
            run += 1;
        }
    }
    assert!(run >= 6, "only {run} examples were found");
}

/// The tables name everything that can be chosen.
#[test]
fn every_scenario_and_every_fault_is_explained() {
    let page = page("docs/sandbox.md");
    let scenarios = ipnd_sandbox::player::SCENARIOS.iter().map(|scenario| scenario.name);
    let faults = ipnd_sandbox::player::Fault::ALL.iter().map(|fault| fault.word());
    let missing: Vec<&str> = scenarios.chain(faults).filter(|word| !page.has_row(word)).collect();
    assert!(missing.is_empty(), "docs/sandbox.md has no row for {missing:?}");
}

/// What curl would do with these words.
fn curl(address: SocketAddr, words: &[String]) -> (u16, String) {
    let (mut method, mut url, mut body) = (None, "", "");
    let mut headers = format!("Host: {address}\r\nConnection: close\r\n");
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut next = || words.next().expect("this option has a value").as_str();
        match word.as_str() {
            "-X" => method = Some(next()),
            "-H" => headers += &format!("{}\r\n", next()),
            "-d" => body = next(),
            option if option.starts_with('-') => panic!("the test does not know curl's {option}"),
            address => url = address,
        }
    }
    if !body.is_empty() {
        headers += &format!("Content-Length: {}\r\n", body.len());
    }
    let method = method.unwrap_or(if body.is_empty() { "GET" } else { "POST" });
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "{method} {} HTTP/1.1\r\n{headers}\r\n{body}", path(url)).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[test]
fn the_queries_of_the_database_page_run() {
    let folder = tempfile::tempdir().unwrap();
    let demo = demo_with_an_order(folder.path());
    let page = page("docs/database.md");
    let db = rusqlite::Connection::open_with_flags(
        folder.path().join("data/ipnd.db"),
        rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY,
    )
    .unwrap();
    let queries = page.blocks("sql");
    assert!(queries.len() >= 5);
    for query in &queries {
        let mut statement = db.prepare(query).unwrap_or_else(|error| panic!("{query}\n{error}"));
        let rows = statement.query_map([], |_| Ok(())).unwrap().map(Result::unwrap).count();
        let is_about_trouble = query.contains("IS NULL") || query.contains("waiting") || query.contains("<>");
        assert!(rows > 0 || is_about_trouble, "it finds nothing: {query}");
    }
    let mut tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").unwrap();
    let tables = tables.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
    let named = page.spans();
    for table in tables.filter(|table| !table.starts_with("sqlite_")) {
        assert!(named.contains(&table), "docs/database.md does not name the table {table}");
    }
    sqlite3(folder.path(), &page);
    drop(demo);
}

/// Backups, looking through the database and working everything out again, as the page of operations shows them.
#[test]
fn the_upkeep_that_operations_shows_works() {
    let folder = tempfile::tempdir().unwrap();
    let mut demo = demo_with_an_order(folder.path());
    std::fs::create_dir(folder.path().join("restored")).unwrap();
    let mut run = 0;
    for block in page("docs/operations.md").blocks("sh") {
        for words in commands(&block, |name| format!("${name}")) {
            let is_upkeep = ["backup", "check", "rebuild"].contains(&words.get(1).map_or("", String::as_str));
            if !is_upkeep || !is_ipnd(&words[0]) {
                continue;
            }
            if words.iter().any(|word| word == "--apply") {
                demo.program.signal("TERM");
                assert!(demo.program.end().success());
            }
            let words = words[1..].iter().map(|word| word.replace("/tmp/ipnd-backup.db", "backup.db"));
            let output = ipnd().args(words.clone()).current_dir(folder.path()).output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                output.status.success() && !output.stdout.is_empty(),
                "{:?}: {said}",
                words.collect::<Vec<_>>()
            );
            if let Ok(backup) = std::fs::read(folder.path().join("backup.db")) {
                std::fs::write(folder.path().join("restored/ipnd.db"), backup).unwrap();
            }
            run += 1;
        }
    }
    assert!(run >= 5, "only {run} commands were found");
    let rules =
        ipnd().args(["check", "--json", "--data", "data"]).current_dir(folder.path()).output().unwrap();
    let rules: serde_json::Value = serde_json::from_slice(&rules.stdout).unwrap();
    let page = page("docs/operations.md");
    for rule in rules["rules"].as_array().unwrap() {
        assert!(page.has_row(rule["rule"].as_str().unwrap()), "docs/operations.md has no row for {rule}");
    }
}

/// The commands themselves, where the program is there; `cargo xtask test` installs it.
fn sqlite3(folder: &std::path::Path, page: &Page) {
    if Command::new("sqlite3").arg("--version").output().is_err() {
        println!("sqlite3 is not installed: its commands in {} were not run", page.path);
        return;
    }
    for block in page.blocks("sh") {
        for words in commands(&block, |name| format!("${name}")) {
            let mut command = if is_ipnd(&words[0]) { ipnd() } else { Command::new(&words[0]) };
            let output = command.args(&words[1..]).current_dir(folder).output().unwrap();
            assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
    let copy = rusqlite::Connection::open(folder.join("backup.db")).unwrap();
    let paid: String = copy.query_row("SELECT status FROM orders", [], |row| row.get(0)).unwrap();
    assert_eq!(paid, "paid");
}
