//! Takes the pictures of the pages that the README and the docs show: `cargo xtask pictures`.

use crate::common::browser::Browser;
use crate::common::{Demo, shopping};
use crate::driver::{Look, Window};
use std::path::Path;

#[test]
#[ignore = "writes files; cargo xtask pictures runs it"]
fn pictures() {
    let folder = std::env::var_os("IPND_PICTURES").expect("IPND_PICTURES names the folder for the pictures");
    let folder = Path::new(&folder);
    let demo = Demo::start(None);
    let base = demo.text("base_url").to_owned();
    let pages = seed(&demo);
    let login = demo.text("owner_login_url").to_owned();

    let mut session = None;
    let desk = Look { width: 1280, height: 940, is_dark: false };
    let phone = Look { width: 390, height: 844, is_dark: true };
    for (look, name_of_look) in [(desk, "desk-light"), (phone, "phone-dark")] {
        let window = Window::open(look);
        window.goto(&base);
        match &session {
            None => {
                window.goto(&login);
                session = Some(window.cookie("ipnd_session"));
            }
            Some(cookie) => window.set_cookie(cookie),
        }
        for (name, path) in &pages {
            window.goto(&format!("{base}{path}"));
            window.find("main");
            let picture = data_encoding::BASE64.decode(window.picture().as_bytes()).unwrap();
            std::fs::write(folder.join(format!("{name}-{name_of_look}.png")), picture).unwrap();
        }
    }
}

/// A few orders in different states. Gives the pages worth a picture: name and path.
fn seed(demo: &Demo) -> Vec<(&'static str, String)> {
    let mut browser = Browser::new(demo.address);
    let mut paid_page = String::new();
    for (sku, outcome) in [("TEA", "decline"), ("FONT", "echeck"), ("NOTEBOOK", "authorize"), ("MUG", "pay")]
    {
        let (page, checkout) = shopping::order(&mut browser, sku);
        browser.post(&checkout, &shopping::outcome(outcome));
        paid_page = page;
    }
    let mut api = shopping::api(demo);
    crate::common::until("the last order is paid", || {
        shopping::orders(&mut api).iter().any(|order| order["status"] == "paid").then_some(())
    });
    let (_, checkout) = shopping::order(&mut browser, "MUG");
    vec![
        ("storefront", "/shop/demo".to_owned()),
        ("customer-order", paid_page),
        ("sandbox-checkout", checkout),
        ("orders", "/owner/orders".to_owned()),
        ("order", "/owner/orders/ord_4".to_owned()),
        ("notifications", "/owner/notifications".to_owned()),
        ("notification", "/owner/notifications/ntf_4".to_owned()),
        ("mailbox", "/mailbox".to_owned()),
    ]
}
