//! Kills the binary at random moments of a workflow with effects, resumes it, and judges what came of it.
//!
//! `KEYWAY_KILLS` says how many kills (100), `KEYWAY_SEED` repeats a campaign's choices.

use std::collections::BTreeMap;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tests::chance::Chance;
use tests::effects::{Moment, Service};
use tests::evidence::{RunSeen, forget_last_row, look};
use tests::keyway::{Answer, Keyway, binary, wait};
use tests::report::Report;
use tests::verdict::{Kill, Window, judge_keyed, judge_once};

/// How often each window must be hit in a hundred kills.
const WANTED_PERCENT: u64 = 5;
const KILLS_OF_A_RUN: u64 = 5;

/// Effects that are keyed, in each kind of block, with a retry, waits, a signal, an approval, a run that is called and
/// a failure that is caught.
fn keyed(url: &str) -> String {
    let http = |step: &str, more: &str| {
        format!(
            "{{ method: POST, url: \"{url}\", idempotency: Idempotency-Key, json: {{ step: \"{step}\"{more} }} }}"
        )
    };
    format!(
        r#"name: keyed
steps:
  first: {{ http: {first} }}
  orders:
    after: first
    for_each: [2, 3, 5, 7, 11, 13]
    as: order
    parallel: 3
    steps:
      charge: {{ http: {charge} }}
      pause: {{ after: charge, wait: 8ms }}
      ship: {{ after: pause, http: {ship} }}
    output: {{ order: "{{{{ order }}}}", receipt: "{{{{ steps.charge.body.receipt }}}}", ship: "{{{{ steps.ship.status }}}}" }}
  shaky:
    after: first
    http: {shaky}
    retry: {{ attempts: 4, delay: 15ms, factor: 1 }}
  pause: {{ after: orders, wait: 25ms }}
  route:
    after: pause
    switch: steps.first.status
    cases:
      200: {{ label: {{ http: {label} }} }}
    default: {{ label: {{ fail: "the service said something else" }} }}
  safe:
    after: pause
    try: {{ get: {{ http: {get}, retry: 1 }} }}
    catch: {{ spare: {{ http: {spare} }} }}
    finally: {{ log: {{ http: {log} }} }}
  poll:
    after: first
    repeat: 3
    until: round >= 2
    every: 5ms
    steps: {{ ask: {{ http: {ask} }} }}
  packed: {{ wait: {{ signal: packed }} }}
  tell: {{ after: orders, emit: {{ signal: packed, with: 6 }} }}
  agree: {{ after: pause, approve: {{ message: "Send the last?", timeout: 20ms, on_timeout: approve }} }}
  courier: {{ after: pause, call: courier, with: {{ parcel: 7 }} }}
  last:
    after: [shaky, route, safe, poll, tell, agree, courier]
    http: {last}
output:
  orders: "{{{{ steps.orders }}}}"
  packed: "{{{{ steps.packed }}}}"
  courier: "{{{{ steps.courier }}}}"
  last: "{{{{ steps.last.body.receipt }}}}"
"#,
        first = http("first", ", delay: 6"),
        charge = http("orders[{{ index }}].charge", ", delay: 5"),
        ship = http("orders[{{ index }}].ship", ", delay: 3"),
        shaky = http("shaky", ", delay: 4, flaky: true"),
        label = http("route.label", ", delay: 2"),
        get = http("safe.get", ", status: 422"),
        spare = http("safe.spare", ", delay: 4"),
        log = http("safe.log", ""),
        ask = http("poll[{{ round }}].ask", ", delay: 2"),
        last = http("last", ", delay: 5"),
    )
}

/// The workflow that it calls.
fn courier(url: &str) -> String {
    let http = |step: &str, delay: u32| {
        format!(
            "{{ method: POST, url: \"{url}\", idempotency: Idempotency-Key, json: {{ step: \"{step}\", delay: {delay} }} }}"
        )
    };
    format!(
        "name: courier\ninputs: {{ parcel: integer }}\nsteps:\n  fetch: {{ http: {} }}\n  \
         pause: {{ after: fetch, wait: 6ms }}\n  deliver: {{ after: pause, http: {} }}\n\
         output: \"{{{{ inputs.parcel }}}} {{{{ steps.deliver.body.receipt }}}}\"\n",
        http("courier.fetch", 4),
        http("courier.deliver", 4),
    )
}

