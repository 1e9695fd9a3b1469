//! `POST /v1/events`: a platform tells what happened at one of its vendors. It is kept as a notification of an account of
//! the vendor's own, like everything that a gateway tells, and goes the same way from there.

use super::amount::Amount;
use super::json::Json;
use crate::app::App;
use crate::auth::{KeyHolder, VENDOR_HEADER};
use crate::endpoints::new_key;
use crate::problem::{FieldProblem, Problem};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use ipnd_core::order::Item;
use ipnd_core::{Currency, Customer, Environment, Event, EventItem, EventKind, Money, Terms};
use ipnd_gateways::dialect::Dialect;
use ipnd_gateways::{Gateway, Received, Repeats, Settings};
use ipnd_store::{
    Account, Journaled, NewNotification, NewOrder, NotificationId, OrderSource, ShopId, StoreError,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

const TEXT_CHARS_MAX: usize = 200;

/// What happened. `id` is the platform's own name for it: what is posted twice under one id counts once.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventBody {
    id: String,
    r#type: EventKind,
    /// Play money.
    #[serde(default)]
    test: bool,
    occurred_at: Option<Timestamp>,
    /// The reference of the order.
    order: Option<String>,
    transaction: Option<String>,
    parent: Option<String>,
    currency: Option<String>,
    amount: Option<Amount>,
    fee: Option<Amount>,
    #[serde(default)]
    customer: Customer,
    #[serde(default)]
    items: Vec<ItemBody>,
    subscription: Option<String>,
    case: Option<String>,
    status: Option<String>,
    reason: Option<String>,
    custom: Option<String>,
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemBody {
    sku: Option<String>,
    name: String,
    quantity: u32,
    amount: Option<Amount>,
}

#[derive(Serialize)]
pub(super) struct Posted {
    notification: NotificationId,
    /// False where exactly this had been posted before.
    is_new: bool,
}

/// `POST /v1/events`
pub(super) async fn post(
    State(app): State<App>,
    holder: KeyHolder,
    Json(body): Json<EventBody>,
) -> Result<Response, Problem> {
    if !holder.acts_for_a_vendor() {
        return Err(Problem::field(VENDOR_HEADER, "events are posted for a vendor; name it in this header"));
    }
    let environment = if body.test { Environment::Sandbox } else { Environment::Live };
    let event = event(body, environment).map_err(Problem::Invalid)?;
    let gateway = ipnd_gateways::own();
    let account = account(&app, &holder, gateway, environment).await?;
    let settings = Settings::check(gateway.settings, environment, account.settings.clone())
        .map_err(|_| Problem::Internal)?;
    let now = app.clock.now();
    let request = (gateway.compose)(&event, &settings, now)
        .map_err(|error| Problem::field("type", error.to_string()))?;
    let Received::Proven(interpretation) = (gateway.receive)(&request, &settings, now) else {
        return Err(Problem::Internal);
    };
    if interpretation.events.is_empty() {
        let why = interpretation.remark.map(|reason| reason.sentence(ipnd_core::Language::En));
        return Err(Problem::field("body", why.unwrap_or_default()));
    }
    if let Some(order) = sold(&event, holder.shop(), now) {
        match app.store.register_order(order).await {
            // It is there already, from an earlier post or because the platform has registered it.
            Ok(_) | Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let notification = NewNotification {
        account: account.id,
        received_at: now,
        remote: None,
        request,
        repeats_are_news: gateway.repeats == Repeats::AreNews,
        proven: Some(Arc::new(interpretation)),
    };
    let (notification, is_new) = match app.store.journal(notification, u32::MAX).await? {
        Journaled::New(id) => (id, true),
        Journaled::Copy(id) => (id, false),
    };
    Ok((StatusCode::ACCEPTED, axum::Json(Posted { notification, is_new })).into_response())
}

/// The order that a payment is for, with its articles as the platform names them. An order that is made of a gateway's
/// message takes articles at the shop's own prices only, because a payer could have named any (T-B01); a platform knows what
/// was sold, and at which discount, and connections for one product have to hear of it.
fn sold(event: &Event, shop: ShopId, now: Timestamp) -> Option<NewOrder> {
    use EventKind::{PaymentAuthorized, PaymentCompleted, PaymentPending};
    let paid = event.amount?;
    let is_payment = matches!(event.kind, PaymentAuthorized | PaymentCompleted | PaymentPending);
    if !is_payment || event.items.is_empty() {
        return None;
    }
    let item = |line: &EventItem| {
        let quantity = line.quantity.max(1);
        let amount = line.amount.filter(|amount| amount.minor() % i128::from(quantity) == 0)?;
        Some(Item {
            sku: line.sku.clone().unwrap_or_default(),
            name: line.name.clone(),
            quantity,
            unit_price: Money::from_minor(amount.minor() / i128::from(quantity), amount.currency()),
        })
    };
    let items = event.items.iter().map(item).collect::<Option<Vec<Item>>>()?;
    let terms = Terms::from_items(items, paid.currency()).ok().filter(|terms| terms.total == paid)?;
    Some(NewOrder {
        shop,
        reference: Some(event.order_ref.clone()?),
        terms,
        customer: Customer::default(),
        language: None,
        source: OrderSource::Api,
        created_at: now,
    })
}

async fn account(
    app: &App,
    holder: &KeyHolder,
    gateway: &Gateway,
    environment: Environment,
) -> Result<Account, Problem> {
    let secret = new_key(Dialect::Standard, false).ok_or(Problem::Internal)?;
    let settings = BTreeMap::from([("secret".to_owned(), secret)]);
    let by = holder.name();
    Ok(app.store.own_account(holder.shop(), gateway.id, environment, settings, &by).await?)
}

fn event(body: EventBody, environment: Environment) -> Result<Event, Vec<FieldProblem>> {
    let mut wrong = Vec::new();
    let texts = [
        ("id", Some(&body.id)),
        ("order", body.order.as_ref()),
        ("transaction", body.transaction.as_ref()),
        ("parent", body.parent.as_ref()),
        ("subscription", body.subscription.as_ref()),
        ("case", body.case.as_ref()),
        ("status", body.status.as_ref()),
        ("reason", body.reason.as_ref()),
        ("custom", body.custom.as_ref()),
    ];
    for (field, text) in texts.into_iter().filter_map(|(field, text)| Some((field, text?))) {
        let is_good =
            (1..=TEXT_CHARS_MAX).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if !is_good {
            wrong.push(FieldProblem::new(
                field,
                format!("it must have 1 to {TEXT_CHARS_MAX} printable characters"),
            ));
        }
    }
    let currency = match body.currency.as_deref().map(Currency::from_code) {
        Some(Err(error)) => {
            wrong.push(FieldProblem::new("currency", error.to_string()));
            None
        }
        Some(Ok(currency)) => Some(currency),
        None => None,
    };
    let mut money = |field: &str, amount: Option<Amount>| -> Option<Money> {
        let read = match (amount?, currency) {
            (amount, Some(currency)) => amount.in_currency(field, currency),
            (Amount::Money(money), None) => Ok(money),
            (Amount::Text(_), None) => Err(FieldProblem::new("currency", "it is needed beside an amount")),
        };
        read.map_err(|problem| wrong.push(problem)).ok()
    };
    let amount = money("amount", body.amount);
    let fee = money("fee", body.fee);
    let items = body.items.into_iter().enumerate().map(|(index, item)| EventItem {
        amount: money(&format!("items[{index}].amount"), item.amount),
        sku: item.sku,
        name: item.name,
        quantity: item.quantity,
    });
    let items: Vec<EventItem> = items.collect();
    if amount.is_some_and(Money::is_negative) {
        wrong.push(FieldProblem::new(
            "amount",
            "it is never negative: the type says which way the money goes",
        ));
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let mut event = Event::new(body.r#type, body.id.clone(), environment);
    event.occurred_at = body.occurred_at;
    event.order_ref = body.order;
    event.transaction = body.transaction.or(Some(body.id));
    event.parent = body.parent;
    event.amount = amount;
    event.fee = fee;
    event.customer = body.customer;
    event.items = items;
    event.subscription = body.subscription;
    event.case = body.case;
    event.status = body.status;
    event.reason = body.reason;
    event.custom = body.custom;
    event.note = body.note;
    Ok(event)
}
