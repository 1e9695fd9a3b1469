-- Telling the shop: who wants to be told, what there was to tell, and how telling went.


-- A URL that wants to be told, in one of the forms that ipnd speaks.
CREATE TABLE endpoints (
    name            TEXT NOT NULL,
    -- Empty for one that fetches what it is told (`ipnd listen`).
    url             TEXT NOT NULL,
    -- standard, cloudevents, or the id of a gateway whose form it wants
    dialect         TEXT NOT NULL,
    -- active, paused (what there is to tell waits), or removed
    state           TEXT NOT NULL,
    -- Why it is paused, where that was not its owner's wish, as a code and a detail.
    reason          TEXT,
    reason_detail   TEXT,
    -- Which events it wants (JSON).
    filter          TEXT NOT NULL,
    -- Further headers (JSON): [["name", "value"], ...].
    headers         TEXT NOT NULL,
    -- Keys that sign (JSON): [{"key": "...", "until": null}, ...], the newest first.
    keys            TEXT NOT NULL,
    -- Of a gateway's form: its settings (JSON). Secrets among them.
    settings        TEXT NOT NULL,
    -- Tries at the same time at most.
    concurrency     INTEGER NOT NULL,
    -- Tries a second at most; 0 for no such limit.
    rate            INTEGER NOT NULL,
    -- 1: the next of an order waits until the one before has arrived.
    is_ordered      INTEGER NOT NULL,
    -- How it is doing: failures in a row, successes since the last one (as far as they are counted), since when it has
    -- been failing, and until when it is left alone. Until when its rate has been used up.
    failures        INTEGER NOT NULL DEFAULT 0,
    successes       INTEGER NOT NULL DEFAULT 0,
    failing_since   TEXT,
    rests_until     TEXT,
    paced_until     TEXT,
    -- release (what waits is due at once) or cancel (it is not told any more): done a handful of rows at a time.
    sweep           TEXT,
    created_at      TEXT NOT NULL,
    -- The unguessable part of the address at which its receiver asks back, and what delivery ids are made from.
    token           TEXT NOT NULL UNIQUE,
    -- Set where one order is told to this URL only.
    order_id        INTEGER REFERENCES orders (id),
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    id              INTEGER PRIMARY KEY
) STRICT;

CREATE INDEX endpoints_of_shop ON endpoints (shop_id) WHERE state <> 'removed' AND order_id IS NULL;
CREATE INDEX endpoints_to_sweep ON endpoints (id) WHERE sweep IS NOT NULL;
CREATE INDEX endpoints_resting ON endpoints (rests_until) WHERE rests_until IS NOT NULL;
CREATE INDEX endpoints_pacing ON endpoints (paced_until) WHERE paced_until IS NOT NULL;
CREATE INDEX endpoints_of_order ON endpoints (order_id) WHERE order_id IS NOT NULL;


-- What the shop is told: an event that is believed, with its number within its order (1, 2, 3 ... without a gap) and how
-- the order stood then. One for each event, whoever wants to be told of it.
CREATE TABLE notices (
    kind            TEXT NOT NULL,
    -- NULL where the event concerns no order.
    sequence        INTEGER,
    noted_at        TEXT NOT NULL,
    -- status, paid, refunded and reversed of the order then (JSON).
    standing        TEXT,
    -- NULL where a rebuild has found that there was no such event. What was told stays told.
    event_id        INTEGER UNIQUE REFERENCES events (id),
    order_id        INTEGER REFERENCES orders (id),
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    id              INTEGER PRIMARY KEY
) STRICT;

CREATE UNIQUE INDEX notices_of_order ON notices (order_id, sequence) WHERE order_id IS NOT NULL;
CREATE INDEX notices_of_shop ON notices (shop_id, id);

-- What was known before there were endpoints counts as told, unless something about its order is still open.
INSERT INTO notices (kind, sequence, noted_at, standing, event_id, order_id, shop_id)
SELECT e.kind, row_number() OVER (PARTITION BY e.order_id ORDER BY e.id), e.recorded_at,
       json_object('status', o.status, 'paid', o.paid, 'refunded', o.refunded, 'reversed', o.reversed),
       e.id, e.order_id, e.shop_id
