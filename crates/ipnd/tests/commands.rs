//! The commands for real shops.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod common;

use common::browser::Browser;
use common::{Demo, Program, ipnd, until};
use std::net::SocketAddr;
use std::path::Path;

struct Served {
    program: Program,
    address: SocketAddr,
    /// What whoever sees the console can become the owner with.
    code: String,
}

/// Starts `ipnd serve` in `dir` and waits for its invitation.
fn serve(dir: &Path) -> Served {
    let mut command = ipnd();
    command.current_dir(dir).args(["serve", "--listen", "127.0.0.1:0"]);
    let mut program = Program::start(&mut command);
    let address = program.line("address of the set-up", |line| {
        let (_, rest) = line.split_once("http://")?;
        rest.strip_suffix("/setup")?.parse().ok()
    });
    let code = program.line("code", |line| Some(line.trim().strip_prefix("code")?.trim().to_owned()));
    Served { program, address, code }
}

fn set_up_form<'a>(code: &'a str, password: &'a str) -> [(&'a str, &'a str); 7] {
    [
        ("code", code),
        ("name", "My Shop"),
        ("slug", "my-shop"),
        ("currency", "EUR"),
        ("language", "en"),
        ("email", "me@example.com"),
        ("password", password),
    ]
}

#[test]
fn t_f01_first_run_takeover_needs_the_code_from_the_console() {
    let dir = tempfile::tempdir().unwrap();
    let first = serve(dir.path());
    let old_code = first.code;
    let mut browser = Browser::new(first.address);
    let password = "a long enough password";
    for wrong in ["", "aaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        let answer = browser.post("/setup", &set_up_form(wrong, password));
        assert!(answer.status >= 400, "{wrong}: {}", answer.status);
    }
    let mut program = first.program;
    program.signal("TERM");
    assert!(program.end().success());

    let second = serve(dir.path());
    let code = second.code;
    assert_ne!(code, old_code, "every start has its own");
    let mut browser = Browser::new(second.address);
    let answer = browser.post("/setup", &set_up_form(&code, password));
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(browser.get("/owner/orders").status, 200);
    assert_eq!(browser.get("/setup").status, 404, "closed for good");
}

#[test]
fn an_owner_who_lost_the_password_gets_a_new_one_from_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let served = serve(dir.path());
    let mut browser = Browser::new(served.address);
    let old = "a long enough password";
    assert_eq!(browser.post("/setup", &set_up_form(&served.code, old)).status, 303);
    let password = |email: &str| {
        let output = ipnd().current_dir(dir.path()).args(["password", email]).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap())
    };
    let email = set_up_form("", "")[5].1;
    assert!(!password(email).0, "not while ipnd runs");
    let mut program = served.program;
    program.signal("TERM");
    assert!(program.end().success());

    assert!(!password("nobody@example.com").0);
    let (is_done, said) = password(email);
    assert!(is_done, "{said}");
    let new = said.lines().nth(2).unwrap().trim();

    // Whoever has an owner invites nobody, so the address has to be known beforehand.
    let address = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = ipnd();
    command.current_dir(dir.path()).args(["serve", "--listen", &address.to_string()]);
    let _program = Program::start(&mut command);
    until("the second start", || std::net::TcpStream::connect(address).ok());
    browser.address = address;
    let log_in = |browser: &mut Browser, password: &str| {
        browser.post("/login", &[("email", email), ("password", password)]).status
    };
    assert_eq!(browser.get("/owner/orders").status, 303, "old sessions are over");
    assert_ne!(log_in(&mut browser, old), 303);
    assert_eq!(log_in(&mut browser, new), 303);
}

