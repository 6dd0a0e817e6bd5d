-- Whether the password was reset by mail since the user last signed in: the next sign-in shows what else signs in.
ALTER TABLE users ADD COLUMN reviews_access BOOLEAN NOT NULL DEFAULT FALSE;
