-- Who acted where it was not the user, and the chain that shows what was changed afterwards.

-- A user's id, or command-line; empty where it was the user, or nobody.
ALTER TABLE audit_events ADD COLUMN actor TEXT NOT NULL DEFAULT '';

-- The place in the chain, counted from 1; none until the event is sealed.
ALTER TABLE audit_events ADD COLUMN position BIGINT;

-- SHA-256 over the digest before it and the event, base64url.
ALTER TABLE audit_events ADD COLUMN digest TEXT;

CREATE UNIQUE INDEX audit_events_position ON audit_events (position);
CREATE INDEX audit_events_unsealed ON audit_events (id) WHERE position IS NULL;
CREATE INDEX audit_events_at ON audit_events (at, id);
CREATE INDEX audit_events_actor ON audit_events (actor, at, id) WHERE actor <> '';
CREATE INDEX audit_events_kind ON audit_events (kind, at, id);

-- Both ends of the chain. What lies before its start was dropped for its age.
CREATE TABLE audit_chain (
    -- start or head.
    mark TEXT NOT NULL PRIMARY KEY,
    position BIGINT NOT NULL,
    digest TEXT NOT NULL
);

INSERT INTO audit_chain (mark, position, digest) VALUES ('start', 0, '');

INSERT INTO audit_chain (mark, position, digest) VALUES ('head', 0, '');

-- How many events of a kind were sealed a day, in UTC: for those who look and don't read.
CREATE TABLE audit_days (
    -- Days since 1970.
    day BIGINT NOT NULL,
    kind TEXT NOT NULL,
    events BIGINT NOT NULL,
    PRIMARY KEY (day, kind)
);
