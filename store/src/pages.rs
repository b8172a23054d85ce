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

impl Reader {
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
