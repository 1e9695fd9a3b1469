-- What gateways answered when they were asked, and when they have to be asked again.
--
-- A remark about 0004: `reviews.kind` can be `unproven`, too. The message's own proof does not cover the money, and
-- nothing has confirmed it.


-- Some gateways send the same bytes for every change of a payment: they only say that something has changed. A copy of
-- such a notification is news, and the gateway is asked again, even if the notification has been decided.

-- When the gateway was asked last. Copies make it asked at most once in five seconds.
ALTER TABLE checks ADD COLUMN asked_at TEXT;
-- When the latest copy came that was news; NULL while there is only the notification itself.
ALTER TABLE checks ADD COLUMN news_at TEXT;
-- 1: a copy came while somebody was asking, so the answer may be older than the news. It is used, and then the gateway
-- is asked once more.
ALTER TABLE checks ADD COLUMN news INTEGER NOT NULL DEFAULT 0;
-- How many attempts there had been when the latest news came. The pauses between attempts count from there.
ALTER TABLE checks ADD COLUMN attempts_before INTEGER NOT NULL DEFAULT 0;


-- The answers by which a notification was decided. A notification may only name a payment; then the answer is what was
-- said of it, and events can be worked out again only from here. Of several equal ones in a row the first is kept, and
-- of all the latest 50 looks. Answers with secrets in them (access tokens) are never kept.
CREATE TABLE answers (
    at              TEXT NOT NULL,
    -- Who was asked: the address without its query, which may hold secrets.
    address         TEXT NOT NULL,
    status          INTEGER NOT NULL,
    -- The bytes, as far as they were read. `SELECT CAST(body AS TEXT)` shows them.
    body            BLOB NOT NULL,
    -- 0: the answer was longer than what is read of one.
    is_complete     INTEGER NOT NULL,
    -- The look that it belongs to, counted as in `checks.attempts`, and the place of its question within that look,
    -- from 0. Where an answer was not kept, its place is left out.
    attempt         INTEGER NOT NULL,
    position        INTEGER NOT NULL,
    notification_id INTEGER NOT NULL REFERENCES notifications (id) ON DELETE CASCADE,
    id              INTEGER PRIMARY KEY,
    UNIQUE (notification_id, attempt, position)
) STRICT;
