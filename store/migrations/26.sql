-- What is counted of requests that services limit, so that a count outlives the process. One row a connection, in which only
-- the last matters; a connector that needs no account has rows as well.
CREATE TABLE counted (
    owner     TEXT NOT NULL,
    connector TEXT NOT NULL,
    name      TEXT NOT NULL,     -- of the connection; empty where there is none
    written   INTEGER NOT NULL,  -- when; all times in `counts` are told from here on
    until     INTEGER NOT NULL,  -- from when on nothing of it matters
    counts    TEXT NOT NULL,     -- JSON; what is in it the writer knows
    PRIMARY KEY (owner, connector, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX counted_until ON counted (until);

PRAGMA user_version = 26;
