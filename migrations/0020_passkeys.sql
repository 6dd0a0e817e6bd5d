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
    -- Created by the browser after a sign-in with a password. It signs in, but asks for no second factor.
    is_automatic BOOLEAN NOT NULL,
    -- Whether it is discoverable: it can sign in without being asked for by its id. Another is only a second factor.
    is_discoverable BOOLEAN NOT NULL,
    -- Whether it can't be copied to another device, as its authenticator says.
    is_device_bound BOOLEAN NOT NULL,
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

-- The user as passkeys know them: 16 random bytes, base64url. NULL until one is first requested.
ALTER TABLE users ADD COLUMN passkey_handle TEXT;

-- When the user's browser was last asked to create a passkey by itself; NULL if it never was.
ALTER TABLE users ADD COLUMN passkey_offered_at BIGINT;

-- Whether the user removed an automatic passkey: none is created automatically again.
ALTER TABLE users ADD COLUMN declines_passkeys BOOLEAN NOT NULL DEFAULT FALSE;

CREATE UNIQUE INDEX users_passkey_handle ON users (passkey_handle);
