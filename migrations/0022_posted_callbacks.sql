-- What a provider posted from its own page, until the browser comes back with its cookie. The digest is of the key
-- in the redirect.
ALTER TABLE authorization_requests ADD COLUMN posted_digest TEXT;
ALTER TABLE authorization_requests ADD COLUMN posted TEXT;
