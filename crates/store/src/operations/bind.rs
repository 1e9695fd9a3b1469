//! Finding the order that an event belongs to.
//!
//! What an event refers to (its transaction, its parent, its dispute) binds it more firmly than the reference it
//! carries. A payment whose transaction belongs to one order and whose reference names another changes nothing and is
//! asked about (T-B07). Events whose order is not known yet wait, and are taken along as soon as something they refer
//! to, or their reference, becomes known; so messages may arrive in any sequence (T-C05).

use super::Desk;
use super::record::Told;
use super::refold::Touched;
use super::reviews::{self, Asked};
use super::{adopt, made, notices};
use crate::sql::{self, Columns as _, Db, Row, Subject, params};
use crate::{NotificationId, Order, Result, ShopId, StoreError};
use ipnd_core::{Event, EventKind, ExaminedEvent, Question, QuestionKind};
use jiff::Timestamp;
use std::collections::BTreeSet;

/// The id of no event.
pub(crate) const UNWRITTEN: i64 = 0;

/// An event with what binding looks at.
pub(crate) struct Loose {
    /// [`UNWRITTEN`] until it has one.
    pub(crate) id: i64,
    pub(crate) shop: ShopId,
    pub(crate) notification: NotificationId,
    pub(crate) family: String,
    /// The account's, not the message's.
    pub(crate) environment: String,
    pub(crate) examined: ExaminedEvent,
    pub(crate) is_bound: bool,
}

impl Loose {
    pub(crate) fn kind(&self) -> EventKind {
        self.examined.event.kind
    }

    /// What one payment is known by: its transaction, or itself where the gateway has no such thing.
    pub(crate) fn transaction(&self) -> &str {
        let event = &self.examined.event;
        event.transaction.as_deref().unwrap_or(&event.identity)
    }

    /// The shop's reference, if the event carries one.
    pub(crate) fn reference(&self) -> Option<&str> {
        self.examined.event.order_ref.as_deref().filter(|reference| !reference.is_empty())
    }
}

/// Where an event belongs.
enum Bond {
    Order(i64),
    /// The order that was made for it.
    Made(Box<Order>),
    /// The transaction belongs elsewhere. The order that it names now, if there is one.
    Reused {
        named: Option<i64>,
    },
    Unknown,
    /// It concerns no order.
    Nowhere,
}

/// Where an event belongs, and what it has to do with others.
pub(crate) struct Place {
    bond: Bond,
    beside: Beside,
}

impl Place {
    pub(crate) fn order(&self) -> Option<i64> {
        match &self.bond {
            Bond::Order(order) => Some(*order),
            Bond::Made(order) => Some(order.id.0),
            Bond::Reused { .. } | Bond::Unknown | Bond::Nowhere => None,
        }
    }
}

pub(crate) fn load(desk: &Desk<'_>, id: i64) -> Result<Loose> {
    let found = sql::one(
        desk,
        "SELECT id, shop_id, notification_id, family, environment, event, concerns, order_id FROM events WHERE id = ?1",
        [id],
        loose,
    )?;
    found.ok_or_else(|| StoreError::Failed("an event is missing".to_owned()))
}

fn loose(row: &dyn Row) -> Result<Loose> {
    Ok(Loose {
        id: row.number("id")?,
        shop: ShopId(row.number("shop_id")?),
        notification: NotificationId(row.number("notification_id")?),
        family: row.text("family")?,
        environment: row.text("environment")?,
        examined: ExaminedEvent { event: row.json("event")?, concerns: row.json("concerns")? },
        is_bound: row.number_opt("order_id")?.is_some(),
    })
}

/// Finds the order of an event that need not be written yet; where there is none, makes one, if the account allows it.
pub(crate) fn place(desk: &mut Desk<'_>, told: &Told, event: &Loose) -> Result<Place> {
    if !event.kind().concerns_an_order() {
        return Ok(Place { bond: Bond::Nowhere, beside: Beside::default() });
    }
    let (mut bond, beside) = find(desk, event)?;
    if matches!(bond, Bond::Unknown)
        && let Some(order) = made::when_allowed(desk, told, event)?
    {
        bond = Bond::Made(Box::new(order));
    }
    Ok(Place { bond, beside })
}

