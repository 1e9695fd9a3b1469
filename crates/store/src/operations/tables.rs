//! Every table with its columns, for what handles all of them alike: taking everything out, and putting it in again.

use crate::sql::{self, Bind, Db, Row, Value};
use crate::{Result, StoreError};
use data_encoding::BASE64;
use serde_json::{Map, Value as Json};

pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [&'static str],
    select: &'static str,
    insert: &'static str,
    is_empty: &'static str,
}

macro_rules! tables {
    ($($table:ident by $key:literal: $first:literal $column:ident $(, $number:literal $further:ident)*;)+) => {
        &[$(Table {
            name: stringify!($table),
            columns: &[stringify!($column) $(, stringify!($further))*],
            select: concat!(
                "SELECT ", stringify!($column) $(, ", ", stringify!($further))*,
                " FROM ", stringify!($table), " ORDER BY ", $key
            ),
            insert: concat!(
                "INSERT INTO ", stringify!($table), " (", stringify!($column) $(, ", ", stringify!($further))*,
                ") VALUES (?", $first $(, ", ?", $number)*, ")"
            ),
            is_empty: concat!("SELECT count(*) AS n FROM (SELECT 1 FROM ", stringify!($table), " LIMIT 1) AS t"),
        }),+]
    };
}

/// In such a sequence that every row comes after those that it refers to. What only a running node needs is not here,
/// nor are the ids of payments: those rows are written anew again and again.
pub(crate) const TABLES: &[Table] = tables! {
    shops by "id": 1 name, 2 slug, 3 language, 4 currency, 5 owner_email, 6 next_reference, 7 created_at, 8 is_sample, 9 id;
    vendors by "id": 1 reference, 2 page_fingerprint, 3 created_at, 4 platform_id, 5 shop_id, 6 id;
    users by "id": 1 email, 2 language, 3 password_hash, 4 created_at, 5 shop_id, 6 id;
    sessions by "id": 1 user_id, 2 started_at, 3 last_used_at, 4 ended_at, 5 fingerprint, 6 id;
    codes by "id": 1 user_id, 2 expires_at, 3 used_at, 4 fingerprint, 5 id;
    login_attempts by "id": 1 counted_for, 2 attempts, 3 window_began_at, 4 id;
    api_keys by "id": 1 name, 2 prefix, 3 created_at, 4 last_used_at, 5 revoked_at, 6 shop_id, 7 fingerprint, 8 id;
    accounts by "id": 1 name, 2 gateway, 3 environment, 4 settings, 5 creates_orders, 6 token, 7 forged_dropped, 8 created_at, 9 shop_id, 10 id;
    products by "id": 1 sku, 2 name, 3 price, 4 currency, 5 kind, 6 stock, 7 description, 8 access, 9 is_offered, 10 shop_id, 11 id;
    audit by "id": 1 at, 2 who, 3 what, 4 about, 5 detail, 6 shop_id, 7 id;
    orders by "id": 1 reference, 2 status, 3 total, 4 currency, 5 paid, 6 refunded, 7 reversed, 8 customer_name, 9 customer_email, 10 created_at, 11 paid_at, 12 cancelled_at, 13 updated_at, 14 source, 15 language, 16 customer_phone, 17 customer_country, 18 shop_id, 19 id, 20 token;
    order_details by "order_id": 1 customer_address, 2 registered_customer, 3 state, 4 search_text, 5 order_id;
    order_items by "order_id, position": 1 quantity, 2 name, 3 sku, 4 unit_price, 5 currency, 6 order_id, 7 position, 8 shop_id;
    payments by "order_id, id": 1 kind, 2 status, 3 amount, 4 currency, 5 fee, 6 at, 7 counts, 8 reason, 9 transaction_id, 10 parent_transaction_id, 11 order_id, 12 shop_id;
    stock_movements by "id": 1 sku, 2 quantity, 3 moved_at, 4 product_id, 5 order_id, 6 shop_id, 7 id;
    notifications by "id": 1 received_at, 2 method, 3 query, 4 remote, 5 body, 6 body_sha256, 7 account_id, 8 shop_id, 9 id, 10 deleted_at;
    notification_headers by "notification_id": 1 notification_id, 2 headers;
    notification_copies by "id": 1 received_at, 2 notification_id, 3 id;
    checks by "notification_id": 1 notification_id, 2 state, 3 reason, 4 reason_detail, 5 attempts, 6 due_at, 7 decided_at, 8 copies, 9 lease, 10 lease_until, 11 account_id, 12 shop_id, 13 asked_at, 14 news_at, 15 news, 16 attempts_before, 17 proved_by;
    check_attempts by "id": 1 at, 2 outcome, 3 reason, 4 reason_detail, 5 notification_id, 6 id;
    answers by "id": 1 at, 2 address, 3 status, 4 body, 5 is_complete, 6 attempt, 7 position, 8 notification_id, 9 id;
    events by "id": 1 kind, 2 amount, 3 currency, 4 occurred_at, 5 recorded_at, 6 order_ref, 7 order_id, 8 customer_name, 9 customer_email, 10 transaction_id, 11 parent_transaction_id, 12 case_id, 13 notification_id, 14 gateway, 15 family, 16 environment, 17 identity, 18 event, 19 concerns, 20 shop_id, 21 id;
    notification_events by "notification_id, position": 1 notification_id, 2 position, 3 event_id, 4 is_repeat, 5 said_instead;
    transactions by "id": 1 transaction_id, 2 family, 3 environment, 4 order_id, 5 shop_id, 6 id;
    reviews by "id": 1 kind, 2 verdict, 3 expected, 4 got, 5 subject, 6 asked_at, 7 answered_at, 8 answered_by, 9 is_moot, 10 order_id, 11 notification_id, 12 event_id, 13 shop_id, 14 id;
    messages by "id": 1 written_at, 2 text, 3 order_id, 4 shop_id, 5 id;
    mails by "id": 1 kind, 2 state, 3 sent_to, 4 subject_line, 5 created_at, 6 sent_at, 7 amount, 8 currency, 9 reason, 10 reason_detail, 11 attempts, 12 due_at, 13 lease, 14 lease_until, 15 subject, 16 effect_key, 17 message_id, 18 order_id, 19 shop_id, 20 id;
    mail_attempts by "id": 1 started_at, 2 ended_at, 3 outcome, 4 reason, 5 reason_detail, 6 lease, 7 mail_id, 8 id;
    standstills by "id": 1 queue, 2 since, 3 noticed_at, 4 ended_at, 5 id;
    endpoints by "id": 1 name, 2 url, 3 dialect, 4 state, 5 reason, 6 reason_detail, 7 filter, 8 headers, 9 keys, 10 settings, 11 concurrency, 12 rate, 13 is_ordered, 14 failures, 15 successes, 16 failing_since, 17 rests_until, 18 paced_until, 19 sweep, 20 created_at, 21 token, 22 order_id, 23 shop_id, 24 id;
    notices by "id": 1 kind, 2 sequence, 3 noted_at, 4 standing, 5 event_id, 6 order_id, 7 shop_id, 8 id;
    deliveries by "id": 1 state, 2 created_at, 3 due_at, 4 ended_at, 5 attempts, 6 tries, 7 status, 8 reason, 9 reason_detail, 10 lease, 11 lease_until, 12 sequence, 13 message_id, 14 notice_id, 15 order_id, 16 endpoint_id, 17 shop_id, 18 id;
    delivery_attempts by "id": 1 started_at, 2 duration, 3 outcome, 4 status, 5 reply, 6 reason, 7 reason_detail, 8 delivery_id, 9 id;
    sent_bodies by "body_sha256, delivery_id": 1 body_sha256, 2 delivery_id;
    templates by "shop_id, kind, language": 1 kind, 2 language, 3 subject, 4 text, 5 html, 6 changed_at, 7 shop_id;
};

