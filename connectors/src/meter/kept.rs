//! What of a count outlives its process: windows and waits that are longer than a call waits, as ages at the moment they
//! are written. Shorter ones are over before another process asks.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::line::Line;
use super::window::{LONGEST, Window};
use super::{Meter, PATIENCE};

/// The most budgets of a connection that are kept; the latest ones.
const WINDOWS: usize = 1000;

/// The longest name of a budget that is kept, in bytes: a part of it may be an author's.
const NAME: usize = 512;

/// What is counted of one connection, for whoever writes it down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Whose it is.
    pub owner: String,
    /// The service.
    pub connector: String,
    /// The connection's name; empty where there is none.
    pub name: String,
    /// For how long anything of it matters.
    pub lasts: Duration,
    /// What is counted: JSON, with times as they are from here.
    pub counts: String,
}

/// How long what has changed may wait until it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Soon {
    /// It is worth a commit: a service said how long nobody is to ask.
    AtOnce,
    /// More of it will come.
    InAWhile,
}

/// Told that something has changed.
type Tell = Box<dyn Fn(&Meter, Soon) + Send + Sync>;

/// Who writes down what is counted, if anybody does.
#[derive(Default)]
pub(super) struct Keeper {
    /// True while somebody was told and has not looked yet.
    told: AtomicBool,
    tell: OnceLock<Tell>,
}

impl Keeper {
    pub(super) fn changed(&self, meter: &Meter, soon: Soon) {
        let told = self.told.swap(true, Ordering::AcqRel);
        if let Some(tell) = self.tell.get().filter(|_| !told || soon == Soon::AtOnce) {
            tell(meter, soon);
        }
    }
}

impl Meter {
    /// Says who is told that something has changed which outlives the process. The first one stays.
    pub fn kept_by(&self, tell: impl Fn(&Meter, Soon) + Send + Sync + 'static) {
        let _ = self.keeper.tell.set(Box::new(tell));
    }

    /// What has changed since this was asked last, of each connection all that is kept of it.
    pub fn kept(&self) -> Vec<Kept> {
        self.keeper.told.store(false, Ordering::Release);
        let now = Instant::now();
        let mut lines = self.lock();
        let changed = lines.iter_mut().filter_map(|(whose, line)| {
            let (lasts, counts) = line.kept(now)?;
            let mut whose = whose.splitn(3, '\n').map(str::to_owned);
            let (owner, connector) = (whose.next()?, whose.next()?);
            Some(Kept { owner, connector, name: whose.next()?, lasts, counts: counts.to_string() })
        });
        changed.collect()
    }

    /// Goes on from what was kept this long ago. Where a line is there already, and where what was kept cannot be read,
    /// nothing happens.
    pub fn go_on_from(&self, kept: &Kept, age: Duration) {
        let Ok(counts) = serde_json::from_str(&kept.counts) else { return };
        let whose = format!("{}\n{}\n{}", kept.owner, kept.connector, kept.name);
        self.lock().entry(whose).or_insert_with(|| Line::go_on(&counts, age, Instant::now()));
    }
}

impl Line {
    /// What is to be kept of it and how long that matters, where it has changed since.
    fn kept(&mut self, now: Instant) -> Option<(Duration, Value)> {
        if !std::mem::take(&mut self.changed) {
            return None;
        }
        let held = self.held.map_or(Duration::ZERO, |until| until.duration_since(now));
        let named = self.windows.iter().filter(|(name, _)| name.len() <= NAME);
        let mut windows: Vec<_> = named.filter(|(_, window)| is_kept(window.per)).collect();
        windows.sort_by_key(|(_, window)| std::cmp::Reverse(window.last()));
        windows.truncate(WINDOWS);
        let ends = windows.iter().filter_map(|(_, window)| Some((window.last()? + window.per) - now));
        let lasts = ends.chain([held]).max().unwrap_or_default();
        let windows: Vec<Value> = windows
            .into_iter()
            .map(|(name, window)| {
                let sent: Vec<(u64, usize)> =
                    window.sums().into_iter().map(|(at, count)| (milliseconds(now - at), count)).collect();
                json!({ "of": name, "per": milliseconds(window.per), "sent": sent })
            })
            .collect();
        // Rounded up: nobody is to come too early.
        Some((
            lasts,
            json!({
                "made": self.made, "held": milliseconds(held + Duration::from_micros(999)), "windows": windows,
            }),
        ))
    }