/// How often each step of it has its effect.
fn keyed_effects() -> BTreeMap<String, u64> {
    let once = [
        "first",
        "shaky",
        "route.label",
        "safe.spare",
        "safe.log",
        "poll[1].ask",
        "poll[2].ask",
        "courier.fetch",
        "courier.deliver",
        "last",
    ];
    let mut effects: BTreeMap<String, u64> = once.map(|step| (step.to_owned(), 1)).into();
    effects.insert("safe.get".into(), 0);
    for index in 0..6 {
        effects.insert(format!("orders[{index}].charge"), 1);
        effects.insert(format!("orders[{index}].ship"), 1);
    }
    effects
}

/// Effects without a key: what was cut off must not be repeated.
fn once(url: &str) -> String {
    let http = |step: &str, delay: u32| {
        format!("{{ method: POST, url: \"{url}\", json: {{ step: \"{step}\", delay: {delay} }} }}")
    };
    format!(
        "name: once\nsteps:\n  one: {{ http: {}, on_doubt: fail }}\n  pause: {{ after: one, wait: 20ms }}\n\
         \x20 two: {{ after: pause, http: {}, on_doubt: fail }}\n  beside: {{ after: pause, http: {}, on_doubt: fail }}\n\
         \x20 rest: {{ after: [two, beside], wait: 20ms }}\n  last: {{ after: rest, http: {}, on_doubt: fail }}\n",
        http("one", 6),
        http("two", 4),
        http("beside", 9),
        http("last", 5),
    )
}

/// When a process is to be killed.
#[derive(Clone, Copy, Debug)]
enum Aim {
    /// So long after it was started.
    AfterStart(Duration),
    /// So long after something was seen at the service.
    After(Moment, Duration),
}

/// One data directory, one service, one run, and the kills that fell on it.
struct World {
    folder: TempDir,
    keyway: Keyway,
    service: Service,
    kills: Vec<Kill>,
    /// True if a process ended before its kill, and so brought the run to its end.
    ended: bool,
}

/// What came of a process.
enum Fate {
    Killed,
    Ended(Answer),
}

impl World {
    fn new(workflow: impl Fn(&str) -> String) -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let keyway = Keyway::at(folder.path().join("data"));
        let service = Service::start().expect("a port");
        let file = folder.path().join("workflow.yaml");
        std::fs::write(file, workflow(&service.url("/do"))).expect("a file in a folder of ours");
        let file = folder.path().join("courier.yaml");
        std::fs::write(file, courier(&service.url("/do"))).expect("a file in a folder of ours");
        World { folder, keyway, service, kills: vec![], ended: false }
    }

    fn seen(&self) -> Option<RunSeen> {
        look(&self.keyway).expect("the database can be read after a kill")
    }

    /// Starts `run` the first time and `resume` after that, kills it at the moment, and looks at what it left.
    fn live(&mut self, aim: Option<Aim>) -> Fate {
        let resuming = self.service.next_life() > 1;
        let life = self.service.life();
        let rows_before = if resuming { self.seen().map_or(0, |seen| seen.rows) } else { 0 };
        let file = self.folder.path().join("workflow.yaml");
        let arguments = match resuming {
            true => vec!["resume".as_ref(), "--allow-private".as_ref()],
            false => vec!["run".as_ref(), file.as_os_str(), "--json".as_ref(), "--allow-private".as_ref()],
        };
        let mut command = self.keyway.command(&arguments);
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("`keyway` starts");
        let Some(aim) = aim else { return Fate::Ended(wait(child)) };
        self.await_aim(aim, &mut child);
        if child.try_wait().is_ok_and(|status| status.is_some()) {
            return Fate::Ended(wait(child));
        }
        let at = Instant::now();
        let pid = Pid::from_child(&child);
        // Frozen first: what it had open can be seen, and nothing of it moves any more.
        kill_process(pid, Signal::STOP).expect("a child that was not waited for has a process");
        let opened = has_open(pid, "keyway.db");
        kill_process(pid, Signal::KILL).expect("a child that was not waited for has a process");
        let answer = wait(child);
        if answer.code.is_some() {
            return Fate::Ended(answer);
        }
        self.service.drain().expect("a killed process has no connection");
        let seen = self.seen();
        let listed = self.keyway.run(&["runs", "--json"]);
        assert_eq!(listed.code, Some(0), "`runs` works whatever a kill left: {listed:?}");
        self.kills.push(Kill { at, life, resuming, opened, rows_before, seen });
        Fate::Killed
    }

    fn await_aim(&self, aim: Aim, child: &mut Child) {
        let delay = match aim {
            Aim::AfterStart(delay) => delay,
            Aim::After(moment, delay) => {
                let ended = || child.try_wait().is_ok_and(|status| status.is_some());
                self.service.wait_for(moment, Duration::from_secs(60), ended);
                delay
            }
        };
        pause(delay);
    }

    fn window(&self) -> Window {
        self.kills.last().expect("there was a kill").window(&self.service.requests())
    }
}

