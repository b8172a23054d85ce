//! `keyway serve` on a clock that is set: by 1 s to 1 year, forward and back; beside a process that stands still for an hour;
//! and a month of its schedules, minute by minute, with kills in between. Each time stands in the books once, and what
//! they say was started is there.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tests::chance::Chance;
use tests::clock::Clock;
use tests::keyway::{Answer, Keyway, binary, finish, wait};
use tests::report::{Report, number};
use tests::ticks::{Beat, Times, blind, judge, table};

const MINUTE: i64 = 60 * 1_000_000_000;

const BELL: &str = "name: bell\nsteps: { a: { set: { b: 1 } } }\noutput: \"{{ steps.a.b }}\"\n";

/// A service on a clock of its own.
struct Machine {
    keyway: Keyway,
    clock: Clock,
    service: Option<Child>,
    folder: PathBuf,
}

impl Machine {
    fn new(folder: &Path) -> Option<Machine> {
        let clock = Clock::new(folder)?;
        // It may have to be built, which takes time that the clock would show.
        binary();
        let keyway = Keyway::at(folder.join("data"));
        Some(Machine { keyway, clock, service: None, folder: folder.to_owned() })
    }

    fn run(&self, arguments: &[&str]) -> Answer {
        let mut command = self.keyway.command(arguments);
        self.clock.give(&mut command);
        let answer = finish(command);
        assert_eq!(answer.code, Some(0), "{arguments:?}: {answer:?}");
        answer
    }

    fn deploy(&self, texts: &[&str]) {
        for text in texts {
            let file = self.folder.join("workflow.yaml");
            std::fs::write(&file, text).expect("a file of ours");
            self.run(&["deploy", &file.to_string_lossy(), "--yes"]);
        }
    }

