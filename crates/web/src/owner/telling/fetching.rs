//! How a program gets what an endpoint without an address is told: the calls, ready to be copied. Shown on the
//! endpoint's page and beside its new key, by the template `owner/telling/fetching.html`.

use crate::api::{FETCH_WAIT_SECONDS_MAX, FETCHED_FOR};
use crate::app::App;
use ipnd_store::Endpoint;

pub(super) struct Fetching {
    pub(super) fetch: String,
    /// Of a delivery that stands for any.
    pub(super) settle: String,
    /// The command that does both.
    pub(super) listen: String,
    pub(super) wait_seconds: u64,
    pub(super) lease_seconds: i64,
}

impl Fetching {
    /// Nothing for one that is called at its address.
    pub(super) fn of(endpoint: &Endpoint, app: &App) -> Option<Self> {
        if endpoint.plan.url.is_some() {
            return None;
        }
        let wait = format!("{{\"wait_seconds\": {FETCH_WAIT_SECONDS_MAX}}}");
        let settlement = r#"{"lease": 1, "status": 200, "reply": "OK"}"#;
        Some(Self {
            fetch: call(app, &format!("/v1/endpoints/{}/fetch", endpoint.id), &wait),
            settle: call(app, "/v1/deliveries/dlv_1/settle", settlement),
            listen: format!(
                "ipnd listen --url {} --key \"$KEY\" \\\n  --endpoint {} --forward-to http://localhost:3000/ipn",
                app.url(""),
                endpoint.id
            ),
            wait_seconds: FETCH_WAIT_SECONDS_MAX,
            lease_seconds: FETCHED_FOR.as_secs(),
        })
    }
}

fn call(app: &App, path: &str, body: &str) -> String {
    let lines = [
        format!("curl \"{}\"", app.url(path)),
        "-H \"Authorization: Bearer $KEY\"".to_owned(),
        "-H \"Content-Type: application/json\"".to_owned(),
        format!("-d '{body}'"),
    ];
    lines.join(" \\\n  ")
}
