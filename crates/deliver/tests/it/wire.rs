//! What really goes over the wire, compared byte for byte (T-E01 to T-E04).

use crate::peer_smtp::{Session, SmtpPeer};
use crate::world::World;
use ipnd_store::{MailState, Order};
use mailparse::MailHeaderMap as _;

/// Sends one mail from this shop, to this customer, about this item, with this text.
async fn sent(shop: &str, customer: &str, item: &str, text: &str) -> (Session, Order) {
    let (world, peer) = (World::with_shop_name(shop).await, SmtpPeer::good().await);
    let order = world.order(customer, Some("alex@example.com"), item).await;
    world.store.write_message(world.shop.id, order.id, text, world.clock.now()).await.unwrap().unwrap();
    let workers = world.mailing(&peer);
    world.mail_is_sent(&order).await;
    workers.stop().await;
    assert_eq!(peer.sessions().len(), 1);
    (peer.sessions().remove(0), order)
}

/// The commands of a session, which must be those of exactly one mail to exactly one person.
fn assert_one_mail(session: &Session) {
    let commands: Vec<&str> =
        session.commands.iter().map(String::as_str).filter(|command| *command != "QUIT").collect();
    assert!(commands[0].starts_with("EHLO "), "{commands:?}");
    assert_eq!(commands[1..], ["MAIL FROM:<orders@shop.example>", "RCPT TO:<alex@example.com>", "DATA"]);
    assert_eq!(session.messages.len(), 1);
    let raw = &session.raw;
    for (at, byte) in raw.iter().enumerate() {
        match byte {
            b'\n' => assert_eq!(raw.get(at.wrapping_sub(1)), Some(&b'\r'), "a bare LF at {at}"),
            b'\r' => assert_eq!(raw.get(at + 1), Some(&b'\n'), "a bare CR at {at}"),
            0 => panic!("a NUL at {at}"),
            _ => {}
        }
    }
}

fn header_names(session: &Session) -> Vec<String> {
    let mail = mailparse::parse_mail(&session.messages[0]).unwrap();
    mail.headers.iter().map(|header| header.get_key()).collect()
}

#[tokio::test]
async fn t_e01_header_or_command_injection() {
    let (harmless, _) = sent("Shop", "Alex", "Tea", "Hello").await;
    assert_one_mail(&harmless);
    for attack in [
        "A\r\nBcc: eve@example.com",
        "A\nBcc: eve@example.com",
        "A\rBcc: eve@example.com",
        "A\r\n\r\n<script>",
        "A\0B",
        "A>\r\nRCPT TO:<eve@example.com>",
        "A\r\n.\r\nMAIL FROM:<eve@example.com>",
        "A\u{85}Bcc: eve@example.com",
        "A\u{2028}Bcc: eve@example.com",
        "\"; Bcc: eve@example.com",
    ] {
        let (session, _) = sent(attack, attack, attack, attack).await;
        assert_one_mail(&session);
        assert_eq!(header_names(&session), header_names(&harmless), "{attack:?}");
        let mail = mailparse::parse_mail(&session.messages[0]).unwrap();
        assert_eq!(mail.headers.get_all_values("To"), ["alex@example.com"]);
        assert!(mail.headers.get_all_values("Bcc").is_empty());
    }
}

#[tokio::test]
async fn t_e01_addresses_that_carry_commands_are_refused() {
    for address in [
        "alex@example.com\r\nBcc: eve@example.com",
        "alex@example.com>\r\nRCPT TO:<eve@example.com",
        "alex@example.com\0",
        "alex\r\n@example.com",
        "<alex@example.com>",
        "alex@example.com eve@example.com",
    ] {
        let (world, peer) = (World::new().await, SmtpPeer::good().await);
        let order = world.order("Alex", Some(address), "Tea").await;
        let queued = world.store.write_message(world.shop.id, order.id, "x", world.clock.now()).await;
        let workers = world.mailing(&peer);
        if queued.is_ok_and(|mail| mail.is_some()) {
            let line = world.mail_becomes(&order, |mail| mail.state != MailState::Waiting).await;
            // The store may have dropped what cannot be kept; then what is left is one plain address.
            let sent_to = line.to.unwrap_or_default();
            assert!(
                line.state == MailState::Failed || sent_to == "alex@example.com",
                "{address:?}: {sent_to:?}"
            );
        }
        workers.stop().await;
        for session in peer.sessions() {
            assert_one_mail(&session);
        }
    }
}

