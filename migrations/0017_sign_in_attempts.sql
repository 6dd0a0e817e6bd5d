-- Sign-ins that are under way, whichever method they wait for, and the proofs behind each session.

CREATE TABLE sign_in_attempts (
    id TEXT NOT NULL PRIMARY KEY,
    -- SHA-256 of the key that the browser holds, base64url.
    browser_digest TEXT NOT NULL,
    -- Whose proofs count; none until the user is known.
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    -- How often all sessions of that user had been ended by then.
    epoch BIGINT,
    -- The proofs so far and what they are for, as JSON.
    proofs TEXT NOT NULL,
    intent TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX sign_in_attempts_browser_digest ON sign_in_attempts (browser_digest);
CREATE INDEX sign_in_attempts_user_id ON sign_in_attempts (user_id);
CREATE INDEX sign_in_attempts_expires_at ON sign_in_attempts (expires_at);

-- The methods that proved who is signed in, with spaces between. Empty in a session of before.
ALTER TABLE sessions ADD COLUMN methods TEXT NOT NULL DEFAULT '';

-- What waits for a provider or a mail belongs to an attempt from now on. A sign-in that is under way
-- during this migration must be started again.
DROP TABLE authorization_requests;

CREATE TABLE authorization_requests (
    -- SHA-256 of the state, base64url.
    state_digest TEXT NOT NULL PRIMARY KEY,
    attempt_id TEXT NOT NULL REFERENCES sign_in_attempts (id) ON DELETE CASCADE,
    -- Provider, nonce and PKCE verifier, sealed.
    sealed TEXT NOT NULL
);

CREATE INDEX authorization_requests_attempt_id ON authorization_requests (attempt_id);

DROP TABLE mailed_sign_ins;

CREATE TABLE mailed_sign_ins (
    -- Grows with time: the order in which the mails are written.
    attempt_id TEXT NOT NULL PRIMARY KEY REFERENCES sign_in_attempts (id) ON DELETE CASCADE,
    email TEXT NOT NULL,
    -- The code, sealed, whether it was mailed or not.
    sealed TEXT NOT NULL,
    -- Of the mailed link; none until a job has found the account.
    ticket_digest TEXT,
    address TEXT NOT NULL,
    browser TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When a job has looked for the account.
    answered_at BIGINT
);

CREATE INDEX mailed_sign_ins_waiting ON mailed_sign_ins (attempt_id) WHERE answered_at IS NULL;
