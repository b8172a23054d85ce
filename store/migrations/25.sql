-- Who somebody is at a service at which they sign in: the service and its name for them, which stays whatever else changes.
CREATE TABLE identities (
    issuer  TEXT NOT NULL,          -- what the service calls itself
    subject TEXT NOT NULL,          -- what it calls the person
    account TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    since   INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX identities_by_account ON identities (account);

-- Whose a run is, beside what its log says of it: empty where that names nobody, NULL for runs that began before this was kept.
ALTER TABLE runs ADD COLUMN owner TEXT;

CREATE INDEX runs_by_owner ON runs (owner, started, id);

PRAGMA user_version = 25;
