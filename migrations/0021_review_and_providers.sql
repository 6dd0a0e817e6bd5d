-- Whether the password was reset by mail since the user last signed in: the next sign-in shows what else signs in.
ALTER TABLE users ADD COLUMN reviews_access BOOLEAN NOT NULL DEFAULT FALSE;

-- Whether a sign-in with the account ever counted as two factors.
ALTER TABLE linked_accounts ADD COLUMN is_multi_factor BOOLEAN NOT NULL DEFAULT FALSE;
