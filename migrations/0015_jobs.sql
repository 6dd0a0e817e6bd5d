-- When each job last succeeded, in whichever process, in Unix seconds. It is told to operators and
-- decides nothing.
CREATE TABLE jobs (
    name TEXT NOT NULL PRIMARY KEY,
    succeeded_at BIGINT NOT NULL
);