impl Table {
    /// Hands on every row as one line of JSON: the table's name, then the values in the sequence of the columns. Bytes
    /// are `{"base64": ...}`.
    pub(crate) fn take_out(&self, db: &dyn Db, line: &mut dyn FnMut(String) -> Result<()>) -> Result<()> {
        let mut each = |row: &dyn Row| {
            let mut values = Vec::with_capacity(self.columns.len() + 1);
            values.push(Json::from(self.name));
            for column in self.columns {
                values.push(match row.value(column)? {
                    Value::Null => Json::Null,
                    Value::Number(number) => Json::from(number),
                    Value::Text(text) => Json::from(text),
                    Value::Bytes(bytes) => Json::Object(Map::from_iter([(
                        "base64".to_owned(),
                        Json::from(BASE64.encode(bytes)),
                    )])),
                });
            }
            line(Json::from(values).to_string())?;
            Ok(true)
        };
        db.stream(self.select, &mut each)
    }

    /// Writes a row as [`Table::take_out`] gave it, without the table's name.
    pub(crate) fn put_in(&self, db: &dyn Db, values: &[Json]) -> Result<()> {
        if values.len() != self.columns.len() {
            return Err(unreadable(&format!("a row of {} has {} values", self.name, values.len())));
        }
        let kept = values.iter().map(Kept::read).collect::<Result<Vec<_>>>()?;
        let bound: Vec<&dyn Bind> = kept.iter().map(|value| value as &dyn Bind).collect();
        db.execute(self.insert, &bound)?;
        Ok(())
    }

