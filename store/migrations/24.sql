-- A token of a person counts as long as the person has a seat there, and no further than the seat.
ALTER TABLE tokens ADD COLUMN account TEXT REFERENCES accounts ON DELETE CASCADE;

PRAGMA user_version = 24;
