-- The outbox: mails that wait to be sent, and for a while those that were.

CREATE TABLE mails (
    id TEXT NOT NULL PRIMARY KEY,
    -- The name of its templates.
    name TEXT NOT NULL,
    -- Whom it is about, where that is somebody here.
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    recipient TEXT NOT NULL,
    -- What it says, sealed, since it holds tickets; empty once it was sent or given up.
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When it is tried next.
    due_at BIGINT NOT NULL,
    tries BIGINT NOT NULL DEFAULT 0,
    -- Why it was not sent yet.
    problem TEXT NOT NULL DEFAULT '',
    sent_at BIGINT,
    given_up_at BIGINT
);

CREATE INDEX mails_due_at ON mails (due_at) WHERE sent_at IS NULL AND given_up_at IS NULL;
CREATE INDEX mails_user_id ON mails (user_id);
