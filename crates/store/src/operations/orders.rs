//! Orders: registering, cancelling, writing to their customers.

use super::Desk;
use super::audit::{self, Deed};
use super::bind;
use super::effects::{self, NewMail};
use super::endpoints::{self, NewEndpoint};
use super::refold::{self, Touched};
use super::{adopt, order_rows};
use crate::sql::{self, Columns as _, Db as _, Subject, params};
use crate::{
    Change, EndpointPlan, MailId, NewOrder, Order, OrderId, OrderSource, Result, ShopId, StoreError,
};
use ipnd_core::fold::Facts;
use ipnd_core::{Customer, Language, MailKind, Terms, fold};
use jiff::Timestamp;
use std::borrow::Cow;

/// An order about to be written.
pub(crate) struct Registration<'a> {
    pub(crate) shop: ShopId,
    pub(crate) reference: String,
    pub(crate) token: String,
    pub(crate) terms: &'a Terms,
    pub(crate) customer: &'a Customer,
    pub(crate) language: Option<Language>,
    pub(crate) source: OrderSource,
    pub(crate) created_at: Timestamp,
}

impl OrderSource {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Storefront => "storefront",
            Self::Api => "api",
            Self::Event => "event",
        }
    }

    pub(crate) fn from_word(word: &str) -> Option<Self> {
        [Self::Storefront, Self::Api, Self::Event].into_iter().find(|source| source.word() == word)
    }
}

/// A URL of an order's own.
pub(crate) struct OwnUrl<'a> {
    pub(crate) plan: &'a EndpointPlan,
    pub(crate) key: Option<&'a str>,
    pub(crate) token: &'a str,
    pub(crate) by: &'a str,
}

pub(crate) fn register(
    desk: &mut Desk<'_>,
    new: &NewOrder,
    token: String,
    own_url: Option<&OwnUrl<'_>>,
) -> Result<Order> {
    let reference = match &new.reference {
        Some(reference) => sql::clean(reference).into_owned(),
        None => next_reference(desk, new.shop)?,
    };
    let registration = Registration {
        shop: new.shop,
        reference,
        token,
        terms: &new.terms,
        customer: &new.customer,
        language: new.language,
        source: new.source,
        created_at: new.created_at,
    };
    desk.lock(&[Subject::Named("reference", new.shop.0, &registration.reference)])?;
    let id = insert(desk, &registration)?.id.0;
    if let Some(OwnUrl { plan, key, token, by }) = own_url {
        let endpoint = NewEndpoint { shop: new.shop, plan, key: *key, token, order: Some(OrderId(id)), by };
        endpoints::create(desk, &endpoint, new.created_at)?;
    }
    // A payment may have been quicker than the shop.
    let mut touched = Touched::default();
    touched.order(id);
    let waiting = adopt::waiting_for(desk, new.shop, id)?;
    bind::take_along(desk, waiting, new.created_at, &mut touched)?;
    refold::refold_all(desk, touched, new.created_at)?;
    order_rows::by_id(desk, new.shop, OrderId(id))?
        .ok_or_else(|| StoreError::Failed("the order just written is missing".to_owned()))
}

/// The shop's next free number.
fn next_reference(desk: &Desk<'_>, shop: ShopId) -> Result<String> {
    loop {
        let number = sql::one(
            desk,
            "UPDATE shops SET next_reference = next_reference + 1 WHERE id = ?1 RETURNING next_reference - 1 AS id",
            [shop.0],
            |row| row.number("id"),
        )?;
        let reference = number.ok_or_else(no_shop)?.to_string();
        let taken = sql::count(
            desk,
            "SELECT count(*) AS n FROM orders WHERE shop_id = ?1 AND reference = ?2",
            params![shop.0, reference],
        )?;
        if taken == 0 {
            return Ok(reference);
        }
    }
}

fn no_shop() -> StoreError {
    StoreError::Conflict("there is no such shop".to_owned())
}