#[test]
fn an_account_is_connected_from_the_command_line() {
    let dir = tempfile::tempdir().unwrap();
    let connect = |arguments: &[&str]| {
        let mut command = ipnd();
        command.current_dir(dir.path()).arg("connect").args(arguments).stdin(std::process::Stdio::null());
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let (gateway, secret) = ("stripe", "signing_secret=whsec_nobodys_secret_00");
    let whole = [gateway, "--environment", "live", "--name", "Cards", "--set", secret];
    let (is_done, _, errors) = connect(&whole);
    assert!(!is_done && errors.contains("there is no shop yet"), "{errors}");

    let served = serve(dir.path());
    let mut browser = Browser::new(served.address);
    let password = "a long enough password";
    assert_eq!(browser.post("/setup", &set_up_form(&served.code, password)).status, 303);
    assert!(!connect(&whole).0, "not while ipnd runs");
    let mut program = served.program;
    program.signal("TERM");
    assert!(program.end().success());

    // Nobody is there who could be asked.
    for (arguments, expected) in [
        (&[gateway][..], "--environment is missing"),
        (&[gateway, "--environment", "live"], "--set signing_secret=...: this is needed"),
        (&[gateway, "--environment", "live", "--set", "signing_secret=x"], "signing_secret"),
        (&[gateway, "--environment", "live", "--set", "colour=red"], "has no setting colour"),
        (&["nobody", "--environment", "live"], "no gateway is called nobody"),
        (&[gateway, "--environment", "live", "--shop", "other", "--set", secret], "no shop is called other"),
    ] {
        let (is_done, _, errors) = connect(arguments);
        assert!(!is_done && errors.contains(expected), "{arguments:?}: {errors}");
    }
    let (is_done, said, errors) = connect(&whole);
    assert!(is_done, "{errors}");
    assert!(said.contains("http://127.0.0.1:8787/in/") && said.contains("Setting it up"), "{said}");
    assert!(said.contains("1. ") && !said.contains("whsec_nobodys_secret_00"), "{said}");

    let db = rusqlite::Connection::open(dir.path().join("data/ipnd.db")).unwrap();
    let row = db
        .query_row("SELECT name, gateway, environment, settings, token FROM accounts", [], |row| {
            (0..5).map(|column| row.get(column)).collect::<rusqlite::Result<Vec<String>>>()
        })
        .unwrap();
    assert_eq!(row[..3], ["Cards", gateway, "live"]);
    assert_eq!(row[3], r#"{"signing_secret":"whsec_nobodys_secret_00"}"#);
    assert!(said.contains(&row[4]), "the address is the account's own");
}

#[test]
fn t_f20_sample_or_test_code_in_production_is_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let served = serve(dir.path());
    let mut browser = Browser::new(served.address);
    for address in ["/sandbox", "/sandbox/paypal", "/mailbox", "/shop/demo", "/sandbox/paypal/cgi-bin/webscr"]
    {
        assert_eq!(browser.get(address).status, 404, "{address}");
    }
    let (login, sample) = (("email", "owner@example.com"), ("password", ""));
    assert!(browser.post("/login", &[login, sample]).status >= 400);
    for address in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(browser.get(address).status, 200, "{address}");
    }
    assert!(dir.path().join("data/ipnd.db").exists());
}

#[test]
fn t_f20_sample_or_test_code_in_production_keeps_out_of_real_shops_and_the_other_way_round() {
    let dir = tempfile::tempdir().unwrap();
    let mut served = serve(dir.path()).program;
    served.signal("TERM");
    assert!(served.end().success());
    let refusal = |arguments: &[&str]| {
        let mut program = Program::start(ipnd().current_dir(dir.path()).args(arguments));
        assert_eq!(program.end().code(), Some(1), "{arguments:?}");
        program.errors()
    };
    let demo = refusal(&["demo", "--listen", "127.0.0.1:0", "--data", "data"]);
    assert!(demo.contains("holds a real shop"), "{demo}");
    assert!(!dir.path().join("data/sandbox.db").exists());

    let play = dir.path().join("play");
    Demo::start(Some(&play)).program.kill();
    let serve = refusal(&["serve", "--listen", "127.0.0.1:0", "--data", "play"]);
    assert!(serve.contains("was made by the demo"), "{serve}");
}

#[test]
fn t_f14_log_injection_json_logs_are_one_object_a_line() {
    let dir = tempfile::tempdir().unwrap();
    let mut command = ipnd();
    command.current_dir(dir.path()).args(["serve", "--listen", "127.0.0.1:0", "--log-format", "json"]);
    let mut program = Program::start(&mut command);
    program.line("code", |line| line.contains("code").then_some(()));
    program.signal("TERM");
    assert!(program.end().success());
    let log = program.errors();
    assert!(!log.is_empty());
    for line in log.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"));
        assert!(event["level"].is_string() && event["message"].is_string(), "{line}");
    }
}

#[test]
fn init_writes_the_file_that_serve_reads_and_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| ipnd().current_dir(dir.path()).args(arguments).output().unwrap();
    assert!(run(&["init"]).status.success());
    let path = dir.path().join("ipnd.toml");
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written.contains("#listen = \"127.0.0.1:8787\""));
    std::fs::write(&path, "lisen = \"127.0.0.1:0\"\n").unwrap();
    let again = run(&["init"]);
    assert_eq!(again.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&again.stderr).contains("exists already"));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "lisen = \"127.0.0.1:0\"\n");
    let refused = run(&["serve"]);
    assert_eq!(refused.status.code(), Some(1));
    let errors = String::from_utf8_lossy(&refused.stderr);
    assert!(errors.contains("did you mean “listen”?"), "{errors}");
}

#[test]
fn gateways_are_listed_and_examples_checked() {
    let listed = ipnd().args(["gateways", "--json"]).output().unwrap();
    let list: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let ids: Vec<&str> =
        list["gateways"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ipnd_gateways::ALL.iter().map(|gateway| gateway.id).collect::<Vec<_>>());
    assert!(
        ids.is_sorted() && list["gateways"][0]["events"].as_array().is_some_and(|events| !events.is_empty())
    );
    assert!(ipnd().arg("gateways").output().unwrap().status.success());

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("examples.jsonl");
    let example = |event: &str| {
        serde_json::json!({
            "name": "one", "kind": "ipn",
            "body": "txn_type=web_accept&payment_status=Completed&txn_id=1AB23456CD789012E&mc_gross=1.00\
                     &mc_currency=EUR&receiver_email=seller%40example.com&invoice=A-1&item_name=x",
            "expect": {"event": event, "order_ref": "A-1", "amount": "1.00", "currency": "EUR", "status": "Completed"},
        })
        .to_string()
    };
    let check = |text: &str| {
        std::fs::write(&file, text).unwrap();
        ipnd().args(["gateways", "check"]).arg(&file).output().unwrap()
    };
    let good = check(&example("payment_completed"));
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stdout));
    let bad = check(&example("refund"));
    assert_eq!(bad.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&bad.stdout).contains("one: "));
    assert_eq!(check("").status.code(), Some(1), "nothing checked is nothing proved");
}

