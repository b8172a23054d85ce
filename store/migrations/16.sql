-- At which level of a cascade a call was made: 0 asked straight, 1 a model below what the step asks for, 2 one that is
-- as good as that after the one below had given an answer that does not fit, 3 a better one. And who would have been asked
-- otherwise, as provider/model: by price alone with the quality kept, and where nothing but the best will do.
ALTER TABLE calls ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
ALTER TABLE calls ADD COLUMN single TEXT NOT NULL DEFAULT '';
ALTER TABLE calls ADD COLUMN reference TEXT NOT NULL DEFAULT '';

-- What a step learns from its own calls.
CREATE INDEX calls_by_step ON calls (owner, workflow, step, time);

PRAGMA user_version = 16;
