-- Signals that wait and answers that are used again have seals as well. Rows of earlier versions have none.
ALTER TABLE signals ADD COLUMN seal INTEGER;
ALTER TABLE answers ADD COLUMN seal INTEGER;

PRAGMA user_version = 7;
