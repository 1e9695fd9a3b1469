//! The pages of gateways are made from the gateways themselves: `IPND_UPDATE_DOCS=1` writes them anew.

use super::markdown::root;
use ipnd_gateways::{ALL, Covers, Gateway, Proof, SettingKind, Wants};

#[test]
fn the_pages_of_gateways_are_what_the_gateways_say() {
    let pages = ALL.iter().map(|gateway| (gateway.id, page(gateway)));
    for (name, page) in pages.chain([("README", index())]) {
        let path = root().join(format!("docs/gateways/{name}.md"));
        if std::env::var_os("IPND_UPDATE_DOCS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == page, "{} is out of date; `cargo xtask generate` writes it anew", path.display());
    }
}

/// A line for each gateway.
fn index() -> String {
    let mut rows = String::new();
    for gateway in ALL {
        let proof = match gateway.proof {
            Proof::Strong => "strong",
            Proof::Weak => "weak",
            Proof::Hint => "hint",
        };
        let asks = if gateway.resume.is_some() { "yes" } else { "no" };
        let (name, id, wants) = (gateway.name, gateway.id, wants(gateway.wants));
        rows += &format!("| [{name}]({id}.md) | `{id}` | {proof} | {asks} | {wants} |\n");
    }
    format!(
        "# Gateways\n\n\
         <!-- Made from the gateways themselves: `cargo xtask generate` writes it anew. -->\n\n\
         Each page says where to click at the gateway, what to paste, what it sends and how it is proved. `ipnd \
         gateways` lists them too, with their settings.\n\n\
         *Strong* proof covers everything that moves money. After a *weak* proof or a mere *hint* no order is paid \
         before the gateway's own API or the owner has confirmed it.\n\n\
         | gateway | id | proof | is asked back | what counts as received |\n|---|---|---|---|---|\n{rows}"
    )
}

/// What counts as received, in words.
fn wants(wants: Wants) -> String {
    match wants {
        Wants::AnySuccess => "any status from 200 to 299".to_owned(),
        Wants::Status(all) => {
            let all: Vec<String> = all.iter().map(u16::to_string).collect();
            format!("status {} and no other", all.join(" or "))
        }
        Wants::Reply => "the status and the text of ipnd's reply, and no other".to_owned(),
        Wants::FirstLine => "the status and the first line of ipnd's reply".to_owned(),
    }
}

fn page(gateway: &Gateway) -> String {
    let proof = match gateway.proof {
        Proof::Strong => "strong: everything that moves money is proved to be the gateway's",
        Proof::Weak => {
            "weak: part of what moves money is not proved, or the mechanism can be broken, so a payment is confirmed \
             by the gateway's API or put to you as a question"
        }
        Proof::Hint => {
            "hint: a message proves nothing and is a reason to go and look, so a payment is confirmed by the gateway's \
             API or put to you as a question"
        }
    };
    let covers = match gateway.covers {
        Covers::Body => "the whole body".to_owned(),
        Covers::Nothing => "nothing of the message; what counts is fetched from the gateway".to_owned(),
        Covers::Fields(names) => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
    };
    let events: Vec<String> = gateway.tells.iter().map(|kind| format!("`{}`", kind.word())).collect();
    let mut settings = String::new();
    for setting in gateway.settings {
        let kind = match setting.kind {
            SettingKind::Text => "text".to_owned(),
            SettingKind::Secret => "secret, never shown again".to_owned(),
            SettingKind::Secrets => "secrets, one a line, never shown again".to_owned(),
            SettingKind::List => "list, one a line".to_owned(),
            SettingKind::Choice(choices) => {
                let words: Vec<String> = choices.iter().map(|choice| format!("`{}`", choice.word)).collect();
                format!("one of {}", words.join(", "))
            }
            SettingKind::Switch => "switch, `yes` or left out".to_owned(),
            SettingKind::Document => "text of several lines".to_owned(),
            SettingKind::SandboxUrl => "address, for sandbox accounts only".to_owned(),
        };
        let needed = if setting.required { "yes" } else { "no" };
        settings += &format!(
            "| `{}` | {} | {kind} | {needed} | {} |\n",
            setting.key, setting.label.en, setting.help.en
        );
    }
    format!(
        "# {name}\n\n\
         <!-- Made from the gateway's own source: `cargo xtask generate` writes it anew. -->\n\n\
         Its name in the API and the database is `{id}`. Proof: {proof}. It covers {covers}.\n\n\
         {documentation}\n\n\
         ## Settings of an account\n\n\
         | setting | what it is | kind | needed | help |\n|---|---|---|---|---|\n{settings}\n\
         ## What the sandbox plays\n\n\
         What counts as received, to this gateway and so to the sandbox: {wants}. The events:\n\n{events}\n",
        wants = wants(gateway.wants),
        name = gateway.name,
        id = gateway.id,
        documentation = gateway.page().trim(),
        events = events.join(", "),
    )
}