/// Waits as exactly as this machine can.
fn pause(delay: Duration) {
    let end = Instant::now() + delay;
    if let Some(long) = delay.checked_sub(Duration::from_millis(2)) {
        std::thread::sleep(long);
    }
    while Instant::now() < end {
        std::thread::yield_now();
    }
}

fn has_open(pid: Pid, name: &str) -> bool {
    let folder = format!("/proc/{}/fd", pid.as_raw_nonzero());
    let links = std::fs::read_dir(folder).into_iter().flatten().flatten();
    links.filter_map(|link| std::fs::read_link(link.path()).ok()).any(|file| file.ends_with(name))
}

/// Where kills have fallen so far, and how the next one is aimed.
struct Campaign {
    chance: Chance,
    hits: BTreeMap<Window, u64>,
    opened_before_start: u64,
    repeats: u64,
    worlds: u64,
    doubts: u64,
    /// From the start of a process to its first request.
    until_first: Duration,
    /// From the start of a process to its end.
    whole: Duration,
}

impl Campaign {
    fn kills(&self) -> u64 {
        self.hits.values().sum()
    }

    /// Windows that have had fewer than their share.
    fn wanting(&self, kills: u64) -> Vec<Window> {
        let share = (kills * WANTED_PERCENT).div_ceil(100);
        Window::WANTED.into_iter().filter(|it| self.hits.get(it).copied().unwrap_or(0) < share).collect()
    }

    /// Draws the next moment. Half of them are uniform over the life of the process; the others lie near an
    /// edge, in the window that has had fewest.
    fn aim(&mut self, resuming: bool) -> Aim {
        let micros = |chance: &mut Chance, most: u64| Duration::from_micros(chance.below(most));
        let (first, whole) = (self.until_first.as_micros() as u64, self.whole.as_micros() as u64);
        if self.chance.percent(50) {
            return Aim::AfterStart(micros(&mut self.chance, whole));
        }
        let open: Vec<Window> = Window::WANTED
            .into_iter()
            .filter(|window| match window {
                Window::BeforeStart => !resuming,
                Window::Recovery => resuming,
                Window::InFlight | Window::Answered | Window::Between | Window::Idle | Window::Ended => true,
            })
            .collect();
        let rarest = open.into_iter().min_by_key(|window| self.hits.get(window).copied().unwrap_or(0));
        let nth = 1 + self.chance.below(8) as usize;
        match rarest.unwrap_or(Window::Between) {
            Window::BeforeStart => Aim::AfterStart(micros(&mut self.chance, first)),
            Window::Recovery | Window::Idle => {
                Aim::AfterStart(Duration::from_micros(first / 2) + micros(&mut self.chance, first / 2))
            }
            Window::InFlight => Aim::After(Moment::Arrived(nth), micros(&mut self.chance, 5_000)),
            Window::Answered => Aim::After(Moment::Answered(nth), micros(&mut self.chance, 700)),
            Window::Between | Window::Ended => {
                Aim::After(Moment::Answered(nth), Duration::from_millis(3) + micros(&mut self.chance, 25_000))
            }
        }
    }

