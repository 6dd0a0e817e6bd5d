-- Passkeys (WebAuthn level 3). Removed rows stay until no security notice can restore them.

CREATE TABLE passkeys (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The authenticator's id of the credential, base64url.
    credential_id TEXT NOT NULL UNIQUE,
    -- The public key, the signature counter and the flags of the last use, as JSON.
    credential TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    used_at BIGINT,
    -- When the counter showed that the passkey may have been copied.
    disabled_at BIGINT,
    -- As in authenticator_apps.
    seq BIGINT NOT NULL,
    removed_seq BIGINT,
    removed_at BIGINT
);

CREATE INDEX passkeys_user_id ON passkeys (user_id);
CREATE INDEX passkeys_removed_at ON passkeys (removed_at);

-- Challenges that were answered. Each can be answered once.
CREATE TABLE used_challenges (
    digest TEXT NOT NULL PRIMARY KEY,
    expires_at BIGINT NOT NULL
);

CREATE INDEX used_challenges_expires_at ON used_challenges (expires_at);

-- The user as passkeys know them: 16 random bytes, base64url. NULL before the first passkey.
ALTER TABLE users ADD COLUMN passkey_handle TEXT;

CREATE UNIQUE INDEX users_passkey_handle ON users (passkey_handle);
