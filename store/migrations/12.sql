-- Accounts at services. Their secrets are the vault's, of the kind `connection`, named `CONNECTOR/NAME/SECRET`.
CREATE TABLE connections (
    owner     TEXT NOT NULL,
    connector TEXT NOT NULL,
    name      TEXT NOT NULL,
    auth      TEXT NOT NULL,     -- the way to sign in, by its name in the manifest
    fields    TEXT NOT NULL,     -- what was given and found out: JSON
    state     TEXT NOT NULL,     -- `ready`, `broken`, or another word of whoever renews it
    label     TEXT NOT NULL,     -- what the account is called; empty where that is not known
    created   INTEGER NOT NULL,
    used      INTEGER,
    PRIMARY KEY (owner, connector, name)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 12;