    /// One run, killed several times and then brought to its end.
    fn world(&mut self, workflow: impl Fn(&str) -> String) -> World {
        let mut world = World::new(workflow);
        self.worlds += 1;
        let most = 1 + self.chance.below(KILLS_OF_A_RUN);
        for turn in 0..most {
            let aim = self.aim(turn > 0);
            if matches!(world.live(Some(aim)), Fate::Ended(_)) {
                world.ended = true;
                break;
            }
            let window = world.window();
            *self.hits.entry(window).or_default() += 1;
            self.opened_before_start += u64::from(
                window == Window::BeforeStart && world.kills.last().is_some_and(|kill| kill.opened),
            );
        }
        world
    }
}

/// Measures a run without kills, so that moments are drawn over its real length.
fn calibrate(workflow: impl Fn(&str) -> String) -> (Duration, Duration) {
    let mut world = World::new(workflow);
    let start = Instant::now();
    let Fate::Ended(answer) = world.live(None) else { unreachable!("nothing kills it") };
    let whole = start.elapsed();
    assert_eq!(answer.code, Some(0), "the workflow works without kills: {answer:?}");
    let first = world.service.requests().first().expect("it asks").arrived - start;
    assert_eq!(judge_keyed(&world.service.requests(), &[], &keyed_effects()), Vec::<String>::new());
    (first, whole)
}

fn finish_keyed(world: &mut World) -> Vec<String> {
    let committed = world.kills.iter().any(|kill| kill.seen.is_some());
    let Fate::Ended(answer) = world.live(None) else { unreachable!("nothing kills it") };
    let mut broken = vec![];
    if answer.code != Some(0) {
        broken.push(format!("`resume` failed: {answer:?}"));
    }
    let requests = world.service.requests();
    let Some(seen) = world.seen() else {
        if committed || !requests.is_empty() {
            broken.push("the run is gone".into());
        }
        return broken;
    };
    if seen.status != "succeeded" {
        broken.push(format!("the run is {} ({:?})", seen.status, seen.error_kind));
    }
    broken.extend(judge_keyed(&requests, &world.kills, &keyed_effects()));
    broken.extend(judge_output(world, &seen.run));
    broken
}

/// The output holds what the service answered, item by item, in their order.
fn judge_output(world: &World, run: &str) -> Vec<String> {
    let output = world.keyway.run(&["show", run, "--json"]).json()["output"].clone();
    let orders = [2, 3, 5, 7, 11, 13].into_iter().enumerate();
    let orders = orders.map(|(index, order)| {
        serde_json::json!({ "order": order, "receipt": format!("done orders[{index}].charge"), "ship": 200 })
    });
    let wanted = serde_json::json!({
        "orders": orders.collect::<Vec<_>>(),
        "packed": 6,
        "courier": "7 done courier.deliver",
        "last": "done last",
    });
    if output == wanted { vec![] } else { vec![format!("the output is {output}")] }
}

fn finish_once(world: &mut World) -> Vec<String> {
    let committed = world.kills.iter().any(|kill| kill.seen.is_some());
    let Fate::Ended(answer) = world.live(None) else { unreachable!("nothing kills it") };
    let requests = world.service.requests();
    let Some(last) = world.seen() else {
        let gone = committed || !requests.is_empty();
        return if gone { vec!["the run is gone".into()] } else { vec![] };
    };
    let mut broken = judge_once(&requests, &world.kills, &last);
    // A run that had ended before is not taken up again, whatever its end was.
    let ended_before =
        world.ended || world.kills.last().and_then(|kill| kill.seen.as_ref()).is_some_and(RunSeen::ended);
    let wanted = i32::from(last.status != "succeeded" && !ended_before);
    if answer.code != Some(wanted) {
        broken.push(format!("`resume` should exit with {wanted}: {answer:?}"));
    }
    broken
}

