-- What programs show to be let in over HTTP. The token itself stands nowhere.
CREATE TABLE tokens (
    hash    BLOB PRIMARY KEY,  -- SHA-256 of the token
    owner   TEXT NOT NULL,
    name    TEXT NOT NULL,
    scope   TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER,
    used    INTEGER,           -- to the minute
    UNIQUE (owner, name)
) STRICT, WITHOUT ROWID;

-- What was asked for under a key of the asker's, and the run that it stands for: asked twice, it starts once.
CREATE TABLE asked (
    owner  TEXT NOT NULL,
    key    TEXT NOT NULL,
    digest BLOB NOT NULL,  -- of what was asked for
    run    TEXT NOT NULL,
    time   INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX asked_by_time ON asked (time);

PRAGMA user_version = 8;
