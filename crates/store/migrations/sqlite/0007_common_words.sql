-- Nothing that can be seen has changed here: this index now says `coalesce`, which PostgreSQL understands as well,
-- where it said `ifnull`. Both databases are worked on by the same statements.
DROP INDEX reviews_are_asked_once;
CREATE UNIQUE INDEX reviews_are_asked_once ON reviews (shop_id, kind, subject, coalesce(order_id, 0));