#[tokio::test]
async fn t_e02_body_ends_the_message_early() {
    let end = "MAIL FROM:<eve@example.com>\r\nRCPT TO:<victim@example.com>\r\nDATA\r\nforged";
    for text in [
        format!("a\r\n.\r\n{end}"),
        format!("a\n.\n{end}"),
        format!("a\r.\r{end}"),
        format!("a\n.\r\n{end}"),
        format!("a\r\n.\n{end}"),
        format!("a\r.\r\n{end}"),
        format!("\r\n\r\n.\r\n{end}"),
        ".\r\n.\r\n..\r\n...".to_owned(),
        format!(".{}\r\n.", "x".repeat(2_000)),
        "\n.\n".repeat(50),
    ] {
        let (session, _) = sent("Shop", "Alex", &text, &text).await;
        assert_one_mail(&session);
        let mail = mailparse::parse_mail(&session.messages[0]).unwrap();
        let body = mail.subparts[0].get_body().unwrap();
        let lines = |text: &str| -> Vec<String> {
            text.replace("\r\n", "\n").replace('\r', "\n").lines().map(str::to_owned).collect()
        };
        let wanted = lines(text.trim());
        let got = lines(&body);
        let start = got.iter().position(|line| *line == wanted[0]).unwrap_or_default();
        assert_eq!(got[start..start + wanted.len()], wanted, "the whole text arrived: {text:?}");
    }
}

#[test]
fn t_e03_no_local_program_is_ever_run() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).unwrap();
    let line = manifest.lines().find(|line| line.starts_with("lettre =")).unwrap();
    assert!(line.contains("default-features = false"), "{line}");
    assert!(!line.contains("sendmail") && !line.contains("file-transport"), "{line}");
    for part in ["deliver", "web", "store", "core", "gateways"] {
        for entry in std::fs::read_dir(root.join("crates").join(part)).unwrap() {
            let path = entry.unwrap().path();
            if path.file_name().is_some_and(|name| name == "Cargo.toml") {
                let text = std::fs::read_to_string(&path).unwrap();
                assert!(!text.contains("sendmail"), "{}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn t_e04_sender_spoofed_by_a_display_name() {
    for (name, shown) in [
        ("=?utf-8?q?security=40bank.example?=", "utf-8 q security 40bank.example"),
        ("Bank <security@bank.example>", "Bank security bank.example"),
        ("a@bank.example, b@bank.example", "a bank.example b bank.example"),
        ("\"Bank\" (official)", "Bank official"),
        ("Bücher & Tee", "Bücher & Tee"),
    ] {
        let (session, _) = sent(name, name, "Tea", "x").await;
        assert_one_mail(&session);
        let message = &session.messages[0];
        let mail = mailparse::parse_mail(message).unwrap();
        let from = mail.headers.get_first_header("From").unwrap();
        let parsed = mailparse::addrparse_header(from).unwrap();
        assert_eq!(parsed.len(), 1, "{name}");
        let mailparse::MailAddr::Single(single) = &parsed[0] else { panic!("{name} made a group") };
        assert_eq!(
            (single.addr.as_str(), single.display_name.as_deref()),
            ("orders@shop.example", Some(shown))
        );
        // The second reader: the raw header, by the plain rule that there is one address, in angle brackets, at the end.
        let raw = String::from_utf8_lossy(from.get_value_raw()).into_owned();
        assert!(raw.ends_with("<orders@shop.example>") && raw.matches('@').count() == 1, "{raw}");
    }
}
