//! An account's pages, as an owner sees them on a desk and on a phone: what to paste at the gateway, a form that is
//! refused, a request that is tried out.

use crate::common::{Demo, ipnd};
use crate::driver::{DESK, Look, Window};

const PHONE: Look = Look { width: 390, height: 844, is_dark: false };
const DESK_DARK: Look = Look { is_dark: true, ..DESK };

#[test]
#[ignore = "needs chromium and chromedriver; cargo xtask test runs it"]
fn an_account_is_looked_at_changed_and_tried_out() {
    let demo = Demo::start(None);
    let login = demo.text("owner_login_url").to_owned();
    let mut session = None;
    for look in [DESK_DARK, PHONE] {
        let window = Window::open(look);
        window.goto(demo.text("base_url"));
        match &session {
            None => {
                window.goto(&login);
                session = Some(window.cookie("ipnd_session"));
            }
            Some(cookie) => window.set_cookie(cookie),
        }
        let account = account_page(&window, &demo);
        refused_form(&window, &account);
        tried_request(&window, &account);
    }
}

/// Finds the sandbox account of Stripe; its page says what to paste and how much a message is worth.
fn account_page(window: &Window, demo: &Demo) -> String {
    window.goto(&format!("{}/owner/accounts", demo.text("base_url")));
    let links = window.all("a[href^='/owner/accounts/acc_']");
    let stripe =
        links.iter().find(|link| window.text(link) == "Stripe sandbox").expect("an account of Stripe");
    let account = format!("{}{}", demo.text("base_url"), window.attribute(stripe, "href"));
    window.goto(&account);
    let intake = window.text(&window.find("code.copy"));
    assert!(intake.starts_with(demo.text("base_url")) && intake.contains("/in/"), "{intake}");
    let page = window.text(&window.find("main"));
    assert!(page.contains("whsec_...") && page.contains("signing secret"), "{page}");
    // Nothing but a secret is set, so there is nothing to show of the settings.
    assert!(!page.contains("Settings at the gateway"), "{page}");
    fits(window);
    account
}

/// A secret that is typed into a form in which something is wrong is not shown, and asked for again.
fn refused_form(window: &Window, account: &str) {
    window.goto(&format!("{account}/edit"));
    window.fill("textarea[name='set.signing_secret']", "abc");
    window.click(".account-form > .row button");
    // The answer to the form may still be on its way.
    window.find(".field .error");
    let problems = window.all(".field:has([name='set.signing_secret']) .error");
    let said: Vec<String> = problems.iter().map(|problem| window.text(problem)).collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("at least 6 characters") && said[1].contains("Type this again"), "{said:?}");
    let value = window.run("return document.querySelector(\"[name='set.signing_secret']\").value");
    assert_eq!(value, "");
    fits(window);
}

/// A genuine request is pasted and would be accepted; with one letter changed it would not.
fn tried_request(window: &Window, account: &str) {
    let mut command = ipnd();
    let output =
        command.args(["trigger", "stripe", "payment.completed", "--order", "A-1001", "--print"]).output();
    let request = String::from_utf8(output.unwrap().stdout).unwrap();
    for (request, verdict) in [
        (request.clone(), "It would be accepted"),
        (request.replace("A-1001", "A-1002"), "It would be refused"),
    ] {
        window.goto(&format!("{account}/try"));
        // Typed letter by letter it would take long.
        let text = serde_json::to_string(&request).unwrap();
        window.find("#sample");
        window.run(&format!("document.querySelector('#sample').value = {text}"));
        window.click(".try-form button");
        let said = window.text(&window.find(".verdict"));
        assert!(said.contains(verdict), "{said}");
        let order = request.contains("A-1001").then_some("A-1001");
        let page = window.text(&window.find(".tried"));
        assert!(order.is_none_or(|order| page.contains(order)), "{page}");
        fits(window);
    }
}

/// Nothing stands out at the side, and the browser has nothing to say.
fn fits(window: &Window) {
    let script = "return [document.documentElement.scrollWidth, document.documentElement.clientWidth]";
    let widths = window.run(script);
    assert_eq!(widths[0], widths[1], "{} is too wide", window.address());
    for entry in window.console() {
        // A form that was refused has a status that says so.
        assert!(entry.contains("422"), "{}: {entry}", window.address());
    }
}
