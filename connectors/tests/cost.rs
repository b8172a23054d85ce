//! What a command pays for connectors that it does not name: nothing.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use connectors::library::Library;
use dsl::catalog::{Catalog, Shelf};

/// So many services as one day may have.
const MANY: usize = 50;

fn library() -> Arc<Library> {
    let embedded = Library::embedded();
    let text = embedded.text("stripe").unwrap().to_owned();
    let add = |library: Library, nth: usize| {
        let id = format!("service_{nth}");
        library.with_text(&id, text.replacen("connector: stripe", &format!("connector: {id}"), 1))
    };
    Arc::new((0..MANY).fold(Library::default(), add))
}

fn checked(library: &Arc<Library>, action: &str) -> Vec<String> {
    let shelf: Arc<dyn Shelf> = library.clone();
    let catalog = Catalog { shelf: Some(shelf), ..Catalog::new([]) };
    let text = format!("name: a\nsteps:\n  b: {{ use: {action} }}\noutput: \"{{{{ steps.b }}}}\"\n");
    let found = dsl::check(&text, &catalog).diagnostics;
    found.iter().map(|wrong| wrong.help.first().cloned().unwrap_or_default()).collect()
}

#[test]
fn a_workflow_reads_the_manifests_that_it_names_and_no_others() {
    let library = library();
    assert_eq!((library.names().count(), library.read_so_far()), (MANY, 0));
    assert_eq!(checked(&library, "service_7.get_balance"), [""; 0]);
    assert_eq!(library.read_so_far(), 1);
    // A mistake is helped with by the connector that it is in.
    assert_eq!(checked(&library, "service_7.get_balanse"), ["did you mean `service_7.get_balance`?"]);
    assert_eq!(library.read_so_far(), 1);
    // One that names none reads at most the one that is spelt nearly so.
    assert_eq!(checked(&library, "servise_8.get_balance"), ["did you mean `service_8.get_balance`?"]);
    assert!(library.read_so_far() <= 2, "{}", library.read_so_far());
}

#[test]
fn all_of_them_are_read_once_where_all_are_asked_for() {
    let library = library();
    let began = Instant::now();
    let shelf: Arc<dyn Shelf> = library.clone();
    let catalog = Catalog { shelf: Some(shelf), ..Catalog::new([]) };
    let actions = catalog.all_actions().len();
    let took = began.elapsed();
    println!(
        "{MANY} manifests of {} bytes, {actions} actions: {took:?}",
        library.text("service_0").unwrap().len()
    );
    assert_eq!(library.read_so_far(), MANY);
    let again = Instant::now();
    assert_eq!(catalog.all_actions().len(), actions);
    assert!(again.elapsed() < took, "the second time nothing is read");
}

#[test]
fn all_at_once_are_what_each_is_alone() {
    let (library, alone) = (library(), library());
    assert_eq!(library.find("service_3").unwrap().actions.len(), 13, "one is read already");
    assert_eq!(library.read_all().read_so_far(), MANY);
    for name in alone.names() {
        let ids = |of: &Library| of.actions(name).unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(ids(&library), ids(&alone), "{name}");
    }
    assert_eq!(library.read_all().read_so_far(), MANY);
}

/// What is aimed at in a program that was optimised (`tests/src/bin/manifests.rs` measures it), and how much more one may take
/// that was not.
const ONE: Duration = Duration::from_millis(2);
const ALL: Duration = Duration::from_millis(60);
const SLACK: u32 = 40;
const BYTES: usize = 5_000_000;

/// How long this thread has computed, whatever else the machine does.
fn computed() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(text.split(' ').next().unwrap().parse().unwrap())
}

/// What is too much, of the slowest one, of all, and of their bytes.
fn too_much((one, all, bytes): (Duration, Duration, usize)) -> Vec<&'static str> {
    let faults = [(one > ONE * SLACK, "one"), (all > ALL * SLACK, "all"), (bytes > BYTES, "bytes")];
    faults.into_iter().filter_map(|(is, what)| is.then_some(what)).collect()
}

#[test]
fn the_manifests_in_the_program_are_read_fast_and_are_small() {
    let names: Vec<String> = Library::embedded().names().map(str::to_owned).collect();
    let took = |names: &[String]| {
        let library = Library::embedded();
        let began = computed();
        names.iter().for_each(|name| assert!(library.find(name).is_some(), "{name}"));
        computed() - began
    };
    let least = |names: &[String]| (0..3).map(|_| took(names)).min().unwrap();
    let one = names.chunks(1).map(least).max().unwrap();
    let all = least(&names);
    let library = Library::embedded();
    let bytes = names.iter().filter_map(|name| library.text(name)).map(str::len).sum::<usize>();
    println!("{} manifests: the slowest {one:?}, all {all:?}, {bytes} bytes", names.len());
    assert_eq!(too_much((one, all, bytes)), [""; 0]);
    // The control: readers that take as long as no reader should, and texts that are too large.
    assert_eq!(too_much((ONE * 100, ALL * 100, BYTES + 1)), ["one", "all", "bytes"]);
}
