//! Random worlds for schedules: a clock that runs, leaps and is set back, a process that sleeps and dies between any
//! two steps, runs that last. After each commit all that must hold is looked at.

use std::collections::BTreeMap;
use std::ops::Range;

use dsl::workflow::{CatchUp, Keeping, Moment, Overlap, Start};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use runtime::schedule::{
    Before, Decision, GRACE, MADE_UP, Missed, Outcome, Schedule, decide, enabled, texts,
};

/// A way to keep schedules wrongly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What is accounted for is the time of the clock.
    ClockAsCursor,
    /// A run starts before its instant is recorded, and a crash comes between.
    StartsBeforeCommit,
    /// What was missed is not recorded.
    ForgetsMissed,
    /// After a leap all begins anew from the clock.
    LeapsAlong,
    /// The schedule sleeps too long.
    OversleepsBySecond,
    /// A run starts although one is under way.
    IgnoresOverlap,
}

impl Fault {
    pub const ALL: [Fault; 6] = [
        Fault::ClockAsCursor,
        Fault::StartsBeforeCommit,
        Fault::ForgetsMissed,
        Fault::LeapsAlong,
        Fault::OversleepsBySecond,
        Fault::IgnoresOverlap,
    ];
}

/// The worlds to try.
pub fn seeds() -> Range<u64> {
    let number = |name| std::env::var(name).ok().and_then(|text: String| text.parse::<u64>().ok());
    match (number("KEYWAY_SEED"), number("KEYWAY_WORLDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, worlds) => 0..worlds.unwrap_or(250).min(20_000),
    }
}

/// What happened, so that a test can tell whether anything did.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    outcomes: BTreeMap<String, u64>,
    crashes: u64,
    set_back: u64,
    leaps: u64,
}

impl Seen {
    pub fn add(&mut self, other: &Seen) {
        for (outcome, count) in &other.outcomes {
            *self.outcomes.entry(outcome.clone()).or_default() += count;
        }
        self.crashes += other.crashes;
        self.set_back += other.set_back;
        self.leaps += other.leaps;
    }

    pub fn is_varied(&self) -> bool {
        let all = [
            Outcome::Start,
            Outcome::Replace,
            Outcome::Queue,
            Outcome::Skipped,
            Outcome::Missed(Missed::NotCaughtUp),
            Outcome::Missed(Missed::Later),
            Outcome::Missed(Missed::TooMany),
        ];
        let happened = |outcome: &Outcome| self.outcomes.contains_key(&format!("{outcome:?}"));
        all.iter().all(happened) && [self.crashes, self.set_back, self.leaps].iter().all(|count| *count > 0)
    }
}

/// One world.
pub struct World {
    chance: u64,
    fault: Option<Fault>,
    pub schedule: Schedule,
    /// About the time between two instants.
    length: SignedDuration,
    enabled: Timestamp,
    now: Timestamp,
    /// What is on the disk: the cursor and what became of each instant.
    accounted: Timestamp,
    entries: BTreeMap<Timestamp, Outcome>,
    /// Runs that were started, by their instant, committed or not.
    started: BTreeMap<Timestamp, u32>,
    /// When the last run ends.
    busy: Timestamp,
    pub seen: Seen,
}

impl World {
    pub fn new(seed: u64, fault: Option<Fault>) -> World {
        let mut chance = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let enabled: Timestamp = "2026-03-20T00:00:00Z".parse().unwrap();
        let enabled = enabled + SignedDuration::from_millis(below(&mut chance, 20 * 86_400_000) as i64);
        let (start, length) = start(&mut chance, enabled);
        let text = texts([&start]).remove(0);
        let zone = dsl::cron::zone("Europe/Berlin").unwrap();
        let schedule = Schedule::new("w", (&start, text), &zone, enabled).unwrap().unwrap();
        World {
            chance,
            fault,
            schedule,
            length,
            enabled,
            now: enabled,
            accounted: runtime::schedule::enabled(enabled),
            entries: BTreeMap::new(),
            started: BTreeMap::new(),
            busy: Timestamp::MIN,
            seen: Seen::default(),
        }
    }

    /// Lets it go on for a while; what must hold and does not is the error.
    pub fn live(&mut self) -> Result<(), String> {
        for _ in 0..40 {
            let wake = self.decide_all()?;
            self.move_clock(wake);
        }
        self.decide_all()?;
        self.whole()
    }

