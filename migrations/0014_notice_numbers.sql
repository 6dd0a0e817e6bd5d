-- The order of a user's tickets and linked accounts, as the database counts them under the user's lock:
-- clocks of processes differ and are set back.

ALTER TABLE users ADD COLUMN notice_seq BIGINT NOT NULL DEFAULT 0;

-- A process of an older version writes none: its tickets take nothing back and are outranked by all others.
ALTER TABLE tickets ADD COLUMN seq BIGINT NOT NULL DEFAULT 9223372036854775807;

-- The number of the newest ticket when the account was linked. One that an older version links is
-- taken back by every notice.
ALTER TABLE linked_accounts ADD COLUMN seq BIGINT NOT NULL DEFAULT 9223372036854775807;

-- What is there is numbered in the order that decided so far.
UPDATE tickets
SET seq = (SELECT COUNT(*) FROM tickets o WHERE o.user_id = tickets.user_id AND o.id <= tickets.id);

-- A notice took back what was linked up to a minute before it.
UPDATE linked_accounts
SET seq = (SELECT COALESCE(MAX(t.seq), 0) FROM tickets t
    WHERE t.user_id = linked_accounts.user_id AND t.created_at <= linked_accounts.created_at + 60);

UPDATE users
SET notice_seq = (SELECT COALESCE(MAX(t.seq), 0) FROM tickets t WHERE t.user_id = users.id);

CREATE INDEX tickets_seq ON tickets (user_id, seq);

DROP INDEX tickets_user_id;
