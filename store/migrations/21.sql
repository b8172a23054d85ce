-- Nothing changes: this number belongs to tables that are made elsewhere.
PRAGMA user_version = 21;