/// What follows from an event's being written where it belongs; asks where it cannot belong anywhere.
pub(crate) fn follow(
    desk: &mut Desk<'_>,
    event: Loose,
    place: Place,
    now: Timestamp,
    touched: &mut Touched,
) -> Result<()> {
    let Place { bond, beside } = place;
    match bond {
        Bond::Order(order) => {
            let waiting = tied(desk, &event, &beside, order, touched)?;
            take_along(desk, waiting, now, touched)
        }
        Bond::Made(order) => {
            let mut waiting = tied(desk, &event, &beside, order.id.0, touched)?;
            waiting.extend(adopt::waiting_for(desk, event.shop, order.id.0)?);
            if beside.0.is_empty() && waiting.is_empty() {
                touched.made(*order, (event.id, event.examined));
                return Ok(());
            }
            take_along(desk, waiting, now, touched)
        }
        Bond::Reused { named } => ask_about_reuse(desk, &event, &beside, named, now),
        Bond::Unknown => ask_about_unknown(desk, &event, now),
        Bond::Nowhere => notices::tell_alone(desk, event.shop, (event.id, &event.examined), now),
    }
}

/// Binds an event that is written already, and belonged nowhere until now.
pub(crate) fn bind_written(
    desk: &mut Desk<'_>,
    told: &Told,
    event: Loose,
    touched: &mut Touched,
) -> Result<()> {
    let place = place(desk, told, &event)?;
    if let Some(order) = place.order() {
        tie(desk, event.id, order)?;
    }
    follow(desk, event, place, told.now, touched)
}

/// Tries again to bind events that wait, and then whatever waited for those.
pub(crate) fn take_along(
    desk: &mut Desk<'_>,
    waiting: Vec<i64>,
    now: Timestamp,
    touched: &mut Touched,
) -> Result<()> {
    let mut queue: BTreeSet<i64> = waiting.into_iter().collect();
    while let Some(id) = queue.pop_first() {
        let event = load(desk, id)?;
        if event.is_bound || !event.kind().concerns_an_order() {
            continue;
        }
        let (bond, beside) = find(desk, &event)?;
        match bond {
            Bond::Order(order) => queue.extend(attach(desk, &event, &beside, order, touched)?),
            Bond::Reused { named } => ask_about_reuse(desk, &event, &beside, named, now)?,
            Bond::Made(_) | Bond::Unknown | Bond::Nowhere => {}
        }
    }
    Ok(())
}

fn find(desk: &Desk<'_>, event: &Loose) -> Result<(Bond, Beside)> {
    desk.lock(&subjects(event.shop, &event.examined.event))?;
    let beside = Beside::load(desk, event)?;
    let known = if event.kind().is_payment() { beside.by_payment(event) } else { beside.by_subject(event) };
    let named = match event.reference() {
        Some(reference) => sql::one(
            desk,
            "SELECT id FROM orders WHERE shop_id = ?1 AND reference = ?2",
            params![event.shop.0, reference],
            |row| row.number("id"),
        )?,
        None => None,
    };
    if !event.kind().is_payment() {
        return Ok((known.or(named).map_or(Bond::Unknown, Bond::Order), beside));
    }
    let disagrees = event.reference().is_some() && named != known;
    let bond = match (known, named) {
        (Some(_), named) if disagrees => Bond::Reused { named },
        (Some(order), _) | (None, Some(order)) => {
            let free = !event.examined.concerns.is_empty() || adopt::claim(desk, event, order)?;
            if free { Bond::Order(order) } else { Bond::Reused { named } }
        }
        (None, None) => Bond::Unknown,
    };
    Ok((bond, beside))
}

