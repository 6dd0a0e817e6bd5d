-- Second factors: authenticator apps and recovery codes. Removed rows stay until no security notice can
-- restore them.

CREATE TABLE authenticator_apps (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    -- The shared key, encrypted for this row.
    sealed TEXT NOT NULL,
    -- The id of the key that encrypts it.
    key_id TEXT NOT NULL,
    -- The time step of the last accepted code (RFC 6238, section 4.2). Only later ones are accepted.
    last_step BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    -- The number of the user's newest ticket when it was added, and when it was removed.
    seq BIGINT NOT NULL,
    removed_seq BIGINT,
    removed_at BIGINT
);

CREATE INDEX authenticator_apps_user_id ON authenticator_apps (user_id);
CREATE INDEX authenticator_apps_removed_at ON authenticator_apps (removed_at);

CREATE TABLE recovery_codes (
    -- SHA-256 of the code, base64url.
    digest TEXT NOT NULL,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The codes that were created together.
    set_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    -- As in authenticator_apps; a new set replaces the one before.
    seq BIGINT NOT NULL,
    removed_seq BIGINT,
    removed_at BIGINT,
    PRIMARY KEY (user_id, digest)
);

CREATE INDEX recovery_codes_removed_at ON recovery_codes (removed_at);

-- When the session's user last proved a second factor.
ALTER TABLE sessions ADD COLUMN second_factor_at BIGINT;

-- The deadline for a second factor; NULL if none is required.
ALTER TABLE users ADD COLUMN second_factor_due_at BIGINT;
