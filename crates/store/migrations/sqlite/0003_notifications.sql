-- What the gateways said, how it was proved, and which order it is about.


-- A notification is one HTTP request as it came. The raw request is the truth: everything else in this file can be
-- worked out again from it. Nothing in this table ever changes; what becomes of it stands in `checks`.
CREATE TABLE notifications (
    received_at     TEXT NOT NULL,
    method          TEXT NOT NULL,
    -- Without the question mark.
    query           TEXT NOT NULL,
    -- The address it came from.
    remote          TEXT,
    -- The bytes of the body. `SELECT CAST(body AS TEXT)` shows them.
    body            BLOB NOT NULL,
    -- [["name", "value"], ...] in the order of arrival.
    headers         TEXT NOT NULL,
    -- SHA-256 of the body, in hex.
    body_sha256     TEXT NOT NULL,
    account_id      INTEGER NOT NULL REFERENCES accounts (id),
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    id              INTEGER PRIMARY KEY,
    -- The same bytes to the same account are a copy, and are only counted.
    UNIQUE (account_id, body_sha256, query)
) STRICT;

CREATE INDEX notifications_of_shop ON notifications (shop_id);

CREATE TRIGGER notifications_never_change BEFORE UPDATE ON notifications
BEGIN
    SELECT RAISE (ABORT, 'a notification never changes');
END;


-- When further copies of a notification came: the latest 100. How many came in all is in `checks.copies`.
CREATE TABLE notification_copies (
    received_at     TEXT NOT NULL,
    notification_id INTEGER NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
    id              INTEGER PRIMARY KEY
) STRICT;

CREATE INDEX copies_of_notification ON notification_copies (notification_id);


-- How far the proof of each notification has come. One row for each.
CREATE TABLE checks (
    notification_id INTEGER PRIMARY KEY REFERENCES notifications (id) ON DELETE CASCADE,
    -- waiting (not yet known), genuine, forged, or given_up
    state           TEXT NOT NULL,
    -- Why it is so, as a code and a detail.
    reason          TEXT,
    reason_detail   TEXT,
    -- How often it was looked at or the gateway was asked.
    attempts        INTEGER NOT NULL DEFAULT 0,
    -- When it is looked at next, while it is waiting.
    due_at          TEXT NOT NULL,
    -- When it was decided.
    decided_at      TEXT,
    -- How often the same bytes came again.
    copies          INTEGER NOT NULL DEFAULT 0,
    -- A worker that looks at it takes the next lease number. Only the holder of the latest number may hand in a
    -- result, so a worker that was thought dead and wakes up late changes nothing.
    lease           INTEGER NOT NULL DEFAULT 0,
    -- Until when the lease is good; NULL when nobody holds one.
    lease_until     TEXT,
    account_id      INTEGER NOT NULL REFERENCES accounts (id),
    shop_id         INTEGER NOT NULL REFERENCES shops (id)
) STRICT;

-- What is due is found without looking at what is done.
CREATE INDEX checks_due ON checks (due_at) WHERE state = 'waiting';
CREATE INDEX checks_forged ON checks (account_id, notification_id) WHERE state = 'forged';


-- Every time a notification was looked at: the latest 100.
CREATE TABLE check_attempts (
    at              TEXT NOT NULL,
    -- genuine, forged or unknown
    outcome         TEXT NOT NULL,
    reason          TEXT,
    reason_detail   TEXT,
    notification_id INTEGER NOT NULL REFERENCES checks (notification_id) ON DELETE CASCADE,
    id              INTEGER PRIMARY KEY
) STRICT;

CREATE INDEX attempts_of_check ON check_attempts (notification_id);


-- Events: what genuine notifications say, in words that are the same for every gateway.
--
-- Gateways of one family tell of the same things (PayPal by IPN and by webhook), so an event is known by its
-- family, environment and identity, and counts once however it comes. It is unique within its shop, not over all
-- shops: one shop's records must never keep another's from being written. That one transaction cannot pay two
-- orders, whichever shops they belong to, is what `transactions` below is for.
CREATE TABLE events (
    -- payment.completed, refund.completed, dispute.opened ...
    kind            TEXT NOT NULL,
    amount          TEXT,
    currency        TEXT,
    -- When it happened, by the gateway's clock.
    occurred_at     TEXT,
    recorded_at     TEXT NOT NULL,
    -- The shop's reference, as it came back from the gateway.
    order_ref       TEXT,
    -- The order it was found to belong to; NULL while none is known.
    order_id        INTEGER REFERENCES orders (id),
    customer_name   TEXT,
    customer_email  TEXT,
    transaction_id  TEXT,
    -- The payment of a refund, the authorisation of a capture.
    parent_transaction_id TEXT,
    -- The gateway's id of the dispute.
    case_id         TEXT,
    -- The notification that told of it first.
    notification_id INTEGER NOT NULL REFERENCES notifications (id),
    gateway         TEXT NOT NULL,
    family          TEXT NOT NULL,
    -- The account's environment: live or sandbox.
    environment     TEXT NOT NULL,
    identity        TEXT NOT NULL,
    -- The whole event (JSON), and what its account finds wrong with it (JSON, [] for nothing).
    event           TEXT NOT NULL,
    concerns        TEXT NOT NULL,
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    id              INTEGER PRIMARY KEY,
    UNIQUE (shop_id, family, environment, identity)
) STRICT;

CREATE INDEX events_of_shop ON events (shop_id);
CREATE INDEX events_of_notification ON events (notification_id);
CREATE INDEX events_of_order ON events (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX events_by_transaction ON events (shop_id, transaction_id) WHERE transaction_id IS NOT NULL;
CREATE INDEX events_by_parent ON events (shop_id, parent_transaction_id) WHERE parent_transaction_id IS NOT NULL;
CREATE INDEX events_by_case ON events (shop_id, case_id) WHERE case_id IS NOT NULL;
-- Events that wait for their order to become known.
CREATE INDEX events_waiting ON events (shop_id, order_ref) WHERE order_id IS NULL;


-- Which notification told of which events, in the order within the notification. Repeats are here too: an event
-- that was known already changed nothing.
CREATE TABLE notification_events (
    notification_id INTEGER NOT NULL REFERENCES notifications (id),
    position        INTEGER NOT NULL,
    event_id        INTEGER NOT NULL REFERENCES events (id),
    is_repeat       INTEGER NOT NULL,
    -- Where a repeat said something else than the first: what it said (JSON). The first one stands.
    said_instead    TEXT,
    PRIMARY KEY (notification_id, position)
) STRICT, WITHOUT ROWID;

CREATE INDEX notifications_of_event ON notification_events (event_id);


-- Which order a transaction pays. A transaction pays one order only: of all orders of all shops for live money, of
-- one shop's orders in a sandbox, where everybody may make up transactions.
CREATE TABLE transactions (
    transaction_id  TEXT NOT NULL,
    family          TEXT NOT NULL,
    environment     TEXT NOT NULL,
    order_id        INTEGER NOT NULL REFERENCES orders (id),
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    id              INTEGER PRIMARY KEY
) STRICT;

CREATE UNIQUE INDEX transactions_live ON transactions (transaction_id, family) WHERE environment = 'live';
CREATE UNIQUE INDEX transactions_sandbox ON transactions (shop_id, transaction_id, family)
    WHERE environment <> 'live';
