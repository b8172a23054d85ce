//! Judges what a killed and resumed product did, from the service's log and what was recorded at each kill.
//!
//! It knows nothing of how the product works: only what it promises.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use crate::effects::Request;
use crate::evidence::RunSeen;

/// Where in the life of a run a kill fell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Window {
    /// The run's start had not been committed.
    BeforeStart,
    /// A call was under way, and no answer had been sent.
    InFlight,
    /// The service had answered, and the answer had not been committed.
    Answered,
    /// The run was under way and no call was.
    Between,
    /// A process that took the run up had opened the database, and had neither recorded nor sent anything.
    Recovery,
    /// A process that was to take the run up had not opened the database yet.
    Idle,
    /// The end of the run had been committed.
    Ended,
}

impl Window {
    /// Those that a campaign must hit.
    pub const WANTED: [Window; 5] =
        [Window::BeforeStart, Window::InFlight, Window::Answered, Window::Between, Window::Recovery];

    /// As the campaign prints it.
    pub fn name(self) -> &'static str {
        match self {
            Window::BeforeStart => "before the start was committed",
            Window::InFlight => "call in flight",
            Window::Answered => "answered but not committed",
            Window::Between => "between steps",
            Window::Recovery => "during recovery",
            Window::Idle => "recovery not begun",
            Window::Ended => "after the end was committed",
        }
    }
}

/// A kill and what was found after it.
#[derive(Clone, Debug)]
pub struct Kill {
    /// When the process was stopped for good.
    pub at: Instant,
    /// Which process it was, counted from 1.
    pub life: u32,
    /// True if it was `resume`.
    pub resuming: bool,
    /// True if it had the database open.
    pub opened: bool,
    /// Rows of events before the process was started.
    pub rows_before: i64,
    /// What was recorded of the run, if anything.
    pub seen: Option<RunSeen>,
}

impl Kill {
    /// The window that the evidence shows.
    pub fn window(&self, requests: &[Request]) -> Window {
        let Some(seen) = &self.seen else { return Window::BeforeStart };
        if seen.ended() {
            return Window::Ended;
        }
        let sent = requests.iter().any(|request| request.life == self.life);
        if self.resuming && !sent && seen.rows == self.rows_before {
            return if self.opened { Window::Recovery } else { Window::Idle };
        }
        let running = seen.in_flight();
        if running.is_empty() {
            return Window::Between;
        }
        let answered = running.iter().any(|(step, attempts)| {
            // Each recorded attempt that came back used up one key, so that the n-th attempt has the n-th key.
            let answered = requests.iter().filter(|request| request.step == *step);
            let answered = answered.filter(|request| request.answered.is_some_and(|(at, _)| at < self.at));
            let keys: BTreeSet<&Option<String>> = answered.map(|request| &request.key).collect();
            keys.len() as u64 >= *attempts
        });
        if answered { Window::Answered } else { Window::InFlight }
    }
}

/// What a workflow with keyed effects promises. Each step of `effects` has so many effects, and no other has any.
///
/// # Returns
/// Every promise that was broken, in words.
pub fn judge_keyed(requests: &[Request], kills: &[Kill], effects: &BTreeMap<String, u64>) -> Vec<String> {
    let mut broken = judge_completed(requests, kills);
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    let mut steps: BTreeMap<&str, Vec<&Request>> = BTreeMap::new();
    for request in requests {
        steps.entry(&request.step).or_default().push(request);
        match &request.key {
            None => broken.push(format!("`{}` was sent without a key", request.step)),
            Some(key) => {
                let owner = *owners.entry(key).or_insert(&request.step);
                if owner != request.step {
                    broken.push(format!("`{owner}` and `{}` share a key", request.step));
                }
            }
        }
    }
    for (step, sent) in &steps {
        broken.extend(judge_keys(step, sent));
        let applied = sent.iter().filter(|request| request.applied).count() as u64;
        let wanted = effects.get(*step).copied();
        if Some(applied) != wanted {
            broken.push(format!("the effect of `{step}` was applied {applied} times, not {wanted:?}"));
        }
    }
    let missing = effects.keys().filter(|step| !steps.contains_key(step.as_str()));
    broken.extend(missing.map(|step| format!("`{step}` was never sent")));
    broken
}

/// A key is sent once by a process; another key comes only after the one before was answered with a failure.
fn judge_keys(step: &str, sent: &[&Request]) -> Vec<String> {
    let mut broken = vec![];
    let mut lives = BTreeSet::new();
    for request in sent {
        if !lives.insert((request.life, &request.key)) {
            broken
                .push(format!("`{step}` was sent twice by process {}, without a kill between", request.life));
        }
    }
    for pair in sent.windows(2) {
        let failed = |key| {
            let answers =
                sent.iter().filter(|request| request.key == key).filter_map(|request| request.answered);
            answers.into_iter().any(|(at, status)| status >= 500 && at <= pair[1].arrived)
        };
        if pair[0].key != pair[1].key && !failed(pair[0].key.clone()) {
            broken.push(format!("`{step}` was sent with another key, though nothing had failed"));
        }
    }
    broken
}

