//! `POST /v1/invoices`: an order with a URL of its own, to which everything about it is told, and nowhere else.

use super::json::Json;
use super::orders::{self, OrderBody};
use super::params::Spoken;
use crate::app::App;
use crate::auth::KeyHolder;
use crate::endpoints::{self, for_receiver, new_key};
use crate::problem::Problem;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use ipnd_gateways::dialect::Dialect;
use ipnd_store::{EndpointPlan, StoreError};
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct InvoiceBody {
    /// Where every change is told.
    notify_url: String,
    /// In which form.
    dialect: Option<String>,
    /// Of a gateway's form.
    #[serde(default)]
    settings: BTreeMap<String, String>,
    order: OrderBody,
}

/// `POST /v1/invoices`. A known reference with the same terms gives the order that exists; its URL stays what it was.
pub(super) async fn create(
    State(app): State<App>,
    holder: KeyHolder,
    spoken: Spoken,
    Json(body): Json<InvoiceBody>,
) -> Result<Response, Problem> {
    let new = orders::new_order(body.order, holder.shop(), app.clock.now())?;
    let (reference, terms) = (new.reference.clone(), new.terms.clone());
    let plan = EndpointPlan {
        name: reference.clone().unwrap_or_else(|| "Invoice".to_owned()),
        url: Some(body.notify_url),
        settings: body.settings,
        ..endpoints::usual()
    };
    let plan = EndpointPlan { dialect: body.dialect.unwrap_or(plan.dialect), ..plan };
    let plan = endpoints::check(plan).map_err(|mut wrong| {
        for problem in wrong.iter_mut().filter(|problem| problem.field == "url") {
            problem.field = "notify_url".to_owned();
        }
        Problem::Invalid(wrong)
    })?;
    let key = Dialect::find(&plan.dialect).and_then(|dialect| new_key(dialect, false));
    let made = app.store.register_invoice(new, plan, key.clone(), &holder.name()).await;
    let (status, order, key) = match made {
        Ok(order) => (StatusCode::CREATED, order, key),
        Err(StoreError::Conflict(what)) => {
            let order = orders::known(&app, holder.shop(), reference.as_deref(), &terms, what).await?;
            (StatusCode::OK, order, None)
        }
        Err(error) => return Err(error.into()),
    };
    orders::answer(&app, status, &order, spoken.0, key.as_deref().map(for_receiver)).await
}
