//! What is on the screen while a run goes on: a line for each step that ends, and, on a terminal, a moving
//! line for each that is under way.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use anstyle::Style;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use server::engine::run::{At, Hold};
pub use server::engine::story::length;
use server::engine::view::{Entry, Reused, Shown, Timeline, Waits};
use server::live::Piece;

use crate::output::{self, BAD, BUSY, FAINT, GOOD};
use crate::progress::spoken::Spoken;
use crate::waits;

/// So many pieces of answers wait for the row that tells of their step.
const EARLY: usize = 64;

/// The screen of one run.
pub struct Screen {
    live: Option<MultiProgress>,
    bars: BTreeMap<usize, ProgressBar>,
    spoken: Spoken,
    /// The lines of answers that are being written, with the paths of their steps.
    writing: BTreeMap<At, (String, ProgressBar)>,
    /// Pieces of steps of which no row has told yet.
    early: Vec<Piece>,
    told: BTreeMap<usize, (Shown, u32)>,
    /// What a command that is shown needs so that it finds the run.
    data: String,
    /// Whether it was told where the run comes from, and why nothing starts in it.
    begun: bool,
    held: Option<Hold>,
}

impl Screen {
    /// Takes the terminal where there is one.
    pub fn new(data: String) -> Screen {
        let live = std::io::stderr().is_terminal().then(MultiProgress::new);
        Screen {
            live,
            bars: BTreeMap::new(),
            spoken: Spoken::default(),
            writing: BTreeMap::new(),
            early: vec![],
            told: BTreeMap::new(),
            data,
            begun: false,
            held: None,
        }
    }

    /// True if something can move on it.
    pub fn moves(&self) -> bool {
        self.live.is_some()
    }

    /// Shows the steps that changed.
    pub fn show(&mut self, timeline: &Timeline, changed: &[usize]) {
        if !std::mem::replace(&mut self.begun, true) {
            waits::origins(timeline).iter().for_each(|line| self.line(line));
        }
        for piece in std::mem::take(&mut self.early) {
            self.hear(timeline, piece);
        }
        self.silence(timeline);
        for index in changed {
            if let Some((path, entry)) = timeline.steps().get_index(*index) {
                self.step(*index, path, entry, timeline);
            }
        }
        self.hold(timeline);
    }

    /// Shows a piece of an answer. Inside loops nothing is shown of them: there may be thousands.
    pub fn hear(&mut self, timeline: &Timeline, piece: Piece) {
        let Some(live) = &self.live else { return };
        let Some(path) = timeline.path(piece.at) else {
            if self.early.len() < EARLY {
                self.early.push(piece);
            }
            return;
        };
        if path.contains('[') {
            return;
        }
        let (_, bar) = self.writing.entry(piece.at).or_insert_with(|| {
            (path.to_owned(), live.add(ProgressBar::new_spinner().with_style(style("{msg}"))))
        });
        for line in self.spoken.hear(&piece) {
            live.suspend(|| output::note(&said(path, &line)));
        }
        bar.set_message(said(path, self.spoken.line(piece.at)));
    }

    /// Ends the answers of steps that are no longer asking.
    fn silence(&mut self, timeline: &Timeline) {
        let asks = |at: &At| {
            let path = timeline.path(*at);
            path.and_then(|path| timeline.steps().get(path))
                .is_some_and(|entry| entry.state == Shown::Running)
        };
        let ended: Vec<At> = self.spoken.steps().filter(|at| !asks(at)).collect();
        for at in ended {
            let rest = self.spoken.end(at);
            let Some((path, bar)) = self.writing.remove(&at) else { continue };
            bar.finish_and_clear();
            if let Some(line) = rest {
                self.line(&said(&path, &line));
            }
        }
    }

    /// Tells that nothing new starts, and that it goes on.
    fn hold(&mut self, timeline: &Timeline) {
        let hold = timeline.hold();
        if std::mem::replace(&mut self.held, hold) == hold {
            return;
        }
        match waits::held(timeline, &self.data) {
            Some(text) => self.line(&format!("  {BUSY}…{BUSY:#} {text}")),
            None => self.line(&format!("  {BUSY}▸{BUSY:#} goes on")),
        }
    }

    /// Gives the terminal back.
    pub fn end(&mut self) {
        let writing = std::mem::take(&mut self.writing).into_values().map(|(_, bar)| bar);
        for bar in std::mem::take(&mut self.bars).into_values().chain(writing) {
            bar.finish_and_clear();
        }
    }

