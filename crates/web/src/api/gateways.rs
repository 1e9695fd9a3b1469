//! `/v1/gateways`: which gateways there are, and what an account at each needs.

use super::lists::List;
use crate::auth::KeyHolder;
use ipnd_gateways::{ALL, Gateway, Proof, SettingKind};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct GatewayView {
    id: &'static str,
    name: &'static str,
    family: &'static str,
    /// How much its own proof is worth: `strong`, `weak` or `hint`.
    proof: Proof,
    /// Whether customers can be sent to it.
    has_checkout: bool,
    settings: Vec<SettingView>,
}

#[derive(Serialize)]
struct SettingView {
    key: &'static str,
    kind: &'static str,
    required: bool,
    label: &'static str,
    help: &'static str,
}

/// `GET /v1/gateways`
pub(super) async fn list(_: KeyHolder) -> axum::Json<List<GatewayView>> {
    axum::Json(List::whole(ALL.iter().copied().map(show).collect()))
}

fn show(gateway: &'static Gateway) -> GatewayView {
    let settings = gateway.settings.iter().map(|setting| SettingView {
        key: setting.key,
        kind: kind_word(setting.kind),
        required: setting.required,
        label: setting.label.en,
        help: setting.help.en,
    });
    GatewayView {
        id: gateway.id,
        name: gateway.name,
        family: gateway.family,
        proof: gateway.proof,
        has_checkout: gateway.checkout.is_some(),
        settings: settings.collect(),
    }
}

fn kind_word(kind: SettingKind) -> &'static str {
    match kind {
        SettingKind::Text => "text",
        SettingKind::Secret => "secret",
        SettingKind::List => "list",
        SettingKind::SandboxUrl => "sandbox_url",
    }
}