/// Nothing that was recorded as completed at a kill is sent by a later process.
fn judge_completed(requests: &[Request], kills: &[Kill]) -> Vec<String> {
    let mut broken = vec![];
    for kill in kills {
        let completed = kill.seen.as_ref().map(RunSeen::completed).unwrap_or_default();
        let later = requests.iter().filter(|request| request.life > kill.life);
        let repeated: BTreeSet<&str> =
            later.map(|request| request.step.as_str()).filter(|step| completed.contains(step)).collect();
        let tell = |step| format!("`{step}` was completed before kill {} and sent again", kill.life);
        broken.extend(repeated.into_iter().map(tell));
    }
    broken
}

/// A step that was sent rests on results that were recorded before: none of their steps is sent by a later process.
/// This needs no look at the database, so it also sees a commit that was reported and then lost.
///
/// # Returns
/// Every promise that was broken, in words.
pub fn judge_rests(requests: &[Request], rests_on: &dyn Fn(&str) -> Vec<String>) -> Vec<String> {
    let mut last: BTreeMap<&str, u32> = BTreeMap::new();
    for request in requests {
        let life = last.entry(&request.step).or_default();
        *life = request.life.max(*life);
    }
    let mut broken = BTreeSet::new();
    for request in requests {
        for needed in rests_on(&request.step) {
            match last.get(needed.as_str()) {
                Some(life) if *life > request.life => {
                    let (step, life) = (&request.step, request.life);
                    broken.insert(format!(
                        "`{step}` rests on `{needed}`, was sent by process {life}, and `{needed}` was sent again later"
                    ));
                }
                Some(_) => {}
                None => {
                    broken.insert(format!("`{}` was sent before `{needed}`", request.step));
                }
            }
        }
    }
    broken.into_iter().collect()
}

