-- Who is a member, what a tier allows and which tier an owner has are signed: a row that somebody else wrote counts for
-- nothing. Rows of earlier versions have no signature.
ALTER TABLE tiers ADD COLUMN mac BLOB NOT NULL DEFAULT x'';

ALTER TABLE owners ADD COLUMN mac BLOB NOT NULL DEFAULT x'';
ALTER TABLE owners ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0;  -- goes up with each change of its members

ALTER TABLE members ADD COLUMN epoch INTEGER NOT NULL DEFAULT 0; -- that of its organisation
ALTER TABLE members ADD COLUMN mac BLOB NOT NULL DEFAULT x'';

CREATE INDEX owners_by_name ON owners (name);

PRAGMA user_version = 6;