    /// The line that was kept so long ago.
    fn go_on(counts: &Value, age: Duration, now: Instant) -> Line {
        let duration =
            |value: &Value| value.as_u64().map(Duration::from_millis).map(|long| long.min(LONGEST));
        let held = duration(&counts["held"]).unwrap_or_default().saturating_sub(age);
        let mut line = Line::default();
        line.made = counts["made"].as_i64().unwrap_or_default();
        line.held = (!held.is_zero()).then(|| now + held);
        for window in counts["windows"].as_array().into_iter().flatten() {
            let (Some(name), Some(per)) = (window["of"].as_str(), duration(&window["per"])) else { continue };
            let sums = window["sent"].as_array().into_iter().flatten().filter_map(|sum| {
                let ago = duration(&sum[0])?.saturating_add(age);
                // Before the machine was started there is no instant; it counts as sent by then.
                Some((now.checked_sub(ago).unwrap_or(now), usize::try_from(sum[1].as_u64()?).ok()?))
            });
            line.windows.insert(name.to_owned(), Window::go_on(per, sums));
        }
        line
    }
}

/// Whether a wait of this length outlives the process.
pub(super) fn is_kept(wait: Duration) -> bool {
    wait > PATIENCE
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use dsl::catalog::FailureKind;

    use super::super::{Metered, Want, Whose};
    use super::*;
    use crate::connection::Connection;

    const PER: Duration = Duration::from_secs(60);

    /// Asks at once; gives how long it is to wait where it may not go.
    async fn ask(meter: &Metered, limit: u32, per: Duration) -> Option<Duration> {
        ask_of(meter, 0, limit, per).await
    }

    /// The same with a connection that was made then.
    async fn ask_of(meter: &Metered, made: i64, limit: u32, per: Duration) -> Option<Duration> {
        let line = line_of(meter, made);
        let wants = vec![Want { key: "all".into(), limit, per }];
        let failure = meter.admit(&line, ("c", "demo.get"), wants, None).await.err()?;
        assert_eq!(failure.kind, FailureKind::RateLimited);
        failure.retry_after.map(|wait| wait.try_into().unwrap())
    }

    fn line_of(meter: &Metered, made: i64) -> Whose {
        meter.line("demo", &Connection { made, ..Connection::nobody("token") })
    }

    /// The process ends, and another one comes this much later.
    fn restarted(meter: &Meter, after: Duration) -> Meter {
        let next = Meter::default();
        for kept in meter.kept() {
            next.go_on_from(&kept, after);
        }
        next
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn another_process_goes_on_with_the_count_of_a_window() {
        let meter = Meter::default();
        for _ in 0..3 {
            assert_eq!(ask(&meter.of("o", "w"), 3, PER).await, None);
            tokio::time::advance(seconds(5)).await;
        }
        // 15, 10 and 5 seconds ago, and 20 more go by until it comes.
        let next = restarted(&meter, seconds(20));
        assert_eq!(ask(&next.of("o", "w"), 3, PER).await, Some(seconds(25)));
        assert_eq!(ask(&next.of("another", "w"), 3, PER).await, None, "it is another's");
        // The control: one that knows nothing of it.
        assert_eq!(meter.kept(), [], "nothing has changed since it was asked");
        assert_eq!(ask(&restarted(&meter, seconds(20)).of("o", "w"), 3, PER).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_place_is_free_when_its_request_is_long_enough_ago() {
        let meter = Meter::default();
        for _ in 0..2 {
            assert_eq!(ask(&meter.of("o", "w"), 2, PER).await, None);
            tokio::time::advance(seconds(10)).await;
        }
        let next = restarted(&meter, seconds(41));
        assert_eq!(ask(&next.of("o", "w"), 2, PER).await, None, "the first was 61 seconds ago");
        assert_eq!(ask(&next.of("o", "w"), 2, PER).await, Some(seconds(9)));
    }

    #[tokio::test(start_paused = true)]
    async fn another_process_waits_as_long_as_the_service_said() {
        let meter = Meter::default();
        let of = meter.of("o", "w");
        of.hold(&of.line("demo", &Connection::nobody("token")), seconds(100));
        let kept = meter.kept();
        assert_eq!(kept[0].lasts, seconds(100));
        let held = |after| {
            let next = Meter::default();
            next.go_on_from(&kept[0], after);
            next
        };
        assert_eq!(ask(&held(seconds(30)).of("o", "w"), 9, PER).await, Some(seconds(70)));
        assert_eq!(ask(&held(seconds(100)).of("o", "w"), 9, PER).await, None);
        // A clock that went back: it waits no longer than was said.
        assert_eq!(ask(&held(seconds(0)).of("o", "w"), 9, PER).await, Some(seconds(100)));
    }

    #[tokio::test(start_paused = true)]
    async fn many_requests_are_kept_in_few_sums_and_none_is_free_too_early() {
        let meter = Meter::default();
        for _ in 0..10_000 {
            assert_eq!(ask(&meter.of("o", "w"), 10_000, PER).await, None);
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        let kept = meter.kept();
        assert!(kept[0].counts.len() < 2000, "{}", kept[0].counts.len());
        let next = Meter::default();
        next.go_on_from(&kept[0], seconds(0));
        // The first was 10 seconds ago; those that are counted with it were a little later.
        let wait = ask(&next.of("o", "w"), 10_000, PER).await.unwrap();
        assert!((seconds(50)..seconds(51)).contains(&wait), "{wait:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn who_keeps_it_is_told_once_until_it_looks_and_at_once_of_a_wait() {
        let (meter, told) = (Meter::default(), Arc::new(Mutex::new(vec![])));
        let heard = told.clone();
        meter.kept_by(move |_, soon| heard.lock().unwrap().push(soon));
        let of = meter.of("o", "w");
        for _ in 0..5 {
            ask(&of, 100, PER).await;
        }
        assert_eq!(*told.lock().unwrap(), [Soon::InAWhile]);
        assert_eq!((meter.kept().len(), meter.kept().len()), (1, 0));
        ask(&of, 100, PER).await;
        of.hold(&of.line("demo", &Connection::nobody("token")), seconds(9));
        assert_eq!(*told.lock().unwrap(), [Soon::InAWhile, Soon::InAWhile, Soon::AtOnce]);
        // Nothing is told of what is over before anybody asks again.
        meter.kept();
        ask(&meter.of("o", "w"), 100, PATIENCE).await;
        let other = meter.of("p", "w");
        ask(&other, 100, PATIENCE).await;
        assert_eq!((told.lock().unwrap().len(), meter.kept().len()), (3, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn an_account_that_is_made_anew_is_counted_anew() {
        let meter = Meter::default();
        let of = meter.of("o", "w");
        for _ in 0..3 {
            assert_eq!(ask_of(&of, 1, 3, PER).await, None);
        }
        assert_eq!(ask_of(&of, 1, 3, PER).await, Some(PER), "the control: the same account");
        of.hold(&line_of(&of, 1), seconds(100));
        for _ in 0..3 {
            assert_eq!(ask_of(&of, 2, 3, PER).await, None, "another one");
        }
        assert_eq!(ask_of(&of, 2, 3, PER).await, Some(PER), "which has the same limit");
        // A call that was under way, to the account before, holds nobody up.
        of.hold(&line_of(&of, 1), seconds(100));
        assert_eq!(ask_of(&of, 2, 4, PER).await, None);
        of.hold(&line_of(&of, 2), seconds(100));
        assert_eq!(ask_of(&of, 2, 9, PER).await, Some(seconds(100)), "the control: to this one");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_kept_of_an_account_is_not_counted_of_the_one_that_is_made_anew() {
        let meter = Meter::default();
        ask_of(&meter.of("o", "w"), 1, 1, PER).await;
        let kept = meter.kept();
        let next = |made| {
            let next = Meter::default();
            next.go_on_from(&kept[0], seconds(20));
            async move { ask_of(&next.of("o", "w"), made, 1, PER).await }
        };
        assert_eq!((next(1).await, next(2).await), (Some(seconds(40)), None));
        // What a version wrote that did not know when: it is this account's.
        let unsaid = kept[0].counts.replace("\"made\":1,", "");
        assert_ne!(unsaid, kept[0].counts);
        let earlier = Meter::default();
        earlier.go_on_from(&Kept { counts: unsaid, ..kept[0].clone() }, seconds(20));
        assert_eq!(ask_of(&earlier.of("o", "w"), 2, 1, PER).await, Some(seconds(40)));
    }

    #[test]
    fn what_cannot_be_read_counts_nothing() {
        let meter = Meter::default();
        for counts in
            ["", "{", "[]", "{\"windows\": 5}", "{\"windows\": [{\"of\": 1}, {\"of\": \"a\", \"per\": -1}]}"]
        {
            let [owner, connector, name] = ["o", "demo", counts].map(str::to_owned);
            meter.go_on_from(&Kept { owner, connector, name, lasts: PER, counts: counts.into() }, PER);
        }
        assert!(meter.lock().values().all(|line| line.is_idle(Instant::now())));
    }
}
