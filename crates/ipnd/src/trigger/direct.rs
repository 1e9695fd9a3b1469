//! Sends to an address that was named, and plays the gateway's API meanwhile where it is asked back.

use super::Options;
use crate::{console::printable, server};
use anyhow::{Context as _, Result};
use ipnd_sandbox::player::{Hearing, PlayError, Report, Wish, sandbox_setting};
use ipnd_sandbox::{Player, SandboxAccount};
use ipnd_store::Clock;
use std::collections::BTreeMap;
use std::time::Duration;

/// Whoever has asked nothing for this long has no further questions.
const QUIET: Duration = Duration::from_secs(1);

pub(super) async fn play(options: &Options, wish: &Wish, to: &str) -> Result<Vec<Report>> {
    let player = Player::in_memory(Clock::system())?;
    let gateway = ipnd_gateways::find(&wish.gateway);
    let mut settings = BTreeMap::new();
    let is_asked = gateway.is_some_and(|gateway| gateway.answer.is_some());
    let mut serving = None;
    if is_asked {
        let listener = server::listen(options.serve_at).await.context("--serve-at")?;
        let address = listener.local_addr().context("the listener has no address")?;
        let url = format!("http://{address}/sandbox/api/{}", wish.gateway);
        if let Some(setting) = gateway.and_then(sandbox_setting) {
            eprintln!(
                "{}",
                printable(&format!(
                    "Playing the API of {} for {} s. The account needs the setting {}={url}",
                    wish.gateway, options.serve_for, setting.key
                ))
            );
            settings.insert(setting.key.to_owned(), url);
        }
        let router = player.api_router();
        serving = Some(tokio::spawn(async move { axum::serve(listener, router).await }));
    }
    player.tell_to(vec![SandboxAccount {
        gateway: wish.gateway.clone(),
        name: wish.gateway.clone(),
        settings,
        intake_url: to.to_owned(),
    }]);
    player.start();
    let number = player.play(wish).await.map_err(|error| match error {
        PlayError::Wish(problem) => anyhow::Error::new(problem),
        PlayError::Sandbox(error) => anyhow::Error::new(error),
    })?;
    let serve_for = Duration::from_secs(options.serve_for.into());
    let reports = player.finish(number, serve_for).await?;
    let is_taken = |hearing: &Hearing| hearing.status.is_some_and(|status| status < 300);
    let was_taken = reports.iter().any(|report| report.hearings.iter().any(is_taken));
    if is_asked && was_taken && !player.until_quiet(QUIET, serve_for).await {
        eprintln!("Nobody has asked back.");
    }
    player.stop().await;
    if let Some(serving) = serving {
        serving.abort();
    }
    Ok(reports)
}