/// What an event is about: nobody else works on any of it until this transaction has ended.
pub(crate) fn subjects(shop: ShopId, event: &Event) -> Vec<Subject<'_>> {
    let transaction = event.transaction.as_deref().unwrap_or(&event.identity);
    let named = [
        ("transaction", Some(transaction)),
        ("transaction", event.parent.as_deref()),
        ("case", event.case.as_deref()),
        ("reference", event.order_ref.as_deref()),
    ];
    let known =
        named.into_iter().filter_map(|(kind, name)| Some((kind, name.filter(|name| !name.is_empty())?)));
    known.map(|(kind, name)| Subject::Named(kind, shop.0, name)).collect()
}

/// An event of the same shop, family and environment that has something to do with another.
struct Related {
    id: i64,
    order: Option<i64>,
    is_payment: bool,
    transaction: Option<String>,
    parent: Option<String>,
    case: Option<String>,
}

/// What is known, apart from an event itself, of anything that it refers to; the earliest first.
#[derive(Default)]
pub(crate) struct Beside(Vec<Related>);

impl Beside {
    pub(crate) fn load(db: &dyn Db, event: &Loose) -> Result<Self> {
        let inner = &event.examined.event;
        let related = sql::all(
            db,
            // Nothing here but what an index of its own leads to: a planner that does not know the numbers takes family and
            // environment for the better way, and goes through all of the shop.
            "SELECT id, order_id, kind, transaction_id, parent_transaction_id, case_id, family, environment FROM events
             WHERE shop_id = ?1 AND transaction_id = ?2
             UNION ALL
             SELECT id, order_id, kind, transaction_id, parent_transaction_id, case_id, family, environment FROM events
             WHERE shop_id = ?1 AND transaction_id = ?3
             UNION ALL
             SELECT id, order_id, kind, transaction_id, parent_transaction_id, case_id, family, environment FROM events
             WHERE shop_id = ?1 AND parent_transaction_id = ?2
             UNION ALL
             SELECT id, order_id, kind, transaction_id, parent_transaction_id, case_id, family, environment FROM events
             WHERE shop_id = ?1 AND parent_transaction_id = ?3
             UNION ALL
             SELECT id, order_id, kind, transaction_id, parent_transaction_id, case_id, family, environment FROM events
             WHERE shop_id = ?1 AND case_id = ?4",
            params![event.shop.0, event.transaction(), inner.parent, inner.case],
            |row| {
                let is_kin =
                    row.text("family")? == event.family && row.text("environment")? == event.environment;
                let related = Related {
                    id: row.number("id")?,
                    order: row.number_opt("order_id")?,
                    is_payment: row.text("kind")?.starts_with("payment."),
                    transaction: row.text_opt("transaction_id")?,
                    parent: row.text_opt("parent_transaction_id")?,
                    case: row.text_opt("case_id")?,
                };
                Ok((is_kin && related.id != event.id).then_some(related))
            },
        )?;
        let mut related: Vec<Related> = related.into_iter().flatten().collect();
        related.sort_by_key(|other| other.id);
        related.dedup_by_key(|other| other.id);
        Ok(Self(related))
    }

    /// The order of a payment by what its shop has seen of the same transaction, of the authorisation it captures, or
    /// of the capture of it.
    fn by_payment(&self, event: &Loose) -> Option<i64> {
        let transaction = Some(event.transaction());
        let parent = event.examined.event.parent.as_deref();
        let same = |other: &Related| is_one_of(other.transaction.as_deref(), [transaction, parent]);
        let capture = |other: &Related| other.parent.as_deref() == transaction;
        let payments = || self.0.iter().filter(|other| other.is_payment);
        payments()
            .filter(|other| same(other))
            .find_map(|other| other.order)
            .or_else(|| payments().filter(|other| capture(other)).find_map(|other| other.order))
    }

    /// The order of a refund, reversal or dispute: that of the payment it is about, else of anything it refers to.
    fn by_subject(&self, event: &Loose) -> Option<i64> {
        let inner = &event.examined.event;
        let (transaction, parent) = (inner.transaction.as_deref(), inner.parent.as_deref());
        let same =
            || self.0.iter().filter(|other| is_one_of(other.transaction.as_deref(), [parent, transaction]));
        let of_case =
            || self.0.iter().filter(|other| is_one_of(other.case.as_deref(), [inner.case.as_deref(), None]));
        same()
            .filter(|other| other.is_payment)
            .find_map(|other| other.order)
            .or_else(|| same().find_map(|other| other.order))
            .or_else(|| of_case().find_map(|other| other.order))
    }
}