/// What a workflow with `once` steps promises: nothing is sent twice, and what was cut off in flight is in doubt.
///
/// # Returns
/// Every promise that was broken, in words.
pub fn judge_once(requests: &[Request], kills: &[Kill], last: &RunSeen) -> Vec<String> {
    let mut broken = judge_completed(requests, kills);
    let mut sent: BTreeMap<&str, u64> = BTreeMap::new();
    for request in requests {
        *sent.entry(&request.step).or_default() += 1;
    }
    let twice = sent.iter().filter(|(_, count)| **count > 1);
    broken.extend(twice.map(|(step, count)| format!("`{step}` was sent {count} times")));
    let cut: BTreeSet<&str> = kills
        .iter()
        .filter_map(|kill| kill.seen.as_ref().filter(|seen| !seen.ended()))
        .flat_map(|seen| seen.in_flight().into_iter().map(|(step, _)| step))
        .collect();
    let (status, kind) = (last.status.as_str(), last.error_kind.as_deref());
    match (cut.is_empty(), status, kind) {
        (true, "succeeded", None) | (false, "failed", Some("in_doubt")) => {}
        (true, ..) => broken.push(format!("nothing was cut off, and the run is {status} ({kind:?})")),
        (false, ..) => broken.push(format!("{cut:?} were cut off, and the run is {status} ({kind:?})")),
    }
    if let Some(step) = last.error_step.as_deref().filter(|step| !cut.contains(step)) {
        broken.push(format!("`{step}` is in doubt and was not cut off"));
    }
    broken
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::evidence::StepSeen;

    /// A service's log in short form: life, step, key, status, applied.
    fn log(entries: &[(u32, &str, &str, u16, bool)]) -> Vec<Request> {
        let start = Instant::now();
        let moment = |place: usize| start + Duration::from_millis(10 * place as u64);
        let entries = entries.iter().enumerate();
        let request =
            |(place, (life, step, key, status, applied)): (usize, &(u32, &str, &str, u16, bool))| Request {
                step: (*step).into(),
                key: Some((*key).into()).filter(|key: &String| !key.is_empty()),
                life: *life,
                arrived: moment(place),
                answered: (*status > 0).then(|| (moment(place) + Duration::from_millis(5), *status)),
                applied: *applied,
            };
        entries.map(request).collect()
    }

    fn seen(status: &str, steps: &[(&str, &str)]) -> RunSeen {
        let steps = steps
            .iter()
            .map(|(step, state)| ((*step).to_owned(), StepSeen { state: (*state).into(), attempts: 1 }));
        let steps = steps.collect();
        RunSeen { run: "r".into(), status: status.into(), rows: 5, steps, error_kind: None, error_step: None }
    }

    fn kill(life: u32, seen: Option<RunSeen>) -> Kill {
        let at = Instant::now() + Duration::from_secs(1);
        Kill { at, life, resuming: false, opened: true, rows_before: 0, seen }
    }

    fn effects(steps: &[&str]) -> BTreeMap<String, u64> {
        steps.iter().map(|step| ((*step).to_owned(), 1)).collect()
    }

    #[test]
    fn a_repeat_with_the_same_key_after_a_kill_is_right() {
        let requests = log(&[(1, "a", "k", 0, true), (2, "a", "k", 200, false), (2, "b", "l", 200, true)]);
        let kills = [kill(1, Some(seen("running", &[("a", "running")])))];
        assert_eq!(judge_keyed(&requests, &kills, &effects(&["a", "b"])), Vec::<String>::new());
    }

    #[test]
    fn another_key_after_an_answered_failure_is_right() {
        let requests = log(&[(1, "a", "k", 500, false), (1, "a", "l", 200, true)]);
        assert_eq!(judge_keyed(&requests, &[], &effects(&["a"])), Vec::<String>::new());
    }

    #[test]
    fn an_effect_applied_twice_is_seen() {
        let requests = log(&[(1, "a", "k", 200, true), (2, "a", "l", 200, true)]);
        let broken = judge_keyed(&requests, &[], &effects(&["a"]));
        let expected = [
            "`a` was sent with another key, though nothing had failed",
            "the effect of `a` was applied 2 times, not Some(1)",
        ];
        assert_eq!(broken, expected);
    }

    #[test]
    fn a_completed_step_that_is_sent_again_is_seen() {
        let requests = log(&[(1, "a", "k", 200, true), (2, "a", "k", 200, false)]);
        let kills = [kill(1, Some(seen("running", &[("a", "succeeded")])))];
        let broken = judge_keyed(&requests, &kills, &effects(&["a"]));
        assert_eq!(broken, ["`a` was completed before kill 1 and sent again"]);
    }

    #[test]
    fn what_a_later_step_rests_on_is_not_sent_again() {
        let rests = |step: &str| if step == "b" { vec!["a".to_owned()] } else { vec![] };
        let right = log(&[(1, "a", "k", 0, true), (2, "a", "k", 200, false), (2, "b", "l", 200, true)]);
        assert_eq!(judge_rests(&right, &rests), Vec::<String>::new());
        let lost = log(&[(1, "a", "k", 200, true), (1, "b", "l", 0, true), (2, "a", "k", 200, false)]);
        let told = "`b` rests on `a`, was sent by process 1, and `a` was sent again later";
        assert_eq!(judge_rests(&lost, &rests), [told]);
        let early = log(&[(1, "b", "l", 200, true)]);
        assert_eq!(judge_rests(&early, &rests), ["`b` was sent before `a`"]);
    }

    #[test]
    fn two_sendings_by_one_process_a_shared_key_and_a_lost_step_are_seen() {
        let requests = log(&[(1, "a", "k", 200, true), (1, "a", "k", 200, false), (1, "b", "k", 200, true)]);
        let broken = judge_keyed(&requests, &[], &effects(&["a", "b", "c"]));
        let expected = [
            "`a` and `b` share a key",
            "`a` was sent twice by process 1, without a kill between",
            "`c` was never sent",
        ];
        assert_eq!(broken, expected);
    }

    #[test]
    fn a_once_step_that_was_cut_off_must_be_in_doubt() {
        let requests = log(&[(1, "a", "", 0, true)]);
        let kills = [kill(1, Some(seen("running", &[("a", "running")])))];
        let mut last = seen("failed", &[("a", "in_doubt")]);
        last.error_kind = Some("in_doubt".into());
        assert_eq!(judge_once(&requests, &kills, &last), Vec::<String>::new());
        let wrong = judge_once(&requests, &kills, &seen("succeeded", &[]));
        assert_eq!(wrong, ["{\"a\"} were cut off, and the run is succeeded (None)"]);
        let twice = log(&[(1, "a", "", 0, true), (2, "a", "", 200, true)]);
        assert_eq!(judge_once(&twice, &kills, &last), ["`a` was sent 2 times"]);
    }

    #[test]
    fn windows_come_from_the_evidence() {
        let requests = log(&[(1, "a", "k", 200, true), (1, "b", "l", 0, true)]);
        let window = |kill: Kill| kill.window(&requests);
        assert_eq!(window(kill(1, None)), Window::BeforeStart);
        assert_eq!(window(kill(1, Some(seen("running", &[("b", "running")])))), Window::InFlight);
        assert_eq!(
            window(kill(1, Some(seen("running", &[("a", "running"), ("b", "running")])))),
            Window::Answered
        );
        assert_eq!(window(kill(1, Some(seen("running", &[("a", "succeeded")])))), Window::Between);
        assert_eq!(window(kill(1, Some(seen("succeeded", &[])))), Window::Ended);
        let resumed =
            Kill { resuming: true, rows_before: 5, ..kill(2, Some(seen("running", &[("a", "running")]))) };
        assert_eq!(window(resumed.clone()), Window::Recovery);
        assert_eq!(window(Kill { opened: false, ..resumed.clone() }), Window::Idle);
        assert_eq!(window(Kill { rows_before: 4, ..resumed }), Window::Answered);
    }
}
