-- A body's SHA-256 is kept as its 32 bytes, no longer as 64 letters: it stands in every row and in its index.
-- `SELECT encode(body_sha256, 'hex')` shows it.
ALTER TABLE notifications ALTER COLUMN body_sha256 TYPE BYTEA USING decode(body_sha256, 'hex');
