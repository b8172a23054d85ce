//! What schedules cost: a service that starts and idles with a thousand of them, ten thousand at the same minute, a hundred
//! thousand over an hour. `cargo run --release -p tests --bin schedules`; `KEYWAY_REPORT` names the page to write.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};
use rustix::process::{Pid, Signal, kill_process};
use server::home::Home;
use server::owner::Owner;
use server::owner::deploy::Deployment;
use server::protocol::{Act, Reply, Request};
use tests::keyway::{Keyway, wait};
use tests::machine::{cpu_time_of, load, memory_of, peak_memory_of};
use tests::report::{Report, number};

/// How often a start is measured.
const STARTS: usize = 9;

fn main() -> Result<()> {
    let report = Report::begin("What schedules cost", "cargo run --release -p tests --bin schedules");
    let folder = tempfile::tempdir_in(tests::root().join("target"))?;
    let mut body = String::from("| What | Aim | Measured |\n| --- | --- | --- |\n");
    let mut row = |what: &str, aim: &str, measured: String| {
        println!("{what}: {measured}");
        body += &format!("| {what} | {aim} | {measured} |\n");
    };

    let some = number("KEYWAY_SOME", 1_000);
    let keyway = deployed(&folder.path().join("some"), some, |at| {
        // Once a day, none of them while it is measured.
        vec![format!("{} {} * * *", at % 60, (now_hour() + 2 + at % 20) % 24)]
    })?;
    let mut ready = vec![];
    for _ in 0..STARTS {
        let begun = Instant::now();
        let service = serve(&keyway)?;
        ready.push(begun.elapsed());
        stop(service)?;
    }
    ready.sort();
    row(
        &format!(
            "from the start of the process to `serving`, with {some} workflows, half of {STARTS} starts"
        ),
        "100 ms",
        format!("{:.0} ms, the longest {:.0} ms", millis(ready[STARTS / 2]), millis(ready[STARTS - 1])),
    );
    let service = serve(&keyway)?;
    std::thread::sleep(Duration::from_secs(5));
    let (clock, cpu) = (Instant::now(), cpu_time_of(service.id())?);
    std::thread::sleep(Duration::from_secs(number("KEYWAY_IDLE", 60)));
    let share = (cpu_time_of(service.id())? - cpu).as_secs_f64() / clock.elapsed().as_secs_f64() * 100.0;
    let memory = memory_of(service.id())? as f64 / 1e6;
    row(&format!("memory at rest with {some} schedules"), "30 MB", format!("{memory:.1} MB"));
    row(&format!("processor time at rest with {some} schedules"), "0.5 %", format!("{share:.2} %"));
    stop(service)?;

    let same = number("KEYWAY_SAME", 10_000);
    let keyway = deployed(&folder.path().join("same"), same / 10, |_| {
        // Ten texts for one time, since a trigger stands once in a workflow.
        (0..10).map(|at| format!("* * * * {}", days(at))).collect()
    })?;
    let service = serve(&keyway)?;
    let ticks = watch(&keyway, Duration::from_secs(125))?;
    let peak = peak_memory_of(service.id())?;
    stop(service)?;
    let minutes = ticks.iter().map(|tick| tick.instant).collect::<std::collections::BTreeSet<_>>();
    ensure!(ticks.len() as u64 == same * minutes.len() as u64, "{} of {minutes:?}", ticks.len());
    row(
        &format!("{same} schedules at the same minute, {} times: started once each", minutes.len()),
        "all",
        format!("{} starts", ticks.len()),
    );
    let ends: Vec<Duration> = ticks.iter().filter_map(|tick| tick.ended).collect();
    row("until the last of them has ended", "", format!("{:.2} s", longest(&ends).as_secs_f64()));
    row("peak memory", "", format!("{:.0} MB", peak as f64 / 1e6));

    let many = number("KEYWAY_MANY", 100_000);
    let keyway = deployed(&folder.path().join("many"), many / 10, |at| {
        // Once an hour each, as many in each second.
        (0..10)
            .map(|place| (at * 10 + place) % 3_600)
            .map(|it| format!("{} {} * * * *", it % 60, it / 60))
            .collect()
    })?;
    let begun = Instant::now();
    let service = serve(&keyway)?;
    row(
        &format!("from the start of the process to `serving`, with {many} schedules"),
        "",
        format!("{:.1} s", begun.elapsed().as_secs_f64()),
    );
    // What was missed meanwhile is not on time.
    std::thread::sleep(Duration::from_secs(5));
    let since = Timestamp::now();
    let cpu = cpu_time_of(service.id())?;
    let ticks = watch(&keyway, Duration::from_secs(number("KEYWAY_WATCHED", 60)))?;
    let cpu = cpu_time_of(service.id())? - cpu;
    let memory = memory_of(service.id())?;
    stop(service)?;
    let mut late: Vec<Duration> =
        ticks.iter().filter(|tick| tick.instant > since).map(|tick| tick.late).collect();
    late.sort();
    ensure!(late.len() > 100, "{} starts", late.len());
    row(
        &format!(
            "{many} schedules over an hour: from the time to the start in the log, of {} starts",
            late.len()
        ),
        "100 ms",
        format!(
            "half {:.1} ms, 99 % {:.1} ms, the longest {:.1} ms",
            millis(late[late.len() / 2]),
            millis(late[late.len() * 99 / 100]),
            millis(longest(&late))
        ),
    );
    row("memory with them", "", format!("{:.0} MB", memory as f64 / 1e6));
    row("processor time meanwhile", "", format!("{:.1} s", cpu.as_secs_f64()));
    body += &format!("\nLoad of the machine at the end: {}.\n", load());
    report.tell(&body);
    Ok(())
}

