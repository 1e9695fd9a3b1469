//! `/v1/orders`: register, read, list, cancel.

use super::amount::Amount;
use super::json::Json;
use super::lists::{List, Rows};
use super::params::{Name, Params, Spoken, word};
use crate::app::App;
use crate::auth::KeyHolder;
use crate::problem::{FieldProblem, Problem};
use crate::storefront::looks_like_an_address;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::LOCATION;
use ipnd_core::explain::explain;
use ipnd_core::fold::{Dispute, Refund};
use ipnd_core::{Currency, Customer, Item, Language, Money, OrderStatus, Payment, Terms};
use ipnd_store::{NewOrder, Order, OrderFilter, OrderLine, OrderSource, ShopId, StoreError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Characters of an order's reference: what the tightest gateway takes and gives back.
const REFERENCE_CHARS_MAX: usize = 127;
const TEXT_CHARS_MAX: usize = 200;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OrderBody {
    reference: Option<String>,
    currency: String,
    items: Vec<ItemBody>,
    /// Says again what the items add up to, so that a mistake in the shop's own sum is found.
    total: Option<Amount>,
    #[serde(default)]
    customer: Customer,
    language: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemBody {
    #[serde(default)]
    sku: String,
    name: String,
    quantity: u32,
    unit_price: Amount,
}

#[derive(Serialize)]
struct OrderView<'a> {
    id: String,
    reference: &'a str,
    status: OrderStatus,
    /// The state in one sentence.
    sentence: String,
    total: Money,
    paid: Money,
    refunded: Money,
    reversed: Money,
    paid_at: Option<Timestamp>,
    customer: &'a Customer,
    language: Option<Language>,
    items: &'a [Item],
    payments: &'a [Payment],
    refunds: &'a [Refund],
    disputes: &'a [Dispute],
    reviews: Vec<super::reviews::ReviewView>,
    /// The customer's own page.
    page_url: String,
    /// Send the customer here to pay.
    checkout_url: String,
    created_at: Timestamp,
    updated_at: Timestamp,
    cancelled_at: Option<Timestamp>,
    /// Only of an invoice that has just been made.
    #[serde(skip_serializing_if = "Option::is_none")]
    notify_key: Option<String>,
}

/// `POST /v1/orders`. A known reference with the same terms gives the order that exists, so a request whose answer
/// was lost can be sent again.
pub(super) async fn create(
    State(app): State<App>,
    holder: KeyHolder,
    spoken: Spoken,
    Json(body): Json<OrderBody>,
) -> Result<Response, Problem> {
    let new = new_order(body, holder.shop(), app.clock.now())?;
    let (reference, terms) = (new.reference.clone(), new.terms.clone());
    let (status, order) = match app.store.register_order(new).await {
        Ok(order) => (StatusCode::CREATED, order),
        Err(StoreError::Conflict(what)) => {
            let order = known(&app, holder.shop(), reference.as_deref(), &terms, what).await?;
            (StatusCode::OK, order)
        }
        Err(error) => return Err(error.into()),
    };
    answer(&app, status, &order, spoken.0, None).await
}

/// The order of this reference, where it has the same terms.
pub(super) async fn known(
    app: &App,
    shop: ShopId,
    reference: Option<&str>,
    terms: &Terms,
    what: String,
) -> Result<Order, Problem> {
    let known = match reference {
        Some(reference) => app.store.order_by_reference(shop, reference).await?,
        None => None,
    };
    match known {
        Some(order) if order.terms == *terms => Ok(order),
        Some(_) => Err(Problem::Conflict("an order with this reference and other terms exists".into())),
        None => Err(Problem::Conflict(what)),
    }
}

/// The order, with where it is to be found. `notify_key` is what the receiver of its own URL proves signatures with.
pub(super) async fn answer(
    app: &App,
    status: StatusCode,
    order: &Order,
    language: Language,
    notify_key: Option<String>,
) -> Result<Response, Problem> {
    let location = format!("/v1/orders/{}", order.id);
    let view = OrderView { notify_key, ..whole(app, order, language).await? };
    Ok((status, [(LOCATION, location)], axum::Json(view)).into_response())
}

pub(super) fn new_order(body: OrderBody, shop: ShopId, now: Timestamp) -> Result<NewOrder, Problem> {
    let mut wrong = Vec::new();
    let currency =
        Currency::from_code(&body.currency).map_err(|error| Problem::field("currency", error.to_string()))?;
    check_texts(&body, &mut wrong);
    let language = body.language.as_deref().and_then(Language::from_tag);
    if body.language.is_some() && language.is_none() {
        wrong.push(FieldProblem::new("language", "it must be one of en, de, es, uk"));
    }
    let mut items = Vec::new();
    for (index, item) in body.items.into_iter().enumerate() {
        match item.unit_price.in_currency(&format!("items[{index}].unit_price"), currency) {
            Ok(unit_price) => {
                items.push(Item { sku: item.sku, name: item.name, quantity: item.quantity, unit_price });
            }
            Err(problem) => wrong.push(problem),
        }
    }
    if !wrong.is_empty() {
        return Err(Problem::Invalid(wrong));
    }
    let terms =
        Terms::from_items(items, currency).map_err(|error| Problem::field("items", error.to_string()))?;
    if let Some(total) = body.total {
        let total =
            total.in_currency("total", currency).map_err(|problem| Problem::Invalid(vec![problem]))?;
        if total != terms.total {
            return Err(Problem::field("total", format!("the items add up to {}", terms.total.decimal())));
        }
    }
    Ok(NewOrder {
        shop,
        reference: body.reference,
        terms,
        customer: body.customer,
        language,
        source: OrderSource::Api,
        created_at: now,
    })
}

/// Texts are bounded and carry no control characters: they go to gateways, into mails and onto pages.
fn check_texts(body: &OrderBody, wrong: &mut Vec<FieldProblem>) {
    let mut check = |field: String, text: &str, max: usize, may_be_empty: bool| {
        let chars = text.chars().count();
        if chars > max {
            wrong.push(FieldProblem::new(field, format!("it has more than {max} characters")));
        } else if chars == 0 && !may_be_empty {
            wrong.push(FieldProblem::new(field, "it is empty"));
        } else if text.chars().any(char::is_control) {
            wrong.push(FieldProblem::new(field, "it contains a control character"));
        }
    };
    if let Some(reference) = &body.reference {
        check("reference".into(), reference, REFERENCE_CHARS_MAX, false);
    }
    for (index, item) in body.items.iter().enumerate() {
        check(format!("items[{index}].sku"), &item.sku, TEXT_CHARS_MAX, true);
        check(format!("items[{index}].name"), &item.name, TEXT_CHARS_MAX, false);
    }
    let customer = &body.customer;
    let fields = [
        ("customer.name", &customer.name),
        ("customer.email", &customer.email),
        ("customer.phone", &customer.phone),
        ("customer.country", &customer.country),
    ];
    for (field, text) in fields {
        check(field.into(), text.as_deref().unwrap_or_default(), 254, true);
    }
    for (index, line) in customer.address.iter().enumerate() {
        check(format!("customer.address[{index}]"), line, TEXT_CHARS_MAX, true);
    }
    if customer.email.as_deref().is_some_and(|email| !email.is_empty() && !looks_like_an_address(email)) {
        wrong.push(FieldProblem::new("customer.email", "it is not an e-mail address"));
    }
    if customer.address.len() > 10 {
        wrong.push(FieldProblem::new("customer.address", "it has more than 10 lines"));
    }
}

/// `GET /v1/orders/{id}`, where the id may also be `ref:` and the shop's own reference.
pub(super) async fn read(
    State(app): State<App>,
    holder: KeyHolder,
    spoken: Spoken,
    Name(name): Name,
) -> Result<Response, Problem> {
    let order = find(&app, holder.shop(), &name).await?;
    Ok(view(&app, &order, spoken.0).await?.into_response())
}

/// `POST /v1/orders/{id}/cancel`. Cancelling twice is cancelling; what is paid is refunded instead.
pub(super) async fn cancel(
    State(app): State<App>,
    holder: KeyHolder,
    spoken: Spoken,
    Name(name): Name,
) -> Result<Response, Problem> {
    let order = find(&app, holder.shop(), &name).await?;
    let is_cancelled = app.store.cancel_order(holder.shop(), order.id, app.clock.now()).await?;
    let order = app.store.order(holder.shop(), order.id).await?.ok_or(Problem::NotFound)?;
    if !is_cancelled && order.cancelled_at.is_none() {
        return Err(Problem::Conflict(
            "money has been paid for this order; refund it at the gateway instead of cancelling".into(),
        ));
    }
    Ok(view(&app, &order, spoken.0).await?.into_response())
}

async fn find(app: &App, shop: ShopId, name: &str) -> Result<Order, Problem> {
    let order = match name.strip_prefix("ref:") {
        Some(reference) => app.store.order_by_reference(shop, reference).await?,
        None => app.store.order(shop, name.parse().map_err(|_| Problem::NotFound)?).await?,
    };
    order.ok_or(Problem::NotFound)
}

async fn view(app: &App, order: &Order, language: Language) -> Result<Response, Problem> {
    Ok(axum::Json(whole(app, order, language).await?).into_response())
}

async fn whole<'a>(app: &App, order: &'a Order, language: Language) -> Result<OrderView<'a>, Problem> {
    let shop = app.store.shop(order.shop).await?.ok_or(Problem::Internal)?;
    let reviews = app.store.reviews_of(order.shop, order.id).await?;
    let page_url = app.url(&format!("/shop/{}/order/{}", shop.slug, order.token));
    let state = &order.state;
    Ok(OrderView {
        id: order.id.to_string(),
        reference: &order.reference,
        status: state.status,
        sentence: explain(state, &order.terms, language),
        total: order.terms.total,
        paid: state.paid,
        refunded: state.refunded,
        reversed: state.reversed,
        paid_at: state.paid_at,
        customer: &order.customer,
        language: order.language,
        items: &order.terms.items,
        payments: &state.payments,
        refunds: &state.refunds,
        disputes: &state.disputes,
        reviews: reviews.iter().map(|review| super::reviews::show(review, language)).collect(),
        checkout_url: format!("{page_url}/pay"),
        page_url,
        created_at: order.created_at,
        updated_at: order.updated_at,
        cancelled_at: order.cancelled_at,
        notify_key: None,
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListParams {
    status: Option<String>,
    reference: Option<String>,
    search: Option<String>,
    before: Option<String>,
    limit: Option<u32>,
}

#[derive(Serialize)]
pub(super) struct OrderLineView {
    id: String,
    reference: String,
    status: OrderStatus,
    total: Money,
    customer_name: Option<String>,
    customer_email: Option<String>,
    open_reviews: u32,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// `GET /v1/orders`, newest first.
pub(super) async fn list(
    State(app): State<App>,
    holder: KeyHolder,
    Params(params): Params<ListParams>,
) -> Result<axum::Json<List<OrderLineView>>, Problem> {
    let rows = Rows::wanted(params.limit)?;
    let filter = OrderFilter {
        search: params.search,
        reference: params.reference,
        status: word("status", params.status.as_deref(), OrderStatus::from_word)?,
        before: super::params::id("before", params.before.as_deref())?,
        limit: rows.to_fetch(),
        ..OrderFilter::default()
    };
    let orders = app.store.orders(holder.shop(), filter).await?;
    Ok(axum::Json(rows.page(orders, |order| order.id.to_string(), line)))
}

fn line(order: OrderLine) -> OrderLineView {
    OrderLineView {
        id: order.id.to_string(),
        reference: order.reference,
        status: order.status,
        total: order.total,
        customer_name: order.customer_name,
        customer_email: order.customer_email,
        open_reviews: order.open_reviews,
        created_at: order.created_at,
        updated_at: order.updated_at,
    }
}
