//! A draft before it is text: a trigger, steps with their parameters, inputs that are still open.

use dsl::types::Type;

use crate::when::Start;

/// A draft before it is text.
#[derive(Clone, Debug, Default)]
pub struct Sketch {
    /// The name of the workflow.
    pub name: String,
    /// What it is for: the wish.
    pub description: String,
    /// What starts it.
    pub triggers: Vec<Trigger>,
    /// What is open and has to be filled in, by the names of inputs.
    pub inputs: Vec<Input>,
    /// The steps.
    pub steps: Vec<Step>,
    /// The steps whose values the run gives; where there are none, those of all steps.
    pub output: Vec<String>,
}

/// What starts runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// A time.
    Time(Start),
    /// Something that happens at a service.
    Event {
        /// The event.
        id: String,
        /// Its parameters.
        with: Vec<(String, Val)>,
        /// For which events alone.
        filter: Option<String>,
    },
    /// A call.
    Webhook,
}

/// An input of the workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// What stands there until somebody fills it in; nothing where whoever starts the run is asked.
    pub default: Option<Val>,
    /// What it is for.
    pub about: String,
}

/// A parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Val {
    /// A text, with holes.
    Text(String),
    /// What stands in YAML as it is: a number, a list.
    Raw(String),
}

impl Val {
    /// A value that is one hole, which keeps its type.
    pub fn hole(expr: &str) -> Val {
        Val::Text(format!("{{{{ {expr} }}}}"))
    }
}

/// A step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Only where this holds.
    pub cond: Option<String>,
    /// Which step comes first, though nothing of it is read.
    pub after: Option<String>,
    /// What it does.
    pub does: Does,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Does {
    /// Calls an action.
    Use {
        /// The action.
        action: String,
        /// Its parameters.
        with: Vec<(String, Val)>,
    },
    /// Gets an address.
    Get {
        /// The address.
        url: String,
        /// True where the run goes on without an answer.
        lenient: bool,
    },
    /// Asks a model.
    Ask {
        /// The question.
        prompt: String,
        /// The fields of its answer, with their types; without them it is a text.
        returns: Vec<(String, String)>,
    },
    /// Asks a person.
    Approve {
        /// The question.
        message: String,
    },
    /// Waits.
    Wait {
        /// How long.
        length: String,
    },
    /// Keeps some of a list.
    Keep {
        /// The expression of the list.
        list: String,
    },
    /// A block for each item.
    Each {
        /// The expression of the list.
        list: String,
        /// The name of the item.
        item: String,
        /// The steps.
        steps: Vec<Step>,
        /// What each item gives.
        output: Option<String>,
    },
}

impl Sketch {
    /// The text of the workflow.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for line in crate::write::wrapped(&self.description) {
            out += &format!("# {line}\n");
        }
        out += &format!("name: {}\n", self.name);
        out += &format!("description: {}\n", crate::write::scalar(&Val::Text(plain(&self.description)), 0));
        if !self.triggers.is_empty() {
            out += "\ntriggers:\n";
            self.triggers.iter().for_each(|trigger| out += &crate::write::trigger(trigger));
        }
        if !self.inputs.is_empty() {
            out += "\ninputs:\n";
            self.inputs.iter().for_each(|input| out += &crate::write::input(input));
        }
        out += "\nsteps:\n";
        self.steps.iter().for_each(|step| out += &crate::write::step(step, 1));
        if !self.output.is_empty() {
            out += "\noutput:\n";
            self.output.iter().for_each(|name| out += &format!("  {name}: \"{{{{ steps.{name} }}}}\"\n"));
        }
        out
    }
}

/// A wish as a description: what would be read as a hole is none in it.
fn plain(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    text.replace("{{", "{ {").replace("}}", "} }").chars().take(300).collect()
}

/// A name for a workflow, of a few words of a wish.
pub fn name_of(text: &str) -> String {
    let normal = crate::normal::normal(text);
    let words: Vec<&str> = normal
        .split(|char: char| !char.is_ascii_alphanumeric())
        .filter(|word| word.len() > 1 && !SMALL.contains(word))
        .take(4)
        .collect();
    let name = words.join("-");
    let name: String = name.chars().take(40).collect();
    let name = name.trim_matches('-').to_owned();
    if name.is_empty() || !name.starts_with(|char: char| char.is_ascii_lowercase()) {
        format!("draft-{name}").trim_matches('-').to_owned()
    } else {
        name
    }
}

const SMALL: &[&str] = &[
    "the", "and", "to", "of", "in", "at", "my", "on", "for", "every", "each", "when", "it", "is", "with",
    "me", "from", "new", "then", "if", "an", "wenn", "und", "der", "die", "das", "jeden", "um", "meine",
    "eine", "mir", "chaque", "quand", "un", "une", "et", "le", "la", "les", "mes", "dans", "cada", "cuando",
    "el", "los", "las", "de", "del", "una", "ogni", "quando", "il", "che", "whenever", "uhr", "en", "se",
    "si", "di", "da", "al", "alle", "su", "au", "aux", "du", "des", "par", "pour", "ein", "einen", "einer",
    "zu", "im", "am", "sie", "er", "es", "all", "are", "that", "this", "there", "be", "by", "or", "as",
    "please", "bitte", "someone", "somebody", "wird", "wurde", "werden",
];
