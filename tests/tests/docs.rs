//! Everything in the pages and in `workflows/` that is a workflow is a right one, and what needs no network runs.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use dsl::catalog::Catalog;
use dsl::codes::Code;
use dsl::diagnostic::{Diagnostic, Severity};
use dsl::{Options, Strictness};
use tests::keyway::Keyway;
use tests::markdown::{Block, blocks, pages};

#[path = "../../dsl/tests/support/made.rs"]
#[allow(dead_code)]
mod made;

/// What `keyway check` would have to say about a text, as lines.
fn complaints(text: &str) -> Vec<String> {
    let catalog = server::catalog();
    let checked = dsl::check(text, &catalog);
    let mut found: Vec<String> = checked.diagnostics.iter().map(|problem| told(text, problem)).collect();
    if found.is_empty() && checked.workflow.is_none() {
        found.push("there is no workflow, and nothing says why".into());
    }
    found
}

fn told(text: &str, problem: &Diagnostic) -> String {
    let start = (problem.span.start as usize).min(text.len());
    let line = text.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1;
    let severity = match problem.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    format!("line {line}: {severity} {}: {}", problem.code.id(), problem.message)
}

/// What is wrong with the YAML blocks of a page, and how many were workflows. A block that is said to be wrong
/// must be so, on the page of a code by that code alone.
fn judge(page: &str, code: Option<Code>) -> (Vec<String>, usize) {
    let mut wrong = vec![];
    let mut workflows = 0;
    let mut last = String::new();
    for block in blocks(page).iter().filter(|block| block.is("yaml")) {
        let said = |complaint: String| format!("block at {}: {complaint}", block.line);
        if block.is_workflow() && !block.has("test") && !block.has("manifest") {
            last.clone_from(&block.text);
        }
        if block.has("manifest") {
            wrong.extend(as_manifest(block, code).map(said));
        } else if block.has("test") {
            wrong.extend(played(block, &last, code).map(said));
        } else if block.has("wrong") {
            workflows += 1;
            wrong.extend(unlike(block, code).map(said));
        } else if block.has("right") {
            workflows += 1;
            wrong.extend(lasting(block).iter().map(|it| said(told(&block.text, it))));
        } else if block.is_workflow() && !block.has("fragment") {
            workflows += 1;
            wrong.extend(complaints(&block.text).into_iter().map(said));
        } else {
            // A piece of a workflow: whether it makes sense nobody can say, but it must be YAML.
            let problems = dsl::check(&block.text, &server::catalog()).diagnostics;
            let unreadable = problems.iter().filter(|it| it.severity == Severity::Error && is_about_yaml(it));
            wrong.extend(unreadable.map(|it| said(told(&block.text, it))));
        }
    }
    (wrong, workflows)
}

/// What is amiss with a test of the workflow above it: it passes, or if it is said to be wrong, it shows the code.
fn played(block: &Block, workflow: &str, code: Option<Code>) -> Option<String> {
    let tester = server::rehearse::Tester::new(Path::new("workflow.yaml"), workflow);
    let tested = tester.test(&block.text, &|_| true);
    let unmet = tested.cases.iter().flat_map(|tried| &tried.unmet).map(|unmet| &unmet.diagnostic);
    let warned = tested.cases.iter().flat_map(|tried| &tried.warnings);
    let found: Vec<&Diagnostic> = tested.diagnostics.iter().chain(unmet).chain(warned).collect();
    let other = found.iter().find(|it| !block.has("wrong") || code.is_some_and(|code| it.code != code));
    match (other, found.is_empty() && (block.has("wrong") || tested.cases.is_empty())) {
        (Some(other), _) => Some(told(&block.text, other)),
        (None, true) => Some("nothing is wrong, or no case was played".into()),
        (None, false) => None,
    }
}

/// What is amiss with a manifest: it is right, or if it is said to be wrong, it shows the code.
fn as_manifest(block: &Block, code: Option<Code>) -> Option<String> {
    let families = server::connector::library::embedded_families();
    let found = server::connector::read::manifest(&block.text, None, families).diagnostics;
    match (block.has("wrong"), found.iter().find(|it| code.is_some_and(|code| it.code != code))) {
        (true, Some(other)) => Some(format!("another problem, {}", told(&block.text, other))),
        (true, None) if found.is_empty() => Some("this is said to be wrong, and nothing is".into()),
        (true, None) => None,
        (false, _) => found.first().map(|first| told(&block.text, first)),
    }
}

/// What is amiss with a block that should be wrong.
fn unlike(block: &Block, code: Option<Code>) -> Option<String> {
    let problems = lasting(block);
    let other = problems.iter().find(|it| code.is_some_and(|code| it.code != code));
    match (problems.first(), other) {
        (None, _) => Some("this is said to be wrong, and nothing is".into()),
        (Some(_), Some(other)) => Some(format!("another problem, {}", told(&block.text, other))),
        (Some(_), None) => None,
    }
}

