//! Transactions: each pays one order, the one that its payment is with.

use super::{Notebook, Rule};
use crate::sql::{self, Columns as _, Db, Row};
use crate::{EventId, Result};

pub(super) const TRANSACTIONS: Rule = Rule {
    name: "transactions",
    holds: "every transaction pays one order, the one that its payment is with",
    advice: "`ipnd rebuild` works out again which order each pays; with --apply it puts it right.",
};

pub(super) fn transactions(db: &dyn Db, book: &mut Notebook<'_>) -> Result<()> {
    let total = sql::count(db, "SELECT count(*) AS n FROM transactions", sql::NONE)?;
    book.seen(usize::try_from(total).expect("a count"));
    // Written twice, so that each finds its own index.
    let live = "SELECT e.id, e.transaction_id, e.order_id, o.reference, t.order_id AS owner
                FROM events e
                LEFT JOIN transactions t ON t.environment = 'live' AND t.family = e.family
                  AND t.transaction_id = coalesce(e.transaction_id, e.identity)
                LEFT JOIN orders o ON o.id = e.order_id
                WHERE e.order_id IS NOT NULL AND e.kind LIKE 'payment.%' AND e.concerns = '[]'
                  AND e.environment = 'live' AND (t.id IS NULL OR t.order_id <> e.order_id)
                ORDER BY e.id";
    let sandbox = "SELECT e.id, e.transaction_id, e.order_id, o.reference, t.order_id AS owner
                FROM events e
                LEFT JOIN transactions t ON t.environment <> 'live' AND t.family = e.family
                  AND t.transaction_id = coalesce(e.transaction_id, e.identity) AND t.shop_id = e.shop_id
                LEFT JOIN orders o ON o.id = e.order_id
                WHERE e.order_id IS NOT NULL AND e.kind LIKE 'payment.%' AND e.concerns = '[]'
                  AND e.environment <> 'live' AND (t.id IS NULL OR t.order_id <> e.order_id)
                ORDER BY e.id";
    let mut unclaimed = |row: &dyn Row| {
        let name = EventId(row.number("id")?);
        let order = row.text_opt("reference")?.unwrap_or_default();
        book.find(match row.number_opt("owner")? {
            None => format!(
                "{name} pays the order {order}, and nothing keeps its transaction from paying another"
            ),
            Some(_) => format!("{name} pays the order {order}, and its transaction belongs to another order"),
        });
        Ok(())
    };
    sql::all(db, live, sql::NONE, &mut unclaimed)?;
    sql::all(db, sandbox, sql::NONE, &mut unclaimed)?;
    let twice = "SELECT transaction_id, count(*) AS n FROM transactions WHERE environment = 'live'
                 GROUP BY transaction_id, family HAVING count(*) > 1
                 UNION ALL
                 SELECT transaction_id, count(*) AS n FROM transactions WHERE environment <> 'live'
                 GROUP BY shop_id, transaction_id, family HAVING count(*) > 1";
    sql::all(db, twice, sql::NONE, |row| {
        book.find(format!("{} pays {} orders", row.text("transaction_id")?, row.number("n")?));
        Ok(())
    })?;
    let foreign = "SELECT t.transaction_id FROM transactions t LEFT JOIN orders o ON o.id = t.order_id
                   WHERE o.id IS NULL OR o.shop_id <> t.shop_id";
    sql::all(db, foreign, sql::NONE, |row| {
        book.find(format!("{} pays an order that its shop does not have", row.text("transaction_id")?));
        Ok(())
    })?;
    Ok(())
}
