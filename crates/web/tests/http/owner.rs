//! Sessions, forms and the set-up, as a browser and an attacker see them.

use crate::harness::{Answer, FORM, Server};
use ipnd_core::{Language, Limits};
use ipnd_store::{NewOwner, Store as _, User};
use ipnd_web::auth;

pub(crate) const SAME: (&str, &str) = ("sec-fetch-site", "same-origin");
pub(crate) const PASSWORD: &str = "correct horse battery";

pub(crate) async fn with_owner() -> (Server, User) {
    let server = Server::start_with(Limits::default()).await;
    let owner = NewOwner {
        shop: server.shop.id,
        email: "owner@tea.example".into(),
        password_hash: Some(auth::hash_password(PASSWORD).await),
        language: Language::En,
    };
    let user = server.store.create_owner(owner, server.clock.now()).await.unwrap();
    (server, user)
}

pub(crate) async fn log_in(server: &Server, email: &str, password: &str, extra: &[(&str, &str)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new())
        .append_pair("email", email)
        .append_pair("password", password)
        .finish();
    let headers = [&[FORM, SAME][..], extra].concat();
    server.send("POST", "/login", &headers, body.as_bytes()).await
}

/// The cookie as a browser sends it back.
pub(crate) fn cookie(answer: &Answer) -> String {
    let all = answer.headers.iter().filter(|(name, _)| name == "set-cookie").map(|(_, value)| value);
    let session = all.into_iter().find(|value| value.starts_with("ipnd_session="));
    session.unwrap_or_else(|| panic!("no session: {answer:?}")).split(';').next().unwrap().to_owned()
}

/// The hidden token of some form on the owner's pages.
pub(crate) async fn form_token(server: &Server, cookie: &str) -> String {
    let page = server.send("GET", "/owner/settings", &[("cookie", cookie)], b"").await.text();
    let field = page.find("name=\"csrf\"").expect("there is a form on the page");
    let value = page[field..].split("value=\"").nth(1).unwrap();
    value.split('"').next().unwrap().to_owned()
}

async fn is_in(server: &Server, cookie: &str) -> bool {
    let answer = server.send("GET", "/owner/orders", &[("cookie", cookie)], b"").await;
    assert!(answer.status == 200 || answer.header("location") == Some("/login"), "{answer:?}");
    answer.status == 200
}

