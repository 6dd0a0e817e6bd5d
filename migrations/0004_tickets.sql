-- Secrets that were mailed: each for one purpose, one user and one address, used once.

CREATE TABLE tickets (
    -- Grows with time: the order in which tickets were issued.
    id TEXT NOT NULL PRIMARY KEY,
    -- SHA-256 of the ticket, base64url.
    digest TEXT NOT NULL UNIQUE,
    purpose TEXT NOT NULL,
    -- None for who is yet to be a user.
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    -- Where it was sent to.
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    used_at BIGINT
);

CREATE INDEX tickets_user_id ON tickets (user_id);
CREATE INDEX tickets_expires_at ON tickets (expires_at);

-- Who asked to choose a new password, until a job has looked for the account: whoever asks learns
-- nothing from the time that it takes.
CREATE TABLE recovery_requests (
    id TEXT NOT NULL PRIMARY KEY,
    email_key TEXT NOT NULL,
    address TEXT NOT NULL,
    browser TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