    /// Decides until nothing is due; gives the time of the next decision.
    fn decide_all(&mut self) -> Result<Option<Timestamp>, String> {
        for _ in 0..100 {
            let before = if self.busy > self.now { Before::UnderWay } else { Before::Ended };
            let mut decision = decide(&self.schedule, self.accounted, self.now, before);
            self.tamper(&mut decision);
            self.policy(&decision, before)?;
            if self.below(10) == 0 {
                // The process dies before the commit: nothing of it has happened.
                self.seen.crashes += 1;
                if self.fault == Some(Fault::StartsBeforeCommit) {
                    self.carry_out(&decision);
                }
                continue;
            }
            self.commit(&decision)?;
            self.carry_out(&decision);
            match decision.wake {
                Some(wake) if wake <= self.now => {}
                wake => {
                    self.awake(wake)?;
                    return Ok(wake);
                }
            }
        }
        Err("it never comes to rest".into())
    }

    fn tamper(&self, decision: &mut Decision) {
        match self.fault {
            Some(Fault::ClockAsCursor) => decision.accounted = self.now,
            Some(Fault::ForgetsMissed) => {
                decision.entries.retain(|entry| !matches!(entry.outcome, Outcome::Missed(_)));
            }
            Some(Fault::LeapsAlong) if self.now.duration_since(self.accounted) > self.length * 20 => {
                decision.entries.clear();
                decision.accounted = self.now;
            }
            Some(Fault::OversleepsBySecond) => {
                decision.wake = decision.wake.map(|wake| wake + SignedDuration::from_secs(1));
            }
            Some(Fault::IgnoresOverlap) => {
                decision.entries.iter_mut().filter(|entry| entry.outcome == Outcome::Skipped).for_each(
                    |entry| {
                        entry.outcome = Outcome::Start;
                    },
                );
            }
            Some(Fault::StartsBeforeCommit | Fault::LeapsAlong) | None => {}
        }
    }

    /// What `overlap` and `catch_up` promise of one decision.
    fn policy(&self, decision: &Decision, before: Before) -> Result<(), String> {
        let keeping = &self.schedule.keeping;
        let late = |instant| self.now.duration_since(self.schedule.due(instant)) > GRACE;
        let mut before = before;
        let mut made_up = 0;
        for entry in &decision.entries {
            if !matches!(entry.outcome, Outcome::Missed(_)) {
                made_up += usize::from(late(entry.first));
            }
            let right = match entry.outcome {
                Outcome::Start => before == Before::Ended || keeping.overlap == Overlap::Allow,
                Outcome::Replace => keeping.overlap == Overlap::CancelOldest && before == Before::UnderWay,
                Outcome::Queue => keeping.overlap == Overlap::Queue || keeping.catch_up == CatchUp::All,
                Outcome::Skipped => keeping.overlap == Overlap::Skip && before == Before::UnderWay,
                Outcome::Missed(why) => {
                    let by = match why {
                        Missed::NotCaughtUp => CatchUp::None,
                        Missed::Later => CatchUp::Latest,
                        Missed::TooMany => CatchUp::All,
                    };
                    late(entry.last) && keeping.catch_up == by
                }
            };
            if !right {
                return Err(format!(
                    "{entry:?} is not what was asked for at {} with one {before:?}",
                    self.now
                ));
            }
            if matches!(entry.outcome, Outcome::Start | Outcome::Replace | Outcome::Queue) {
                before = Before::UnderWay;
            }
        }
        let most = match keeping.catch_up {
            CatchUp::None => 0,
            CatchUp::Latest => 1,
            CatchUp::All => MADE_UP,
        };
        if made_up > most { Err(format!("{made_up} are made up for")) } else { Ok(()) }
    }

    /// Writes to the disk: each instant after the last, none left out, none twice.
    fn commit(&mut self, decision: &Decision) -> Result<(), String> {
        let mut last = self.accounted;
        for entry in &decision.entries {
            for _ in 0..entry.count {
                let next = self.schedule.timetable.next(last).ok_or("there is no such instant")?;
                if next < entry.first || next > entry.last {
                    return Err(format!("{next} is not accounted for: {entry:?}"));
                }
                if self.entries.insert(next, entry.outcome).is_some() {
                    return Err(format!("{next} is accounted for twice"));
                }
                if self.schedule.due(next) > self.now {
                    return Err(format!("{next} is decided at {}, before it is due", self.now));
                }
                last = next;
            }
            if last != entry.last {
                return Err(format!("{entry:?} ends at {last}"));
            }
            *self.seen.outcomes.entry(format!("{:?}", entry.outcome)).or_default() += 1;
        }
        self.accounted = decision.accounted;
        Ok(())
    }

    fn carry_out(&mut self, decision: &Decision) {
        for entry in &decision.entries {
            if matches!(entry.outcome, Outcome::Start | Outcome::Replace | Outcome::Queue) {
                *self.started.entry(entry.first).or_default() += 1;
                let lasts = self.length * self.below(3) as i32 + SignedDuration::from_secs(1);
                self.busy = self.now.checked_add(lasts).unwrap_or(Timestamp::MAX);
            }
        }
    }

