-- What several nodes at one database need.


-- Rows that are locked and never change. Whoever works on something that has no row of its own yet (an order that is
-- about to be registered, a transaction that several messages are about) locks the row that its name is assigned to,
-- so that two nodes do not work on the same thing at the same time.
CREATE TABLE lock_slots (
    slot            BIGINT PRIMARY KEY
);

INSERT INTO lock_slots (slot) SELECT n FROM generate_series(0, 4095) AS n;

-- How many notifications of an account wait is counted for each batch that comes in.
CREATE INDEX checks_waiting ON checks (account_id) WHERE state = 'waiting';
