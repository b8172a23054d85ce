//! What is written into the books when a trigger comes into force or leaves it, and the words for what became of an
//! instant. Pure, as what decides.

use dsl::workflow::Start;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use store::Book;
use store::books::{QUEUED, Schedule as Row, Tick as Entry};

use super::{Missed, Outcome, Schedule, Unreadable, enabled, texts};

/// What became of an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// A run was started.
    Started,
    /// Its run begins when those before it have ended.
    Queued,
    /// No run: one was under way.
    Skipped,
    /// No run: the time passed while nobody could start one.
    Missed(Missed),
    /// No run: it could not be started.
    Refused,
    /// No run: the workflow was disabled, or its version did not have the trigger.
    NotInForce,
}

impl Became {
    /// All of them.
    pub const ALL: [Became; 8] = [
        Became::Started,
        Became::Queued,
        Became::Skipped,
        Became::Missed(Missed::NotCaughtUp),
        Became::Missed(Missed::Later),
        Became::Missed(Missed::TooMany),
        Became::Refused,
        Became::NotInForce,
    ];

    /// The word for it, in the store and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Became::Started => "started",
            Became::Queued => QUEUED,
            Became::Skipped => "skipped",
            Became::Missed(Missed::NotCaughtUp) => "not_caught_up",
            Became::Missed(Missed::Later) => "later_one_served",
            Became::Missed(Missed::TooMany) => "too_many",
            Became::Refused => "refused",
            Became::NotInForce => "not_in_force",
        }
    }

    /// What a word stands for.
    pub fn of(name: &str) -> Option<Became> {
        Became::ALL.into_iter().find(|became| became.name() == name)
    }

    /// What it means, as the end of a sentence that begins with the time.
    pub fn told(self) -> &'static str {
        match self {
            Became::Started => "a run was started",
            Became::Queued => "its run waits until those before it have ended (`overlap: queue`)",
            Became::Skipped => "no run: one of the same trigger was under way (`overlap: skip`)",
            Became::Missed(Missed::NotCaughtUp) => {
                "no run: nobody could start one in time, and late times are not made up for (`catch_up: none`)"
            }
            Became::Missed(Missed::Later) => {
                "no run: nobody could start one in time, and a later time served for it (`catch_up: latest`)"
            }
            Became::Missed(Missed::TooMany) => {
                "no run: nobody could start one in time, and a hundred later ones were made up for"
            }
            Became::Refused => "no run: it could not be started",
            Became::NotInForce => {
                "no run: the workflow was disabled, or the version in force did not have this trigger"
            }
        }
    }
}

impl From<Outcome> for Became {
    fn from(outcome: Outcome) -> Became {
        match outcome {
            Outcome::Start | Outcome::Replace => Became::Started,
            Outcome::Queue => Became::Queued,
            Outcome::Skipped => Became::Skipped,
            Outcome::Missed(why) => Became::Missed(why),
        }
    }
}

/// Whose workflow it is that changes, to which version, when, and by which zone its times are read.
#[derive(Clone, Copy, Debug)]
pub struct Change<'a> {
    /// The owner.
    pub owner: &'a str,
    /// The workflow.
    pub workflow: &'a str,
    /// The version in force from here on.
    pub version: i64,
    /// The owner's zone.
    pub zone: &'a TimeZone,
    /// When.
    pub now: Timestamp,
}

/// What is written where these triggers of a workflow are in force from now on, and no others. One that stays goes on
/// where it was; one that comes back has no times while it was away.
///
/// # Errors
/// Where the zone or the expression of a trigger is not known to this version.
pub fn enforce(
    change: Change<'_>,
    starts: &[&Start],
    rows: &[Row],
    queued: &[Entry],
) -> Result<Vec<Book>, Unreadable> {
    let mut books = vec![];
    let mut wanted = vec![];
    for (start, text) in starts.iter().zip(texts(starts.iter().copied())) {
        let row = rows.iter().find(|row| row.text == text);
        let since = row.map_or(change.now, |row| timestamp(row.since));
        let Some(schedule) = Schedule::new(change.workflow, (start, text.clone()), change.zone, since)?
        else {
            continue;
        };
        match row {
            Some(row) if row.in_force => {}
            Some(row) => comes_back(change, &schedule, row, &mut books),
            None => books.push(Book::Schedule { from: None, to: fresh(change, &text) }),
        }
        wanted.push(text);
    }
    for row in rows.iter().filter(|row| row.in_force && !wanted.contains(&row.text)) {
        books.push(Book::Schedule { from: Some(row.accounted), to: Row { in_force: false, ..row.clone() } });
    }
    let left = queued.iter().filter(|entry| !wanted.contains(&entry.text));
    books.extend(left.map(|entry| {
        Book::Unqueued(Entry {
            outcome: Became::NotInForce.name().into(),
            decided: nanoseconds(change.now),
            ..entry.clone()
        })
    }));
    Ok(books)
}

