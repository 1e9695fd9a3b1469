-- What customers ordered, and what therefore left the shop.


-- An order. What was agreed (total, currency, and the items in order_items) never changes; everything about
-- payments is worked out from the events, again and again from all of them, so it can be rebuilt at any time.
-- `SELECT * FROM orders` reads well as it is: no column holds more than one line.
CREATE TABLE orders (
    -- The shop's own number of the order.
    reference       TEXT NOT NULL,
    -- open, pending, authorized, in_review, partly_paid, paid, partly_refunded, refunded, reversed, failed, expired,
    -- voided or cancelled
    status          TEXT NOT NULL,
    -- What has to be paid, shipping and tax included.
    total           TEXT NOT NULL,
    currency        TEXT NOT NULL,
    -- Completed payments that count.
    paid            TEXT NOT NULL,
    refunded        TEXT NOT NULL,
    -- What gateways and banks have taken back of it.
    reversed        TEXT NOT NULL,
    customer_name   TEXT,
    customer_email  TEXT,
    created_at      TEXT NOT NULL,
    paid_at         TEXT,
    cancelled_at    TEXT,
    updated_at      TEXT NOT NULL,
    -- storefront, api, or event when it was made from a payment for an unknown reference
    source          TEXT NOT NULL,
    -- The customer's language, if known.
    language        TEXT,
    customer_phone  TEXT,
    customer_country TEXT,
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    id              INTEGER PRIMARY KEY,
    -- The unguessable part of the customer's own page of this order.
    token           TEXT NOT NULL UNIQUE,
    UNIQUE (shop_id, reference)
) STRICT;

CREATE INDEX orders_of_shop ON orders (shop_id);


-- The long parts of each order, one row for each. They stand apart so that a row of `orders` is one short line.
CREATE TABLE order_details (
    -- The postal address as it is written on a parcel, one line below the other.
    customer_address TEXT NOT NULL,
    -- The customer as the order was registered (JSON). What it left open is filled in from the payments.
    registered_customer TEXT NOT NULL,
    -- The whole state, as worked out last (JSON).
    state           TEXT NOT NULL,
    -- Everything that a search looks through, in lower case.
    search_text     TEXT NOT NULL,
    order_id        INTEGER PRIMARY KEY REFERENCES orders (id)
) STRICT;


CREATE TABLE order_items (
    quantity        INTEGER NOT NULL,
    name            TEXT NOT NULL,
    -- Empty for free lines, such as shipping.
    sku             TEXT NOT NULL,
    unit_price      TEXT NOT NULL,
    currency        TEXT NOT NULL,
    order_id        INTEGER NOT NULL REFERENCES orders (id),
    position        INTEGER NOT NULL,
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    PRIMARY KEY (order_id, position)
) STRICT;


-- Payments and refunds of each order, to be read. Written anew from the events whenever something changes.
CREATE TABLE payments (
    -- payment or refund
    kind            TEXT NOT NULL,
    -- Of a payment: ordered, pending, authorized, expired, voided, failed, denied or completed. Of a refund: completed
    status          TEXT NOT NULL,
    amount          TEXT,
    currency        TEXT,
    -- What the gateway kept.
    fee             TEXT,
    -- When, by the gateway's clock.
    at              TEXT,
    -- 1: counts towards the order. 0: does not (not completed, or waiting for the owner's answer).
    counts          INTEGER NOT NULL,
    -- The gateway's own reason, such as why it is pending.
    reason          TEXT,
    -- The gateway's id.
    transaction_id  TEXT NOT NULL,
    -- The authorisation that was captured, or the payment that was refunded.
    parent_transaction_id TEXT,
    order_id        INTEGER NOT NULL REFERENCES orders (id),
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    id              INTEGER PRIMARY KEY
) STRICT;

CREATE INDEX payments_of_order ON payments (order_id);


-- Units that left the shop. A product moves once for each order, whatever comes in how often.
CREATE TABLE stock_movements (
    sku             TEXT NOT NULL,
    -- Negative: it went out.
    quantity        INTEGER NOT NULL,
    moved_at        TEXT NOT NULL,
    product_id      INTEGER NOT NULL REFERENCES products (id),
    order_id        INTEGER NOT NULL REFERENCES orders (id),
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    id              INTEGER PRIMARY KEY,
    UNIQUE (order_id, sku)
) STRICT;
