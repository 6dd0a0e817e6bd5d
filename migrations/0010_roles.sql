-- Roles hold permissions, users hold roles.

CREATE TABLE roles (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    about TEXT NOT NULL,
    -- How often it was changed: who changes it has seen it as it is.
    revision BIGINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE role_permissions (
    role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    -- One of Portcullis' own, or one of an app behind it, which has a colon; * is all of our own.
    permission TEXT NOT NULL,
    PRIMARY KEY (role_id, permission)
);

CREATE TABLE user_roles (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, role_id)
);

CREATE INDEX user_roles_role_id ON user_roles (role_id, user_id);

-- The one role that is always there. Its row is what those lock who could leave it to nobody.
INSERT INTO roles (id, name, about, created_at, updated_at)
VALUES ('administrator', 'administrator', 'May do everything here.', 0, 0);

INSERT INTO role_permissions (role_id, permission)
VALUES ('administrator', '*');