fn fresh(change: Change<'_>, text: &str) -> Row {
    Row {
        owner: change.owner.into(),
        workflow: change.workflow.into(),
        text: text.into(),
        accounted: nanoseconds(enabled(change.now)),
        since: nanoseconds(change.now),
        in_force: true,
        zones: dsl::cron::version().into(),
    }
}

fn comes_back(change: Change<'_>, schedule: &Schedule, row: &Row, books: &mut Vec<Book>) {
    let accounted = timestamp(row.accounted).max(enabled(change.now));
    let first = schedule.timetable.next(timestamp(row.accounted)).filter(|first| *first <= accounted);
    books.extend(first.map(|first| {
        Book::Tick(Entry {
            owner: change.owner.into(),
            workflow: change.workflow.into(),
            text: row.text.clone(),
            instant: nanoseconds(first),
            last: nanoseconds(accounted),
            count: 0,
            outcome: Became::NotInForce.name().into(),
            run: None,
            why: String::new(),
            version: change.version,
            decided: nanoseconds(change.now),
            zones: dsl::cron::version().into(),
        })
    }));
    let to = Row { accounted: nanoseconds(accounted), ..fresh(change, &row.text) };
    books.push(Book::Schedule { from: Some(row.accounted), to });
}

/// Nanoseconds since 1970, which fit until the year 2262.
pub fn nanoseconds(time: Timestamp) -> i64 {
    i64::try_from(time.as_nanosecond()).unwrap_or(i64::MAX)
}

/// The time of so many nanoseconds since 1970.
pub fn timestamp(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(i128::from(nanoseconds)).unwrap_or(Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use dsl::workflow::Keeping;

    use super::*;

    fn cron(schedule: &str) -> Start {
        Start::Cron { schedule: schedule.into(), keeping: Keeping::default() }
    }

    fn change(now: &str) -> Change<'static> {
        static UTC: TimeZone = TimeZone::UTC;
        Change { owner: "o", workflow: "w", version: 2, zone: &UTC, now: now.parse().unwrap() }
    }

    fn row(books: &[Book]) -> Row {
        let Some(Book::Schedule { to, .. }) = books.last() else { panic!("{books:?}") };
        to.clone()
    }

    #[test]
    fn a_trigger_that_stays_goes_on_and_one_that_comes_back_has_no_times_in_between() {
        let hourly = cron("0 * * * *");
        let first = enforce(change("2026-01-01T08:30:00Z"), &[&hourly], &[], &[]).unwrap();
        let kept = row(&first);
        let kept = Row { accounted: nanoseconds("2026-01-01T09:00:00Z".parse().unwrap()), ..kept };
        let same = std::slice::from_ref(&kept);
        assert!(enforce(change("2026-01-01T09:30:00Z"), &[&hourly], same, &[]).unwrap().is_empty());
        let gone = row(&enforce(change("2026-01-01T09:30:00Z"), &[], same, &[]).unwrap());
        assert_eq!((gone.in_force, gone.accounted), (false, kept.accounted));
        let back = enforce(change("2026-01-01T12:00:00Z"), &[&hourly], &[gone], &[]).unwrap();
        let Book::Tick(tick) = &back[0] else { panic!("{back:?}") };
        assert_eq!(timestamp(tick.instant).to_string(), "2026-01-01T10:00:00Z");
        assert!(timestamp(tick.last).to_string().starts_with("2026-01-01T11:59:59"));
        // Noon itself is still to come.
        assert_eq!(row(&back).accounted, tick.last);
    }

    #[test]
    fn what_is_queued_leaves_with_its_trigger() {
        let entry = Entry {
            owner: "o".into(),
            workflow: "w".into(),
            text: "cron 0 * * * *".into(),
            instant: 1,
            last: 1,
            count: 1,
            outcome: QUEUED.into(),
            run: None,
            why: String::new(),
            version: 1,
            decided: 1,
            zones: String::new(),
        };
        let books = enforce(change("2026-01-01T08:30:00Z"), &[], &[], &[entry]).unwrap();
        assert!(matches!(&books[..], [Book::Unqueued(entry)] if entry.outcome == "not_in_force"));
    }
}