/// Writes an order and its items, as yet without events.
pub(crate) fn insert(desk: &Desk<'_>, new: &Registration<'_>) -> Result<Order> {
    let state = fold(Facts { terms: new.terms, cancelled_at: None, events: &[], answers: &[] });
    let created_at = sql::time(new.created_at);
    let nothing = state.paid.decimal();
    let order = sql::insert_new(
        desk,
        "INSERT INTO orders (reference, status, total, currency, paid, refunded, reversed, created_at, updated_at,
             source, language, token, shop_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?5, ?6, ?6, ?7, ?8, ?9, ?10)
         ON CONFLICT (shop_id, reference) DO NOTHING",
        params![
            new.reference,
            state.status.word(),
            new.terms.total.decimal(),
            new.terms.total.currency().code(),
            nothing,
            created_at,
            new.source.word(),
            new.language.map(Language::code),
            new.token,
            new.shop.0,
        ],
    )?;
    let order = order.ok_or_else(|| {
        StoreError::Conflict(format!("there is an order with the reference “{}” already", new.reference))
    })?;
    sql::run(
        desk,
        "INSERT INTO order_details (order_id, customer_address, registered_customer, state, search_text)
         VALUES (?1, '', ?2, ?3, '')",
        params![order, sql::json(&cleaned(new.customer)), sql::json(&state)],
    )?;
    insert_items(desk, new, order)?;
    Ok(Order {
        id: OrderId(order),
        shop: new.shop,
        reference: new.reference.clone(),
        token: new.token.clone(),
        terms: new.terms.clone(),
        // Shown from the first time on that the order is worked out.
        customer: Customer::default(),
        language: new.language,
        source: new.source,
        created_at: new.created_at,
        updated_at: new.created_at,
        cancelled_at: None,
        state,
    })
}

fn insert_items(desk: &Desk<'_>, new: &Registration<'_>, order: i64) -> Result<()> {
    for (position, item) in (1_i64..).zip(&new.terms.items) {
        sql::run(
            desk,
            "INSERT INTO order_items (order_id, position, quantity, name, sku, unit_price, currency, shop_id)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                order,
                position,
                item.quantity,
                sql::clean(&item.name),
                sql::clean(&item.sku),
                item.unit_price.decimal(),
                item.unit_price.currency().code(),
                new.shop.0,
            ],
        )?;
    }
    Ok(())
}

fn cleaned(customer: &Customer) -> Customer {
    let text = |text: &Option<String>| sql::clean_opt(text.as_deref()).map(Cow::into_owned);
    Customer {
        name: text(&customer.name),
        email: text(&customer.email),
        phone: text(&customer.phone),
        address: customer.address.iter().map(|line| sql::clean(line).into_owned()).collect(),
        country: text(&customer.country),
    }
}

/// False when it was cancelled before, or when money counts towards it: what is paid is refunded, not cancelled.
pub(crate) fn cancel(desk: &mut Desk<'_>, shop: ShopId, order: OrderId, now: Timestamp) -> Result<bool> {
    desk.lock(&[Subject::Order(order.0)])?;
    let known = order_rows::by_id(desk, shop, order)?;
    let may = |order: &Order| order.cancelled_at.is_none() && order.state.may_be_cancelled();
    if !known.as_ref().is_some_and(may) {
        return Ok(false);
    }
    sql::run(desk, "UPDATE orders SET cancelled_at = ?2 WHERE id = ?1", params![order.0, sql::time(now)])?;
    audit::note(
        desk,
        &Deed {
            at: now,
            shop: Some(shop),
            who: None,
            what: "order.cancelled",
            about: order.to_string(),
            detail: "",
        },
    )?;
    refold::refold(desk, order.0, now)?;
    Ok(true)
}

pub(crate) fn write_message(
    desk: &mut Desk<'_>,
    shop: ShopId,
    order: OrderId,
    text: &str,
    now: Timestamp,
) -> Result<Option<MailId>> {
    let reachable = sql::count(
        desk,
        "SELECT count(*) AS n FROM orders WHERE id = ?1 AND shop_id = ?2 AND customer_email IS NOT NULL",
        [order.0, shop.0],
    )?;
    if reachable == 0 {
        return Ok(None);
    }
    let message = sql::insert(
        desk,
        "INSERT INTO messages (written_at, text, order_id, shop_id) VALUES (?1, ?2, ?3, ?4)",
        params![sql::time(now), sql::clean(text), order.0, shop.0],
    )?;
    let mail = NewMail {
        kind: MailKind::CustomerMessage,
        subject: &message.to_string(),
        amount: None,
        message: Some(message),
        can_reach: true,
        may_exist: true,
    };
    let id = effects::put_mail(desk, shop, Some(order.0), &mail, now)?;
    desk.announce(Change::Order(order));
    Ok(id)
}