    fn step(&mut self, index: usize, path: &str, entry: &Entry, timeline: &Timeline) {
        let outermost = !path.contains(['.', '[']);
        let asks = entry.waits.is_some();
        let ended = match entry.state {
            Shown::NotStarted | Shown::Running | Shown::Waiting => false,
            Shown::InDoubt if asks => false,
            Shown::Succeeded | Shown::Skipped | Shown::Failed | Shown::Cancelled | Shown::InDoubt => true,
        };
        let failed_try = entry.state == Shown::Waiting && entry.error.is_some();
        let news = self.told.get(&index) != Some(&(entry.state, entry.attempts));
        if ended {
            if let Some(bar) = self.bars.remove(&index) {
                bar.finish_and_clear();
            }
        } else if outermost && self.live.is_some() {
            self.bar(index, path, entry, timeline);
        }
        // Inside blocks only trouble is worth a line: there may be thousands.
        let trouble = failed_try || matches!(entry.state, Shown::Failed | Shown::InDoubt);
        if news
            && ((outermost && (ended || (self.live.is_none() && entry.state == Shown::Waiting)))
                || trouble
                || asks)
        {
            self.told.insert(index, (entry.state, entry.attempts));
            self.line(&line(path, entry));
            if let Some(waiting) = waits::of(timeline, path, entry, &self.data) {
                waits::lines(&waiting, 6).iter().for_each(|line| self.line(line));
            }
        }
    }

    fn bar(&mut self, index: usize, path: &str, entry: &Entry, timeline: &Timeline) {
        let Some(live) = &self.live else { return };
        let bar = self.bars.entry(index).or_insert_with(|| {
            let bar = live.add(match entry.children_total {
                Some(total) => ProgressBar::new(u64::from(total)).with_style(style(
                    "  {spinner:.cyan} {prefix} {bar:24.cyan/black.bright} {pos}/{len} {elapsed:.dim}",
                )),
                None => ProgressBar::new_spinner()
                    .with_style(style("  {spinner:.cyan} {prefix} {msg} {elapsed:.dim}")),
            });
            bar.enable_steady_tick(Duration::from_millis(100));
            bar.set_prefix(path.to_owned());
            bar
        });
        bar.set_position(u64::from(entry.children_done));
        bar.set_message(doing(entry, timeline));
    }

    fn line(&self, text: &str) {
        match &self.live {
            Some(live) => live.suspend(|| output::note(text)),
            None => output::note(text),
        }
    }
}

/// A line of an answer.
fn said(path: &str, line: &str) -> String {
    format!("  {FAINT}{path} │{FAINT:#} {line}")
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the template is fixed")
        .progress_chars("━━─")
        .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏✓")
}

/// What a step does just now, in a word or two.
fn doing(entry: &Entry, timeline: &Timeline) -> String {
    let until = entry.until.map(|until| format!(" until {until:.0}")).unwrap_or_default();
    match &entry.waits {
        Some(Waits::Signal(name)) => format!("waits for the signal `{name}`{until}"),
        Some(Waits::Person(_)) => format!("waits for an answer{until}"),
        Some(Waits::Doubt) => "is in doubt".into(),

        None if entry.batch => "waits for its batch".into(),
        None if entry.state == Shown::Waiting && entry.error.is_some() => {
            format!("is tried again, waits{until}")
        }
        None if entry.state == Shown::Waiting => format!("waits{until}"),
        None => timeline.child(entry).map(|run| format!("run {run}")).unwrap_or_default(),
    }
}

/// A line for a step that ended, waits or is tried again.
fn line(path: &str, entry: &Entry) -> String {
    let (sign, style) = mark(entry.state);
    let mut text = format!("  {style}{sign}{style:#} {path}");
    if let Some(total) = entry.children_total {
        text += &format!(" {FAINT}{}/{total}{FAINT:#}", entry.children_done);
    }
    match (entry.state, entry.started, entry.ended) {
        (Shown::Skipped, ..) => {
            let why = entry.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            text += &format!(" {FAINT}skipped{why}{FAINT:#}");
        }
        (_, Some(started), Some(ended)) => {
            text += &format!(" {FAINT}{}{FAINT:#}", length(ended.duration_since(started)));
        }
        _ => {}
    }
    if let Some(error) = entry.error.as_ref().filter(|_| entry.state != Shown::Succeeded) {
        text += &format!(" {BAD}{}{BAD:#}", error.failure);
    }
    match entry.reused {
        Some(Reused::Run) => text += &format!(" {FAINT}taken over{FAINT:#}"),
        Some(Reused::Answer(from)) => text += &format!(" {FAINT}answer of {from:.0} used again{FAINT:#}"),
        None => {}
    }
    if entry.batch {
        text += &format!(" {FAINT}waits for its batch{FAINT:#}");
    } else if let Some(until) = entry.until {
        let what = if entry.error.is_some() { "tries again at" } else { "waits until" };
        text += &format!(" {FAINT}{what} {until:.0}{FAINT:#}");
    } else if entry.attempts > 1 {
        text += &format!(" {FAINT}{} attempts{FAINT:#}", entry.attempts);
    }
    text
}

/// The sign of a state and its colour.
pub fn mark(state: Shown) -> (&'static str, Style) {
    match state {
        Shown::NotStarted => ("·", FAINT),
        Shown::Running => ("▸", BUSY),
        Shown::Waiting => ("…", BUSY),
        Shown::Succeeded => ("✓", GOOD),
        Shown::Skipped => ("–", FAINT),
        Shown::Failed => ("✗", BAD),
        Shown::Cancelled => ("■", BAD),
        Shown::InDoubt => ("?", BAD),
    }
}
