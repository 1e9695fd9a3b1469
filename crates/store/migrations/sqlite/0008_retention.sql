-- How long what is kept can be chosen, by class (`[retention]` in the configuration). Rows that prove nothing go as a
-- whole. Of a notification that has told of something, the row stays, with what it told, and only the request goes.

-- When the request was deleted: body, headers and address are empty since. NULL while it is there.
ALTER TABLE notifications ADD COLUMN deleted_at TEXT;

-- A request can be deleted, and come back when the gateway sends the same bytes again. Nothing else of it changes.
DROP TRIGGER notifications_never_change;
CREATE TRIGGER notifications_never_change BEFORE UPDATE ON notifications
WHEN NOT (NEW.id = OLD.id AND NEW.received_at = OLD.received_at AND NEW.method = OLD.method AND NEW.query = OLD.query
          AND NEW.body_sha256 = OLD.body_sha256 AND NEW.account_id = OLD.account_id AND NEW.shop_id = OLD.shop_id
          AND ((OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL AND NEW.body = x'' AND NEW.headers = '[]'
                AND NEW.remote IS NULL)
               OR (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL)))
BEGIN
    SELECT RAISE (ABORT, 'a notification never changes');
END;

-- Notifications that nobody has proved are found without looking at the others.
CREATE INDEX checks_given_up ON checks (notification_id) WHERE state = 'given_up';