/// A folder of signed requests: each file is named after its gateway, and a difference is an error.
#[test]
fn signed_requests_of_a_folder_are_checked() {
    let dir = tempfile::tempdir().unwrap();
    let vector = |amount: i64| {
        // HMAC-SHA256 of "1790000000." and the body under "whsec_test_secret_00".
        serde_json::json!([{
            "name": "paid", "secret": "whsec_test_secret_00", "now": 1_790_000_000, "valid": true,
            "request": {
                "method": "POST", "query": "",
                "headers": {"Stripe-Signature":
                    "t=1790000000,v1=0d0b6ec5ab6a6c1d7b5b3ee41dbd4b2ccf6e5b0fd1c38d6b6b0bfb4f3f8a0f5e"},
                "body": "{\"type\":\"payment_intent.succeeded\"}",
            },
            "expect": {"event": "completed", "order_ref": null, "transaction_ref": null, "amount_minor": amount,
                "currency": "EUR"},
        }])
        .to_string()
    };
    let check = || ipnd().args(["gateways", "check"]).arg(dir.path()).output().unwrap();
    std::fs::write(dir.path().join("stripe.json"), vector(100)).unwrap();
    std::fs::write(dir.path().join("nobody.json"), "[]").unwrap();
    let output = check();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("stripe: paid: must be accepted: signature_wrong"), "{text}");
    assert!(text.contains("passed over, no such gateway: nobody"), "{text}");
    assert!(text.contains("1 examples, 1 not as expected"), "{text}");
    let refused = vector(100).replace("\"valid\":true", "\"valid\":false");
    std::fs::write(dir.path().join("stripe.json"), refused).unwrap();
    let output = check();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    let named = ipnd().args(["gateways", "check"]).arg(dir.path().join("nobody.json")).output().unwrap();
    assert_eq!(named.status.code(), Some(1), "a file that is named has to be of use");
}

/// A message of Stripe's, tried out at an account: told for people, told for programs, and an error when it is refused.
#[test]
fn a_message_is_tried_out_without_showing_a_secret() {
    let dir = tempfile::tempdir().unwrap();
    let secret = "whsec_test_secret_00";
    std::fs::write(
        dir.path().join("settings.toml"),
        format!("signing_secret = [\"{secret}\", \"another one\"]\n"),
    )
    .unwrap();
    let attempt = |signature: &str, more: &[&str]| {
        let body = r#"{"type":"payment_intent.succeeded"}"#;
        let request = format!("POST /in/token HTTP/1.1\nStripe-Signature: {signature}\n\n{body}\n");
        std::fs::write(dir.path().join("request.http"), request).unwrap();
        let mut command = ipnd();
        command.current_dir(dir.path()).args(["gateways", "try", "stripe", "--settings", "settings.toml"]);
        let now = if more.contains(&"--now") { &[][..] } else { &["--now", "1790000000"] };
        let output = command.args(["--request", "request.http"]).args(now).args(more).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(!text(&output.stdout).contains(secret) && !text(&output.stderr).contains(secret));
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    // HMAC-SHA256 of "1790000000." and the body under the first secret.
    let good = "t=1790000000,v1=3ec15e609486ec576ecd0c04fb014a97a00f543f49515dca95708d8d240302bc";
    let (is_fine, told, _) = attempt(good, &[]);
    assert!(is_fine, "{told}");
    assert!(told.contains("    1790000000.{\"type\":\"payment_intent.succeeded\"}\n"), "{told}");
    assert!(told.contains("\nIt fits.\nIt is genuine.\n"), "{told}");

    let (is_fine, told, error) = attempt(&good.replace("v1=", "v1=00"), &["--json"]);
    assert!(!is_fine && error.starts_with("ipnd: refused: "), "{error}");
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        (&told["verdict"], &told["reason"]["code"]),
        (&"refused".into(), &"signature_malformed".into())
    );
    assert_eq!(told["reply"]["status"], 400);

    let (is_fine, told, _) = attempt(good, &["--now", "2026-11-03T10:15:00Z"]);
    assert!(
        !is_fine && told.contains("To try a message that came earlier, say when it came (--now)."),
        "{told}"
    );
    let unknown =
        ipnd().args(["gateways", "try", "nobody", "--settings", "x", "--request", "y"]).output().unwrap();
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("no gateway is called nobody"));
}

#[test]
fn the_version_is_told() {
    let output = ipnd().arg("--version").output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("ipnd {}\n", env!("CARGO_PKG_VERSION")));
}
