-- What happened to one user, in order of time, as all lists of events have it.

DROP INDEX audit_events_user_id;
CREATE INDEX audit_events_user ON audit_events (user_id, at, id);
