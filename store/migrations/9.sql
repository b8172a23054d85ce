-- The ledger of calls to models: a row for each, written before it goes out and completed when it is over. Amounts are
-- millionths of a millionth of a US dollar; what is not known is NULL, and never 0.
CREATE TABLE calls (
    owner            TEXT NOT NULL,
    id               TEXT NOT NULL,
    time             INTEGER NOT NULL,  -- when it went out
    workflow         TEXT NOT NULL,
    run              TEXT NOT NULL,
    step             TEXT NOT NULL,     -- its name
    place            TEXT NOT NULL,     -- which of the steps of that name, of the run
    attempt          INTEGER NOT NULL,
    provider         TEXT NOT NULL,
    model            TEXT NOT NULL,
    "key"            TEXT NOT NULL,     -- its name
    payer            TEXT NOT NULL,     -- `own`, `platform`, or the id of an organisation
    input_uncached   INTEGER NOT NULL DEFAULT 0,
    input_cached     INTEGER NOT NULL DEFAULT 0,
    cache_write_5m   INTEGER NOT NULL DEFAULT 0,
    cache_write_1h   INTEGER NOT NULL DEFAULT 0,
    output_visible   INTEGER NOT NULL DEFAULT 0,
    output_reasoning INTEGER NOT NULL DEFAULT 0,
    estimated        INTEGER NOT NULL DEFAULT 0,
    reserved         INTEGER,           -- the most that it can cost
    cost             INTEGER,
    latency          INTEGER,           -- nanoseconds
    first            INTEGER,           -- nanoseconds until the answer began
    class            TEXT NOT NULL,     -- `open`, `ok`, `cut`, `lost`, or that of its refusal
    why              TEXT NOT NULL,     -- why this model
    PRIMARY KEY (owner, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX calls_by_time ON calls (owner, time);
CREATE INDEX calls_by_payer ON calls (payer, time);
CREATE INDEX calls_by_run ON calls (owner, run);
CREATE INDEX calls_open ON calls (class) WHERE class = 'open';

-- What may be spent in a month of UTC.
CREATE TABLE budgets (
    owner  TEXT NOT NULL,
    scope  TEXT NOT NULL,               -- `owner`, `workflow`, `key`
    name   TEXT NOT NULL,               -- of the workflow or the key; empty for the owner
    most   INTEGER NOT NULL,
    PRIMARY KEY (owner, scope, name)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 9;
