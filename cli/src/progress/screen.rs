//! What is on the screen while a run goes on: a line for each step that ends, and, on a terminal, a moving
//! line for each that is under way.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::Duration;

use anstyle::Style;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::SignedDuration;
use server::engine::view::{Entry, Shown, Timeline};

use crate::output::{self, BAD, BUSY, FAINT, GOOD};

/// The screen of one run.
pub struct Screen {
    live: Option<MultiProgress>,
    bars: BTreeMap<usize, ProgressBar>,
    told: BTreeMap<usize, (Shown, u32)>,
}

impl Screen {
    /// Takes the terminal where there is one.
    pub fn new() -> Screen {
        let live = std::io::stderr().is_terminal().then(MultiProgress::new);
        Screen { live, bars: BTreeMap::new(), told: BTreeMap::new() }
    }

    /// Shows the steps that changed.
    pub fn show(&mut self, timeline: &Timeline, changed: &[usize]) {
        for index in changed {
            if let Some((path, entry)) = timeline.steps().get_index(*index) {
                self.step(*index, path, entry);
            }
        }
    }

    /// Gives the terminal back.
    pub fn end(&mut self) {
        for (_, bar) in std::mem::take(&mut self.bars) {
            bar.finish_and_clear();
        }
    }

    fn step(&mut self, index: usize, path: &str, entry: &Entry) {
        let outermost = !path.contains(['.', '[']);
        let ended = match entry.state {
            Shown::NotStarted | Shown::Running | Shown::Waiting => false,
            Shown::Succeeded | Shown::Skipped | Shown::Failed | Shown::Cancelled | Shown::InDoubt => true,
        };
        let failed_try = entry.state == Shown::Waiting && entry.error.is_some();
        let news = self.told.get(&index) != Some(&(entry.state, entry.attempts));
        if ended {
            if let Some(bar) = self.bars.remove(&index) {
                bar.finish_and_clear();
            }
        } else if outermost && self.live.is_some() {
            self.bar(index, path, entry);
        }
        // Inside blocks only trouble is worth a line: there may be thousands.
        let trouble = failed_try || matches!(entry.state, Shown::Failed | Shown::InDoubt);
        if news
            && ((outermost && (ended || (self.live.is_none() && entry.state == Shown::Waiting))) || trouble)
        {
            self.told.insert(index, (entry.state, entry.attempts));
            self.line(&line(path, entry));
        }
    }

    fn bar(&mut self, index: usize, path: &str, entry: &Entry) {
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
        if let Some(until) = entry.until {
            bar.set_message(format!("waits until {until:.0}"));
        }
    }

    fn line(&self, text: &str) {
        match &self.live {
            Some(live) => live.suspend(|| output::note(text)),
            None => output::note(text),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the template is fixed")
        .progress_chars("━━─")
        .tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏✓")
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
    if let Some(until) = entry.until {
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

/// A length of time as people say it: three digits, no more.
pub fn length(length: SignedDuration) -> String {
    let millis = length.as_millis();
    match millis {
        ..1_000 => format!("{millis} ms"),
        1_000..60_000 => format!("{:.1} s", length.as_secs_f64()),
        60_000..3_600_000 => format!("{} min {} s", millis / 60_000, millis / 1_000 % 60),
        _ => format!("{} h {} min", millis / 3_600_000, millis / 60_000 % 60),
    }
}
