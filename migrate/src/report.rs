//! What became of each node of a file, and of the file.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

/// What became of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It has an equal that does the same.
    Carried,
    /// It has a step, and something of it needs a person.
    Person,
    /// It has no equal; a step that fails stands in its place.
    Lost,
}

/// What a file is worth after the import.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every node was carried over.
    Whole,
    /// Some were not, or not wholly.
    InPart,
    /// Nothing that does anything was.
    Not,
}

impl Verdict {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Verdict::Whole => "whole",
            Verdict::InPart => "in part",
            Verdict::Not => "not",
        }
    }
}

/// What kind of reason it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// There is no connector, or no action of one.
    Service,
    /// It is code of a general language.
    Code,
    /// An expression has no equal.
    Expression,
    /// A parameter or a setting has no equal.
    Setting,
    /// It reads what the action that stands for a node does not give.
    Answer,
    /// Something of a model, its memory or its tools.
    Model,
    /// The order in which things happen.
    Flow,
    /// Files of a kind that cannot be read or made.
    File,
    /// What starts it.
    Trigger,
}

impl Kind {
    /// The word for it in tables.
    pub fn word(self) -> &'static str {
        match self {
            Kind::Service => "a service or an action that is not at hand",
            Kind::Code => "code",
            Kind::Expression => "an expression without an equal",
            Kind::Setting => "a setting without an equal",
            Kind::Answer => "a field of an answer that is not at hand",
            Kind::Model => "memory, tools or parts of a model's chain",
            Kind::Flow => "an order of nodes that cannot be said",
            Kind::File => "a kind of file that cannot be read or made",
            Kind::Trigger => "a trigger without an equal",
        }
    }
}

/// One reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Why {
    /// What kind of reason it is.
    pub kind: Kind,
    /// It in words.
    pub text: String,
}

impl Why {
    /// Makes a reason.
    pub fn new(kind: Kind, text: impl Into<String>) -> Why {
        Why { kind, text: text.into() }
    }
}

/// A node of the file and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// What the file calls it.
    pub node: String,
    /// What kind of node it is there.
    pub form: String,
    /// The step that stands for it, where one does.
    pub step: Option<String>,
    /// What became of it.
    pub fate: Fate,
    /// Why it needs a person, or cannot be.
    pub why: Vec<Why>,
    /// The service that is not at hand, where that is the reason.
    pub service: Option<String>,
    /// Whether it does anything: a note does not, and neither does a trigger.
    pub works: bool,
}

impl Part {
    /// A node that is carried over, until something is found.
    pub(crate) fn new(node: impl Into<String>, form: impl Into<String>) -> Part {
        let (node, form) = (node.into(), form.into());
        Part { node, form, step: None, fate: Fate::Carried, why: vec![], service: None, works: true }
    }

    /// Something of it needs a person.
    pub(crate) fn person(&mut self, why: Why) {
        self.fate = self.fate.max(Fate::Person);
        self.tell(why);
    }

    /// It cannot be.
    pub(crate) fn lost(&mut self, why: Why) {
        self.fate = Fate::Lost;
        self.tell(why);
    }

    fn tell(&mut self, why: Why) {
        if !self.why.contains(&why) && self.why.len() < 20 {
            self.why.push(why);
        }
    }
}

/// A workflow that was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Workflow {
    /// Its name, which is a file name too.
    pub name: String,
    /// Its text, in the canonical layout. The checker finds no error in it.
    pub text: String,
}

/// What came of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Imported {
    /// What the file is called in its own system.
    pub name: String,
    /// What it is worth.
    pub verdict: Verdict,
    /// The workflows: several where a file holds parts that have nothing to do with each other.
    pub workflows: Vec<Workflow>,
    /// Each node and what became of it, in the order of the file.
    pub parts: Vec<Part>,
    /// What the file does not hold and a person has to settle before it runs: connections, secrets, addresses.
    pub settle: Vec<String>,
}

impl Imported {
    /// The services that are not at hand, with how many nodes lack them.
    pub fn missing(&self) -> BTreeMap<&str, usize> {
        let mut missing = BTreeMap::new();
        for service in self.parts.iter().filter_map(|part| part.service.as_deref()) {
            *missing.entry(service).or_default() += 1;
        }
        missing
    }

    /// The kinds of reasons why it is not whole.
    pub fn reasons(&self) -> BTreeSet<Kind> {
        self.parts.iter().flat_map(|part| part.why.iter().map(|why| why.kind)).collect()
    }
}

/// What a file is worth, by what became of its nodes: whole where each one that it has was carried over.
pub fn verdict(parts: &[Part]) -> Verdict {
    let works = parts.iter().any(|part| part.works && part.fate != Fate::Lost);
    if parts.iter().all(|part| part.fate == Fate::Carried) && parts.iter().any(|part| part.works) {
        Verdict::Whole
    } else if works {
        Verdict::InPart
    } else {
        Verdict::Not
    }
}
