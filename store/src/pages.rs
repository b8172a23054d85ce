//! Runs page by page, and of those only what is asked for.

use rusqlite::{Connection, named_params, params};

use crate::reader::{Run, Sealed, read_run};
use crate::{Error, Reader};

/// Which runs are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// Those of this workflow.
    pub workflow: Option<&'a str>,
    /// Those that stand like this, in a word.
    pub state: Option<&'a str>,
    /// Those that began then or later, in nanoseconds since 1970.
    pub since: Option<i64>,
}

/// What every list of runs reads.
const RUN: &str = "SELECT id, workflow, plan, state, started, ended, seal_begun, seal_state FROM runs";

/// What is asked for of them. `IS` finds those of whom nothing is known by the same index.
const OF_OWNER: &str = "WHERE owner IS :owner AND (started, id) < (:started, :id) AND started >= :since
     AND (:workflow IS NULL OR workflow = :workflow) AND (:state IS NULL OR state = :state)
     ORDER BY started DESC, id DESC LIMIT :most";

/// Whether a run is an owner's. What belongs to others is passed over where it is found: nothing of it is read but whose it is.
const IS_OF: &str = "SELECT 1 FROM runs WHERE id = ?1 AND (owner = ?2 OR owner IS NULL)";

impl Reader {
    /// True if a run is an owner's by what stands beside it, or nothing stands there: whoever asks looks into its log then. It
    /// takes as long where the run is another's as where there is none.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn is_of(&self, run: &str, owner: &str) -> Result<bool, Error> {
        self.with(|from| from.prepare_cached(IS_OF)?.exists(params![run, owner]))
    }

    /// So many runs that began before one, the latest first; the latest of all where none is named.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn runs_before(&self, run: Option<&str>, most: usize) -> Result<Vec<Run>, Error> {
        let found: Vec<Sealed> = self.with(|connection| {
            connection
                .prepare_cached(
                    "SELECT id, workflow, plan, state, started, ended, seal_begun, seal_state FROM runs
                     WHERE ?1 IS NULL OR (started, id) < (SELECT started, id FROM runs WHERE id = ?1)
                     ORDER BY started DESC, id DESC LIMIT ?2",
                )?
                .query_map(params![run, most as i64], read_run)?
                .collect()
        })?;
        found.into_iter().map(|sealed| self.unseal(sealed)).collect()
    }

    /// So many runs of an owner that began before one, the latest first. Those of which it was not kept whose they are come
    /// along: whoever asks looks into their logs.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn runs_of(
        &self,
        owner: &str,
        before: Option<&str>,
        most: usize,
        wanted: Wanted<'_>,
    ) -> Result<Vec<Run>, Error> {
        let before = match before {
            None => (i64::MAX, String::new()),
            Some(run) => match self.run(run)? {
                Some(run) => (run.started, run.id),
                None => return Ok(vec![]),
            },
        };
        let mut found = self.with(|from| {
            let mut found = page(from, (Some(owner), &before, most), wanted)?;
            found.extend(page(from, (None, &before, most), wanted)?);
            Ok(found)
        })?;
        found.sort_by(|one, other| (other.run.started, &other.run.id).cmp(&(one.run.started, &one.run.id)));
        found.truncate(most);
        found.into_iter().map(|sealed| self.unseal(sealed)).collect()
    }

    /// The runs of an owner that have not ended, the latest first, as `runs_of` gives them.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub fn unfinished_of(&self, owner: &str, most: usize) -> Result<Vec<Run>, Error> {
        let found: Vec<Sealed> = self.with(|from| {
            // They are few among all.
            from.prepare_cached(&format!(
                "{RUN} INDEXED BY unfinished_runs WHERE ended IS NULL AND (owner = ?1 OR owner IS NULL)
                 ORDER BY started DESC, id DESC LIMIT ?2"
            ))?
            .query_map(params![owner, most as i64], read_run)?
            .collect()
        })?;
        found.into_iter().map(|sealed| self.unseal(sealed)).collect()
    }
}