/// A start by a schedule.
struct Tick {
    instant: Timestamp,
    /// From the instant to the start.
    late: Duration,
    /// From the instant to the end.
    ended: Option<Duration>,
}

/// A data directory with so many workflows, whose triggers come at these times.
fn deployed(data: &Path, count: u64, times: impl Fn(u64) -> Vec<String>) -> Result<Keyway> {
    let home = Home::new(data);
    let tokio = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    tokio.block_on(async {
        let owner = Owner::open(&home, home.own()?.context("nobody else has it")?)?;
        for at in 0..count {
            let triggers: Vec<String> = times(at).iter().map(|time| format!("{{ cron: \"{time}\" }}")).collect();
            let text = format!(
                "name: w{at}\ntriggers: [{}]\nsteps: {{ a: {{ set: {{ b: 1 }} }} }}\noutput: \"{{{{ steps.a.b }}}}\"\n",
                triggers.join(", ")
            );
            let (file, files) = (data.join(format!("w{at}.yaml")), data.join("files"));
            let reply = owner.handle(&Request::Deploy(Deployment { file, text, files, by: "bench".into(), act: Act::Do, enabled: None }));
            ensure!(matches!(reply, Ok(Reply::Deployed(_))), "{reply:?}");
        }
        Ok(Keyway::at(data))
    })
}

/// Starts a service, and waits until it says that it serves.
fn serve(keyway: &Keyway) -> Result<Child> {
    let mut command = keyway.command(&["serve"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
    let mut lines = BufReader::new(child.stderr.take().context("it is piped")?).lines();
    let first = lines.next().context("the service says nothing")??;
    ensure!(first.starts_with("serving"), "{first}");
    // What it says later is read, so that it can be said.
    std::thread::spawn(move || lines.for_each(drop));
    Ok(child)
}

fn stop(service: Child) -> Result<()> {
    kill_process(Pid::from_child(&service), Signal::TERM)?;
    let answer = wait(service);
    ensure!(answer.code == Some(0), "{answer:?}");
    Ok(())
}

/// The starts of that time.
fn watch(keyway: &Keyway, time: Duration) -> Result<Vec<Tick>> {
    let since = Timestamp::now();
    std::thread::sleep(time);
    let file = Home::new(&keyway.data).database();
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let mut select = connection.prepare(
        "SELECT instant, started, ended FROM ticks JOIN runs ON runs.id = ticks.run
         WHERE outcome = 'started' AND instant > ?1",
    )?;
    let since = i64::try_from(since.as_nanosecond())?;
    let rows = select.query_map([since], |row| {
        let (instant, started, ended): (i64, i64, Option<i64>) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let from = |time: i64| Duration::from_nanos(u64::try_from(time - instant).unwrap_or(0));
        let at = Timestamp::from_nanosecond(instant.into()).unwrap_or(Timestamp::UNIX_EPOCH);
        Ok(Tick { instant: at, late: from(started), ended: ended.map(from) })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Every day of the week, said in another way each time.
fn days(at: u64) -> String {
    ["*", "0-6", "SUN-SAT", "0,1-6", "0-1,2-6", "0-2,3-6", "0-3,4-6", "0-4,5-6", "0-5,6", "*/1"]
        [usize::try_from(at).unwrap_or(0)]
    .into()
}

fn now_hour() -> u64 {
    u64::try_from(Timestamp::now().as_second() / 3_600 % 24).unwrap_or(0)
}

fn longest(times: &[Duration]) -> Duration {
    times.iter().max().copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
