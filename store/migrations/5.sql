-- Workflows that are kept here, and which of their versions is in force.
CREATE TABLE workflows (
    owner   TEXT NOT NULL,
    name    TEXT NOT NULL,
    enabled INTEGER NOT NULL,
    version INTEGER NOT NULL,
    changed INTEGER NOT NULL,  -- when it was enabled or disabled last
    PRIMARY KEY (owner, name)
) STRICT, WITHOUT ROWID;

-- Every text that was ever in force. `note` says where its files are.
CREATE TABLE workflow_versions (
    owner    TEXT NOT NULL,
    workflow TEXT NOT NULL,
    number   INTEGER NOT NULL,
    digest   BLOB NOT NULL,
    text     TEXT NOT NULL,
    note     TEXT NOT NULL,
    deployed INTEGER NOT NULL,
    author   TEXT NOT NULL,
    PRIMARY KEY (owner, workflow, number)
) STRICT;

-- Up to which instant each trigger with times is accounted for. `text` is its canonical text, whatever the version;
-- one that is not in force keeps its row.
CREATE TABLE schedules (
    owner     TEXT NOT NULL,
    workflow  TEXT NOT NULL,
    text      TEXT NOT NULL,
    accounted INTEGER NOT NULL,
    since     INTEGER NOT NULL,  -- when it came into force
    in_force  INTEGER NOT NULL,
    zones     TEXT NOT NULL,     -- the edition of the time zones
    PRIMARY KEY (owner, workflow, text)
) STRICT, WITHOUT ROWID;

-- What became of each instant. Its key is what makes a start unique.
CREATE TABLE ticks (
    owner    TEXT NOT NULL,
    workflow TEXT NOT NULL,
    text     TEXT NOT NULL,
    instant  INTEGER NOT NULL,
    last     INTEGER NOT NULL,  -- of several in a row that share a reason
    count    INTEGER NOT NULL,  -- 0 where they were not counted
    outcome  TEXT NOT NULL,
    run      TEXT,
    why      TEXT NOT NULL,
    version  INTEGER NOT NULL,
    decided  INTEGER NOT NULL,
    zones    TEXT NOT NULL,
    PRIMARY KEY (owner, workflow, text, instant)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX ticks_by_run ON ticks (run) WHERE run IS NOT NULL;
CREATE INDEX queued_ticks ON ticks (owner, workflow, text, instant) WHERE outcome = 'queued';

PRAGMA user_version = 5;
