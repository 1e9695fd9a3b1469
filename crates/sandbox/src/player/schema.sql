-- What the player of all gateways remembers: everything that was told, and how it went.

-- Requests with their exact bytes.
CREATE TABLE IF NOT EXISTS requests (
    id          INTEGER PRIMARY KEY,
    method      TEXT NOT NULL,
    query       TEXT NOT NULL,         -- without the question mark
    headers     TEXT NOT NULL,         -- names and values as JSON
    body        BLOB NOT NULL
) STRICT;

-- One row for each message of a gateway.
CREATE TABLE IF NOT EXISTS tellings (
    id          INTEGER PRIMARY KEY,
    play        INTEGER NOT NULL,      -- messages that were asked for together: the id of the first of them
    gateway     TEXT NOT NULL,
    settings    TEXT NOT NULL,         -- the account's settings as JSON: with these it is signed
    url         TEXT NOT NULL,         -- where it goes
    scenario    TEXT,                  -- the history that it is a step of
    fault       TEXT,                  -- how the player misbehaves
    speed       INTEGER NOT NULL,      -- all pauses are divided by this
    repeats_max INTEGER NOT NULL,      -- how often it is sent again at most when the reply is not as it should be
    event       TEXT NOT NULL,         -- what it tells of, as JSON
    state       TEXT NOT NULL
                CHECK (state IN ('planned', 'waiting', 'repeating', 'content', 'given_up', 'lost')),
    hold_ms     INTEGER NOT NULL,      -- how long it is on its way after it was written
    sends_left  INTEGER NOT NULL,      -- 2 where everything is delivered twice
    tries       INTEGER NOT NULL DEFAULT 0,
    next_at     INTEGER,               -- milliseconds since 1970; NULL when it is over
    told_at     INTEGER,               -- when it was written; NULL while it has not happened yet
    request_id  INTEGER REFERENCES requests (id),  -- what the gateway has told
    sent_id     INTEGER REFERENCES requests (id)   -- what went out instead, where a fault has changed it
) STRICT;
CREATE INDEX IF NOT EXISTS tellings_due ON tellings (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX IF NOT EXISTS tellings_play ON tellings (play);
CREATE INDEX IF NOT EXISTS tellings_gateway ON tellings (gateway, id);

-- Every attempt to deliver, with the reply.
CREATE TABLE IF NOT EXISTS hearings (
    telling_id  INTEGER NOT NULL REFERENCES tellings (id),
    at          INTEGER NOT NULL,
    status      INTEGER,
    body        TEXT,
    error       TEXT,                  -- why there was no answer
    is_content  INTEGER NOT NULL       -- whether the gateway got what it wants to hear
) STRICT;
CREATE INDEX IF NOT EXISTS hearings_telling ON hearings (telling_id);
