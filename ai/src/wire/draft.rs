//! An answer that is being written: the wires add to it, frame by frame or at once, and it becomes an `Answer`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Wire, tool_for_form};
use crate::chat::{Answer, Call, Finish, Part, Question, Thinking};
use crate::estimate::{self, Counter, Estimate};
use crate::provider::Provider;
use crate::refusal::Class;
use crate::usage::Usage;

/// A piece of an answer, as it comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delta {
    /// Text for the reader.
    Text(String),
    /// What the model thinks, as far as it can be read.
    Thinking(String),
    /// Text beside the tool that takes the answer. It is no part of the answer if that tool is called.
    Beside(String),
    /// The model begins to write the call of a tool.
    Call {
        /// Which part of the answer it is.
        part: usize,
        /// The call.
        id: String,
        /// The tool.
        name: String,
        /// What the provider wants back with it, as far as that is known.
        seal: Option<String>,
    },
    /// A piece of the JSON that the tool is called with.
    Arguments {
        /// Which part of the answer it belongs to.
        part: usize,
        /// The piece.
        text: String,
    },
}

impl Delta {
    /// What it says, or thinks.
    pub fn text(&self) -> &str {
        match self {
            Delta::Text(text) | Delta::Thinking(text) | Delta::Beside(text) => text,
            Delta::Arguments { text, .. } => text,
            Delta::Call { name, .. } => name,
        }
    }
}

/// What a provider said of what it took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// Nothing.
    Nothing,
    /// What it took so far.
    SoFar(Usage),
    /// All.
    All(Usage),
}

/// An answer that is being written.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(super) id: Option<String>,
    pub(super) model: Option<String>,
    pub(super) finish: Option<Finish>,
    pub(super) usage: Told,
    /// True if what was said is a refusal of the model's.
    pub(super) refused: bool,
    pieces: Vec<Piece>,
    slots: BTreeMap<u64, usize>,
    deltas: Vec<Delta>,
    asked: Asked,
}

/// What is remembered of the question.
#[derive(Debug)]
struct Asked {
    wire: &'static str,
    model: String,
    /// The tool that stands for the form of the answer.
    form: Option<String>,
    /// Which turn this will be: ids that we give differ over a conversation.
    turn: usize,
    input: u64,
    estimate: Estimate,
}

#[derive(Debug)]
enum Piece {
    Text {
        text: String,
        seal: Option<String>,
    },
    /// What can be read of it stands in `raw`, at `field`.
    Thinking {
        raw: Value,
        field: &'static str,
    },
    Call {
        id: String,
        name: String,
        arguments: String,
        seal: Option<String>,
    },
}

impl Draft {
    pub(super) fn new(question: &Question, provider: &Provider) -> Draft {
        let wire: &Wire = provider.wire;
        let asked = Asked {
            wire: wire.name,
            model: question.model.clone(),
            form: tool_for_form(question, provider),
            turn: question.messages.len(),
            input: estimate::question(question, &provider.estimate).likely,
            estimate: provider.estimate,
        };
        Draft {
            id: None,
            model: None,
            finish: None,
            usage: Told::Nothing,
            refused: false,
            pieces: vec![],
            slots: BTreeMap::new(),
            deltas: vec![],
            asked,
        }
    }

    /// The pieces that came since they were last taken.
    pub(super) fn take_deltas(&mut self) -> Vec<Delta> {
        std::mem::take(&mut self.deltas)
    }

    /// Notes who answers, where it is said.
    pub(super) fn named(&mut self, id: Option<&str>, model: Option<&str>) {
        let known = |text: Option<&str>| text.filter(|text| !text.is_empty()).map(str::to_owned);
        self.id = known(id).or_else(|| self.id.take());
        self.model = known(model).or_else(|| self.model.take());
    }

    /// Adds to the text of a slot.
    pub(super) fn text(&mut self, slot: u64, piece: &str) {
        if piece.is_empty() {
            return;
        }
        let at = self.slot(slot, || Piece::Text { text: String::new(), seal: None });
        if let Some(Piece::Text { text, .. }) = self.pieces.get_mut(at) {
            text.push_str(piece);
            self.deltas.push(match self.asked.form {
                None => Delta::Text(piece.to_owned()),
                Some(_) => Delta::Beside(piece.to_owned()),
            });
        }
    }

