-- What the program that deployed a version has read in its text, so that a start need not read all texts again.
ALTER TABLE workflow_versions ADD COLUMN known TEXT;  -- NULL: read the text

PRAGMA user_version = 13;
