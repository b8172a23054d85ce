-- Nothing: this number belongs to a change that is made beside this one.

PRAGMA user_version = 12;
