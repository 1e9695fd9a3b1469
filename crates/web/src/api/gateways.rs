//! `/v1/gateways`: which gateways there are, and what an account at each needs.

use super::lists::List;
use crate::auth::KeyHolder;
use ipnd_core::EventKind;
use ipnd_gateways::{ALL, Gateway, Proof};
use serde::Serialize;

#[derive(Serialize)]
pub(super) struct GatewayView {
    id: &'static str,
    name: &'static str,
    family: &'static str,
    /// How much its own proof is worth: `strong`, `weak` or `hint`.
    proof: Proof,
    /// The events that it can tell of.
    events: &'static [EventKind],
    /// Whether customers can be sent to it.
    has_checkout: bool,
    settings: Vec<SettingView>,
}

#[derive(Serialize)]
struct SettingView {
    key: &'static str,
    kind: &'static str,
    /// The words that a `choice` can have.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<&'static str>,
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
        kind: setting.kind.word(),
        choices: setting.kind.choices().iter().map(|choice| choice.word).collect(),
        required: setting.required,
        label: setting.label.en,
        help: setting.help.en,
    });
    GatewayView {
        id: gateway.id,
        name: gateway.name,
        family: if gateway.family.is_empty() { gateway.id } else { gateway.family },
        proof: gateway.proof,
        events: gateway.tells,
        has_checkout: gateway.checkout.is_some(),
        settings: settings.collect(),
    }
}