    /// The time to wake is that of the next instant that is due, neither later nor earlier.
    fn awake(&self, wake: Option<Timestamp>) -> Result<(), String> {
        let next = self.schedule.timetable.next(self.accounted).map(|next| self.schedule.due(next));
        if wake == next { Ok(()) } else { Err(format!("it sleeps until {wake:?}, and {next:?} is due")) }
    }

    fn move_clock(&mut self, wake: Option<Timestamp>) {
        let some = |world: &mut World, most: i64| world.length * world.below(most as u64 + 1) as i32;
        let move_by = match self.below(12) {
            0..6 => {
                // It wakes a little late, as machines do.
                let late = SignedDuration::from_millis(self.below(1_500) as i64);
                wake.map_or(self.length, |wake| wake.duration_since(self.now)) + late
            }
            6..8 => some(self, 3),
            8 => {
                self.seen.leaps += 1;
                some(self, 300)
            }
            9 if self.below(150) == 0 => {
                self.seen.leaps += 1;
                some(self, 12_000)
            }
            9 => some(self, 30),
            10 => {
                self.seen.set_back += 1;
                -some(self, 100)
            }
            _ => {
                self.seen.set_back += 1;
                -SignedDuration::from_millis(self.below(5_000) as i64)
            }
        };
        self.now = self.now.checked_add(move_by).unwrap_or(self.now).max(self.enabled);
    }

    /// At the end: all instants up to the cursor are in the books once, and each run was started once.
    fn whole(&self) -> Result<(), String> {
        let mut last = enabled(self.enabled);
        for instant in self.entries.keys() {
            let next = self.schedule.timetable.next(last);
            if next != Some(*instant) {
                return Err(format!("after {last} comes {next:?}, and the books have {instant}"));
            }
            last = *instant;
        }
        if let Some(lost) = self.schedule.timetable.next(last).filter(|next| *next <= self.accounted) {
            return Err(format!("{lost} is lost"));
        }
        match self.started.iter().find(|(_, count)| **count > 1) {
            Some((instant, count)) => Err(format!("{instant} was started {count} times")),
            None => Ok(()),
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        below(&mut self.chance, bound)
    }
}

/// SplitMix64.
fn below(chance: &mut u64, bound: u64) -> u64 {
    *chance = chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *chance;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % bound.max(1)
}

/// A trigger, and about the time between two of its instants.
fn start(chance: &mut u64, enabled: Timestamp) -> (Start, SignedDuration) {
    let keeping = keeping(chance);
    let minutes = SignedDuration::from_mins;
    let crons = [
        ("* * * * *", minutes(1)),
        ("*/10 * * * * *", SignedDuration::from_secs(10)),
        ("*/7 * * * *", minutes(7)),
        ("0,30 1-3 * * *", minutes(240)),
        ("30 2 * * *", minutes(1440)),
        ("0 * * * *", minutes(60)),
        ("0 9 * * MON-FRI", minutes(2000)),
        ("0 0 L,13 * FRI#2", minutes(14_000)),
    ];
    let pick = below(chance, 12) as usize;
    if let Some((expression, length)) = crons.get(pick) {
        return (Start::Cron { schedule: (*expression).into(), keeping }, *length);
    }
    let from = match below(chance, 3) {
        0 => None,
        1 => Some(Moment::Exact(enabled + SignedDuration::from_millis(below(chance, 90_000_000) as i64))),
        _ => Some(Moment::Local(TimeZone::UTC.to_datetime(enabled))),
    };
    let lengths = [SignedDuration::from_millis(1_500), minutes(3), minutes(1440), minutes(10_080)];
    match pick {
        8 => {
            let time = Moment::Exact(enabled + minutes(below(chance, 3_000) as i64));
            (Start::At { time, timezone: None, catch_up: keeping.catch_up }, minutes(120))
        }
        _ => {
            let length = lengths[below(chance, 4) as usize];
            (Start::Every { length, from, keeping }, length)
        }
    }
}

fn keeping(chance: &mut u64) -> Keeping {
    let overlaps = [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::CancelOldest];
    let catching_up = [CatchUp::Latest, CatchUp::None, CatchUp::All];
    let jitters = [None, None, Some(SignedDuration::from_secs(20)), Some(SignedDuration::from_hours(1))];
    Keeping {
        timezone: None,
        overlap: overlaps[below(chance, 4) as usize],
        catch_up: catching_up[below(chance, 3) as usize],
        jitter: jitters[below(chance, 4) as usize],
    }
}
