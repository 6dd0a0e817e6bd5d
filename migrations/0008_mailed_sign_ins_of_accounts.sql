-- Whose a sign-in by mail is, once a job has found the account, and how often all sessions of that
-- account had been ended by then: what ends its sessions ends what is under way.

ALTER TABLE mailed_sign_ins ADD COLUMN user_id TEXT REFERENCES users (id) ON DELETE CASCADE;

ALTER TABLE mailed_sign_ins ADD COLUMN epoch BIGINT;

CREATE INDEX mailed_sign_ins_user_id ON mailed_sign_ins (user_id);
