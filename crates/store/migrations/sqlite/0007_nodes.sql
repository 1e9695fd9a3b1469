-- From here on several nodes may share one database in PostgreSQL, worked on by the same statements. For this file that
-- changes two indexes, which now speak in words that both engines know.
DROP INDEX reviews_are_asked_once;
CREATE UNIQUE INDEX reviews_are_asked_once ON reviews (shop_id, kind, subject, coalesce(order_id, 0));

CREATE UNIQUE INDEX users_by_email ON users (lower(email));
