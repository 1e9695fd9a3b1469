//! Orders: what is stored of each is what follows from its events and the owner's answers.

use super::{Notebook, Rule, by_id};
use crate::operations::order_rows;
use crate::operations::refold::{self, Known, Worked};
use crate::operations::reviews;
use crate::sql::{self, Columns as _, Db};
use crate::{Order, OrderId, Result};
use ipnd_core::{Money, OrderState, Terms, Verdict};
use std::collections::BTreeSet;

pub(super) const ORDERS: Rule = Rule {
    name: "orders",
    holds: "every order stands where its events and the owner's answers put it",
    advice: "`ipnd rebuild` shows what would be different; with --apply it puts it right.",
};

pub(super) fn orders(db: &dyn Db, book: &mut Notebook<'_>) -> Result<()> {
    by_id(db, "SELECT id, reference FROM orders WHERE id > ?1 ORDER BY id LIMIT ?2", book, |row, book| {
        let id = row.number("id")?;
        let name = format!("the order {} ({})", row.text("reference")?, OrderId(id));
        match order_rows::any_by_id(db, id) {
            Ok(Some(order)) => {
                if let Err(error) = one(db, order, &name, book) {
                    book.find(format!("{name} cannot be worked out again: {error}"));
                }
            }
            Ok(None) => book.find(format!("{name} has no row in order_details")),
            Err(error) => book.find(format!("{name} cannot be read: {error}")),
        }
        Ok(id)
    })?;
    let without = "SELECT d.order_id FROM order_details d LEFT JOIN orders o ON o.id = d.order_id
                   WHERE o.id IS NULL
                   UNION SELECT i.order_id FROM order_items i LEFT JOIN orders o ON o.id = i.order_id
                   WHERE o.id IS NULL
                   UNION SELECT p.order_id FROM payments p LEFT JOIN orders o ON o.id = p.order_id
                   WHERE o.id IS NULL";
    sql::all(db, without, sql::NONE, |row| {
        let name = OrderId(row.number("order_id")?);
        book.find(format!("there are details, items or payments of {name}, which does not exist"));
        Ok(())
    })?;
    Ok(())
}

fn one(db: &dyn Db, order: Order, name: &str, book: &mut Notebook<'_>) -> Result<()> {
    let known = Known::load(db, order)?;
    let order = &known.order;
    let items = Terms::from_items(order.terms.items.clone(), order.terms.total.currency());
    book.find_unless(items.as_ref().is_ok_and(|terms| terms.total == order.terms.total), || {
        format!("the items of {name} do not add up to its total of {}", order.terms.total)
    });
    let Worked { state, customer } = refold::work_out(&known);
    let stored = &order.state;
    let facts = [
        ("status", stored.status.word().to_owned(), state.status.word().to_owned()),
        ("paid", stored.paid.to_string(), state.paid.to_string()),
        ("refunded", stored.refunded.to_string(), state.refunded.to_string()),
        ("reversed", stored.reversed.to_string(), state.reversed.to_string()),
    ];
    let mut is_said = false;
    for (what, stored, follows) in facts {
        is_said |= stored != follows;
        book.find_unless(stored == follows, || {
            format!("{name}: {what} is stored as {stored}, and its events say {follows}")
        });
    }
    book.find_unless(is_said || *stored == state, || {
        format!("{name}: its stored payments, refunds, disputes or questions are not what its events say")
    });
    columns(db, order, &state, name, book)?;
    let mut shown = refold::one_lined(&customer);
    // Read back from one text with a line for each.
    shown.address = shown.address.join("\n").lines().map(str::to_owned).collect();
    book.find_unless(order.customer == shown, || {
        format!("{name}: its customer is not the one that was registered or has paid")
    });
    book.find_unless(payments_stored(db, order)? == payments_of(&state), || {
        format!("{name}: the table of payments does not say what its events say")
    });
    questions(db, order, &state, name, book)
}

