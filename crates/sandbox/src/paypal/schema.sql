-- What the stand-in for PayPal remembers. It has a file of its own: the real PayPal is not in the shop's database
-- either.

-- One row for each payment that a shop's form asked for.
CREATE TABLE IF NOT EXISTS checkouts (
    id          TEXT PRIMARY KEY,      -- unguessable, in the address of the payment page
    created_at  INTEGER NOT NULL,      -- milliseconds since 1970
    form        TEXT NOT NULL,         -- the order as JSON
    transaction_id TEXT                -- what it ended in; NULL while nobody has paid
) STRICT;

-- Payments and authorisations.
CREATE TABLE IF NOT EXISTS transactions (
    number      INTEGER PRIMARY KEY,   -- in the sequence in which they came about
    id          TEXT NOT NULL UNIQUE,  -- 17 characters, as shops know it
    record      TEXT NOT NULL          -- the state as JSON
) STRICT;

-- Every notification with the exact bytes that are sent. A post-back is compared with these and nothing else.
CREATE TABLE IF NOT EXISTS messages (
    id          INTEGER PRIMARY KEY,
    transaction_id TEXT NOT NULL REFERENCES transactions (id),
    what        TEXT NOT NULL,         -- the word of the event it tells of
    url         TEXT,                  -- where it goes; NULL when the shop named no address
    body        BLOB NOT NULL,
    composed_at INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('queued', 'retrying', 'sent', 'failed', 'disabled')),
    tries       INTEGER NOT NULL DEFAULT 0,
    sends_left  INTEGER NOT NULL,      -- 2 while the fault "deliver everything twice" is on
    next_at     INTEGER,               -- NULL when it is over, or held back
    last_status INTEGER,               -- what the shop's server answered
    last_error  TEXT,                  -- why there was no answer
    resend_of   INTEGER REFERENCES messages (id)
) STRICT;
CREATE INDEX IF NOT EXISTS messages_body ON messages (body);
CREATE INDEX IF NOT EXISTS messages_due ON messages (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS messages_transaction ON messages (transaction_id);

-- Every attempt to deliver.
CREATE TABLE IF NOT EXISTS attempts (
    message_id  INTEGER NOT NULL REFERENCES messages (id),
    at          INTEGER NOT NULL,
    status      INTEGER,
    error       TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS attempts_message ON attempts (message_id);

-- How the stand-in misbehaves at the moment.
CREATE TABLE IF NOT EXISTS faults (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    record      TEXT NOT NULL
) STRICT;

-- Where this program was reached when it last ran. Addresses that lead there are changed when it moves.
CREATE TABLE IF NOT EXISTS home (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    address     TEXT NOT NULL          -- such as 127.0.0.1:8787
) STRICT;
