-- By whom or what each genuine notification was proved, as things stood when it was decided: settings may change later.
--
-- message (by itself: signature, secret or token), gateway (it was asked), setting (by nobody, and the account is set to
-- believe such messages), or nobody (the owner is asked before money counts). NULL while it is not genuine, and for
-- notifications that were decided before this was written down.
ALTER TABLE checks ADD COLUMN proved_by TEXT;
