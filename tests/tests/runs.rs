//! The commands of `docs/runs.md`, one after another, give what stands there. With `KEYWAY_WRITE` set the page is
//! written anew: read it before it is accepted.

use std::fs;

use tests::keyway::Keyway;
use tests::markdown::blocks;

const PAGE: &str = "docs/runs.md";

#[test]
fn the_page_about_runs_tells_what_happens() {
    let folder = tempfile::tempdir().expect("a folder");
    let keyway = Keyway::at(folder.path().join("data"));
    let page = fs::read_to_string(tests::root().join(PAGE)).expect("the page is there");
    let all = blocks(&page);
    for block in all.iter().filter(|block| block.is("yaml")) {
        fs::write(folder.path().join("refund.yaml"), &block.text).expect("a file in a folder of ours");
    }
    let mut names = Names::default();
    let mut written = page.clone();
    let mut wrong = vec![];
    for block in all.iter().filter(|block| block.is("console")) {
        let mut told = String::new();
        for line in block.text.lines().filter_map(|line| line.strip_prefix("$ ")) {
            told += &format!("$ {line}\n");
            told += &names.run(&keyway, folder.path(), line);
        }
        if plain(&names.as_on_the_page(&told)) != plain(&block.text) {
            wrong.push(format!("block at {}:\n{told}", block.line));
        }
        written = written.replacen(&fenced(&block.text), &fenced(&told), 1);
    }
    for (page, real) in &names.known {
        written = written.replace(page, real);
    }
    if std::env::var_os("KEYWAY_WRITE").is_some() {
        fs::write(tests::root().join(PAGE), written).expect("the page may be written");
    } else {
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

fn fenced(text: &str) -> String {
    format!("```console\n{}\n```", text.trim_end())
}

/// The names of runs on the page and those here, in the order in which they come.
#[derive(Default)]
struct Names {
    known: Vec<(String, String)>,
}

impl Names {
    /// Runs a command of the page, with the names of runs that it has here, and gives what it says.
    fn run(&mut self, keyway: &Keyway, folder: &std::path::Path, line: &str) -> String {
        let mut words = words(line);
        for word in &mut words {
            if let Some((_, real)) = self.known.iter().find(|(page, _)| page == word) {
                real.clone_into(word);
            } else if is_run(word) {
                let known: Vec<&String> = self.known.iter().map(|(_, real)| real).collect();
                let fresh = runs(keyway).into_iter().find(|run| !known.contains(&run));
                let fresh = fresh.expect("a command names a run that is there");
                self.known.push((word.clone(), fresh.clone()));
                *word = fresh;
            }
        }
        let mut command = keyway.command(&words[1..]);
        command.current_dir(folder).env("USER", "ada").env("COLUMNS", "100");
        let output = command.output().expect("`keyway` can be started");
        let text =
            [output.stderr, output.stdout].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        let data = format!(" --data {}", keyway.data.display());
        let lines = text.replace(&data, "");
        lines.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
    }

    fn as_on_the_page(&self, text: &str) -> String {
        self.known.iter().fold(text.to_owned(), |text, (page, real)| text.replace(real, page))
    }
}

/// The runs that there are, the earliest first.
fn runs(keyway: &Keyway) -> Vec<String> {
    let list = keyway.run(&["runs", "--json"]).json();
    let mut runs: Vec<String> = list
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|run| run["run"].as_str().map(str::to_owned))
        .collect();
    runs.sort();
    runs
}

fn is_run(word: &str) -> bool {
    word.len() == 16 && word.starts_with("01") && word.chars().all(|letter| letter.is_ascii_alphanumeric())
}

/// The words of a command line; those in double quotes hold blanks.
fn words(line: &str) -> Vec<String> {
    let parts = line.split('"').enumerate();
    parts
        .flat_map(|(place, part)| match place % 2 {
            0 => part.split_whitespace().map(str::to_owned).collect(),
            _ => vec![part.to_owned()],
        })
        .collect()
}

/// A text without what differs from time to time: names of runs, times, lengths and bars, and that a length differs, so that it
/// says nothing of whether nothing does.
fn plain(text: &str) -> Vec<String> {
    let mut words = replaced(text);
    let took = |place: &usize| {
        let rest = words.get(place + 1..place + 6);
        rest.is_some_and(|rest| *rest == ["took", "-", "LENGTH", "+", "LENGTH"].map(str::to_owned))
    };
    let found: Vec<usize> = (0..words.len()).filter(took).collect();
    for place in found.into_iter().rev() {
        words.drain(place..place + 6);
    }
    while let Some(place) = words.windows(2).position(|two| two == ["nothing", "differs"]) {
        words.drain(place..place + 2);
    }
    words
}

fn replaced(text: &str) -> Vec<String> {
    let mut plain: Vec<String> = vec![];
    for word in text.split_whitespace() {
        let kind = kind(word.trim_matches([',', '.', ';', ':', '`']));
        let number = plain.last().is_some_and(|last| last.trim_start_matches('+').parse::<f64>().is_ok());
        match kind {
            Kind::Unit if number => {
                plain.pop();
                if plain.last().is_none_or(|last| last != "LENGTH") {
                    plain.push("LENGTH".into());
                }
            }
            Kind::Bar if plain.last().is_some_and(|last| last == "BAR") => {}
            Kind::Bar => plain.push("BAR".into()),
            Kind::Time => plain.push("TIME".into()),
            Kind::Run => plain.push("RUN".into()),
            Kind::Size => plain.push("(SIZE".into()),
            Kind::Unit | Kind::Other => plain.push(word.to_owned()),
        }
    }
    plain
}

enum Kind {
    Time,
    Unit,
    Bar,
    Run,
    /// The bytes of a value, which may hold a time.
    Size,
    Other,
}

fn kind(word: &str) -> Kind {
    let inner = word.trim_matches(|letter: char| "\"{},:".contains(letter));
    if word.chars().all(|letter| "━┄✗│".contains(letter)) && !word.is_empty() {
        Kind::Bar
    } else if inner.contains('T') && word.contains("20") && word.matches(':').count() > 1 {
        Kind::Time
    } else if word.strip_prefix('(').is_some_and(|size| size.parse::<u32>().is_ok()) {
        Kind::Size
    } else if is_run(word) {
        Kind::Run
    } else if matches!(word, "ms" | "s" | "min" | "h") {
        Kind::Unit
    } else {
        Kind::Other
    }
}
