-- Kept for tables that another part brings.
PRAGMA user_version = 2;
