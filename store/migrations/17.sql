-- Calls to models that a provider answers in a batch: they outlive the process that made them, so that the provider's own
-- name of each is kept.
CREATE TABLE batches (
    owner  TEXT NOT NULL,
    call   TEXT NOT NULL,
    name   TEXT NOT NULL,               -- the provider's; empty until it is known
    PRIMARY KEY (owner, call)
) STRICT, WITHOUT ROWID;

PRAGMA user_version = 17;
