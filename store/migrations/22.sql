-- What was measured of the last requests of each account: how long its service took, and what came of it. One row an account,
-- whatever is asked.
CREATE TABLE measured (
    owner     TEXT NOT NULL,
    connector TEXT NOT NULL,
    name      TEXT NOT NULL,
    requests  BLOB NOT NULL,     -- the last ones, the latest last, each of the same length
    failed    INTEGER,           -- when one failed last; NULL where none did
    kind      TEXT NOT NULL,     -- how that one failed, in a word
    why       TEXT NOT NULL,     -- what went wrong with it
    PRIMARY KEY (owner, connector, name),
    FOREIGN KEY (owner, connector, name) REFERENCES connections ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 22;
