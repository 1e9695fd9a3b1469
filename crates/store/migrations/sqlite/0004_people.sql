-- What is asked of people and told to people.


-- Questions that only the owner can answer, and the answers. An answer is a fact: the state of an order is worked out
-- from its events and these answers, so answers survive every recomputation.
CREATE TABLE reviews (
    -- amount, currency, receiver, environment, paid_after_cancellation, paid_twice, refund_too_large, unknown_order,
    -- transaction_reused or content_changed
    kind            TEXT NOT NULL,
    -- accept or reject; NULL while it waits for an answer.
    verdict         TEXT,
    expected        TEXT NOT NULL,
    got             TEXT NOT NULL,
    -- What it is about: a transaction of the gateway.
    subject         TEXT NOT NULL,
    asked_at        TEXT NOT NULL,
    answered_at     TEXT,
    answered_by     TEXT,
    -- 1: it settled itself, because later messages made everything fit. Nothing to answer.
    is_moot         INTEGER NOT NULL DEFAULT 0,
    -- NULL for payments that no order is known for.
    order_id        INTEGER REFERENCES orders (id),
    -- The notification and the event that raised it.
    notification_id INTEGER REFERENCES notifications (id),
    event_id        INTEGER REFERENCES events (id),
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    id              INTEGER PRIMARY KEY
) STRICT;

CREATE UNIQUE INDEX reviews_are_asked_once ON reviews (shop_id, kind, subject, ifnull(order_id, 0));
CREATE INDEX reviews_of_order ON reviews (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX reviews_of_notification ON reviews (notification_id);
CREATE INDEX reviews_open ON reviews (shop_id) WHERE verdict IS NULL AND is_moot = 0;


-- What owners wrote to customers.
CREATE TABLE messages (
    written_at      TEXT NOT NULL,
    text            TEXT NOT NULL,
    order_id        INTEGER NOT NULL REFERENCES orders (id),
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    id              INTEGER PRIMARY KEY
) STRICT;


-- The outbox. A mail is put here in the same transaction as the change it tells of; a worker sends it afterwards.
CREATE TABLE mails (
    -- customer.paid, owner.paid, customer.message ... The word is also the name of the template.
    kind            TEXT NOT NULL,
    -- waiting, sent, or failed (refused for good)
    state           TEXT NOT NULL,
    sent_to         TEXT,
    subject_line    TEXT,
    created_at      TEXT NOT NULL,
    sent_at         TEXT,
    -- The amount it speaks of, where that is not the order's total.
    amount          TEXT,
    currency        TEXT,
    -- Why the last attempt did not work, as a code and a detail.
    reason          TEXT,
    reason_detail   TEXT,
    -- How often it was tried.
    attempts        INTEGER NOT NULL DEFAULT 0,
    due_at          TEXT NOT NULL,
    -- As in `checks`.
    lease           INTEGER NOT NULL DEFAULT 0,
    lease_until     TEXT,
    -- What makes it different from others of its kind for the same order: a transaction, a question.
    subject         TEXT NOT NULL,
    -- Within an order, or within a shop where there is no order, no two mails have the same key, so nobody is mailed
    -- twice about one thing.
    effect_key      TEXT NOT NULL,
    message_id      INTEGER REFERENCES messages (id),
    -- NULL for mails about money that no order is known for.
    order_id        INTEGER REFERENCES orders (id),
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    id              INTEGER PRIMARY KEY
) STRICT;

CREATE UNIQUE INDEX mails_of_order ON mails (order_id, effect_key) WHERE order_id IS NOT NULL;
CREATE UNIQUE INDEX mails_of_shop ON mails (shop_id, effect_key) WHERE order_id IS NULL;
CREATE INDEX mails_due ON mails (due_at) WHERE state = 'waiting';


-- Every attempt to send a mail, written down before it begins. An attempt without an end, which nobody is making any
-- more, is doubtful: the process died in between, and the mail may or may not have gone out.
CREATE TABLE mail_attempts (
    started_at      TEXT NOT NULL,
    ended_at        TEXT,
    -- sent, later or failed
    outcome         TEXT,
    reason          TEXT,
    reason_detail   TEXT,
    lease           INTEGER NOT NULL,
    mail_id         INTEGER NOT NULL REFERENCES mails (id),
    id              INTEGER PRIMARY KEY
) STRICT;

CREATE INDEX attempts_of_mail ON mail_attempts (mail_id);


-- Mail templates that the owner has changed. For all others the built-in ones are used.
CREATE TABLE templates (
    kind            TEXT NOT NULL,
    language        TEXT NOT NULL,
    subject         TEXT NOT NULL,
    text            TEXT NOT NULL,
    html            TEXT NOT NULL,
    changed_at      TEXT NOT NULL,
    shop_id         INTEGER NOT NULL REFERENCES shops (id),
    PRIMARY KEY (shop_id, kind, language)
) STRICT;


-- One row that is written to find out whether writing works.
CREATE TABLE probe (
    writes          INTEGER NOT NULL
) STRICT;

INSERT INTO probe (writes) VALUES (0);
