-- What nobody looks up stands in no index: a program's question has no run, no workflow and, nearly always, no payer but its
-- owner. Each index that a call does not touch is a page that its commit does not write.
DROP INDEX calls_by_payer;
DROP INDEX calls_by_run;
DROP INDEX calls_by_step;
CREATE INDEX calls_by_payer ON calls (payer, time) WHERE payer <> 'own';
CREATE INDEX calls_by_run ON calls (owner, run) WHERE run <> '';
CREATE INDEX calls_by_step ON calls (owner, workflow, step, time) WHERE workflow <> '';

PRAGMA user_version = 27;
