use crate::peer_smtp::SmtpPeer;
use crate::world::{World, until};
use ipnd_core::{Language, MailKind};
use ipnd_store::{MailState, TemplateText};
use mailparse::MailHeaderMap as _;

#[tokio::test]
async fn a_mail_says_what_it_should_to_whom_it_should() {
    let (world, peer) = (World::new().await, SmtpPeer::good().await);
    let order = world.order_with_mail("Ваша посилка в дорозі.\nGrüße").await;
    let workers = world.mailing(&peer);
    let line = world.mail_is_sent(&order).await;
    workers.stop().await;
    assert_eq!(line.to.as_deref(), Some("alex@example.com"));
    assert_eq!(line.subject_line.as_deref(), Some("About your order 1001"));

    let raw = peer.messages().remove(0);
    assert!(raw.is_ascii(), "nothing depends on what servers in between can do");
    let mail = mailparse::parse_mail(&raw).unwrap();
    let header = |name: &str| mail.headers.get_first_value(name).unwrap_or_default();
    assert_eq!(header("From"), "\"Corner shop\" <orders@shop.example>");
    assert_eq!(header("To"), "alex@example.com");
    assert_eq!(header("Reply-To"), "owner@example.com");
    assert_eq!(header("Subject"), "About your order 1001");
    assert_eq!(header("Content-Language"), "en");
    assert_eq!(header("Date"), "Wed, 01 May 2024 12:00:00 +0000");
    assert!(header("Auto-Submitted").is_empty(), "the owner wrote this one by hand");
    assert!(
        header("Message-ID").starts_with("<mai_1.shp_1.") && header("Message-ID").ends_with("@shop.example>")
    );
    assert_eq!(mail.ctype.mimetype, "multipart/alternative");
    let bodies: Vec<_> =
        mail.subparts.iter().map(|part| (part.ctype.mimetype.clone(), part.get_body().unwrap())).collect();
    assert_eq!((bodies[0].0.as_str(), bodies[1].0.as_str()), ("text/plain", "text/html"));
    assert!(bodies[0].1.contains("Ваша посилка в дорозі.\r\nGrüße"), "{}", bodies[0].1);
    assert!(bodies[1].1.contains("Ваша посилка в дорозі.<br>"));
    assert!(bodies[0].1.contains(&format!("https://shop.example.com/shop/corner/order/{}", order.token)));
}

#[tokio::test]
async fn money_without_an_order_is_told_to_the_owner() {
    let (world, peer) = (World::new().await, SmtpPeer::good().await);
    world.payment_without_an_order("A-17", "7VX04731LB558304K").await;
    let workers = world.mailing(&peer);
    let raw = until("the owner is told", async || peer.messages().pop()).await;
    workers.stop().await;
    let mail = mailparse::parse_mail(&raw).unwrap();
    let header = |name: &str| mail.headers.get_first_value(name);
    assert_eq!(header("To").as_deref(), Some("owner@example.com"));
    assert_eq!(header("Subject").as_deref(), Some("A payment without an order needs your answer"));
    assert_eq!(header("Reply-To"), None, "there is no customer to answer");
    let text = mail.subparts[0].get_body().unwrap();
    for word in ["7VX04731LB558304K", "A-17, 19.95 EUR", "https://shop.example.com/owner/reviews"] {
        assert!(text.contains(word), "{word} is missing:\n{text}");
    }
    assert_eq!(peer.messages().len(), 1);
}

#[tokio::test]
async fn the_customers_language_is_spoken_if_it_is_known_else_the_shops() {
    let (world, peer) = (World::new().await, SmtpPeer::good().await);
    let shop = ipnd_store::Shop { language: Language::De, ..world.shop.clone() };
    world.store.update_shop(shop).await.unwrap();
    let unknown = world.order_with_mail("x").await;
    let known = world.order_in(Some(Language::Uk), "Alex Example", Some("alex@example.com"), "Tea").await;
    world.store.write_message(world.shop.id, known.id, "x", world.clock.now()).await.unwrap().unwrap();
    let workers = world.mailing(&peer);
    let subjects = (
        world.mail_is_sent(&unknown).await.subject_line.unwrap(),
        world.mail_is_sent(&known).await.subject_line.unwrap(),
    );
    workers.stop().await;
    assert_eq!(subjects, ("Zu Ihrer Bestellung 1001".into(), "Щодо Вашого замовлення 1002".into()));
}

#[tokio::test]
async fn the_owners_template_is_used_and_a_broken_one_loses_no_mail() {
    let (world, peer) = (World::new().await, SmtpPeer::good().await);
    let put = async |subject: &str| {
        let text = TemplateText { subject: subject.into(), text: "{{ message }}".into(), html: "x".into() };
        let kind = MailKind::CustomerMessage;
        world.store.put_template(world.shop.id, kind, Language::En, Some(text)).await.unwrap();
    };
    put("Own words about {{ order.reference }}").await;
    let first = world.order_with_mail("one").await;
    let workers = world.mailing(&peer);
    assert_eq!(world.mail_is_sent(&first).await.subject_line.as_deref(), Some("Own words about 1001"));
    for broken in ["{{ order.reference", "{{ nothing }}", "  "] {
        put(broken).await;
        let order = world.order_with_mail("two").await;
        let line = world.mail_is_sent(&order).await;
        let wanted = format!("About your order {}", order.reference);
        assert_eq!(line.subject_line, Some(wanted), "the built-in template stands in for “{broken}”");
    }
    workers.stop().await;
}

#[tokio::test]
async fn without_a_usable_address_the_mail_fails_and_says_why() {
    let (world, peer) = (World::new().await, SmtpPeer::good().await);
    let order = world.order("A", Some("alex@example.com, eve@example.com"), "Tea").await;
    world.store.write_message(world.shop.id, order.id, "x", world.clock.now()).await.unwrap().unwrap();
    let workers = world.mailing(&peer);
    let line = world.mail_reason(&order, "bad_address").await;
    workers.stop().await;
    assert_eq!(line.state, MailState::Failed);
    assert!(peer.sessions().is_empty(), "nobody was written to");
}
