//! Every kind of mail in every language, through a mail server that is not ours, read back by a mail reader that is
//! not ours either.
//!
//! Needs `IPND_SMTP_PEER` (host:port of a server that takes everything) and `IPND_SMTP_SPOOL` (the Maildir it keeps
//! it in); `cargo xtask test` starts such a server and sets both.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on ends there")]

use ipnd_core::{Currency, Customer, Item, Language, MailKind, Money, Terms};
use ipnd_deliver::client::{Client, Policy};
use ipnd_deliver::mail::{Letter, MailConfig, Tls, send};
use ipnd_deliver::templates::{Rendered, builtin, render, sample};
use ipnd_store::sqlite::SqliteStore;
use ipnd_store::{DueMail, MailId, NewOrder, NewShop, Order, OrderSource, Shop, Store as _};
use jiff::Timestamp;
use mailparse::{MailHeaderMap as _, ParsedMail};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[tokio::test]
#[ignore = "needs a mail server that is not ours: cargo xtask test"]
async fn t_e04_every_mail_arrives_as_it_was_meant() {
    let (Ok(peer), Ok(spool)) = (std::env::var("IPND_SMTP_PEER"), std::env::var("IPND_SMTP_SPOOL")) else {
        println!("NOT RUN: IPND_SMTP_PEER and IPND_SMTP_SPOOL are not set");
        return;
    };
    let (host, port) = peer.rsplit_once(':').expect("IPND_SMTP_PEER is host:port");
    let config = MailConfig {
        host: host.into(),
        port: port.parse().expect("IPND_SMTP_PEER is host:port"),
        tls: Tls::None,
        username: None,
        password: None,
        from: "orders@shop.example".into(),
        from_name: Some("Крамниця & Söhne =?utf-8?q?x?= <a@bank.example>".into()),
    };
    let client = Client::new(Policy::default()).unwrap();
    let (shop, order) = shop_and_order().await;

    let mut sent = BTreeMap::new();
    for kind in MailKind::ALL {
        for language in Language::ALL {
            let mut words = sample(*kind, language);
            words.message =
                "Guten Tag,\n.\n..\n\nMAIL FROM:<eve@example.com>\n{{7*7}} <b>Тест</b> € 😀".into();
            let rendered = render(*kind, language, &builtin(*kind, language), &words).unwrap();
            let due = due(sent.len(), *kind, &shop, &order);
            let now: Timestamp = "2024-05-01T12:00:00Z".parse().unwrap();
            let letter = Letter::write(&config, &due, language, rendered.clone(), now).unwrap();
            send(&client, &config, &letter).await.unwrap();
            sent.insert(letter.message_id.clone(), (*kind, rendered));
        }
    }
    let arrived = arrived(Path::new(&spool), sent.len()).await;
    assert_eq!(arrived.len(), sent.len(), "each exactly once");
    for raw in &arrived {
        let mail = mailparse::parse_mail(raw).unwrap();
        let id = mail.headers.get_first_value("Message-ID").unwrap();
        let (kind, rendered) = sent.remove(&id).expect("it is one of ours, and came once");
        compare(&mail, kind, &rendered);
    }
    println!("{} mails through {peer}", arrived.len());
}

/// What was read back is what was written.
fn compare(mail: &ParsedMail<'_>, kind: MailKind, rendered: &Rendered) {
    let header = |name: &str| mail.headers.get_first_value(name).unwrap_or_default();
    assert_eq!(header("Subject"), rendered.subject);
    let from = mailparse::addrparse_header(mail.headers.get_first_header("From").unwrap()).unwrap();
    let from = from.extract_single_info().expect("one sender");
    assert_eq!(from.addr, "orders@shop.example");
    assert_eq!(from.display_name.as_deref(), Some("Крамниця & Söhne utf-8 q x a bank.example"));
    let (to, reply_to) = ("alex@example.com", "owner@example.com");
    let (to, reply_to) = if kind.is_for_customer() { (to, reply_to) } else { (reply_to, to) };
    assert_eq!((header("To").as_str(), header("Reply-To").as_str()), (to, reply_to));
    let automatic = if kind == MailKind::CustomerMessage { "" } else { "auto-generated" };
    assert_eq!(header("Auto-Submitted"), automatic);
    let lines = |text: &str| text.replace("\r\n", "\n").trim_end().to_owned();
    assert_eq!(mail.subparts.len(), 2);
    assert_eq!(lines(&mail.subparts[0].get_body().unwrap()), lines(&rendered.text));
    assert_eq!(lines(&mail.subparts[1].get_body().unwrap()), lines(&rendered.html));
}

/// What lies in the Maildir, once there is as much as wanted.
async fn arrived(spool: &Path, wanted: usize) -> Vec<Vec<u8>> {
    let start = Instant::now();
    loop {
        let files: Vec<PathBuf> = std::fs::read_dir(spool.join("new"))
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect();
        if files.len() >= wanted {
            return files.iter().map(|file| std::fs::read(file).unwrap()).collect();
        }
        assert!(start.elapsed() < Duration::from_secs(30), "only {} of {wanted} mails arrived", files.len());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn due(number: usize, kind: MailKind, shop: &Shop, order: &Order) -> DueMail {
    DueMail {
        id: MailId(i64::try_from(number).unwrap() + 1),
        lease: 1,
        attempts: 0,
        doubts: 0,
        created_at: order.created_at,
        kind,
        subject: String::new(),
        amount: None,
        message: None,
        question: None,
        endpoint: None,
        standstill: None,
        order: Some(order.clone()),
        shop: shop.clone(),
        access: Vec::new(),
    }
}

async fn shop_and_order() -> (Shop, Order) {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&directory.path().join("ipnd.db")).unwrap();
    let created_at: Timestamp = "2024-05-01T11:59:00Z".parse().unwrap();
    let euro = Currency::from_code("EUR").unwrap();
    let shop = NewShop {
        slug: "corner".into(),
        name: "Corner shop".into(),
        language: Language::En,
        currency: euro,
        owner_email: "owner@example.com".into(),
        is_sample: false,
    };
    let shop = store.create_shop(shop, created_at).await.unwrap();
    let item = Item {
        sku: String::new(),
        name: "Tea".into(),
        quantity: 1,
        unit_price: Money::from_minor(1_995, euro),
    };
    let customer = Customer { email: Some("alex@example.com".into()), ..Customer::default() };
    let order = NewOrder {
        shop: shop.id,
        reference: None,
        terms: Terms::from_items(vec![item], euro).unwrap(),
        customer,
        language: None,
        source: OrderSource::Api,
        created_at,
    };
    let order = store.register_order(order).await.unwrap();
    (shop, order)
}