/// The row of `orders` repeats what the state says.
fn columns(
    db: &dyn Db,
    order: &Order,
    state: &OrderState,
    name: &str,
    book: &mut Notebook<'_>,
) -> Result<()> {
    let sql = "SELECT status, paid, refunded, reversed, paid_at FROM orders WHERE id = ?1";
    sql::one(db, sql, [order.id.0], |row| {
        for (column, follows) in [
            ("status", Some(state.status.word().to_owned())),
            ("paid", Some(state.paid.decimal())),
            ("refunded", Some(state.refunded.decimal())),
            ("reversed", Some(state.reversed.decimal())),
            ("paid_at", sql::time_opt(state.paid_at)),
        ] {
            let stored = row.text_opt(column)?;
            book.find_unless(stored == follows, || {
                let [stored, follows] =
                    [stored, follows].map(|text| text.unwrap_or_else(|| "nothing".to_owned()));
                format!("{name}: the column {column} says {stored}, and its events say {follows}")
            });
        }
        Ok(())
    })?;
    Ok(())
}

/// A line for each payment and refund, as the table has them.
pub(crate) fn payments_stored(db: &dyn Db, order: &Order) -> Result<BTreeSet<String>> {
    let lines = sql::all(
        db,
        "SELECT kind, status, amount, currency, fee, at, counts, transaction_id FROM payments WHERE order_id = ?1",
        [order.id.0],
        |row| {
            let text = |column| Ok::<_, crate::StoreError>(row.text_opt(column)?.unwrap_or_default());
            Ok(format!(
                "{} {} {} {} {} {} {} {}",
                text("kind")?,
                text("transaction_id")?,
                text("status")?,
                text("amount")?,
                text("currency")?,
                text("fee")?,
                text("at")?,
                row.flag("counts")?,
            ))
        },
    )?;
    Ok(lines.into_iter().collect())
}

/// The same from a state.
pub(crate) fn payments_of(state: &OrderState) -> BTreeSet<String> {
    let amount = |amount: Option<Money>| {
        let (amount, currency) = sql::money(amount);
        format!("{} {}", amount.unwrap_or_default(), currency.unwrap_or_default())
    };
    let payments = state.payments.iter().map(|payment| {
        format!(
            "payment {} {} {} {} {} {}",
            payment.transaction,
            payment.status.word(),
            amount(payment.amount),
            payment.fee.map(Money::decimal).unwrap_or_default(),
            sql::time_opt(payment.at).unwrap_or_default(),
            payment.counts,
        )
    });
    let refunds = state.refunds.iter().map(|refund| {
        format!(
            "refund {} completed {}  {} true",
            refund.transaction,
            amount(Some(refund.amount)),
            sql::time_opt(refund.at).unwrap_or_default(),
        )
    });
    payments.chain(refunds).collect()
}

/// Every question that the state asks is there, with its answer, and no other is open.
fn questions(
    db: &dyn Db,
    order: &Order,
    state: &OrderState,
    name: &str,
    book: &mut Notebook<'_>,
) -> Result<()> {
    let stored = reviews::of_order(db, order.shop, order.id)?;
    for review in &state.reviews {
        let question = &review.question;
        let row = stored
            .iter()
            .find(|line| line.question.kind == question.kind && line.question.subject == question.subject);
        let answered = |verdict: Option<Verdict>| match verdict {
            Some(Verdict::Accept) => "accepted",
            Some(Verdict::Reject) => "rejected",
            None => "open",
        };
        let is_there = row.is_some_and(|line| line.verdict == review.verdict && !line.is_moot);
        book.find_unless(is_there, || {
            let kind = question.kind.word();
            let subject = &question.subject;
            format!("{name}: the question {kind} about {subject} should be {}", answered(review.verdict))
        });
    }
    for (_, kind, subject) in reviews::open_of_fold(db, order.id)? {
        let is_asked = state
            .reviews
            .iter()
            .any(|review| review.question.kind == kind && review.question.subject == subject);
        book.find_unless(is_asked, || {
            format!("{name}: the question {} about {subject} is open, and nothing asks it", kind.word())
        });
    }
    Ok(())
}
