-- When it was last proven who is signed in; and accounts that wait to be deleted.

ALTER TABLE sessions ADD COLUMN authenticated_at BIGINT NOT NULL DEFAULT 0;

ALTER TABLE users ADD COLUMN deletes_at BIGINT;

CREATE INDEX users_deletes_at ON users (deletes_at);
