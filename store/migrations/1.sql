-- What a run follows, once per content.
CREATE TABLE plans (
    digest BLOB PRIMARY KEY,
    body   BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE runs (
    id       TEXT PRIMARY KEY,
    workflow TEXT NOT NULL,
    plan     BLOB NOT NULL REFERENCES plans (digest),
    state    TEXT NOT NULL,
    started  INTEGER NOT NULL,
    ended    INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX unfinished_runs ON runs (id) WHERE ended IS NULL;

-- The log. Its primary key is the version check of a commit.
CREATE TABLE events (
    run  TEXT NOT NULL REFERENCES runs (id),
    seq  INTEGER NOT NULL,
    time INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

-- Large values, by content hash, compressed with LZ4; `size` is the length before.
CREATE TABLE "values" (
    hash BLOB PRIMARY KEY,
    size INTEGER NOT NULL,
    body BLOB NOT NULL
) STRICT;

-- Says whose file this is: "KWAY".
PRAGMA application_id = 1264009561;
PRAGMA user_version = 1;
