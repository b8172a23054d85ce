-- Accounts that somebody signed in to: their tokens are the vault's, and here stands what is known of them and who renews
-- them. `version` is one more each time that the tokens change.
CREATE TABLE sign_ins (
    owner     TEXT NOT NULL,
    connector TEXT NOT NULL,
    name      TEXT NOT NULL,
    app       TEXT NOT NULL,               -- whose app it was made with; empty where it needs none
    version   INTEGER NOT NULL,
    expires   INTEGER,                     -- when the access token is over; null where that is not known
    scopes    TEXT NOT NULL,               -- what was given, with blanks between
    why       TEXT NOT NULL,               -- why a person has to sign in again; empty where they need not
    tried     INTEGER NOT NULL,            -- the version that was found dead; 0 where none was
    lease     INTEGER NOT NULL,            -- the number of the last right to renew
    until     INTEGER,                     -- when it is over; null where nobody has it
    open      INTEGER NOT NULL,            -- 1 where nobody said what came of it
    PRIMARY KEY (owner, connector, name),
    FOREIGN KEY (owner, connector, name) REFERENCES connections ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Where the service stands, where it is not the one that the manifest names; and how the last call went that told whether
-- the account serves.
ALTER TABLE connections ADD COLUMN base TEXT NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN health TEXT NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN trouble TEXT NOT NULL DEFAULT '';
ALTER TABLE connections ADD COLUMN checked INTEGER;

PRAGMA user_version = 18;
