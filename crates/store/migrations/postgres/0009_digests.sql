-- A body's SHA-256 is kept as its 32 bytes, no longer as 64 letters: it stands in every row.
-- `SELECT encode(body_sha256, 'hex')` shows it.
ALTER TABLE notifications DROP CONSTRAINT notifications_account_id_body_sha256_query_key;
ALTER TABLE notifications ALTER COLUMN body_sha256 TYPE BYTEA USING decode(body_sha256, 'hex');

-- The same bytes to the same account are a copy, and are only counted. Half of a digest tells any two bodies apart; the
-- entries lie anywhere in this index, and the shorter they are, the fewer pages a batch of new ones changes.
CREATE UNIQUE INDEX notifications_once ON notifications (account_id, substr(body_sha256, 1, 16), query);
