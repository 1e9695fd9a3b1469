-- A body's SHA-256 is kept as its 32 bytes, no longer as 64 letters: it stands in every row.
-- `SELECT encode(body_sha256, 'hex')` shows it.
ALTER TABLE notifications DROP CONSTRAINT notifications_account_id_body_sha256_query_key;
ALTER TABLE notifications ALTER COLUMN body_sha256 TYPE BYTEA USING decode(body_sha256, 'hex');

-- The same bytes to the same account are a copy, and are only counted. Half of a digest tells any two bodies apart; the
-- entries lie anywhere in this index, and the shorter they are, the fewer pages a batch of new ones changes.
CREATE UNIQUE INDEX notifications_once ON notifications (account_id, substr(body_sha256, 1, 16), query);

-- The headers of each notification, apart as in SQLite, where smaller rows fill its pages better. None where the request was deleted.
CREATE TABLE notification_headers (
    notification_id BIGINT PRIMARY KEY REFERENCES notifications (id) ON DELETE CASCADE,
    -- [["name", "value"], ...] in the order of arrival.
    headers         TEXT NOT NULL
);

INSERT INTO notification_headers (notification_id, headers)
SELECT id, headers FROM notifications WHERE deleted_at IS NULL ORDER BY id;

ALTER TABLE notifications DROP COLUMN headers;

CREATE FUNCTION notification_headers_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a notification never changes';
END
$$;

CREATE TRIGGER notification_headers_never_change BEFORE UPDATE ON notification_headers
    FOR EACH ROW EXECUTE FUNCTION notification_headers_never_change();

-- As before: a request can be deleted, and come back. Nothing else of it changes.
CREATE OR REPLACE FUNCTION notifications_never_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id = OLD.id AND NEW.received_at = OLD.received_at AND NEW.method = OLD.method AND NEW.query = OLD.query
       AND NEW.body_sha256 = OLD.body_sha256 AND NEW.account_id = OLD.account_id AND NEW.shop_id = OLD.shop_id
       AND ((OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL AND NEW.body = ''::bytea AND NEW.remote IS NULL)
            OR (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL))
    THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION 'a notification never changes';
END
$$;
