//! When each step ran and waited, as bars of text by time.

use jiff::{SignedDuration, Timestamp};
use server::engine::story::{Doing, Fact, Span, Story};
use server::engine::view::{Entry, Shown};

use super::{head, indented, nest, visible, with_tools};
use crate::output::{BUSY, FAINT};
use crate::progress::{length, mark};
use crate::waits::count;

/// How wide the names of steps may be.
const NAMES: usize = 28;

/// How wide the page is where no terminal says so.
const WIDTH: usize = 100;

/// The bars of a run.
pub fn page(story: &Story) -> String {
    let timeline = story.timeline();
    let mut page = head(timeline);
    let Some(from) = timeline.started() else { return page };
    let to = timeline.ended().unwrap_or_else(Timestamp::now).max(from);
    let with_tools = with_tools(timeline);
    let mut steps: Vec<(&String, &Entry)> = timeline
        .steps()
        .iter()
        .filter(|(path, entry)| {
            visible(path, &with_tools) || matches!(entry.state, Shown::Failed | Shown::InDoubt)
        })
        .collect();
    nest(&mut steps);
    let names = steps.iter().map(|(path, _)| indented(path).chars().count()).max().unwrap_or(0).min(NAMES);
    let scale = Scale { from, to, width: width().saturating_sub(names + 16).max(10) };
    page += &format!("\n  {:names$}    {FAINT}{}{FAINT:#}\n", "", scale.ruler());
    let hidden = timeline.steps().len() - steps.len();
    for (path, entry) in steps {
        let (sign, style) = mark(entry.state);
        let name: String = indented(path).chars().take(names).collect();
        let took = match (entry.started, entry.ended) {
            (Some(start), Some(end)) => length(end.duration_since(start)),
            _ => String::new(),
        };
        let bar = scale.bar(story, path, entry);
        let line = format!("  {style}{sign}{style:#} {name:<names$}  {bar} {FAINT}{took}{FAINT:#}");
        page += &format!("{}\n", line.trim_end());
    }
    if hidden > 0 {
        page += &format!("  {FAINT}and {} of further items{FAINT:#}\n", count(hidden, "step"));
    }
    page + &format!("\n  {FAINT}━ under way   ┄ waits   ✗ a try that failed   │ settled at once{FAINT:#}\n")
}

/// The bars as JSON: for each step its stretches of time.
pub fn json(story: &Story) -> serde_json::Value {
    let spans = |step: &String| -> serde_json::Value {
        let spans = story.spans(step);
        let json = |span: &Span| {
            serde_json::json!({
                "from": span.from.to_string(),
                "to": span.to.map(|to| to.to_string()),
                "doing": match span.doing {
                    Doing::Work => "work",
                    Doing::Wait => "wait",
                },
            })
        };
        spans.iter().map(json).collect()
    };
    let steps = story.timeline().steps().keys().map(|step| (step.clone(), spans(step)));
    serde_json::Value::Object(steps.collect())
}

/// From times to columns.
struct Scale {
    from: Timestamp,
    to: Timestamp,
    width: usize,
}

impl Scale {
    fn column(&self, time: Timestamp) -> usize {
        let all = self.to.duration_since(self.from).as_nanos().max(1);
        let part = time.duration_since(self.from).as_nanos().clamp(0, all);
        let last = self.width as i128 - 1;
        usize::try_from(part * last / all).unwrap_or(0)
    }

    /// Where the run begins and how long it took, over the bars.
    fn ruler(&self) -> String {
        let all: SignedDuration = self.to.duration_since(self.from);
        let (half, end) = (length(all / 2), length(all));
        let middle = (self.width / 2).saturating_sub(1 + half.chars().count() / 2);
        let mut ruler = format!("0{}{half}", " ".repeat(middle));
        let left = self.width.saturating_sub(ruler.chars().count() + end.chars().count());
        ruler += &" ".repeat(left);
        ruler + &end
    }

    fn bar(&self, story: &Story, path: &str, entry: &Entry) -> String {
        let mut cells = vec![' '; self.width];
        for span in story.spans(path) {
            let to = self.column(span.to.unwrap_or(self.to));
            let sign = match span.doing {
                Doing::Work => '━',
                Doing::Wait => '┄',
            };
            cells[self.column(span.from)..=to].fill(sign);
        }
        let failed = story.moments().iter().filter(|moment| moment.step == path);
        for moment in failed.filter(|moment| matches!(moment.fact, Fact::Failed { .. })) {
            cells[self.column(moment.time)] = '✗';
        }
        let at_once = story.spans(path).is_empty()
            && !matches!(entry.state, Shown::Failed | Shown::NotStarted | Shown::Skipped);
        if let Some(ended) = entry.ended.filter(|_| at_once) {
            cells[self.column(ended)] = '│';
        }
        let (_, style) = match entry.state {
            Shown::Running | Shown::Waiting => ("", BUSY),
            other => mark(other),
        };
        format!("{style}{}{style:#}", cells.iter().collect::<String>())
    }
}

/// The terminal's width; else that of `COLUMNS`, else a hundred.
fn width() -> usize {
    let terminal = rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| usize::from(size.ws_col));
    let said = || std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    terminal.filter(|columns| *columns > 0).or_else(said).unwrap_or(WIDTH).clamp(40, 1_000)
}
