-- Queues that stood still: what was due waited for longer than it may, and nobody took it. One row for each time, whoever
-- of several nodes noticed it. The owners concerned have a mail about it (owner.standstill), whose subject is the id.
CREATE TABLE standstills (
    -- checks, mails or deliveries
    queue           TEXT NOT NULL,
    -- Since when the first in the queue could have been taken.
    since           TEXT NOT NULL,
    noticed_at      TEXT NOT NULL,
    -- When it was seen to go on. NULL while it stands still.
    ended_at        TEXT,
    id              INTEGER PRIMARY KEY
) STRICT;

CREATE UNIQUE INDEX standstills_open ON standstills (queue) WHERE ended_at IS NULL;
