//! The steps of the README, done one after the other.

use super::common::browser::Browser;
use super::common::{Program, ipnd};
use super::markdown::page;
use std::net::SocketAddr;
use std::path::Path;

/// Starts `ipnd serve` and gives where it invites to, and the code.
fn serve(dir: &Path) -> (Program, String, String) {
    let mut program = Program::start(ipnd().current_dir(dir).args(["serve", "--listen", "127.0.0.1:0"]));
    let url = program.line("address of the set-up", |line| {
        Some(line.trim().strip_prefix("open")?.trim().to_owned()).filter(|url| url.ends_with("/setup"))
    });
    let code = program.line("code", |line| Some(line.trim().strip_prefix("code")?.trim().to_owned()));
    (program, url, code)
}

#[test]
fn the_first_real_account_in_five_steps() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("ipnd.toml");
    assert!(ipnd().current_dir(dir.path()).arg("init").output().unwrap().status.success());
    let written = std::fs::read_to_string(&path).unwrap();
    let mut set = written.clone();
    for option in ["base_url", "host", "from"] {
        set = set.replace(&format!("\n#{option} = "), &format!("\n{option} = "));
    }
    std::fs::write(&path, set).unwrap();
    let (mut program, url, _) = serve(dir.path());
    assert_eq!(url, "https://pay.example.com/setup", "links lead to where the outside reaches it");
    program.signal("TERM");
    assert!(program.end().success());

    // From here on without a public address, so that the test reaches what the links lead to.
    std::fs::write(&path, written).unwrap();
    let (_program, url, code) = serve(dir.path());
    let base = url.strip_suffix("/setup").unwrap();
    let address: SocketAddr = base.strip_prefix("http://").unwrap().parse().unwrap();
    let mut owner = Browser::new(address);
    let accounts = set_up(&mut owner, &code);
    for words in ["Gateways", "Connect an account", "Notifications"] {
        assert!(accounts.contains(words), "“{words}” does not stand on the page");
        assert!(page("README.md").line().contains(words), "“{words}” does not stand in the README");
    }
    let account = connect(&mut owner);
    assert!(account.contains(&format!("{base}/in/")), "{account}");
    assert_eq!(owner.get("/owner/notifications").status, 200);
}

/// Makes the shop and its owner; gives the page it leads to.
fn set_up(owner: &mut Browser, code: &str) -> String {
    assert_eq!(owner.get("/setup").status, 200);
    let form = [
        ("code", code),
        ("name", "My Shop"),
        ("slug", "my-shop"),
        ("currency", "EUR"),
        ("language", "en"),
        ("email", "me@example.com"),
        ("password", "a long enough password"),
    ];
    let answer = owner.post("/setup", &form);
    assert_eq!(answer.status, 303, "{}", answer.body);
    owner.get(&answer.location()).body
}

/// Connects a live PayPal account; gives the page that says what is left to do.
fn connect(owner: &mut Browser) -> String {
    let choice = owner.get("/owner/accounts/new");
    assert!(choice.body.contains("PayPal (IPN)"), "{}", choice.body);
    let form = owner.get("/owner/accounts/new?gateway=paypal-ipn");
    // Every form of the page carries the session's token; one form has it once.
    let mut fields = form.hidden_fields();
    fields.sort();
    fields.dedup();
    for (name, value) in
        [("name", "PayPal"), ("environment", "live"), ("set.receivers", "seller@example.com\nABCDEFGHJKLMN")]
    {
        fields.push((name.to_owned(), value.to_owned()));
    }
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let made = owner.post("/owner/accounts/new", &fields);
    assert_eq!(made.status, 303, "{}", made.body);
    owner.get(&made.location()).body
}
