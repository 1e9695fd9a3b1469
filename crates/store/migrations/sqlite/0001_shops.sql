-- The tour of the data model begins here. Four files, in the order in which things come about:
--
--   0001  who sells, at which gateways, what, and who may log in
--   0002  what customers ordered
--   0003  what the gateways said, how it was proved, and what it means for the orders
--   0004  what is told to people: questions, mails, messages
--
-- How to read all of it:
--
--   * Times are UTC in RFC 3339 with milliseconds, always the same width (2026-03-01T09:30:00.000Z), so they sort
--     as text and `WHERE created_at >= '2026-03'` works.
--   * Money is exact decimal text (19.95) with its currency beside it. Never sum it with `sum()`, which would make
--     floating point numbers of it.
--   * Statuses and kinds are words.
--   * Whatever belongs to a shop carries its `shop_id`.
--   * Texts that came from outside never contain U+0000; it was replaced by U+FFFD on the way in.


-- A shop is a merchant. Everything below belongs to one.
CREATE TABLE shops (
    name            TEXT NOT NULL,
    -- In addresses: /shop/SLUG
    slug            TEXT NOT NULL UNIQUE,
    -- en, de, es or uk
    language        TEXT NOT NULL,
    currency        TEXT NOT NULL,
    -- Where the owner's copies of mails go.
    owner_email     TEXT NOT NULL,
    -- The number that the next order without a reference of its own takes.
    next_reference  INTEGER NOT NULL DEFAULT 1001,
    created_at      TEXT NOT NULL,
    -- 1: the demo's shop, which is there to be played with: sandbox money pays in it, come what may. A real shop that
    -- has a live account asks its owner about sandbox money instead.
    is_sample       INTEGER NOT NULL DEFAULT 0,
    id              INTEGER PRIMARY KEY
) STRICT;


-- People who may log in: the owners of shops.
CREATE TABLE users (
    email           TEXT NOT NULL COLLATE NOCASE UNIQUE,
    language        TEXT NOT NULL,
    -- Argon2id in PHC form. Empty (NULL) for somebody who can only come in by a one-time link.
    password_hash   TEXT,
    created_at      TEXT NOT NULL,
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    id              INTEGER PRIMARY KEY
) STRICT;


-- Sessions of people who are logged in. Only the SHA-256 of the cookie is kept, so a copy of this file lets nobody
-- in. An ended session keeps its row for a while: nothing can revive it.
CREATE TABLE sessions (
    user_id         INTEGER NOT NULL REFERENCES users (id),
    started_at      TEXT NOT NULL,
    last_used_at    TEXT NOT NULL,
    ended_at        TEXT,
    fingerprint     TEXT NOT NULL UNIQUE,
    id              INTEGER PRIMARY KEY
) STRICT;


-- One-time codes: for the first set-up (no user yet) and for log-in links. Again only the SHA-256.
CREATE TABLE codes (
    user_id         INTEGER REFERENCES users (id),
    expires_at      TEXT NOT NULL,
    used_at         TEXT,
    fingerprint     TEXT NOT NULL UNIQUE,
    id              INTEGER PRIMARY KEY
) STRICT;


-- Log-in attempts, counted for each account and each address within a window of time.
CREATE TABLE login_attempts (
    -- What is counted, such as an account or an address.
    counted_for     TEXT NOT NULL UNIQUE,
    attempts        INTEGER NOT NULL,
    window_began_at TEXT NOT NULL,
    id              INTEGER PRIMARY KEY
) STRICT;

CREATE INDEX login_attempts_by_age ON login_attempts (window_began_at);


-- Keys for the API. The key itself was shown once; its SHA-256 and its first characters are kept.
CREATE TABLE api_keys (
    name            TEXT NOT NULL,
    prefix          TEXT NOT NULL,
    created_at      TEXT NOT NULL,
    last_used_at    TEXT,
    revoked_at      TEXT,
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    fingerprint     TEXT NOT NULL UNIQUE,
    id              INTEGER PRIMARY KEY
) STRICT;


-- A shop's accounts at gateways. Each owns one intake address, /in/TOKEN.
CREATE TABLE accounts (
    name            TEXT NOT NULL,
    -- Which gateway: paypal-ipn ...
    gateway         TEXT NOT NULL,
    -- live or sandbox. Decided here and never by a message.
    environment     TEXT NOT NULL,
    -- What the gateway's table of settings asks for, as a JSON object.
    settings        TEXT NOT NULL,
    -- 1: a genuine payment for an unknown reference makes an order. 0: the owner is asked.
    creates_orders  INTEGER NOT NULL,
    -- The unguessable part of the intake address.
    token           TEXT NOT NULL UNIQUE,
    -- Forged notifications that made room for newer forged ones; the others are still there to be looked at.
    forged_dropped  INTEGER NOT NULL DEFAULT 0,
    created_at      TEXT NOT NULL,
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    id              INTEGER PRIMARY KEY
) STRICT;

CREATE INDEX accounts_of_shop ON accounts (shop_id);


-- What a shop sells.
CREATE TABLE products (
    -- The article number.
    sku             TEXT NOT NULL,
    name            TEXT NOT NULL,
    price           TEXT NOT NULL,
    currency        TEXT NOT NULL,
    -- physical or digital
    kind            TEXT NOT NULL,
    -- Units on hand; NULL means that there is always enough, a negative number that more was sold than there was.
    stock           INTEGER,
    description     TEXT NOT NULL,
    -- What the customer gets to see once it is paid.
    access          TEXT NOT NULL,
    is_offered      INTEGER NOT NULL,
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    id              INTEGER PRIMARY KEY,
    UNIQUE (shop_id, sku)
) STRICT;


-- Who did what, and when. Rows are only ever added.
CREATE TABLE audit (
    at              TEXT NOT NULL,
    -- The person, as far as known.
    who             TEXT,
    -- Such as: review.answered, account.created
    what            TEXT NOT NULL,
    -- What it was done to, such as: rev_12
    about           TEXT NOT NULL,
    detail          TEXT NOT NULL,
    shop_id         INTEGER REFERENCES shops (id),
    id              INTEGER PRIMARY KEY
) STRICT;
