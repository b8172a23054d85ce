-- Who owns secrets: people, organisations, and who runs the program.
CREATE TABLE tiers (
    name     TEXT PRIMARY KEY,
    own_keys INTEGER NOT NULL,  -- 1: may use keys of its own
    quota    INTEGER NOT NULL   -- calls a month with the platform's keys
) STRICT, WITHOUT ROWID;

CREATE TABLE owners (
    id      TEXT PRIMARY KEY,
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL,
    tier    TEXT NOT NULL REFERENCES tiers (name),
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE members (
    organisation TEXT NOT NULL REFERENCES owners (id),
    member       TEXT NOT NULL REFERENCES owners (id),
    PRIMARY KEY (organisation, member)
) STRICT, WITHOUT ROWID;

CREATE INDEX organisations_of ON members (member);

-- Which root keys there were and are; the keys themselves stand elsewhere.
CREATE TABLE roots (
    generation INTEGER PRIMARY KEY,
    salt       BLOB NOT NULL,  -- of a passphrase
    proof      BLOB NOT NULL,  -- opens with the right key alone
    current    INTEGER NOT NULL
) STRICT;

-- A key of an owner, sealed by a root. During a rotation it stands here under both.
CREATE TABLE owner_keys (
    owner      TEXT NOT NULL,
    generation INTEGER NOT NULL,
    root       INTEGER NOT NULL REFERENCES roots (generation),
    current    INTEGER NOT NULL,
    sealed     BLOB NOT NULL,
    PRIMARY KEY (owner, generation, root)
) STRICT, WITHOUT ROWID;

CREATE INDEX owner_keys_by_root ON owner_keys (root, owner, generation);

CREATE TABLE secrets (
    owner   TEXT NOT NULL REFERENCES owners (id),
    id      TEXT NOT NULL,
    kind    TEXT NOT NULL,
    name    TEXT NOT NULL,
    version INTEGER NOT NULL,  -- the current one
    status  TEXT NOT NULL,
    rank    INTEGER NOT NULL,  -- the lowest is taken first
    mac     BLOB NOT NULL,     -- over this row but for the two times
    shown   TEXT NOT NULL,
    created INTEGER NOT NULL,
    used    INTEGER,
    PRIMARY KEY (owner, id),
    UNIQUE (owner, kind, name)
) STRICT, WITHOUT ROWID;

-- What was entered, sealed by a key of its own, which the owner's key seals.
CREATE TABLE versions (
    owner      TEXT NOT NULL,
    secret     TEXT NOT NULL,
    version    INTEGER NOT NULL,
    generation INTEGER NOT NULL,  -- of the owner's key
    connector  TEXT NOT NULL,
    hosts      TEXT NOT NULL,
    settings   TEXT NOT NULL,
    key        BLOB NOT NULL,
    value      BLOB NOT NULL,
    created    INTEGER NOT NULL,
    PRIMARY KEY (owner, secret, version),
    FOREIGN KEY (owner, secret) REFERENCES secrets (owner, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX versions_by_generation ON versions (owner, generation, secret, version);

-- What the platform's keys were used for, by month.
CREATE TABLE platform_use (
    owner TEXT NOT NULL REFERENCES owners (id),
    month TEXT NOT NULL,
    calls INTEGER NOT NULL,
    PRIMARY KEY (owner, month)
) STRICT, WITHOUT ROWID;

-- Who did what with which secret. Each row's link depends on the one before.
CREATE TABLE audit (
    seq     INTEGER PRIMARY KEY,
    time    INTEGER NOT NULL,
    owner   TEXT NOT NULL,
    actor   TEXT NOT NULL,
    action  TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail  TEXT NOT NULL,
    link    BLOB NOT NULL
) STRICT;

CREATE INDEX audit_by_owner ON audit (owner, seq);

-- Single values of the vault: its id, whether it is sealed, the head of the audit.
CREATE TABLE vault (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 4;
