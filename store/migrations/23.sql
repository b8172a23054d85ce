-- People who sign in, what their browsers show later, and in whose things they may do what.
CREATE TABLE accounts (
    id       TEXT PRIMARY KEY,
    name     TEXT NOT NULL UNIQUE,  -- what is typed to sign in, in small letters
    password TEXT NOT NULL,         -- Argon2id, with its parameters and its salt
    created  INTEGER NOT NULL,
    changed  INTEGER NOT NULL,      -- when the password was set last
    used     INTEGER                -- when somebody signed in last
) STRICT, WITHOUT ROWID;

-- `space` is an owner: the one of this machine, or an organisation.
CREATE TABLE seats (
    space   TEXT NOT NULL,
    account TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    role    TEXT NOT NULL,
    since   INTEGER NOT NULL,
    PRIMARY KEY (space, account)
) STRICT, WITHOUT ROWID;

CREATE INDEX seats_by_account ON seats (account);

CREATE TABLE sessions (
    hash    BLOB PRIMARY KEY,       -- SHA-256 of what the browser shows
    account TEXT NOT NULL REFERENCES accounts ON DELETE CASCADE,
    space   TEXT NOT NULL,          -- on whose things it acts; empty where the account has no seat
    created INTEGER NOT NULL,
    seen    INTEGER NOT NULL,       -- to the minute
    expires INTEGER NOT NULL        -- whatever happens
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_account ON sessions (account);

-- What lets somebody in who has no account yet, or forgot the password: once, and not for long.
CREATE TABLE links (
    hash    BLOB PRIMARY KEY,       -- SHA-256 of what the link shows
    kind    TEXT NOT NULL,          -- `setup`, `invitation`, `reset`
    id      TEXT NOT NULL UNIQUE,   -- names it, and is no secret
    space   TEXT NOT NULL,          -- where a seat is given; empty where none is
    role    TEXT NOT NULL,
    account TEXT NOT NULL,          -- for which account; empty for one that is made by it
    name    TEXT NOT NULL,          -- for whom it is meant, as whoever made it says
    maker   TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX links_by_space ON links (space);

PRAGMA user_version = 23;
