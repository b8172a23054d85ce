-- What waits for something from outside: addresses that others call, and services that are asked again and again.

-- Addresses. What stands behind the address is kept in the vault; here is its hash.
CREATE TABLE hooks (
    owner    TEXT NOT NULL,
    workflow TEXT NOT NULL,
    text     TEXT NOT NULL,      -- of the trigger
    hash     BLOB NOT NULL,      -- SHA-256 of the last part of the address
    in_force INTEGER NOT NULL,
    made     INTEGER NOT NULL,   -- when the address was made
    PRIMARY KEY (owner, workflow, text)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX hooks_by_hash ON hooks (hash);

-- What has come, each once.
CREATE TABLE arrivals (
    owner    TEXT NOT NULL,
    workflow TEXT NOT NULL,
    text     TEXT NOT NULL,
    "key"    BLOB NOT NULL,      -- SHA-256 of what makes it unique
    time     INTEGER NOT NULL,
    until    INTEGER NOT NULL,   -- how long it is remembered
    outcome  TEXT NOT NULL,
    run      TEXT,
    why      TEXT NOT NULL,
    PRIMARY KEY (owner, workflow, text, "key")
) STRICT, WITHOUT ROWID;

CREATE INDEX arrivals_by_until ON arrivals (until);
CREATE INDEX arrivals_by_time ON arrivals (owner, workflow, text, time);

-- Services that are asked again and again.
CREATE TABLE polls (
    owner    TEXT NOT NULL,
    workflow TEXT NOT NULL,
    text     TEXT NOT NULL,
    since    TEXT,               -- the largest cursor so far, JSON; NULL before the first answer
    answered INTEGER NOT NULL,   -- when it answered last, as far as that was written down; 0 before the first answer
    failures INTEGER NOT NULL,   -- how many in a row
    why      TEXT NOT NULL,      -- why the last one failed
    PRIMARY KEY (owner, workflow, text)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 19;
