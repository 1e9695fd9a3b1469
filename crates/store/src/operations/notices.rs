//! What the shop is told, put into the outbox in the same transaction as the facts it follows from.

use super::{Desk, order_rows};
use crate::sql::{self, Columns as _, Db, Row, params};
use crate::token::fingerprint_bytes;
use crate::{Change, EndpointFilter, Order, OrderId, Result, ShopId, StoreError};
use ipnd_core::fold::ExaminedEvent;
use ipnd_core::{Environment, Event, Money, OrderState, OrderStatus, Telling, Terms, refunded, told};
use ipnd_gateways::dialect::{Dialect, Notice, NoticeOrder, NoticeRefund};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How an order stood when the shop was told.
#[derive(Serialize, Deserialize)]
struct Standing {
    status: OrderStatus,
    paid: String,
    refunded: String,
    reversed: String,
    /// Of a refund.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refund: Option<NoticeRefund>,
}

impl Standing {
    fn of(state: &OrderState, event: &Event) -> Self {
        let refund = refunded(event, state).map(|(refund, total)| NoticeRefund {
            amount: refund.amount,
            total,
            payment: refund.payment.clone().unwrap_or_default(),
        });
        Self {
            refund,
            status: state.status,
            paid: state.paid.decimal(),
            refunded: state.refunded.decimal(),
            reversed: state.reversed.decimal(),
        }
    }
}

/// How an order's events are told.
#[derive(Clone, Copy)]
pub(crate) struct How {
    /// The order was made just now.
    pub(crate) is_new: bool,
    /// Else they only count as told.
    pub(crate) sends: bool,
    pub(crate) now: Timestamp,
}

/// Puts into the outbox whatever of an order's events the shop is to be told and has not been told yet.
pub(crate) fn tell(
    desk: &mut Desk<'_>,
    order: &Order,
    state: &OrderState,
    (ids, events): (&[i64], &[ExaminedEvent]),
    how: How,
) -> Result<()> {
    let tellings = told(events, state);
    let mut due: Vec<usize> = (0..events.len()).filter(|place| tellings[*place] == Telling::Now).collect();
    if due.is_empty() {
        return Ok(());
    }
    let mut sequence = 0;
    if !how.is_new {
        let mut known = BTreeSet::new();
        // One that moved to another order was told there.
        sql::all(desk, "SELECT event_id, sequence FROM notices WHERE order_id = ?1", [order.id.0], |row| {
            sequence = sequence.max(row.small("sequence")?);
            known.extend(row.number_opt("event_id")?);
            Ok(())
        })?;
        due.retain(|place| !known.contains(&ids[*place]));
    }
    // As it happened.
    due.sort_by_key(|place| (events[*place].event.occurred_at, events[*place].event.kind, ids[*place]));
    for place in due {
        let standing = sql::json(&Standing::of(state, &events[place].event));
        let new = NewNotice {
            shop: order.shop,
            event_id: ids[place],
            event: &events[place].event,
            order: Some(WithinOrder { order, sequence: sequence + 1, standing: &standing }),
        };
        if put(desk, &new, (how.sends, how.now))? {
            sequence += 1;
        }
    }
    Ok(())
}

/// As [`tell`], for an event that concerns no order.
pub(crate) fn tell_alone(
    desk: &mut Desk<'_>,
    shop: ShopId,
    (event_id, examined): (i64, &ExaminedEvent),
    now: Timestamp,
) -> Result<()> {
    if examined.concerns.is_empty() {
        put(desk, &NewNotice { shop, event_id, event: &examined.event, order: None }, (true, now))?;
    }
    Ok(())
}

struct NewNotice<'a> {
    shop: ShopId,
    event_id: i64,
    event: &'a Event,
    order: Option<WithinOrder<'a>>,
}

#[derive(Clone, Copy)]
struct WithinOrder<'a> {
    order: &'a Order,
    /// The number within it.
    sequence: u32,
    /// How it stands, as JSON.
    standing: &'a str,
}

