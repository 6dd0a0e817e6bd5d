-- Visitors whom a provider identified, while a form asks them for what the provider did not say.
CREATE TABLE unfinished_sign_ups (
    -- SHA-256 of the key that the browser holds, base64url.
    browser_digest TEXT NOT NULL PRIMARY KEY,
    -- Who the provider says it is, and where to go then, sealed.
    sealed TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX unfinished_sign_ups_expires_at ON unfinished_sign_ups (expires_at);