FROM events e JOIN orders o ON o.id = e.order_id
WHERE NOT EXISTS (SELECT 1 FROM reviews r WHERE r.order_id = e.order_id AND r.verdict IS NULL AND r.is_moot = 0)
ORDER BY e.id;


-- One thing to tell to one endpoint. The message id never changes and goes out with every attempt.
CREATE TABLE deliveries (
    -- waiting, delivered, failed (given up), skipped (the endpoint does not want it), or cancelled
    state           TEXT NOT NULL,
    created_at      TEXT NOT NULL,
    due_at          TEXT NOT NULL,
    -- When it was delivered or given up.
    ended_at        TEXT,
    -- Attempts that were begun. One whose end nobody knows has no row in delivery_attempts.
    attempts        INTEGER NOT NULL DEFAULT 0,
    -- Attempts that were heard since it was last sent anew by hand: what the schedule counts.
    tries           INTEGER NOT NULL DEFAULT 0,
    -- What came of the last attempt.
    status          INTEGER,
    reason          TEXT,
    reason_detail   TEXT,
    -- As with mails: only the holder of the latest lease may hand in a result.
    lease           INTEGER NOT NULL DEFAULT 0,
    lease_until     TEXT,
    sequence        INTEGER,
    message_id      TEXT NOT NULL,
    -- NULL for one that only tries the connection.
    notice_id       INTEGER REFERENCES notices (id),
    order_id        INTEGER REFERENCES orders (id),
    endpoint_id     INTEGER NOT NULL REFERENCES endpoints (id),
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    id              INTEGER PRIMARY KEY
) STRICT;

CREATE UNIQUE INDEX deliveries_once ON deliveries (message_id);
CREATE INDEX deliveries_due ON deliveries (endpoint_id, due_at, id) WHERE state = 'waiting';
CREATE INDEX deliveries_leased ON deliveries (endpoint_id) WHERE lease_until IS NOT NULL;
CREATE INDEX deliveries_of_endpoint ON deliveries (endpoint_id, id);
CREATE INDEX deliveries_of_shop ON deliveries (shop_id, id);
-- What did not arrive.
CREATE INDEX deliveries_missing ON deliveries (shop_id, id) WHERE state IN ('waiting', 'failed', 'cancelled');
CREATE INDEX deliveries_of_order ON deliveries (order_id) WHERE order_id IS NOT NULL;


CREATE TABLE delivery_attempts (
    started_at      TEXT NOT NULL,
    -- How long it took, in milliseconds.
    duration        INTEGER NOT NULL,
    -- delivered, later, failed or skipped
    outcome         TEXT NOT NULL,
    -- What the receiver answered: its HTTP status, and the beginning of the body.
    status          INTEGER,
    reply           TEXT,
    reason          TEXT,
    reason_detail   TEXT,
    delivery_id     INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    id              INTEGER PRIMARY KEY
) STRICT;

CREATE INDEX attempts_of_delivery ON delivery_attempts (delivery_id);


-- SHA-256 of bodies that were sent in a form whose receiver asks back whether the bytes are genuine.
CREATE TABLE sent_bodies (
    body_sha256     BLOB NOT NULL,
    delivery_id     INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
    PRIMARY KEY (body_sha256, delivery_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX bodies_of_delivery ON sent_bodies (delivery_id);


-- Vendors of a platform: each is a shop of its own, which the platform's keys may act for.
CREATE TABLE vendors (
    -- The platform's own name for it.
    reference       TEXT NOT NULL,
    -- SHA-256 of the secret part of the address of the vendor's own page, in hex. The secret itself is not kept.
    page_fingerprint TEXT NOT NULL UNIQUE,
    created_at      TEXT NOT NULL,
    -- The platform.
    platform_id     INTEGER NOT NULL REFERENCES shops (id),
    -- The vendor's own shop.
    shop_id         INTEGER NOT NULL UNIQUE REFERENCES shops (id),
    id              INTEGER PRIMARY KEY,
    UNIQUE (platform_id, reference)
) STRICT;


-- How many mails an address has had lately (T-E06).
CREATE INDEX mails_to ON mails (shop_id, lower(sent_to), sent_at) WHERE sent_to IS NOT NULL;
