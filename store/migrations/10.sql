-- How many times this store was written, so that a log that has lost its end is told from one that is whole: what was
-- copied out of a log into the file is never later than what the log ends with.
CREATE TABLE pulse (
    one   INTEGER PRIMARY KEY CHECK (one = 1),
    count INTEGER NOT NULL
) STRICT;

INSERT INTO pulse (one, count) VALUES (1, 0);

PRAGMA user_version = 10;
