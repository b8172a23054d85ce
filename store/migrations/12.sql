-- What is spent of each budget in a month stands beside it, so that a call need not add up all those before it.
ALTER TABLE budgets ADD COLUMN month INTEGER NOT NULL DEFAULT 0;  -- when the month began that `spent` is of; 0: not added up
ALTER TABLE budgets ADD COLUMN spent INTEGER NOT NULL DEFAULT 0;  -- or reserved

PRAGMA user_version = 12;
