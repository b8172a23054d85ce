-- The log in the order in which it is written, and an index by run: what is written at the same time stands together, so
-- that a commit for many runs touches few pages.
ALTER TABLE events RENAME TO events_by_run;

CREATE TABLE events (
    run  TEXT NOT NULL,  -- Of `runs`: looked for at opening and in backups, since a look at each row costs a search.
    seq  INTEGER NOT NULL,
    time INTEGER NOT NULL,
    body TEXT NOT NULL,
    seal INTEGER,
    UNIQUE (run, seq)  -- The version check of a commit.
) STRICT;

INSERT INTO events (run, seq, time, body, seal) SELECT run, seq, time, body, seal FROM events_by_run ORDER BY run, seq;

DROP TABLE events_by_run;

PRAGMA user_version = 11;
