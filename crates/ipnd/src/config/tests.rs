use super::options::{OPTIONS, switched_on};
use super::*;
use std::collections::BTreeSet;
use std::path::Path;
use toml::{Table, Value};

/// Options that have no default of their own: the file shows an example.
const EXAMPLES: [&str; 8] = [
    "base_url",
    "database",
    "mail.from",
    "mail.from_name",
    "mail.host",
    "mail.password",
    "mail.port",
    "mail.username",
];

fn file(dir: &Path, text: &str) -> Flags {
    let path = dir.join("ipnd.toml");
    std::fs::write(&path, text).unwrap();
    Flags { config: Some(path), ..Flags::default() }
}

fn load_text(text: &str) -> Result<Config, String> {
    let dir = tempfile::tempdir().unwrap();
    load(&file(dir.path(), text), std::iter::empty()).map_err(|error| format!("{error:#}"))
}

fn paths(table: &Table) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (name, value) in table {
        match value {
            Value::Table(section) => paths.extend(section.keys().map(|key| format!("{name}.{key}"))),
            _ => {
                paths.insert(name.clone());
            }
        }
    }
    paths
}

#[test]
fn the_documented_file_shows_every_option_with_its_default() {
    let shown: Config = switched_on().try_into().unwrap();
    let known = paths(&Table::try_from(&shown).unwrap());
    assert_eq!(paths(&switched_on()), known, "options in the file and in the code");
    assert_eq!(OPTIONS.keys().cloned().collect::<BTreeSet<_>>(), known);

    let mut defaults = shown;
    defaults.base_url = None;
    defaults.database = None;
    defaults.trusted_proxies = Vec::new();
    defaults.mail = Mail { tls: defaults.mail.tls, ..Mail::default() };
    assert_eq!(defaults, Config::default(), "defaults in the file and in the code");
    assert!(EXAMPLES.iter().all(|option| known.contains(*option)));
}

#[test]
fn the_documented_file_as_it_is_written_changes_nothing() {
    assert_eq!(load_text(TEMPLATE), Ok(Config::default()));
    assert_eq!(load_text(""), Ok(Config::default()));
}

#[test]
fn the_environment_wins_over_the_file_and_the_command_line_over_both() {
    let dir = tempfile::tempdir().unwrap();
    let text = "listen = \"127.0.0.1:1\"\ndata = \"file\"\n[limits]\nidle_ms = 1\n[log]\nformat = \"text\"\n";
    let mut flags = file(dir.path(), text);
    flags.listen = Some("127.0.0.1:3".into());
    flags.log_format = Some(LogFormat::Json);
    let environment = [
        ("IPND_LISTEN", "127.0.0.1:2"),
        ("IPND_DATA", "environment"),
        ("IPND_LIMITS_IDLE_MS", "2"),
        ("IPND_RETENTION_PROVED_DAYS", "3650"),
        ("IPND_RETENTION_FORGED_DAYS", "7"),
        ("IPND_MAIL_HOST", "mail.example.com"),
        ("IPND_MAIL_FROM", "shop@example.com"),
        ("IPND_OUTGOING_ALLOWED", "127.0.0.1:8080, [::1]:8081"),
        ("IPND_SOMETHING_ELSE", "not ours"),
        ("LISTEN", "nor this"),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = load(&flags, environment.into_iter()).unwrap();
    assert_eq!(config.listen.port(), 3);
    assert_eq!(config.data, Path::new("environment"));
    assert_eq!(config.limits.idle_ms, 2);
    assert_eq!(config.retention.proved_days, Keep::of_days(3_650));
    assert_eq!(config.retention.forged_days, Keep::of_days(7));
    assert_eq!(config.mail.host.as_deref(), Some("mail.example.com"));
    assert_eq!(config.outgoing.allowed.len(), 2);
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn mistakes_are_named() {
    let cases = [
        ("lisen = \"127.0.0.1:1\"", "no option “lisen”; did you mean “listen”?"),
        ("[mail]\nhots = \"x\"", "no option “mail.hots”; did you mean “mail.host”?"),
        ("[colours]\nsky = 1", "no option “colours.sky”; `ipnd init`"),
        ("[retention]\nforged_days = 0", "“0” is neither “forever” nor 1 to 36525 days"),
        ("[retention]\nproved_days = \"never\"", "retention.proved_days: “never” is neither"),
        ("[retention]\nproved_dais = 1", "did you mean “retention.proved_days”?"),
        ("listen = \"nowhere\"", "listen: invalid socket address"),
        (
            "[limits]\nbody_bytes_max = 99999999",
            "limits.body_bytes_max is 99999999; it must be between 1 and",
        ),
        ("[limits]\nidle_ms = -1", "limits.idle_ms: "),
        ("[mail]\ntls = \"maybe\"", "mail.tls: unknown variant `maybe`"),
        ("[mail]\nhost = \"m.example.com\"", "mail.from is needed"),
        (
            "[mail]\nhost = \"m.example.com\"\nfrom = \"a@example.com\"\nusername = \"u\"",
            "both a user name and a",
        ),
        ("listen = \"0.0.0.0:80\"", "base_url is needed"),
        ("base_url = \"ftp://example.com\"", "base_url must begin with"),
        ("base_url = \"https://example.com/pay\"", "base_url must not have a path"),
        ("listen = ", "ipnd.toml"),
    ];
    for (text, expected) in cases {
        let error = load_text(text).expect_err(text);
        assert!(error.contains(expected), "{text}\n{error}");
    }
    let flags = Flags { config: Some("missing.toml".into()), ..Flags::default() };
    let error = load(&flags, std::iter::empty()).err().unwrap();
    assert!(error.to_string().contains("cannot read missing.toml"));
}

#[test]
fn the_usual_port_follows_from_the_encryption() {
    let port = |tls: &str| {
        let text = format!("[mail]\nhost = \"m.example.com\"\nfrom = \"a@example.com\"\ntls = \"{tls}\"");
        load_text(&text).unwrap().mail().unwrap().unwrap().port
    };
    assert_eq!([port("starttls"), port("implicit"), port("none")], [587, 465, 25]);
}