#[test]
fn killed_at_any_moment_it_finishes_and_repeats_nothing() {
    let kills: u64 = std::env::var("KEYWAY_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(100);
    let (chance, seed) = Chance::from_env("KEYWAY_SEED");
    println!("seed {seed}");
    let report = Report::begin("Killed at random moments", "cargo test -p tests --test kill");
    // It may have to be built first, which is not part of any life.
    binary();
    let start = Instant::now();
    let (until_first, whole) = calibrate(keyed);
    let mut campaign = Campaign {
        chance,
        hits: BTreeMap::new(),
        opened_before_start: 0,
        repeats: 0,
        worlds: 0,
        doubts: 0,
        until_first,
        whole,
    };
    while campaign.kills() < kills || !campaign.wanting(kills).is_empty() {
        assert!(campaign.kills() < 4 * kills, "some windows are not hit: {:?}", campaign.hits);
        let is_keyed = campaign.chance.percent(75);
        let mut world = campaign.world(if is_keyed { keyed } else { once });
        let broken = if is_keyed { finish_keyed(&mut world) } else { finish_once(&mut world) };
        let requests = world.service.requests();
        let sent: std::collections::BTreeSet<_> = requests.iter().map(|it| (&it.step, &it.key)).collect();
        campaign.repeats += (requests.len() - sent.len()) as u64;
        campaign.doubts += u64::from(!is_keyed && world.seen().is_some_and(|seen| seen.status == "failed"));
        let windows: Vec<Window> = world.kills.iter().map(|kill| kill.window(&requests)).collect();
        let tell = || format!("seed {seed}, world {}, kills {windows:?}\n{requests:#?}", campaign.worlds);
        assert_eq!(broken, Vec::<String>::new(), "{}", tell());
    }
    let table = tabulate(&campaign, seed, start.elapsed());
    report.tell(table.trim_end());
}

fn tabulate(campaign: &Campaign, seed: u64, took: Duration) -> String {
    let mut table = String::from("| window | kills |\n| --- | --- |\n");
    for window in Window::WANTED.into_iter().chain([Window::Idle, Window::Ended]) {
        table += &format!("| {} | {} |\n", window.name(), campaign.hits.get(&window).copied().unwrap_or(0));
    }
    let Campaign { worlds, repeats, doubts, opened_before_start, .. } = campaign;
    table += &format!(
        "\n{} kills in {worlds} runs (seed {seed}, {:.0} s). {repeats} calls that were in flight were sent again, \
         each with its key; no completed step was. {doubts} runs with a `once` step ended as `in_doubt`. \
         In {opened_before_start} of the kills before the start the database was open.\n",
        campaign.kills(),
        took.as_secs_f64(),
    );
    table
}

/// The control: a product that forgot a commit would be seen. Its last rows are taken away behind its back.
#[test]
fn a_lost_commit_would_be_seen() {
    let mut world = World::new(keyed);
    let aim = Aim::After(Moment::Answered(5), Duration::from_millis(10));
    assert!(matches!(world.live(Some(aim)), Fate::Killed), "it has many more requests to send");
    let before = world.seen().expect("it was under way");
    let completed = |seen: &RunSeen| seen.completed().into_iter().filter(|it| is_acting(it)).count();
    assert!(completed(&before) > 0, "a step was completed: {before:?}");
    while world.seen().is_some_and(|seen| completed(&seen) == completed(&before)) {
        assert!(forget_last_row(&world.keyway, &before.run).expect("the database can be written") > 0);
    }
    let broken = finish_keyed(&mut world);
    assert!(broken.iter().any(|it| it.contains("was completed before kill 1 and sent again")), "{broken:?}");
}

fn is_acting(step: &str) -> bool {
    keyed_effects().contains_key(step)
}
