//! Who may change the settings of an account, and who not.

use crate::harness::{FORM, Server};
use ipnd_core::{Currency, Environment, Event, EventKind, Money};
use ipnd_gateways::{Gateway, RawRequest, Settings};
use ipnd_store::{Account, NewAccount, Store as _};

async fn open_account(server: &Server, gateway: &Gateway) -> Account {
    let account = NewAccount {
        shop: server.shop.id,
        gateway: gateway.id.into(),
        name: gateway.name.into(),
        environment: Environment::Sandbox,
        settings: Settings::sample(gateway.settings).values().clone(),
        creates_orders: false,
        by: "owner".to_owned(),
    };
    server.store.create_account(account, server.clock.now()).await.unwrap()
}

/// A message as the gateway itself would send it to this account.
fn genuine(server: &Server, gateway: &Gateway) -> RawRequest {
    let now = server.clock.now();
    let kind =
        gateway.tells.iter().find(|kind| **kind == EventKind::PaymentCompleted).unwrap_or(&gateway.tells[0]);
    let mut event = Event::new(*kind, "x", Environment::Sandbox);
    event.occurred_at = Some(now);
    event.order_ref = Some("A-1".into());
    event.transaction = Some("T1001x".into());
    event.amount = Some(Money::from_minor(1995, Currency::from_code("EUR").unwrap()));
    (gateway.compose)(&event, &Settings::sample(gateway.settings), now).unwrap()
}

/// Every setting of the account, and the names that other systems gave theirs, with a value that is somebody else's.
fn settings_of_somebody_else(gateway: &Gateway) -> Vec<(String, &'static str)> {
    let own = gateway.settings.iter().flat_map(|setting| {
        [setting.key.to_owned(), format!("set.{}", setting.key), format!("settings[{}]", setting.key)]
    });
    let usual =
        ["site_id", "merchant_id", "secret_key", "hash_key", "environment", "name", "token", "_method"];
    own.chain(usual.map(str::to_owned)).map(|name| (name, "somebody-elses-value")).collect()
}

#[tokio::test]
async fn t_a25_a_notification_with_settings_fields_changes_no_setting() {
    let server = Server::start().await;
    let mut kept = 0;
    for gateway in ipnd_gateways::ALL {
        let account = open_account(&server, gateway).await;
        let before = server.store.accounts(server.shop.id).await.unwrap();
        let settings = settings_of_somebody_else(gateway);
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(&settings).finish();
        let json: serde_json::Map<String, serde_json::Value> =
            settings.iter().map(|(name, value)| (name.clone(), (*value).into())).collect();
        let json = serde_json::json!({ "settings": json, "account": json }).to_string();
        let intake = format!("/in/{}", account.token);

        // As the whole message, in both forms and by every method.
        server.send("POST", &intake, &[FORM], form.as_bytes()).await;
        server.send("POST", &intake, &[("content-type", "application/json")], json.as_bytes()).await;
        for method in ["PUT", "PATCH", "DELETE", "GET"] {
            server.send(method, &format!("{intake}?{form}"), &[], b"").await;
        }
        // Beside a message that is genuine, in the address and in headers.
        let request = genuine(&server, gateway);
        let and = if request.query.is_empty() { "" } else { "&" };
        let path = format!("{intake}?{}{and}{form}", request.query);
        let names: Vec<String> = settings.iter().map(|(name, _)| name.replace(['[', ']'], "-")).collect();
        let more = names.iter().map(|name| (name.as_str(), "somebody-elses-value"));
        let headers: Vec<(&str, &str)> =
            request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(more).collect();
        let answer = server.send("POST", &path, &headers, &request.body).await;
        kept += usize::from(answer.status < 300);

        assert_eq!(server.store.accounts(server.shop.id).await.unwrap(), before, "{}", gateway.id);
    }
    // A few gateways sign the address as well; at all others the genuine message came through.
    assert!(kept * 2 > ipnd_gateways::ALL.len(), "{kept}");
}
