//! The bytes of a notification: the gateway's own `compose`, the inverse of what a receiver does.

use super::SandboxError;
use super::transaction::Transaction;
use ipnd_core::{Environment, Event};
use ipnd_gateways::{Settings, paypal_ipn::GATEWAY};
use jiff::Timestamp;
use std::collections::BTreeMap;

pub(crate) fn compose(
    transaction: &Transaction,
    event: &Event,
    now: Timestamp,
) -> Result<Vec<u8>, SandboxError> {
    let values = BTreeMap::from([("receivers".to_owned(), transaction.order.business.clone())]);
    let settings = Settings::check(GATEWAY.settings, Environment::Sandbox, values)
        .map_err(|problems| SandboxError::Failed(format!("{problems:?}")))?;
    let request = (GATEWAY.compose)(event, &settings, now)
        .map_err(|problem| SandboxError::Failed(problem.to_string()))?;
    Ok(request.body)
}