    pub(crate) fn is_empty(&self, db: &dyn Db) -> Result<bool> {
        Ok(sql::count(db, self.is_empty, sql::NONE)? == 0)
    }
}

/// A value on its way back.
enum Kept {
    Null,
    Number(i64),
    Text(String),
    Bytes(Vec<u8>),
}

impl Kept {
    fn read(value: &Json) -> Result<Self> {
        match value {
            Json::Null => Ok(Self::Null),
            Json::Number(number) => {
                number.as_i64().map(Self::Number).ok_or_else(|| unreadable(&number.to_string()))
            }
            Json::String(text) => Ok(Self::Text(text.clone())),
            other => {
                let bytes = other["base64"].as_str().and_then(|text| BASE64.decode(text.as_bytes()).ok());
                bytes.map(Self::Bytes).ok_or_else(|| unreadable(&other.to_string()))
            }
        }
    }
}

impl Bind for Kept {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Null => Value::Null,
            Self::Number(number) => Value::Number(*number),
            Self::Text(text) => Value::Text(text),
            Self::Bytes(bytes) => Value::Bytes(bytes),
        }
    }
}

pub(crate) fn unreadable(what: &str) -> StoreError {
    let shown: String = what.chars().take(80).collect();
    StoreError::Failed(format!("this is not an export of ipnd: {shown}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::Columns as _;
    use crate::sqlite::SqliteStore;

    #[tokio::test]
    async fn no_column_of_any_table_is_left_out() {
        use crate::engine::Engine as _;
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("ipnd.db")).unwrap();
        let there = store.read(|db| {
            sql::all(
                db,
                "SELECT m.name AS name, group_concat(c.name, ' ') AS columns
                 FROM sqlite_master m JOIN pragma_table_info(m.name) c
                 WHERE m.type = 'table' AND m.name NOT IN ('migrations', 'probe') GROUP BY m.name",
                sql::NONE,
                |row| Ok((row.text("name")?, row.text("columns")?)),
            )
        });
        let sorted = |columns: Vec<&str>| {
            let mut columns: Vec<String> = columns.into_iter().map(str::to_owned).collect();
            columns.sort();
            columns
        };
        let mut missing = 0;
        for (name, columns) in there.await.unwrap() {
            let table = TABLES.iter().find(|table| table.name == name);
            let own_id = (name == "payments").then_some("id");
            let known = table.map(|table| sorted(table.columns.iter().copied().chain(own_id).collect()));
            assert_eq!(known, Some(sorted(columns.split(' ').collect())), "{name}");
            missing += 1;
        }
        assert_eq!(missing, TABLES.len());
    }
}