    fn serve(&mut self) {
        let mut command = self.keyway.command(&["serve"]);
        self.clock.give(&mut command);
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        self.service = Some(command.spawn().expect("`keyway` starts"));
        let end = Instant::now() + Duration::from_secs(30);
        while UnixStream::connect(self.socket()).is_err() {
            assert!(Instant::now() < end, "the service does not listen");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn end(&mut self, signal: Signal) -> Answer {
        let child = self.service.take().expect("it was started");
        kill_process(Pid::from_child(&child), signal).expect("a child that was not waited for has a process");
        wait(child)
    }

    fn kill(&mut self) {
        let answer = self.end(Signal::KILL);
        assert_eq!(answer.code, None, "it went on until it was killed: {answer:?}");
    }

    fn socket(&self) -> PathBuf {
        self.keyway.data.join("keyway.sock")
    }

    fn database(&self) -> PathBuf {
        self.keyway.data.join("keyway.db")
    }

    /// Has what is due decided, as before every change to a workflow. It changes nothing.
    fn ring(&self) {
        let mut stream = UnixStream::connect(self.socket()).expect("the service listens");
        let line = json!({ "do": "put", "workflow": "bell", "wish": "enable" });
        writeln!(stream, "{line}").expect("it reads");
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).expect("it answers");
        assert!(answer.contains("deployed"), "{answer}");
    }

    /// The instant up to which a schedule is accounted for.
    fn accounted(&self, workflow: &str) -> Timestamp {
        let connection = Connection::open_with_flags(self.database(), OpenFlags::SQLITE_OPEN_READ_ONLY);
        let sql = "SELECT accounted FROM schedules WHERE workflow = ?1";
        let accounted: i64 = connection
            .expect("the database is there")
            .query_row(sql, [workflow], |row| row.get(0))
            .expect("a schedule that is kept");
        Timestamp::from_nanosecond(accounted.into()).expect("a time")
    }

    fn unfinished(&self) -> i64 {
        let connection = Connection::open_with_flags(self.database(), OpenFlags::SQLITE_OPEN_READ_ONLY);
        let sql = "SELECT count(*) FROM runs WHERE ended IS NULL";
        connection.expect("the database is there").query_row(sql, [], |row| row.get(0)).expect("a count")
    }

    /// Waits until schedules are accounted for up to less than their lengths before now; says how long that took.
    fn caught_up(&self, beats: &[Beat<'_>]) -> Duration {
        let began = Instant::now();
        for beat in beats {
            let (Times::Clock(length) | Times::Enabling(length)) = beat.times else { continue };
            let length = SignedDuration::from_nanos(length);
            while self.clock.now().duration_since(self.accounted(beat.workflow)) > length {
                assert!(began.elapsed() < Duration::from_secs(60), "`{}` stays behind", beat.workflow);
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        began.elapsed()
    }

    /// Ends all that is under way, and the service; gives what is wrong and what became of the times.
    fn settle(&mut self, beats: &[Beat<'_>], latest: Timestamp) -> (Vec<String>, tests::ticks::Counted) {
        self.clock.set(latest + SignedDuration::from_hours(3));
        self.caught_up(beats);
        for beat in beats {
            self.run(&["disable", beat.workflow]);
        }
        // What waits for others begins after them, and takes its time from then on.
        let end = Instant::now() + Duration::from_secs(60);
        while self.unfinished() > 0 {
            assert!(Instant::now() < end, "{} runs do not end", self.unfinished());
            self.clock.jump(SignedDuration::from_hours(2));
            std::thread::sleep(Duration::from_millis(1200));
        }
        let answer = self.end(Signal::TERM);
        assert_eq!(answer.code, Some(0), "{answer:?}");
        judge(&self.database(), beats).expect("the database can be read")
    }
}

const JUMPING: [&str; 4] = [
    BELL,
    "name: every\ntriggers: [{ every: 3m, catch_up: all }]\nsteps: { a: { set: { b: 1 } } }\noutput: \"{{ steps.a.b }}\"\n",
    "name: cron\ntriggers: [{ cron: \"*/5 * * * *\", overlap: allow }]\nsteps: { a: { wait: 30s } }\n",
    "name: queue\ntriggers: [{ cron: \"0 * * * *\", overlap: queue, catch_up: none }]\nsteps: { a: { wait: 50m } }\n",
];

const BEATS: [Beat<'static>; 3] = [
    Beat { workflow: "every", times: Times::Enabling(3 * MINUTE) },
    Beat { workflow: "cron", times: Times::Clock(5 * MINUTE) },
    Beat { workflow: "queue", times: Times::Clock(60 * MINUTE) },
];

#[test]
fn wherever_the_clock_jumps_each_time_is_accounted_for_once() {
    let jumps = number("KEYWAY_JUMPS", 12);
    let report =
        Report::begin("Jumps of the clock", "cargo test -p tests --test clock wherever_the_clock_jumps");
    let (mut chance, seed) = Chance::from_env("KEYWAY_SEED");
    println!("seed {seed}");
    let began = Instant::now();
    let folder = tempfile::tempdir().expect("a folder");
    let Some(mut machine) = Machine::new(folder.path()) else { return };
    let start = machine.clock.now();
    machine.deploy(&JUMPING);
    machine.serve();
    let (mut kills, mut back, mut latest, mut noticed) = (0, 0, start, vec![]);
    for _ in 0..jumps {
        let most = [5, 60, 3_600, 86_400, 20 * 86_400, 365 * 86_400][chance.below(6) as usize];
        let mut by = SignedDuration::from_secs(1 + chance.below(most) as i64);
        // Years stay such as a clock may show.
        if chance.below(5) < 2 && machine.clock.now() - by > start - SignedDuration::from_hours(20 * 8_766) {
            by = -by;
            back += 1;
        }
        let killed = chance.percent(20);
        if killed && chance.percent(50) {
            machine.kill();
        }
        machine.clock.jump(by);
        latest = latest.max(machine.clock.now());
        if killed {
            // Or within what the jump has made due.
            if machine.service.is_some() {
                std::thread::sleep(Duration::from_micros(900_000 + chance.below(300_000)));
                machine.kill();
            }
            kills += 1;
            machine.serve();
        }
        let took = machine.caught_up(&BEATS);
        if by.is_positive() && !killed {
            noticed.push(took);
        }
        std::thread::sleep(Duration::from_micros(chance.below(200_000)));
    }
    let (wrong, counted) = machine.settle(&BEATS, latest);
    noticed.sort();
    let most = noticed.last().copied().unwrap_or_default();
    report.tell(&format!(
        "The clock of `keyway serve` jumped {jumps} times by 1 s to 1 year, {back} of them back, and the process was killed \
         {kills} times before or after a jump (seed {seed}, {:.0} s). After a jump forward all schedules were accounted for \
         within {:.2} s at the most. Times that are wrong: {}. What became of them:\n\n{}",
        began.elapsed().as_secs_f64(),
        most.as_secs_f64(),
        wrong.len(),
        table(&counted)
    ));
    assert_eq!(wrong, Vec::<String>::new());
    assert!(counted.get("started").is_some_and(|started| *started > 0), "{counted:?}");
    assert!(most < Duration::from_secs(20), "{most:?}");
    assert_eq!(blind(&machine.database(), &BEATS).expect("a copy can be judged"), Vec::<&str>::new());
}

#[test]
fn after_an_hour_of_standing_still_it_is_told_what_was_missed() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(mut machine) = Machine::new(folder.path()) else { return };
    // Ten minutes before a whole hour.
    machine.clock.set("2027-02-03T09:50:00Z".parse().expect("a time"));
    machine.deploy(&JUMPING);
    machine.serve();
    let service = Pid::from_child(machine.service.as_ref().expect("it was started"));
    kill_process(service, Signal::STOP).expect("it is there");
    machine.clock.jump(SignedDuration::from_mins(70));
    kill_process(service, Signal::CONT).expect("it is there");
    machine.caught_up(&BEATS);
    let at =
        |time: &str| machine.run(&["why-not", "queue", "--at", time, "--json"]).json()[0]["decided"].take();
    let missed = at("2027-02-03T10:00:00Z");
    assert_eq!(missed["outcome"], "not_caught_up", "{missed}");
    let latest = at("2027-02-03T11:00:00Z");
    assert_eq!(latest["outcome"], "started", "{latest}");
    let now = machine.clock.now();
    let (wrong, counted) = machine.settle(&BEATS, now);
    assert_eq!(wrong, Vec::<String>::new());
    // All 23 of the one that makes up for everything, and one of those that want the latest.
    assert!(counted["started"] >= 25, "{counted:?}");
    assert!(counted["later_one_served"] >= 12, "{counted:?}");
}

const MONTH: [&str; 6] = [
    BELL,
    "name: cron\ntriggers: [{ cron: \"*/5 * * * *\", overlap: allow }]\nsteps: { a: { wait: 30s } }\n",
    "name: every\ntriggers: [{ every: 7m, catch_up: all }]\nsteps: { a: { set: { b: 1 } } }\noutput: \"{{ steps.a.b }}\"\n",
    "name: queue\ntriggers: [{ cron: \"0 * * * *\", overlap: queue }]\nsteps: { a: { wait: 50m } }\n",
    "name: fails\ntriggers: [{ cron: \"0 */2 * * *\" }]\nsteps: { a: { fail: always } }\n",
    "name: daily\ntriggers: [{ cron: \"30 2 * * *\", timezone: Europe/Berlin, catch_up: all }]\n\
     steps: { a: { set: { b: 1 } } }\noutput: \"{{ steps.a.b }}\"\n",
];

/// Half past two in Berlin, and the moment behind the gap in the night whose clocks skip it.
fn nights(days: i64) -> Vec<i64> {
    let berlin = jiff::tz::TimeZone::get("Europe/Berlin").expect("it is in the data");
    let first: Date = "2027-03-27".parse().expect("a day");
    let night = |day: i64| {
        let date = first.checked_add(day.days()).expect("a day");
        let (hour, minute) = if day == 1 { (3, 0) } else { (2, 30) };
        let time = date.at(hour, minute, 0, 0).to_zoned(berlin.clone()).expect("it is on the clock");
        i64::try_from(time.timestamp().as_nanosecond()).expect("it is before 2262")
    };
    (0..days).map(night).collect()
}

#[test]
fn a_month_of_schedules_with_kills_starts_each_time_once_or_accounts_for_it() {
    let days = i64::try_from(number("KEYWAY_DAYS", 2)).expect("some days");
    let report =
        Report::begin("A month of schedules", "cargo test -p tests --test clock a_month_of_schedules");
    let (mut chance, seed) = Chance::from_env("KEYWAY_SEED");
    println!("seed {seed}");
    let began = Instant::now();
    let folder = tempfile::tempdir().expect("a folder");
    let Some(mut machine) = Machine::new(folder.path()) else { return };
    // In the second night the clocks of Berlin go forward.
    let start: Timestamp = "2027-03-27T00:00:00Z".parse().expect("a time");
    let end = start + SignedDuration::from_hours(24 * days);
    machine.clock.set(start);
    machine.deploy(&MONTH);
    machine.serve();
    let (mut kills, mut away) = (0, SignedDuration::ZERO);
    while machine.clock.now() < end {
        // To just behind the next time that is a multiple of five or of seven minutes away: nothing is due in between.
        let gone = machine.clock.now().duration_since(start).as_secs();
        let next = [300, 420].map(|length| (gone / length + 1) * length).into_iter().min().unwrap_or(gone);
        machine.clock.set(start + SignedDuration::from_secs(next + 40));
        machine.ring();
        if chance.below(100) == 0 {
            machine.kill();
            let gone = SignedDuration::from_secs(chance.below(3 * 3_600) as i64);
            machine.clock.jump(gone);
            away += gone;
            kills += 1;
            machine.serve();
        }
    }
    let latest = machine.clock.now();
    let nights = nights(days + 9);
    let beats = [
        Beat { workflow: "cron", times: Times::Clock(5 * MINUTE) },
        Beat { workflow: "every", times: Times::Enabling(7 * MINUTE) },
        Beat { workflow: "queue", times: Times::Clock(60 * MINUTE) },
        Beat { workflow: "fails", times: Times::Clock(120 * MINUTE) },
        Beat { workflow: "daily", times: Times::Listed(&nights) },
    ];
    let (wrong, counted) = machine.settle(&beats, latest);
    report.tell(&format!(
        "{days} days of `keyway serve` on a clock that was moved from one time of a schedule to the next, from 2027-03-27 on, with the \
         night in which Berlin skips an hour: a schedule each five minutes with runs of 30 s, one each seven minutes, one each hour whose runs \
         take 50 minutes and queue, one each two hours that always fails, one each night at half past two in Berlin. {kills} kills, \
         after each of which nothing ran for up to three hours, {:.0} h in all (seed {seed}, {:.0} s). Times that are wrong: {}. \
         What became of them:\n\n{}",
        away.as_secs_f64() / 3_600.0,
        began.elapsed().as_secs_f64(),
        wrong.len(),
        table(&counted)
    ));
    assert_eq!(wrong, Vec::<String>::new());
    assert_eq!(blind(&machine.database(), &beats).expect("a copy can be judged"), Vec::<&str>::new());
}
