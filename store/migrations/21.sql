-- Which step of a run asked the models whose answer is kept to be used again, by the hash of its call and when it came: whoever
-- uses it again takes from there what it cost. And what a call of the class `reused`, for which nobody was asked, would have
-- cost; NULL where that is not known, and never 0 for it.
CREATE TABLE answered_by (
    hash    BLOB NOT NULL PRIMARY KEY,
    time    INTEGER NOT NULL,
    owner   TEXT NOT NULL,
    run     TEXT NOT NULL,
    place   TEXT NOT NULL,
    attempt INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX answered_by_owner ON answered_by (owner);

ALTER TABLE calls ADD COLUMN saved INTEGER;

-- What an owner has agreed on with a provider instead of what the files say, in millionths of a millionth of a US dollar for a
-- token. NULL: as the file's rule for what is not told.
CREATE TABLE prices (
    owner     TEXT NOT NULL,
    provider  TEXT NOT NULL,
    model     TEXT NOT NULL,
    since     TEXT NOT NULL,            -- the first day in UTC, as in 2026-12-01; empty from ever on
    until     TEXT NOT NULL,            -- the day from which on it counts no more; empty until further notice
    input     INTEGER NOT NULL,
    cached    INTEGER,
    write_5m  INTEGER,
    write_1h  INTEGER,
    output    INTEGER,
    PRIMARY KEY (owner, provider, model, since)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 21;