/// Whether there is a name, and it is one of these.
fn is_one_of(name: Option<&str>, names: [Option<&str>; 2]) -> bool {
    name.is_some() && names.contains(&name)
}

/// Ties an event that is written already to its order. Gives what [`tied`] gives.
pub(crate) fn attach(
    desk: &Desk<'_>,
    event: &Loose,
    beside: &Beside,
    order: i64,
    touched: &mut Touched,
) -> Result<Vec<i64>> {
    tie(desk, event.id, order)?;
    tied(desk, event, beside, order, touched)
}

fn tie(desk: &Desk<'_>, event: i64, order: i64) -> Result<()> {
    sql::run(desk, "UPDATE events SET order_id = ?2 WHERE id = ?1", [event, order])?;
    Ok(())
}

/// An event has come to its order: that has to be worked out, and what knew the payment less well follows it. Gives the
/// events that may have waited for that.
fn tied(
    desk: &Desk<'_>,
    event: &Loose,
    beside: &Beside,
    order: i64,
    touched: &mut Touched,
) -> Result<Vec<i64>> {
    touched.order(order);
    if event.kind().is_payment() {
        pull(desk, event, beside, order, touched)?;
        reviews::settle_unknown(desk, event.shop, event.transaction())?;
    }
    Ok(beside.0.iter().filter(|other| other.order.is_none()).map(|other| other.id).collect())
}

/// A refund or dispute that came before its payment may have been tied to an order by its reference alone. The
/// payment knows better.
fn pull(desk: &Desk<'_>, payment: &Loose, beside: &Beside, order: i64, touched: &mut Touched) -> Result<()> {
    let own = beside
        .0
        .iter()
        .filter(|other| !other.is_payment && other.parent.as_deref() == Some(payment.transaction()));
    for (id, left) in own.filter_map(|other| Some((other.id, other.order.filter(|left| *left != order)?))) {
        tie(desk, id, order)?;
        touched.order(left);
    }
    Ok(())
}

fn ask_about_reuse(
    desk: &mut Desk<'_>,
    event: &Loose,
    beside: &Beside,
    named: Option<i64>,
    now: Timestamp,
) -> Result<()> {
    // Only this shop's own order may be named to its owner.
    let owner = beside.by_payment(event);
    let expected = match owner {
        Some(order) => sql::one(desk, "SELECT reference FROM orders WHERE id = ?1", [order], |row| {
            row.text("reference")
        })?,
        None => None,
    };
    let question = Question {
        kind: QuestionKind::TransactionReused,
        subject: event.transaction().to_owned(),
        expected: expected.unwrap_or_default(),
        got: event.reference().unwrap_or_default().to_owned(),
    };
    let order = named.or(owner);
    let asked = Asked { question, order, notification: Some(event.notification), event: Some(event.id) };
    reviews::ask(desk, event.shop, &asked, now)
}

/// Money that nobody expects is asked about. Attempts that came to nothing, and refunds, wait silently.
fn ask_about_unknown(desk: &mut Desk<'_>, event: &Loose, now: Timestamp) -> Result<()> {
    use EventKind::{PaymentAuthorized, PaymentCompleted, PaymentPending, PaymentUnderpaid};
    if !matches!(event.kind(), PaymentAuthorized | PaymentCompleted | PaymentPending | PaymentUnderpaid) {
        return Ok(());
    }
    let amount = event.examined.event.amount.map(|amount| amount.to_string());
    let parts = [event.reference().map(str::to_owned), amount];
    let question = Question {
        kind: QuestionKind::UnknownOrder,
        subject: event.transaction().to_owned(),
        expected: String::new(),
        got: parts.into_iter().flatten().collect::<Vec<_>>().join(", "),
    };
    let asked =
        Asked { question, order: None, notification: Some(event.notification), event: Some(event.id) };
    reviews::ask(desk, event.shop, &asked, now)
}