/// False when it was told already.
fn put(desk: &mut Desk<'_>, new: &NewNotice<'_>, (sends, now): (bool, Timestamp)) -> Result<bool> {
    let order = new.order.map(|within| within.order.id.0);
    let sequence = new.order.map(|within| within.sequence);
    let standing = new.order.map(|within| within.standing);
    let notice = sql::insert_new(
        desk,
        "INSERT INTO notices (kind, sequence, noted_at, standing, event_id, order_id, shop_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (event_id) DO NOTHING",
        params![new.event.kind.word(), sequence, sql::time(now), standing, new.event_id, order, new.shop.0],
    )?;
    let Some(notice) = notice else { return Ok(false) };
    let receivers = if sends { receivers(desk, new.shop, order)? } else { Vec::new() };
    let terms = new.order.map(|within| &within.order.terms);
    for receiver in receivers {
        if receiver.wants(desk, new.event_id, new.event, terms)? {
            deliver(
                desk,
                &receiver,
                &About { notice, event: new.event_id, order, sequence, shop: new.shop.0 },
                now,
            )?;
        }
    }
    Ok(true)
}

/// What a delivery is about.
pub(crate) struct About {
    pub(crate) notice: i64,
    pub(crate) event: i64,
    pub(crate) order: Option<i64>,
    pub(crate) sequence: Option<u32>,
    pub(crate) shop: i64,
}