/// What is found in a block, without what depends on the version.
fn lasting(block: &Block) -> Vec<Diagnostic> {
    let known = ["name: other\nsteps: {}\n", "name: weekly-report\ninputs: { week: integer }\nsteps: {}\n"];
    let workflows = Some(known.into_iter().filter_map(dsl::signature).collect());
    let catalog = Catalog { workflows, ..server::catalog() };
    let strictness = if block.has("strict") { Strictness::Strict } else { Strictness::Gradual };
    let problems = dsl::check_with(&block.text, &catalog, &Options { strictness }).diagnostics;
    problems.into_iter().filter(|it| !made::OF_A_VERSION.contains(&it.code)).collect()
}

/// The code that a page is about, by its name.
fn code_of(path: &Path) -> Option<Code> {
    path.file_stem().and_then(|stem| stem.to_str()).and_then(Code::find)
}

/// True for the codes of the YAML reader. A piece may be a list, as of triggers.
fn is_about_yaml(problem: &Diagnostic) -> bool {
    problem.code.id().starts_with("KW00") && problem.code != Code::NotAMapping
}

fn workflow_files() -> Vec<PathBuf> {
    let folder = tests::root().join("workflows");
    let entries = std::fs::read_dir(&folder).expect("there is a folder `workflows`");
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.retain(|path| !path.to_string_lossy().ends_with(dsl::test::ENDING));
    files.sort();
    files
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).expect("a file that was just listed")
}

#[test]
fn every_workflow_in_the_pages_is_right() {
    let root = tests::root();
    let mut count = 0;
    for path in pages(&root) {
        let (wrong, workflows) = judge(&read(&path), code_of(&path));
        assert_eq!(wrong, Vec::<String>::new(), "{}", path.display());
        count += workflows;
    }
    assert!(count >= 3, "the pages show workflows; only {count} were found");
}

#[test]
fn a_wrong_block_in_a_page_is_seen() {
    let page = "# A page\n```yaml\nname: a\nsteps:\n  b: { set: { x: 1 } }\n  c: { sett: { y: 2 } }\n```\n\
                ```yaml fragment\na: [1\n```\n";
    let (wrong, workflows) = judge(page, None);
    assert_eq!(workflows, 1);
    assert!(wrong.iter().any(|line| line.contains("line 4: error") && line.contains("sett")), "{wrong:?}");
    assert!(wrong.iter().any(|line| line.starts_with("block at 9")), "{wrong:?}");
}

#[test]
fn a_block_that_is_said_to_be_wrong_must_be_so() {
    let block = |verb: &str| format!("```yaml wrong\nname: a\nsteps:\n  b: {{ {verb}: no }}\n```\n");
    assert_eq!(judge(&block("fial"), Some(Code::UnknownKey)).0, Vec::<String>::new());
    assert_eq!(judge(&block("fial"), None).0, Vec::<String>::new());
    assert!(
        judge(&block("fial"), Some(Code::UnknownStep)).0[0].contains("another problem, line 3: error KW0101")
    );
    assert!(judge(&block("fail"), None).0[0].contains("nothing is"));
    let right = block("fial").replace("wrong", "right");
    assert!(judge(&right, None).0[0].contains("line 3: error KW0101"));
}

#[test]
fn every_file_in_workflows_is_right() {
    let files = workflow_files();
    assert!(!files.is_empty());
    for path in files {
        assert_eq!(complaints(&read(&path)), Vec::<String>::new(), "{}", path.display());
    }
}

/// What triggers give where they start a run, and a person has to.
const GIVEN: [(&str, &str); 7] = [
    ("money-watch.yaml", "what=all"),
    ("money-watch.yaml", "percent=80"),
    ("money-watch.yaml", "spent=8"),
    ("money-watch.yaml", "most=10"),
    ("night-watch.yaml", "line=quiet"),
    ("order-desk.yaml", "order=7"),
    ("order-desk.yaml", "amount=20.5"),
];

#[test]
fn every_file_in_workflows_that_needs_no_network_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("workflows");
    copy_folder(&tests::root().join("workflows"), &copy);
    let mut ran = 0;
    let library = connectors::library::Library::embedded();
    let services = library.names().map(|name| format!("use: {name}."));
    let remote: Vec<String> = services.chain(["http".into(), "ai: ".into()]).collect();
    for path in workflow_files() {
        if remote.iter().any(|remote| read(&path).contains(remote)) {
            continue;
        }
        let file = copy.join(path.file_name().expect("a name"));
        let keyway = Keyway::at(folder.path().join("runs"));
        let given =
            GIVEN.iter().filter(|(name, _)| path.ends_with(name)).flat_map(|(_, given)| ["--input", given]);
        let words: Vec<&OsStr> = ["run".as_ref(), file.as_os_str(), "--json".as_ref()]
            .into_iter()
            .chain(given.map(OsStr::new))
            .collect();
        let answer = keyway.run(&words);
        assert_eq!(answer.code, Some(0), "{}: {answer:?}", path.display());
        assert_eq!(answer.json()["status"], "succeeded", "{}", path.display());
        ran += 1;
    }
    assert!(ran >= 1, "at least the main job needs no network");
}

fn copy_folder(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder in a folder of ours");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}
