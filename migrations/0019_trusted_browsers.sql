-- Browsers in which a user's sign-in needs no second factor.
CREATE TABLE trusted_browsers (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- SHA-256 of the browser's key, base64url.
    browser_digest TEXT NOT NULL,
    address TEXT NOT NULL,
    browser TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    UNIQUE (user_id, browser_digest)
);

CREATE INDEX trusted_browsers_expires_at ON trusted_browsers (expires_at);
