-- How much of what is allowed was used up, shared by all processes.

CREATE TABLE limits (
    name TEXT NOT NULL,
    -- Whose: an account's digest, an address or network, or nothing for all together.
    subject TEXT NOT NULL,
    -- The theoretical arrival time of the generic cell rate algorithm, in milliseconds.
    arrival BIGINT NOT NULL,
    PRIMARY KEY (name, subject)
);

CREATE INDEX limits_arrival ON limits (arrival);

-- Consecutive wrong passwords, by the digest of the address, whether it has an account or not.
CREATE TABLE password_failures (
    account TEXT NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    -- When a browser that the account does not know may try again.
    free_at BIGINT NOT NULL,
    failed_at BIGINT NOT NULL
);

-- Browsers and networks that a user has signed in from.
CREATE TABLE known_places (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    -- browser or network.
    kind TEXT NOT NULL,
    -- The digest of the browser's cookie, or the network as a prefix.
    place TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, kind, place)
);

CREATE INDEX known_places_seen_at ON known_places (seen_at);
