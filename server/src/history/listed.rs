//! A run in a list: how it stands, for whom or what it waits, and where it comes from.

use engine::event::Event;
use engine::run::{Hold, RunId};
use engine::story::who;
use engine::view::{Timeline, Waits};
use runtime::driver::{State, Summary};

use super::History;
use crate::order::Note;

/// A run in a list.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The run.
    pub run: Summary,
    /// How it stands, more closely than the store says.
    pub state: &'static str,
    /// For whom or what it waits.
    pub waits: Vec<String>,
    /// The run that called it.
    pub called_by: Option<RunId>,
    /// The version that it started with, where it was deployed.
    pub version: Option<i64>,
    /// The run that it takes over from.
    pub takes_over: Option<RunId>,
}

impl Listed {
    /// Only what is not finished is read whole; of the others, how they began.
    pub fn of(history: &History, run: Summary) -> Listed {
        let mut listed = Listed {
            state: run.state.name(),
            run,
            waits: vec![],
            called_by: None,
            version: None,
            takes_over: None,
        };
        let run = &listed.run.run;
        if listed.run.state == State::Running {
            match history.story(run) {
                Ok(story) => listed.stand(story.timeline()),
                // A run that cannot be read does not hide the others.
                Err(error) => listed.waits.push(error.to_string()),
            }
        }
        // A run whose log is damaged is listed all the same.
        let first = history.first(&listed.run.run).ok().flatten();
        if let Some(Event::RunStarted { parent, past, note, .. }) =
            first.and_then(|row| row.events.into_iter().next())
        {
            listed.version = Note::of(&note).and_then(|note| note.version);
            listed.called_by = parent.map(|parent| parent.run);
            listed.takes_over = past.map(|past| past.of.clone());
        }
        listed
    }

    /// How a run that is not finished stands.
    fn stand(&mut self, timeline: &Timeline) {
        self.waits = waits(timeline);
        self.state = match timeline.hold() {
            Some(Hold::Paused) => "paused",
            Some(Hold::Queued) => "queued",
            None if timeline.is_waiting() => "waiting",
            None => self.state,
        };
    }

    /// As JSON.
    pub fn to_json(&self) -> serde_json::Value {
        let run = &self.run;
        let mut json = serde_json::json!({
            "run": run.run.to_string(),
            "workflow": run.workflow,
            "status": run.state.name(),
            "state": self.state,
            "started": run.started.to_string(),
            "ended": run.ended.map(|time| time.to_string()),
        });
        let more = [
            ("version", self.version.map(Into::into)),
            ("called_by", self.called_by.as_ref().map(|run| run.to_string().into())),
            ("takes_over_from", self.takes_over.as_ref().map(|run| run.to_string().into())),
            ("waits", (!self.waits.is_empty()).then(|| self.waits.clone().into())),
        ];
        if let Some(entries) = json.as_object_mut() {
            entries.extend(more.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
        }
        json
    }
}

/// For whom or what its steps wait: the first of each kind.
fn waits(timeline: &Timeline) -> Vec<String> {
    let mut found: Vec<String> = vec![];
    for (path, entry) in timeline.steps() {
        let text = match &entry.waits {
            Some(Waits::Person(asked)) => format!("`{path}` asks {}", who(&asked.who)),
            Some(Waits::Signal(name)) => format!("`{path}` for the signal `{name}`"),
            Some(Waits::Doubt) => format!("`{path}` is in doubt"),
            None => match entry.until {
                Some(until) => format!("`{path}` until {until:.0}"),
                None => continue,
            },
        };
        found.push(text);
    }
    let more = found.len().saturating_sub(2);
    found.truncate(2);
    found.extend((more > 0).then(|| format!("and {more} more")));
    found
}