fn set_up_form(code: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("code", code)
        .append_pair("name", "Tea")
        .append_pair("slug", "first")
        .append_pair("currency", "EUR")
        .append_pair("language", "en")
        .append_pair("email", "me@example.com")
        .append_pair("password", PASSWORD)
        .finish()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_f01_first_run_takeover() {
    let server = Server::start().await;
    // Without the code, however many try at once.
    let strangers = (0..100).map(|number| {
        let form = set_up_form(if number % 2 == 0 { "" } else { "aaaaaaaaaaaaaaaaaaaaaaaaaa" });
        let server = &server;
        async move { server.send("POST", "/setup", &[FORM, SAME], form.as_bytes()).await }
    });
    for answer in join_all(strangers).await {
        assert!(answer.status >= 400 && answer.header("set-cookie").is_none(), "{answer:?}");
    }
    assert!(!server.store.has_owner().await.unwrap());
    // With the code, ten at once: one.
    server.clock.advance(jiff::SignedDuration::from_mins(16));
    let code = auth::new_setup_code(&*server.store, &server.clock).await.unwrap();
    let racers = (0..10).map(|_| {
        let form = set_up_form(&code);
        let server = &server;
        async move { server.send("POST", "/setup", &[FORM, SAME], form.as_bytes()).await }
    });
    let answers = join_all(racers).await;
    let winners: Vec<_> = answers.iter().filter(|answer| answer.header("set-cookie").is_some()).collect();
    assert_eq!(winners.len(), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    assert!(is_in(&server, &cookie(winners[0])).await);
    // Closed for ever, with a fresh code too.
    let code = auth::new_setup_code(&*server.store, &server.clock).await.unwrap();
    let late = server.send("POST", "/setup", &[FORM, SAME], set_up_form(&code).as_bytes()).await;
    assert_eq!(late.status, 404);
    assert_eq!(server.get("/setup").await.status, 404);
}

#[tokio::test]
async fn t_f01_a_set_up_code_expires() {
    let server = Server::start().await;
    let code = auth::new_setup_code(&*server.store, &server.clock).await.unwrap();
    server.clock.advance(jiff::SignedDuration::from_mins(61));
    let answer = server.send("POST", "/setup", &[FORM, SAME], set_up_form(&code).as_bytes()).await;
    assert!(answer.status >= 400 && answer.header("set-cookie").is_none(), "{answer:?}");
    assert!(!server.store.has_owner().await.unwrap());
}

#[tokio::test]
async fn t_f02_default_credentials() {
    let server = Server::start().await;
    assert!(!server.store.has_owner().await.unwrap(), "a fresh database has nobody in it");
    for (email, password) in [
        ("admin", "admin"),
        ("admin@example.com", "password"),
        ("owner@tea.example", ""),
        ("", ""),
        ("root", "root"),
        ("ipnd", "ipnd"),
    ] {
        let answer = log_in(&server, email, password, &[]).await;
        assert!(answer.header("set-cookie").is_none() && answer.status == 401, "{answer:?}");
    }
    for key in ["", "ipnd_key_", "ipnd_key_test", "test", "null"] {
        assert_eq!(server.api_as(key, "GET", "/v1/orders", "").await.status, 401);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_f03_password_guessing() {
    let (server, _) = with_owner().await;
    let guesses = (0..40).map(|number| {
        let server = &server;
        async move { log_in(server, "owner@tea.example", &format!("guess {number}"), &[]).await.status }
    });
    let statuses = join_all(guesses).await;
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 10, "{statuses:?}");
    assert!(statuses.iter().all(|status| matches!(status, 401 | 429)));
    assert_eq!(log_in(&server, "owner@tea.example", PASSWORD, &[]).await.status, 429, "even the right one");
    server.clock.advance(jiff::SignedDuration::from_mins(16));
    assert_eq!(log_in(&server, "owner@tea.example", PASSWORD, &[]).await.status, 303, "not for ever");
}

#[tokio::test]
async fn t_f03_unknown_addresses_hear_the_same() {
    let (server, _) = with_owner().await;
    let known = log_in(&server, "owner@tea.example", "wrong", &[]).await;
    let unknown = log_in(&server, "nobody@tea.example", "wrong", &[]).await;
    let named = |answer: Answer| answer.text().replace("nobody@", "owner@");
    assert_eq!(known.status, unknown.status);
    assert_eq!(named(known), named(unknown));
}

#[tokio::test]
async fn t_f04_session_fixation_or_revival() {
    let (server, user) = with_owner().await;
    let planted = format!("ipnd_session={}", "a".repeat(26));
    let first = cookie(&log_in(&server, "owner@tea.example", PASSWORD, &[("cookie", &planted)]).await);
    assert_ne!(first, planted, "a planted id is not taken");
    assert!(!is_in(&server, &planted).await && is_in(&server, &first).await);
    let second = cookie(&log_in(&server, "owner@tea.example", PASSWORD, &[("cookie", &first)]).await);
    assert_ne!(first, second, "a new id at each log-in");

    let token = form_token(&server, &second).await;
    let body = format!("csrf={token}");
    let out = server.send("POST", "/logout", &[FORM, SAME, ("cookie", &second)], body.as_bytes()).await;
    assert_eq!(out.status, 303);
    assert!(out.headers.iter().any(|(name, value)| name == "set-cookie" && value.contains("Max-Age=0")));
    // A request that was under way when the log-out came, and one that comes late, bring nothing back.
    for _ in 0..3 {
        assert!(!is_in(&server, &second).await);
    }
    assert!(is_in(&server, &first).await, "the other browser stays");
    server.clock.advance(jiff::SignedDuration::from_mins(31));
    assert!(!is_in(&server, &first).await, "idle for too long");

    let link = auth::new_login_link(&server.app, &user).await.unwrap();
    let path = link.strip_prefix(&format!("http://{}", server.addr)).unwrap();
    let mut session = cookie(&server.get(path).await);
    assert!(server.get(path).await.header("set-cookie").is_none(), "a link works once");
    for _ in 0..25 {
        server.clock.advance(jiff::SignedDuration::from_mins(29));
        if !is_in(&server, &session).await {
            session.clear();
            break;
        }
    }
    assert!(session.is_empty(), "twelve hours are enough, however busy");
}

#[tokio::test]
async fn the_session_cookie_is_out_of_reach_of_scripts_and_other_sites() {
    let (server, _) = with_owner().await;
    let answer = log_in(&server, "OWNER@tea.example ", PASSWORD, &[]).await;
    let cookie =
        answer.headers.iter().find(|(name, value)| name == "set-cookie" && value.starts_with("ipnd_session"));
    let cookie = &cookie.unwrap().1;
    for part in ["; HttpOnly", "; SameSite=Lax", "; Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let secret = cookie.split(['=', ';']).nth(1).unwrap();
    assert!(secret.len() >= 26);
    for entry in std::fs::read_dir(server.dir.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(
            !bytes.windows(secret.len()).any(|window| window == secret.as_bytes()),
            "only its hash is kept"
        );
    }
}

/// Every address of the owner that changes something.
const FORMS: [&str; 15] = [
    "/logout",
    "/owner/orders/ord_1/message",
    "/owner/orders/ord_1/cancel",
    "/owner/reviews/rev_1",
    "/owner/notifications/ntf_1/check",
    "/owner/products/new",
    "/owner/products/tea",
    "/owner/accounts/new",
    "/owner/accounts/acc_1/edit",
    "/owner/templates/customer.paid/en",
    "/owner/templates/customer.paid/en/reset",
    "/owner/settings/shop",
    "/owner/settings/language",
    "/owner/settings/keys",
    "/owner/settings/keys/key_1/revoke",
];

/// Name, headers, body.
type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], String);

#[tokio::test]
async fn t_f05_csrf() {
    let (server, _) = with_owner().await;
    let session = cookie(&log_in(&server, "owner@tea.example", PASSWORD, &[]).await);
    let other = cookie(&log_in(&server, "owner@tea.example", PASSWORD, &[]).await);
    let token = form_token(&server, &session).await;
    let foreign = form_token(&server, &other).await;
    assert_ne!(token, foreign);
    let body = format!("csrf={token}");
    let cookie = ("cookie", session.as_str());
    let own = format!("http://{}", server.addr);
    let cross = ("sec-fetch-site", "cross-site");
    let before = server.everything().await;
    for path in FORMS {
        let json = ("content-type", "application/json");
        let text = ("content-type", "text/plain");
        let rows: [Row<'_>; 10] = [
            ("no token", &[FORM, SAME, cookie], "a=b".into()),
            ("empty token", &[FORM, SAME, cookie], "csrf=".into()),
            ("another session's token", &[FORM, SAME, cookie], format!("csrf={foreign}")),
            ("two tokens", &[FORM, SAME, cookie], format!("csrf={foreign}&{body}")),
            ("token, but from elsewhere", &[FORM, cross, cookie], body.clone()),
            ("token, sub-domain", &[FORM, ("sec-fetch-site", "same-site"), cookie], body.clone()),
            ("token, foreign origin", &[FORM, ("origin", "https://evil.example"), cookie], body.clone()),
            ("token, no origin", &[FORM, cookie], body.clone()),
            ("text/plain", &[text, SAME, cookie], body.clone()),
            ("JSON", &[json, SAME, cookie], format!(r#"{{"csrf":"{token}"}}"#)),
        ];
        for (name, headers, body) in rows {
            let answer = server.send("POST", path, headers, body.as_bytes()).await;
            assert_eq!(answer.status, 403, "{path}: {name}: {answer:?}");
        }
        let nobody = server.send("POST", path, &[FORM, SAME], body.as_bytes()).await;
        assert_eq!(nobody.status, 403, "{path} without a session");
    }
    for path in ["/login", "/setup"] {
        let answer = server.send("POST", path, &[FORM, cross], b"email=a&password=b").await;
        assert_eq!(answer.status, 403, "{path}");
    }
    assert_eq!(server.everything().await, before);
    assert!(is_in(&server, &session).await);
    // Old browsers, and browsers over plain http, only say where they come from.
    let origin = ("origin", own.as_str());
    let out = server.send("POST", "/logout", &[FORM, origin, cookie], body.as_bytes()).await;
    assert_eq!(out.status, 303);
}

#[tokio::test]
async fn t_f07_every_page_forbids_foreign_and_inline_scripts() {
    let (server, _) = with_owner().await;
    let session = cookie(&log_in(&server, "owner@tea.example", PASSWORD, &[]).await);
    for path in ["/login", "/shop/tea", "/owner/orders", "/owner/settings", "/shop/none", "/owner/none"] {
        let answer = server.send("GET", path, &[("cookie", &session)], b"").await;
        let policy = answer.header("content-security-policy").unwrap_or_else(|| panic!("{path}: {answer:?}"));
        for part in [
            "default-src 'none'",
            "script-src 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action",
        ] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
        let page = answer.text();
        for inline in ["<script>", "javascript:", "onload=", "onclick=", "<style"] {
            assert!(!page.contains(inline), "{path} contains {inline}");
        }
    }
}

#[tokio::test]
async fn t_f12_guessable_order_pages() {
    let server = Server::start().await;
    let order = r#"{"reference":"A-1","currency":"EUR","items":[{"name":"Tea","quantity":1,"unit_price":"1.00"}],"customer":{"name":"Zoe Example","email":"zoe@example.com"}}"#;
    let order = server.api("POST", "/v1/orders", order).await.json();
    let page = order["page_url"].as_str().unwrap().to_owned();
    let token = page.rsplit('/').next().unwrap();
    assert!(token.len() >= 26, "at least 128 bits in base32");
    let mut answers = Vec::new();
    let guess = "a".repeat(token.len());
    let capitals = token.to_uppercase();
    for wrong in ["1", "2", "ord_1", "A-1", "0", &guess, &token[..25], &capitals, "%27"] {
        for rest in ["", "/pay", "/cancelled", "/live"] {
            let answer = server.get(&format!("/shop/tea/order/{wrong}{rest}")).await;
            assert_eq!(answer.status, 404, "{wrong}{rest}");
            // The links to other languages repeat the address.
            answers.push(answer.text().replace(&format!("/order/{wrong}{rest}"), "/order/x"));
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
    let path = page.strip_prefix(&format!("http://{}", server.addr)).unwrap();
    let shown = server.get(path).await;
    assert_eq!(shown.status, 200);
    assert!(
        !shown.text().contains("zoe@example.com"),
        "no personal data on a page that only its address protects"
    );
}

#[tokio::test]
async fn t_f20_nothing_of_the_sandbox_is_reachable() {
    let server = Server::start().await;
    for path in
        ["/sandbox", "/sandbox/paypal", "/sandbox/paypal/cgi-bin/webscr", "/mailbox", "/debug", "/.env"]
    {
        for method in ["GET", "POST"] {
            assert_eq!(server.send(method, path, &[FORM, SAME], b"").await.status, 404, "{method} {path}");
        }
    }
}

/// Runs all at once and waits for all.
async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(|cx| {
        for (future, output) in futures.iter_mut().filter(|(_, output)| output.is_none()) {
            if let std::task::Poll::Ready(ready) = future.as_mut().poll(cx) {
                *output = Some(ready);
            }
        }
        let all_done = futures.iter().all(|(_, output)| output.is_some());
        if all_done { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    futures.into_iter().filter_map(|(_, output)| output).collect()
}
