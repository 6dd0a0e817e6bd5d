-- What administrators do to users, and how users are found among many.

-- Kept out since then; without an end until somebody lets them in again.
ALTER TABLE users ADD COLUMN disabled_at BIGINT;

ALTER TABLE users ADD COLUMN disabled_until BIGINT;

-- Why, in an administrator's words.
ALTER TABLE users ADD COLUMN disabled_reason TEXT NOT NULL DEFAULT '';

-- Who asked for the account to go, as the audit log calls them, where it was not the user: no sign-in
-- undoes it then.
ALTER TABLE users ADD COLUMN deleted_by TEXT NOT NULL DEFAULT '';

-- How often an administrator changed the user: who changes one has seen them as they are.
ALTER TABLE users ADD COLUMN revision BIGINT NOT NULL DEFAULT 0;

CREATE INDEX users_disabled ON users (id) WHERE disabled_at IS NOT NULL;
CREATE INDEX users_deleting ON users (id) WHERE deletes_at IS NOT NULL;
CREATE INDEX users_unverified ON users (id) WHERE email_verified_at IS NULL;
-- Those without an address stand before the others, on both engines.
CREATE INDEX users_by_email ON users (COALESCE(email_key, ''), id);

-- The words of addresses and names, by which users are found.
CREATE TABLE user_words (
    word TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    PRIMARY KEY (word, user_id)
);

CREATE INDEX user_words_user_id ON user_words (user_id);

-- The user as whom an administrator uses the site, and until when.
ALTER TABLE sessions ADD COLUMN acting_as TEXT REFERENCES users (id) ON DELETE SET NULL;

ALTER TABLE sessions ADD COLUMN acting_until BIGINT;

CREATE INDEX sessions_acting_as ON sessions (acting_as) WHERE acting_as IS NOT NULL;

-- The role that an invitation brings.
ALTER TABLE tickets ADD COLUMN role_id TEXT REFERENCES roles (id) ON DELETE CASCADE;

-- As the audit log calls them.
ALTER TABLE tickets ADD COLUMN invited_by TEXT NOT NULL DEFAULT '';

CREATE INDEX tickets_invitations ON tickets (id) WHERE purpose = 'invitation';
