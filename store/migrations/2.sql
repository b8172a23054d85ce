-- Signals that nobody has taken yet. `run` is whom they are for; without it, whoever listens for the name.
CREATE TABLE signals (
    id   TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    run  TEXT,
    time INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Answers of calls that may be used again, by the hash of the call.
CREATE TABLE answers (
    hash BLOB PRIMARY KEY,
    time INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 2;
