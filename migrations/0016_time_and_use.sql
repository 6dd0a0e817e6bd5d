-- What decides over a user stands with the user, and the newest time at which a clock was right.

-- Whether the user signed up by themselves.
ALTER TABLE users ADD COLUMN signed_up BOOLEAN NOT NULL DEFAULT FALSE;

-- When the user last signed in, or took the account back.
ALTER TABLE users ADD COLUMN last_used_at BIGINT;

UPDATE users
SET signed_up = TRUE
WHERE EXISTS (SELECT 1 FROM audit_events a WHERE a.user_id = users.id AND a.kind = 'signed_up');

UPDATE users
SET last_used_at = (SELECT MAX(a.at) FROM audit_events a
    WHERE a.user_id = users.id AND a.kind IN ('signed_in', 'not_me'));

-- The events of a session may be gone before it is.
UPDATE users
SET last_used_at = (SELECT MAX(s.created_at) FROM sessions s WHERE s.user_id = users.id)
WHERE EXISTS (SELECT 1 FROM sessions s
    WHERE s.user_id = users.id AND s.created_at > COALESCE(users.last_used_at, 0));

-- One row: the newest time at which a process found its clock right; 0 before the first.
CREATE TABLE clock (
    noted_at BIGINT NOT NULL
);

INSERT INTO clock (noted_at)
SELECT COALESCE(MAX(at), 0)
FROM audit_events;

-- Impersonations of which the log does not yet say that they ended. No references: what ends a session,
-- or deletes a user, must not take the event with it.
CREATE TABLE impersonations (
    session_id TEXT NOT NULL PRIMARY KEY,
    administrator TEXT NOT NULL,
    acting_as TEXT NOT NULL
);

INSERT INTO impersonations (session_id, administrator, acting_as)
SELECT id, user_id, acting_as
FROM sessions
WHERE acting_as IS NOT NULL;
