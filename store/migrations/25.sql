-- Nothing of its own: the number is held for a change that is made beside this one.
PRAGMA user_version = 25;
