-- Sign-ins by mail that are under way: each of one browser and one address, whether that has an
-- account or not.

CREATE TABLE mailed_sign_ins (
    -- Grows with time: the order in which they are answered.
    id TEXT NOT NULL PRIMARY KEY,
    -- SHA-256 of what the browser that asked holds, base64url.
    browser_digest TEXT NOT NULL UNIQUE,
    email TEXT NOT NULL,
    -- The code, sealed, whether it was mailed or not.
    sealed TEXT NOT NULL,
    -- Of the mailed link; none until a job has found the account.
    ticket_digest TEXT,
    remembered BOOLEAN NOT NULL,
    -- Where to go then: a path of this site.
    next TEXT NOT NULL,
    address TEXT NOT NULL,
    browser TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- When a job has looked for the account.
    answered_at BIGINT
);

CREATE INDEX mailed_sign_ins_waiting ON mailed_sign_ins (id) WHERE answered_at IS NULL;
CREATE INDEX mailed_sign_ins_expires_at ON mailed_sign_ins (expires_at);
