-- Services that are told an address: what is remembered of each, until it is taken back.
CREATE TABLE subscriptions (
    owner      TEXT NOT NULL,
    workflow   TEXT NOT NULL,
    text       TEXT NOT NULL,      -- of the trigger
    event      TEXT NOT NULL,
    connection TEXT NOT NULL,      -- its name; empty for the only one
    input      TEXT NOT NULL,      -- the trigger's parameters, JSON
    wanted     INTEGER NOT NULL,   -- 0: it is to be taken back
    base       TEXT NOT NULL,      -- where the address begins that the service knows; empty: it is to be told another
    kept       TEXT,               -- what is remembered of the service's answer, JSON; NULL: it knows no address
    due        INTEGER,            -- when to do the next thing; NULL: nothing is to be done
    failures   INTEGER NOT NULL,
    why        TEXT NOT NULL,
    PRIMARY KEY (owner, workflow, text)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 20;