    /// Begins a thought; what can be read of it will stand at `field`.
    pub(super) fn think(&mut self, slot: u64, raw: Value, field: &'static str) {
        let text = raw.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
        self.slot(slot, || Piece::Thinking { raw, field });
        if !text.is_empty() {
            self.deltas.push(Delta::Thinking(text));
        }
    }

    /// Adds to a field of a thought that has begun.
    pub(super) fn think_on(&mut self, slot: u64, field: &'static str, piece: &str) {
        let at = self.slots.get(&slot).copied();
        let Some(Piece::Thinking { raw, field: read }) = at.and_then(|at| self.pieces.get_mut(at)) else {
            return;
        };
        if let Value::Object(entries) = raw {
            match entries.get_mut(field) {
                Some(Value::String(text)) => text.push_str(piece),
                Some(_) | None => {
                    entries.insert(field.to_owned(), piece.into());
                }
            }
        }
        if *read == field && !piece.is_empty() {
            self.deltas.push(Delta::Thinking(piece.to_owned()));
        }
    }

    /// Begins a call, or says more of it. Without an id it gets one.
    pub(super) fn call(&mut self, slot: u64, id: Option<&str>, name: Option<&str>) {
        let begun = self.slots.contains_key(&slot);
        let at = self.slot(slot, || Piece::Call {
            id: String::new(),
            name: String::new(),
            arguments: String::new(),
            seal: None,
        });
        let Some(Piece::Call { id: known, name: called, .. }) = self.pieces.get_mut(at) else { return };
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            id.clone_into(known);
        }
        if known.is_empty() {
            *known = format!("{MADE}{}-{at}", self.asked.turn);
        }
        if let Some(name) = name.filter(|name| !name.is_empty()) {
            name.clone_into(called);
        }
        if !begun && self.asked.form.as_ref() != Some(called) {
            let (id, name) = (known.clone(), called.clone());
            self.deltas.push(Delta::Call { part: at, id, name, seal: None });
        }
    }

    /// Adds to the JSON of a call.
    pub(super) fn arguments(&mut self, slot: u64, piece: &str) {
        let Some(&at) = self.slots.get(&slot) else { return };
        let piece = Some(piece).filter(|piece| !piece.is_empty());
        if let (Some(Piece::Call { name, arguments, .. }), Some(piece)) = (self.pieces.get_mut(at), piece) {
            arguments.push_str(piece);
            self.deltas.push(match self.asked.form.as_ref() == Some(name) {
                // What that tool takes is the text of the answer.
                true => Delta::Text(piece.to_owned()),
                false => Delta::Arguments { part: at, text: piece.to_owned() },
            });
        }
    }

    /// Notes what goes back with a text or a call, unchanged.
    pub(super) fn seal(&mut self, slot: u64, given: &str) {
        let at = self.slot(slot, || Piece::Text { text: String::new(), seal: None });
        match self.pieces.get_mut(at) {
            Some(Piece::Text { seal, .. } | Piece::Call { seal, .. }) => *seal = Some(given.to_owned()),
            Some(Piece::Thinking { .. }) | None => return,
        }
        for delta in &mut self.deltas {
            match delta {
                Delta::Call { part, seal, .. } if *part == at => *seal = Some(given.to_owned()),
                Delta::Call { .. }
                | Delta::Text(_)
                | Delta::Thinking(_)
                | Delta::Beside(_)
                | Delta::Arguments { .. } => {}
            }
        }
    }

    /// A slot that was not used so far.
    pub(super) fn fresh(&self) -> u64 {
        self.slots.last_key_value().map_or(0, |(slot, _)| slot.saturating_add(1))
    }

    /// The slot of the text that is being written, where a text was the last thing, and nothing has to go back with it.
    pub(super) fn open_text(&self) -> Option<u64> {
        match (self.pieces.last(), self.slots.last_key_value()) {
            (Some(Piece::Text { seal: None, .. }), Some((slot, _))) => Some(*slot),
            (Some(_) | None, _) => None,
        }
    }

    /// As `open_text`, for thoughts.
    pub(super) fn open_thought(&self) -> Option<u64> {
        match (self.pieces.last(), self.slots.last_key_value()) {
            (Some(Piece::Thinking { .. }), Some((slot, _))) => Some(*slot),
            (Some(_) | None, _) => None,
        }
    }

    fn slot(&mut self, slot: u64, make: impl FnOnce() -> Piece) -> usize {
        *self.slots.entry(slot).or_insert_with(|| {
            self.pieces.push(make());
            self.pieces.len() - 1
        })
    }

    /// The answer as far as it is written. Without a reason to end it was cut.
    pub(super) fn finished(self) -> Answer {
        let usage = self.usage();
        let wire = self.asked.wire;
        let form = self.asked.form.as_deref();
        let takes_form = |piece: &Piece| matches!(piece, Piece::Call { name, .. } if form == Some(&**name));
        // What is said beside the tool that takes the answer is not the answer.
        let beside = self.pieces.iter().any(takes_form);
        let kept = self.pieces.into_iter().filter(|piece| !(beside && matches!(piece, Piece::Text { .. })));
        let parts: Vec<Part> = kept.map(|piece| part(piece, wire, form)).collect();
        let calls = parts.iter().any(|part| matches!(part, Part::Call(_)));
        let finish = match (self.finish, calls) {
            (Some(Finish::Stop), _) if self.refused => {
                Finish::Refused { class: Class::Filtered, why: "the model refuses to answer".into() }
            }
            // Gemini and some others end a call as they end a text.
            (Some(Finish::Stop), true) => Finish::Calls,
            // The tool that stood for the form of the answer is none.
            (Some(Finish::Calls), false) => Finish::Stop,
            (Some(finish), _) => finish,
            (None, _) => Finish::Cut,
        };
        Answer { id: self.id, model: self.model.unwrap_or(self.asked.model), parts, finish, usage }
    }

    /// What it took; what was not said to the end is estimated from what was asked and written. So is a half that should
    /// be something and is said to be nothing: it would be free.
    fn usage(&self) -> Usage {
        let written = self.written();
        let mut usage = match self.usage {
            Told::All(usage) => usage,
            Told::SoFar(usage) => Usage {
                output_visible: usage.output_visible.max(written.saturating_sub(usage.output_reasoning)),
                estimated: true,
                ..usage
            },
            Told::Nothing => Usage::guess(self.asked.input, written),
        };
        if usage.input() == 0 && self.asked.input > 0 {
            (usage.input_uncached, usage.estimated) = (self.asked.input, true);
        }
        if usage.output() == 0 && written > 0 {
            (usage.output_visible, usage.estimated) = (written, true);
        }
        usage
    }

    /// The likely tokens of what is written.
    fn written(&self) -> u64 {
        let counted = self.pieces.iter().map(|piece| match piece {
            Piece::Text { text, .. } => Counter::of(text).hundredths(),
            Piece::Thinking { raw, field } => {
                raw.get(field).and_then(Value::as_str).map_or(0, |text| Counter::of(text).hundredths())
            }
            Piece::Call { name, arguments, .. } => {
                [name, arguments].map(|text| Counter::of(text).hundredths()).iter().sum()
            }
        });
        self.asked.estimate.likely(counted.sum())
    }
}

/// How an id begins that we gave, since the provider gives none. It is not sent back.
pub(super) const MADE: &str = "keyway-";

fn part(piece: Piece, wire: &str, form: Option<&str>) -> Part {
    match piece {
        Piece::Text { text, seal } => Part::Text { text, seal },
        Piece::Thinking { raw, field } => {
            let text = raw.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
            Part::Thinking(Thinking { wire: wire.to_owned(), text, raw })
        }
        Piece::Call { name, arguments, .. } if form == Some(&*name) => Part::text(arguments),
        Piece::Call { id, name, arguments, seal } => {
            let arguments = match arguments.trim() {
                "" => Value::Object(serde_json::Map::new()),
                text => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
            };
            Part::Call(Call { id, name, arguments, seal })
        }
    }
}
