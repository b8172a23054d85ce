-- Programs ask models by a token: the ledger tells by which.
ALTER TABLE calls ADD COLUMN token TEXT NOT NULL DEFAULT '';

CREATE INDEX calls_by_token ON calls (owner, token, time) WHERE token <> '';

PRAGMA user_version = 14;
