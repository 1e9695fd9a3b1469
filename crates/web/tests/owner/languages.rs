//! Every page in every language.

use crate::shop::{Fixture, alex};
use http::StatusCode;
use ipnd_core::{EventKind, Language, MailKind};

/// How the keys of the catalogues begin. A key that has no text shows itself.
const PREFIXES: [&str; 24] = [
    "nav.",
    "word.",
    "done.",
    "login.",
    "setup.",
    "orders.",
    "order.",
    "reviews.",
    "notifications.",
    "notification.",
    "event.",
    "products.",
    "accounts.",
    "try.",
    "endpoints.",
    "deliveries.",
    "templates.",
    "variable.",
    "settings.",
    "failure.",
    "status.",
    "check.",
    "question",
    "reason.",
];

/// The text between the tags, in words.
fn words_of(page: &str) -> Vec<String> {
    let mut text = String::new();
    let mut is_tag = false;
    for c in page.chars() {
        match c {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                text.push(' ');
            }
            _ if !is_tag => text.push(c),
            _ => {}
        }
    }
    text.split_whitespace().map(str::to_owned).collect()
}

fn assert_translated(path: &str, page: &str, language: Language) {
    assert!(page.contains(&format!("<html lang=\"{}\">", language.code())), "{path} in {language:?}");
    // The list of variables shows names such as `order.total` on purpose.
    let shows_names = path.contains("/templates/");
    for word in words_of(page) {
        let is_key = PREFIXES.iter().any(|prefix| word.starts_with(prefix))
            && word.contains('.')
            && !word.ends_with('.');
        assert!(!is_key || shows_names, "{path} in {language:?} shows “{word}”");
        assert!(!word.contains("{count}") && !word.contains("{at}"), "{path} in {language:?}: {word}");
    }
}

#[tokio::test]
async fn every_page_speaks_every_language() {
    for language in Language::ALL {
        let shop = Fixture::new(language).await;
        shop.product("mug", "Mug", ipnd_store::ProductKind::Physical, Some(0)).await;
        crate::telling::add(&shop, "Shop", &[("headers", "X-Token: x"), ("rate", "5"), ("products", "mug")])
            .await;
        let paypal = [("dialect", "paypal-ipn"), ("name", "PayPal"), ("set.receivers", "SELLER1234567")];
        shop.post("/owner/endpoints/new", &[&paypal[..], &[("url", crate::telling::URL)]].concat()).await;
        shop.post("/owner/endpoints/end_2/pause", &[]).await;
        let desk = [("dialect", "standard"), ("name", "Desk"), ("way", "fetch")];
        let made = shop.post("/owner/endpoints/new", &desk).await;
        assert_translated("/owner/endpoints/new", &made.body, language);
        let order = shop.order(alex()).await;
        let mut event = shop.paid(&order, "T1", "1.00");
        let heard = shop.hear(b"txn_id=T1&charset=UTF-8", vec![event.clone()]).await;
        shop.pass(10);
        for (index, kind) in EventKind::ALL.iter().enumerate() {
            event.kind = *kind;
            event.identity = format!("other/{index}");
            event.transaction = Some(format!("O{index}"));
            shop.hear(format!("n={index}").as_bytes(), vec![event.clone()]).await;
        }
        let paid = shop.order(alex()).await;
        shop.hear(b"paid", vec![shop.paid(&paid, "T2", "19.95")]).await;
        let reason = || ipnd_core::Reason::new("endpoint_status", "500");
        crate::telling::attempt(&shop, "no", crate::telling::later(&shop, reason())).await;
        let told = crate::telling::all(&shop).await;
        assert!(!told.is_empty());
        let counted = shop.post("/owner/deliveries/resend", &[("endpoint", "end_1")]).await;
        assert_translated("/owner/deliveries/resend", &counted.body, language);
        let rotated = shop.post("/owner/endpoints/end_1/rotate", &[("hours", "1")]).await;
        assert_translated("/owner/endpoints/end_1/rotate", &rotated.body, language);
        for path in [
            "/owner/orders".to_owned(),
            "/owner/orders?needs=1".to_owned(),
            "/owner/orders?status=expired".to_owned(),
            format!("/owner/orders/{}?done=message", order.id),
            "/owner/reviews".to_owned(),
            "/owner/notifications".to_owned(),
            "/owner/notifications?state=forged".to_owned(),
            format!("/owner/notifications/{heard}"),
            "/owner/products".to_owned(),
            "/owner/products/new".to_owned(),
            "/owner/products/mug".to_owned(),
            "/owner/accounts".to_owned(),
            "/owner/accounts/new".to_owned(),
            "/owner/accounts/acc_1".to_owned(),
            "/owner/accounts/acc_1/edit".to_owned(),
            "/owner/accounts/acc_1/try".to_owned(),
            "/owner/endpoints".to_owned(),
            "/owner/endpoints/new".to_owned(),
            "/owner/endpoints/new?dialect=standard".to_owned(),
            "/owner/endpoints/new?dialect=stripe".to_owned(),
            "/owner/endpoints/end_1".to_owned(),
            "/owner/endpoints/end_2".to_owned(),
            "/owner/endpoints/end_3".to_owned(),
            "/owner/endpoints/end_1/edit".to_owned(),
            "/owner/endpoints/end_3/edit".to_owned(),
            "/owner/endpoints/end_1/form".to_owned(),
            "/owner/endpoints/end_1/remove".to_owned(),
            "/owner/deliveries".to_owned(),
            "/owner/deliveries?view=all".to_owned(),
            "/owner/deliveries?view=all&state=skipped".to_owned(),
            format!("/owner/deliveries/{}", told[0].id),
            format!("/owner/orders/{}", paid.id),
            "/owner/templates".to_owned(),
            "/owner/settings".to_owned(),
        ] {
            let answer = shop.get(&path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path} in {language:?}");
            assert_translated(&path, &answer.body, language);
        }
        let missing = shop.get("/owner/nothing").await;
        assert_eq!(missing.status, StatusCode::NOT_FOUND);
        assert_translated("/owner/nothing", &missing.body, language);
    }
}

