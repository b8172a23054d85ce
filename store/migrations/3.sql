-- A seal is a hash of what was written in a row, so that damage which leaves the file's structure whole is seen as
-- well. Rows of earlier versions have none.
ALTER TABLE events ADD COLUMN seal INTEGER;

-- Of what a run began with, and of how it stands.
ALTER TABLE runs ADD COLUMN seal_begun INTEGER;
ALTER TABLE runs ADD COLUMN seal_state INTEGER;

PRAGMA user_version = 3;
