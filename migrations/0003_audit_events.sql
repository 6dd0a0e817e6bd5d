-- What happened to accounts. Rows are written and never changed.

CREATE TABLE audit_events (
    id TEXT NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    -- Whose account it was; no reference, since an event outlives the account.
    user_id TEXT,
    kind TEXT NOT NULL,
    -- What it was about in a word or two: a provider, a new address, a template. Never a secret.
    about TEXT NOT NULL,
    address TEXT NOT NULL,
    browser TEXT NOT NULL
);

CREATE INDEX audit_events_user_id ON audit_events (user_id, id);