fn page(
    from: &Connection,
    (owner, (started, id), most): (Option<&str>, &(i64, String), usize),
    wanted: Wanted<'_>,
) -> rusqlite::Result<Vec<Sealed>> {
    let Wanted { workflow, state, since } = wanted;
    let given = named_params! {
        ":owner": owner, ":started": started, ":id": id, ":most": most as i64,
        ":workflow": workflow, ":state": state, ":since": since.unwrap_or(i64::MIN),
    };
    from.prepare_cached(&format!("{RUN} {OF_OWNER}"))?.query_map(given, read_run)?.collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::time::Duration;

    use rusqlite::StatementStatus;

    use super::*;
    use crate::{Batch, NewRun, Plan, Writer};

    /// How many steps the machine of SQLite takes for a statement about a run, whether it finds one, and how many rows of
    /// which tables it looks for.
    fn looked(reader: &Reader, statement: &str, run: &str) -> (i32, bool, Vec<String>) {
        reader
            .with(|from| {
                let mut asked = from.prepare(statement)?;
                let found = asked.exists(params![run, "acme"])?;
                let steps = asked.get_status(StatementStatus::VmStep);
                let mut plan = from.prepare(&format!("EXPLAIN QUERY PLAN {statement}"))?;
                let plan =
                    plan.query_map(params![run, "acme"], |row| row.get(3))?.collect::<Result<_, _>>()?;
                Ok((steps, found, plan))
            })
            .unwrap()
    }

    /// What is wrong with a statement that says whose a run is.
    fn faults(statement: &str) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let mut writer = Writer::open(&path, Duration::from_millis(200)).unwrap();
        let mut batch = Batch::default();
        batch.plans.push(Plan { digest: [7; 32], body: b"plan".to_vec() });
        for at in 0..5000 {
            let owner = [Some("acme"), Some("bravo"), Some(""), None][at % 4].map(str::to_owned);
            let (id, workflow, state) = (format!("r{at:06}").into(), "w".to_owned(), "running");
            batch.runs.push(NewRun { id, workflow, owner, plan: [7; 32], state, started: at as i64 });
        }
        writer.append(&batch).unwrap();
        let reader = Reader::open(&path, Duration::from_millis(200)).unwrap();
        let mut faults = vec![];
        for at in (0..4800).step_by(160) {
            let about = |number: usize| looked(&reader, statement, &format!("r{number:06}"));
            let (own, other, unsaid) = (about(at), about(at + 1), about(at + 3));
            let none = looked(&reader, statement, &format!("r{at:06}x"));
            if (own.1, other.1, unsaid.1, none.1) != (true, false, true, false) {
                faults.push(format!("r{at:06}: it tells wrongly whose it is"));
            }
            // The one that is found is looked at, and passed over.
            if (other.0 - none.0).abs() > 8 {
                faults.push(format!("r{at:06}: another's takes {} steps, none {}", other.0, none.0));
            }
            if other.2 != none.2 || other.2 != ["SEARCH runs USING PRIMARY KEY (id=?)"] {
                faults.push(format!("r{at:06}: it looks elsewhere: {:?}", other.2));
            }
        }
        faults
    }

    #[test]
    fn whose_a_run_is_takes_as_long_for_anothers_as_for_none() {
        assert_eq!(faults(IS_OF), Vec::<String>::new());
        // The controls: one that goes on to something else, and one that looks at all of an owner's.
        for other in [
            "SELECT 1 FROM runs JOIN plans ON digest = plan WHERE id = ?1 AND (owner = ?2 OR owner IS NULL)",
            "SELECT 1 FROM runs WHERE id = ?1 AND (owner IS NULL OR owner = ?2) AND
             (SELECT count(*) FROM runs AS others WHERE others.owner IS runs.owner) >= 0",
            "SELECT 1 FROM runs WHERE id = ?1 AND ?2 IS NOT NULL",
        ] {
            assert_ne!(faults(other), Vec::<String>::new(), "{other}");
        }
    }
}