#[tokio::test]
async fn every_mail_can_be_edited_in_every_language() {
    let shop = Fixture::new(Language::Es).await;
    for kind in MailKind::ALL {
        for language in Language::ALL {
            let path = format!("/owner/templates/{}/{}", kind.word(), language.code());
            let page = shop.get(&path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert_translated(&path, &page.body, Language::Es);
            let preview = shop.get(&format!("{path}/preview")).await;
            assert!(preview.body.contains("srcdoc"), "{path}");
        }
    }
}

#[tokio::test]
async fn the_owner_chooses_a_language_for_good_and_a_browser_for_itself() {
    let mut shop = Fixture::new(Language::En).await;
    assert!(shop.get("/owner/orders").await.body.contains(">Orders<"));
    // This browser: a link and a cookie. What the owner chose for good stays.
    let answer = shop.get("/owner/orders?lang=de").await;
    assert!(answer.body.contains("Bestellungen"));
    assert!(answer.headers["set-cookie"].to_str().unwrap().starts_with("lang=de;"));
    // For good: everywhere.
    let answer = shop.post("/owner/settings/language", &[("language", "uk")]).await;
    assert_eq!(answer.location(), "/owner/settings?done=settings");
    shop.log_in().await;
    assert!(shop.get("/owner/orders").await.body.contains("Замовлення"));
    let wrong = shop.post("/owner/settings/language", &[("language", "xx")]).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.body.contains("Це не вдалося прочитати"), "failures speak the owner's language");
}

#[tokio::test]
async fn amounts_and_times_are_written_as_people_write_them() {
    for (language, amount, day) in
        [(Language::En, "€19.95", "1 Mar 2026"), (Language::De, "19,95\u{a0}€", "01.03.2026")]
    {
        let shop = Fixture::new(language).await;
        shop.order(alex()).await;
        let page = shop.get("/owner/orders").await.body;
        assert!(page.contains(amount) && page.contains(day), "{language:?}");
    }
}
