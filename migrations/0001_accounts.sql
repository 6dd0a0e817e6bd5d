-- Accounts, their sessions and their links to providers.
-- One text for SQLite and PostgreSQL: TEXT, BIGINT, BOOLEAN; times in Unix seconds.

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    -- As its owner writes it; none for those whose provider vouches for no address.
    email TEXT,
    -- What addresses are compared by: lower case.
    email_key TEXT UNIQUE,
    email_verified_at BIGINT,
    display_name TEXT NOT NULL,
    -- How often all sessions were ended. Those of an earlier count are dead, whenever they were written.
    session_epoch BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    CHECK ((email IS NULL) = (email_key IS NULL))
);

CREATE TABLE passwords (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    -- PHC string format.
    hash TEXT NOT NULL,
    changed_at BIGINT NOT NULL
);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    -- SHA-256 of the cookie's value, base64url.
    id_digest TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The user's session_epoch when it was proven who they are.
    epoch BIGINT NOT NULL,
    -- What else the session carries, as a JSON object.
    data TEXT NOT NULL,
    address TEXT NOT NULL,
    browser TEXT NOT NULL,
    remembered BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX sessions_user_id ON sessions (user_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

CREATE TABLE linked_accounts (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- The provider's name in the configuration.
    provider TEXT NOT NULL,
    -- The link itself: who vouches, and for whom.
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- The address or name there, for its owner to recognise it by.
    account TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (issuer, subject)
);

CREATE INDEX linked_accounts_user_id ON linked_accounts (user_id);

-- Sign-ins that began at a provider and have not come back.
CREATE TABLE authorization_requests (
    -- SHA-256 of the state and of the browser's cookie, base64url.
    state_digest TEXT NOT NULL PRIMARY KEY,
    browser_digest TEXT NOT NULL,
    -- Provider, nonce, PKCE verifier and purpose, sealed.
    sealed TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX authorization_requests_expires_at ON authorization_requests (expires_at);