/// Puts one delivery into the outbox. False when it is there already.
pub(crate) fn deliver(
    desk: &mut Desk<'_>,
    receiver: &Receiver,
    about: &About,
    now: Timestamp,
) -> Result<bool> {
    let message_id = message_id(desk, receiver, about.event)?;
    let id = sql::insert_new(
        desk,
        "INSERT INTO deliveries (state, created_at, due_at, sequence, message_id, notice_id, order_id, endpoint_id, shop_id)
         VALUES ('waiting', ?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (message_id) DO NOTHING",
        params![
            sql::time(now),
            about.sequence,
            message_id,
            about.notice,
            about.order,
            receiver.id,
            about.shop,
        ],
    )?;
    if id.is_some() {
        desk.announce(Change::Work);
    }
    Ok(id.is_some())
}

/// Whether there is a delivery of an event to this one.
pub(crate) fn is_told(db: &dyn Db, receiver: &Receiver, event: i64) -> Result<bool> {
    let sql = "SELECT count(*) AS n FROM deliveries WHERE message_id = ?1";
    Ok(sql::count(db, sql, [message_id(db, receiver, event)?])? > 0)
}

/// The id that goes out with every attempt. Made from what is told and to whom, so that it is the same again should the
/// database have to be restored and the event be told once more: the receiver then knows it. Nothing goes into it that a
/// better proof of the event could change, such as when it happened.
fn message_id(db: &dyn Db, receiver: &Receiver, event: i64) -> Result<String> {
    let name =
        sql::one(db, "SELECT family, environment, identity FROM events WHERE id = ?1", [event], |row| {
            Ok(format!("{}\n{}\n{}", row.text("family")?, row.text("environment")?, row.text("identity")?))
        })?;
    let name = name.ok_or_else(|| StoreError::Failed("the event of a notice is missing".to_owned()))?;
    let digest = fingerprint_bytes(format!("{}\n{name}", receiver.token).as_bytes());
    Ok(format!("msg_{}", &data_encoding::BASE32_NOPAD.encode(&digest).to_ascii_lowercase()[..26]))
}

/// Who may want to be told.
pub(crate) struct Receiver {
    pub(crate) id: i64,
    token: String,
    filter: EndpointFilter,
    dialect: Option<Dialect>,
}

impl Receiver {
    pub(crate) fn read(row: &dyn Row) -> Result<Self> {
        Ok(Self {
            id: row.number("id")?,
            token: row.text("token")?,
            filter: row.json("filter")?,
            dialect: Dialect::find(&row.text("dialect")?),
        })
    }

    /// Whether it wants this, and its dialect has words for it. What an expression says about it is looked at before it
    /// is sent.
    pub(crate) fn wants(
        &self,
        db: &dyn Db,
        event_id: i64,
        event: &Event,
        terms: Option<&Terms>,
    ) -> Result<bool> {
        let filter = &self.filter;
        if !filter.has_kind(event.kind.word())
            || !self.dialect.is_some_and(|dialect| dialect.tells(event.kind))
        {
            return Ok(false);
        }
        let has_product =
            |sku: &String| terms.is_some_and(|terms| terms.items.iter().any(|item| item.sku == *sku));
        if !filter.products.is_empty() && !filter.products.iter().any(has_product) {
            return Ok(false);
        }
        if filter.accounts.is_empty() && filter.environment.is_none() {
            return Ok(true);
        }
        let came_by = sql::one(
            db,
            "SELECT n.account_id, e.environment FROM events e JOIN notifications n ON n.id = e.notification_id
             WHERE e.id = ?1",
            [event_id],
            |row| Ok((row.number("account_id")?, row.word("environment", Environment::from_word)?)),
        )?;
        Ok(came_by.is_some_and(|(account, environment)| {
            let is_account = filter.accounts.iter().any(|wanted| wanted.0 == account);
            (filter.accounts.is_empty() || is_account)
                && filter.environment.is_none_or(|wanted| wanted == environment)
        }))
    }
}

/// An order that has a URL of its own is told there and nowhere else.
fn receivers(desk: &Desk<'_>, shop: ShopId, order: Option<i64>) -> Result<Vec<Receiver>> {
    if let Some(order) = order {
        let own = sql::all(
            desk,
            "SELECT id, token, filter, dialect FROM endpoints WHERE order_id = ?1 AND state <> 'removed' ORDER BY id",
            [order],
            Receiver::read,
        )?;
        if !own.is_empty() {
            return Ok(own);
        }
    }
    sql::all(
        desk,
        "SELECT id, token, filter, dialect FROM endpoints
         WHERE shop_id = ?1 AND state <> 'removed' AND order_id IS NULL ORDER BY id",
        [shop.0],
        Receiver::read,
    )
}

/// The content of a notice, as it is sent.
pub(crate) fn load(db: &dyn Db, notice: i64) -> Result<Notice> {
    let found = sql::one(
        db,
        "SELECT n.noted_at, n.sequence, n.standing, n.order_id, e.event, e.gateway, o.reference, o.total, o.currency,
             o.customer_name, o.customer_email, o.customer_phone, d.customer_address, o.customer_country, o.language
         FROM notices n LEFT JOIN events e ON e.id = n.event_id
         LEFT JOIN orders o ON o.id = n.order_id LEFT JOIN order_details d ON d.order_id = o.id
         WHERE n.id = ?1",
        [notice],
        |row| {
            let noted_at = row.time("noted_at")?;
            let sequence = row.number_opt("sequence")?.and_then(|number| u32::try_from(number).ok());
            let standing = row.text_opt("standing")?;
            let order = row.number_opt("order_id")?.zip(standing);
            let event = row.text_opt("event")?.map(|_| row.json("event")).transpose()?;
            let gateway = row.text_opt("gateway")?.unwrap_or_default();
            let told = order.map(|(order, standing)| {
                read_order(db, row, order, (&standing, sequence.unwrap_or(0)))
            });
            let (order, refund) = told.transpose()?.unzip();
            Ok(Notice { noted_at, gateway, event, order, refund: refund.flatten() })
        },
    )?;
    found.ok_or_else(|| StoreError::Failed("the notice of a delivery is missing".to_owned()))
}

/// The order of a notice as it stood then, and the refund that it tells of, if it does.
fn read_order(
    db: &dyn Db,
    row: &dyn Row,
    order: i64,
    (standing, sequence): (&str, u32),
) -> Result<(NoticeOrder, Option<NoticeRefund>)> {
    let damage =
        |what: String| StoreError::Failed(format!("the database is damaged: a standing is “{what}”"));
    let standing: Standing = serde_json::from_str(standing).map_err(|error| damage(error.to_string()))?;
    let reference = row.text("reference")?;
    let total = row.money("total", "currency")?;
    let money = |text: &str| Money::parse(text, total.currency()).map_err(|_| damage(text.to_owned()));
    let order = NoticeOrder {
        id: OrderId(order).to_string(),
        reference,
        sequence,
        status: standing.status,
        total,
        paid: money(&standing.paid)?,
        refunded: money(&standing.refunded)?,
        reversed: money(&standing.reversed)?,
        items: order_rows::items(db, order)?,
        customer: order_rows::customer(row)?,
        language: order_rows::language(row)?,
    };
    Ok((order, standing.refund))
}
