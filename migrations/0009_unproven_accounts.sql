-- Finds the accounts whose address was never proven, however many others there are.

CREATE INDEX users_unproven ON users (created_at) WHERE email_verified_at IS NULL;
