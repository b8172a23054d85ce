//! Runs the binary on a disk that loses what was not synced, lets the power fail at a random change, and judges what
//! came of it.
//!
//! `KEYWAY_CUTS` says how many cuts (60), `KEYWAY_SEED` repeats a campaign's choices.

use std::collections::BTreeMap;
use std::time::Instant;

use tests::chance::Chance;
use tests::faults::{Fault, Kinds, Page, Span, available, skip_without};
use tests::keyway::binary;
use tests::lying::Mounted;
use tests::lying::disk::Tree;
use tests::report::{Report, number, patience};
use tests::world::{WAITS, World};

/// How many cuts fall on one run at most.
const CUTS_OF_A_RUN: u64 = 3;

/// Far behind the last change of a run.
const NEVER: u64 = 1 << 40;

/// The name of the tree that a world stands on.
const TREE: &str = "world";

/// True if a file system can be mounted here.
fn mounts() -> bool {
    skip_without("FUSE", Mounted::new().map(drop))
}

/// Whether syncs reach the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Syncs {
    Kept,
    /// The control: they seem to succeed, and nothing is done.
    Skipped,
}

/// What fell on one run.
#[derive(Debug, Default)]
struct Fell {
    cuts: u64,
    /// Cuts in the first life, and in a life that took the run up.
    first: u64,
    later: u64,
    /// Runs of which nobody had heard before they were gone.
    unheard: u64,
    broken: Vec<String>,
}

/// A world on a mounted disk.
struct Machine<'a> {
    mounted: &'a Mounted,
    world: World,
    page: Page,
    syncs: Syncs,
}

impl<'a> Machine<'a> {
    fn new(mounted: &'a Mounted, syncs: Syncs) -> Machine<'a> {
        mounted.clear(TREE);
        let folder = || Tree::Folder(0o755, BTreeMap::new());
        let disk = mounted.plant(TREE, [("files".into(), folder())].into());
        let world = World::on(&disk).expect("the disk takes a folder");
        let page = Page::new(world.safe_folder()).expect("a page");
        if syncs == Syncs::Skipped {
            page.set(Fault::Skip, Kinds::SYNC, Span::from(1)).expect("our own file");
        }
        Machine { mounted, world, page, syncs }
    }

    /// One life, until the power fails or the run ends; what it asks is answered. Gives how many changes it made, and whether the power failed.
    fn live(&mut self, place: u64, chance: &mut Chance) -> (u64, bool) {
        self.mounted.cut_at(TREE, place, Chance::new(chance.bits()));
        let failed = loop {
            let mut command = self.world.command();
            if self.syncs == Syncs::Skipped {
                self.page.equip(&mut command).expect("the shim is there");
            }
            let mut child = self.world.spawn(command).expect("it starts");
            while !self.mounted.has_failed() && child.try_wait().is_ok_and(|status| status.is_none()) {
                std::thread::sleep(std::time::Duration::from_micros(200));
            }
            let failed = self.mounted.has_failed();
            if failed {
                // One that has ended by itself is as dead.
                let _ = child.kill();
            }
            let answer = self.world.end(child).expect("a dead process has no connection");
            if failed || answer.code != Some(WAITS) {
                break failed;
            }
        };
        let changes = place - self.mounted.left();
        let (survivors, _) = self.mounted.collect().expect("a cut was set");
        if failed {
            self.mounted.clear(TREE);
            self.mounted.plant(TREE, survivors);
        }
        (changes, failed)
    }
}

/// One run on which the power fails a few times.
fn fall(mounted: &Mounted, syncs: Syncs, whole: u64, chance: &mut Chance) -> Fell {
    let mut machine = Machine::new(mounted, syncs);
    let mut fell = Fell::default();
    for life in 0..1 + chance.below(CUTS_OF_A_RUN) {
        let place = 1 + chance.below(if life == 0 { whole } else { whole / 2 });
        let (_, failed) = machine.live(place, chance);
        if !failed {
            break;
        }
        fell.cuts += 1;
        if life == 0 {
            fell.first += 1
        } else {
            fell.later += 1
        }
        if let Err(error) = machine.world.note_kill() {
            fell.broken.push(format!("what is left cannot be read: {error:#}"));
        }
    }
    match machine.world.finish() {
        Ok(broken) => fell.broken.extend(broken),
        Err(error) => fell.broken.push(format!("what is left cannot be read: {error:#}")),
    }
    fell.unheard += u64::from(machine.world.service.requests().is_empty());
    fell
}

/// How many changes a run without cuts makes.
fn changes(mounted: &Mounted) -> u64 {
    let mut machine = Machine::new(mounted, Syncs::Kept);
    let (changes, failed) = machine.live(NEVER, &mut Chance::new(1));
    assert!(!failed);
    let run = machine.world.seen().expect("it can be read").expect("it is there").run;
    assert_eq!(machine.world.judge(&run).expect("it can be read"), Vec::<String>::new());
    changes
}

#[test]
fn a_power_cut_loses_nothing_that_was_acknowledged() {
    if !mounts() {
        return;
    }
    binary();
    let cuts = number("KEYWAY_CUTS", 60);
    let (mut chance, seed) = Chance::from_env("KEYWAY_SEED");
    println!("seed {seed}");
    let report = Report::begin("Power cuts on a disk that lies", "cargo test -p tests --test power");
    let began = Instant::now();
    let mounted = Mounted::new().expect("it was mounted before");
    let whole = changes(&mounted);
    let (mut sum, mut worlds) = (Fell::default(), 0);
    while sum.cuts < cuts && began.elapsed() < patience() {
        worlds += 1;
        let fell = fall(&mounted, Syncs::Kept, whole, &mut chance);
        assert_eq!(fell.broken, Vec::<String>::new(), "world {worlds}, seed {seed}");
        sum.cuts += fell.cuts;
        sum.first += fell.first;
        sum.later += fell.later;
        sum.unheard += fell.unheard;
    }
    assert!(sum.later > 0, "no power cut fell on a recovery");
    let asked = cuts;
    let Fell { cuts, first, later, unheard, .. } = sum;
    let body = format!(
        "A run without cuts makes {whole} changes and syncs. {cuts} power cuts of {asked} that were asked for, at random ones of them, in {worlds} \
         runs: {first} in the process that started the run, {later} in one that took it up; {unheard} runs were gone, \
         of which nobody had been told and nothing had been sent. Of what was not synced, a cut lost, kept, reordered \
         or tore (at 512 bytes) what chance wanted; names in folders that were not synced were lost as well. Every \
         other run succeeded; each effect was applied once; no step that another had rested on was sent again; \
         files that had been written were whole; `integrity_check` was ok. It took {:.0} s (seed {seed}).",
        began.elapsed().as_secs_f64(),
    );
    report.tell(&body);
}

/// The control: a product whose syncs do nothing would be seen.
#[test]
fn syncs_that_do_nothing_would_be_seen() {
    if !mounts() || !available() {
        return;
    }
    let mounted = Mounted::new().expect("it was mounted before");
    let whole = changes(&mounted);
    let (mut chance, seed) = Chance::from_env("KEYWAY_SEED");
    let fell = (0..20).map(|_| fall(&mounted, Syncs::Skipped, whole, &mut chance));
    let broken = fell.filter(|fell| !fell.broken.is_empty()).count();
    println!("{broken} of 20 runs were broken without syncs (seed {seed})");
    assert!(broken > 0, "seed {seed}");
}
