//! The pages of gateways are made from the gateways themselves: `IPND_UPDATE_DOCS=1` writes them anew.

use super::markdown::root;
use ipnd_gateways::{ALL, Gateway, Proof, SettingKind};

#[test]
fn the_pages_of_gateways_are_what_the_gateways_say() {
    for gateway in ALL {
        let path = root().join(format!("docs/gateways/{}.md", gateway.id));
        let page = page(gateway);
        if std::env::var_os("IPND_UPDATE_DOCS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(written == page, "{} is out of date; IPND_UPDATE_DOCS=1 writes it anew", path.display());
    }
}

fn page(gateway: &Gateway) -> String {
    let proof = match gateway.proof {
        Proof::Strong => "every message is proved to be the gateway's",
        Proof::Weak => "part of a message is proved, or the mechanism can be broken",
        Proof::Hint => "nothing is proved; a message is a reason to go and look",
    };
    let mut settings = String::new();
    for setting in gateway.settings {
        let kind = match setting.kind {
            SettingKind::Text => "text",
            SettingKind::Secret => "secret, never shown again",
            SettingKind::List => "list, one a line",
            SettingKind::SandboxUrl => "address, for sandbox accounts only",
        };
        let needed = if setting.required { "yes" } else { "no" };
        settings += &format!(
            "| `{}` | {} | {kind} | {needed} | {} |\n",
            setting.key, setting.label.en, setting.help.en
        );
    }
    format!(
        "# {name}\n\n\
         <!-- Made from the gateway's own source by a test: IPND_UPDATE_DOCS=1 writes it anew. -->\n\n\
         Its name in the API and the database is `{id}`. Proof: {proof}.\n\n\
         {documentation}\n\n\
         ## Settings of an account\n\n\
         | setting | what it is | kind | needed | help |\n|---|---|---|---|---|\n{settings}",
        name = gateway.name,
        id = gateway.id,
        documentation = gateway.documentation.trim(),
    )
}
