//! What a test file is about: the steps of a workflow and of those that it calls, by their paths.

use std::collections::BTreeMap;

use crate::ast::{ArgKind, Ast, Block, Op, TriggerKind, Wait};
use crate::catalog::Catalog;
use crate::check::signature;
use crate::types::{Field, Type};
use crate::workflow::{ASK, EMIT, REQUEST};
use crate::{parse, yaml};

/// How deep calls of workflows are followed.
const DEEPEST: usize = 16;

/// A workflow that is tested.
#[derive(Debug)]
pub struct Subject<'c> {
    /// Its name.
    pub name: String,
    /// What it is given.
    pub inputs: Vec<Field>,
    /// What starts it.
    pub triggers: Vec<TriggerKind>,
    /// The steps at its top.
    pub top: Vec<String>,
    /// All steps by their paths without numbers, those of called workflows below the step that calls.
    pub parts: BTreeMap<String, Part>,
    /// What can be called.
    pub catalog: &'c Catalog,
}

/// A step, as far as a test can speak of it.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it does.
    pub does: Does,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Does {
    /// Calls an action, which gives a value of this type.
    Calls {
        /// The action's id.
        action: String,
        /// What it gives.
        gives: Type,
        /// In how many turns.
        turns: Turns,
    },
    /// Runs another workflow, which gives a value of this type.
    Runs(Type),
    /// Raises a signal.
    Emits,
    /// Asks a person, who fills in these.
    Asks(Vec<Field>),
    /// Anything else: it needs nobody.
    Computes,
}

/// In how many turns a call is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turns {
    /// At once.
    One,
    /// A model with tools may want calls before it answers.
    Many,
}

impl<'c> Subject<'c> {
    /// Looks at the text of a workflow; `beside` are the texts of those that it may call, by their names.
    pub fn new(text: &str, beside: &BTreeMap<String, String>, catalog: &'c Catalog) -> Option<Subject<'c>> {
        let ast = read(text)?;
        let mut parts = BTreeMap::new();
        let within = Within { beside, catalog, depth: 0 };
        within.block(&ast.root, "", &mut parts);
        Some(Subject {
            name: ast.name.as_ref()?.value.clone(),
            inputs: ast.inputs.iter().map(|input| input.field.clone()).collect(),
            triggers: ast.triggers.iter().map(|trigger| trigger.kind.value).collect(),
            top: ast.root.steps.iter().map(|step| step.name.value.to_string()).collect(),
            parts,
            catalog,
        })
    }

    /// The step at a path, with numbers in it or without.
    pub fn part(&self, path: &str) -> Option<&Part> {
        self.parts.get(&general(path))
    }

    /// The type of what an action gives; nothing where no such action is known.
    pub fn gives(&self, action: &str) -> Option<Type> {
        if let Some(known) = self.catalog.get(action) {
            return Some(answer(action, known.output.clone()));
        }
        let calls = |part: &Part| matches!(&part.does, Does::Calls { action: own, .. } if own == action);
        self.parts.values().any(calls).then_some(Type::Any)
    }

    /// The ids of the actions that its steps call.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.parts.values().filter_map(|part| match &part.does {
            Does::Calls { action, .. } => Some(action.as_str()),
            Does::Emits => Some(EMIT),
            Does::Runs(_) | Does::Asks(_) | Does::Computes => None,
        })
    }
}

/// A path without the numbers of items and rounds: `urgent.rank` of `urgent[3].rank`.
pub fn general(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut inside = false;
    for char in path.chars() {
        match char {
            '[' => inside = true,
            ']' => inside = false,
            _ if inside => {}
            other => out.push(other),
        }
    }
    out
}

/// How closely a path of a test names a step, or nothing where it names another: more numbers are closer.
pub fn names(path: &str, step: &str) -> Option<usize> {
    let same = path.split('.').zip(step.split('.')).all(|(wanted, part)| {
        wanted == part || (!wanted.contains('[') && part.split('[').next() == Some(wanted))
    });
    let whole = path.split('.').count() == step.split('.').count();
    (same && whole).then(|| path.matches('[').count())
}

fn read(text: &str) -> Option<Ast> {
    Some(parse::parse(text, &yaml::read(text).0?).0)
}

struct Within<'s> {
    beside: &'s BTreeMap<String, String>,
    catalog: &'s Catalog,
    depth: usize,
}

impl Within<'_> {
    fn block(&self, block: &Block, path: &str, parts: &mut BTreeMap<String, Part>) {
        for step in &block.steps {
            let name = &step.name.value;
            let path = if path.is_empty() { name.to_string() } else { format!("{path}.{name}") };
            let does = step.op.as_ref().map_or(Does::Computes, |op| self.does(op));
            if let Some(Op::Child { workflow, .. }) = &step.op {
                self.child(&workflow.value, &path, parts);
            }
            step.blocks().into_iter().for_each(|block| self.block(block, &path, parts));
            parts.insert(path, Part { does });
        }
    }

    fn child(&self, name: &str, path: &str, parts: &mut BTreeMap<String, Part>) {
        let ast = self.beside.get(name).filter(|_| self.depth < DEEPEST).and_then(|text| read(text));
        if let Some(ast) = ast {
            Within { depth: self.depth + 1, ..*self }.block(&ast.root, path, parts);
        }
    }

    fn does(&self, op: &Op) -> Does {
        match op {
            Op::Act(act) if act.action.value == EMIT => Does::Emits,
            Op::Act(act) => {
                let known = || self.catalog.get(&act.action.value).map(|action| action.output.clone());
                let gives = act.gives.clone().or_else(known).unwrap_or_default();
                let action = act.action.value.clone();
                let tools = act.arg("tools").is_some_and(|tools| matches!(tools.kind, ArgKind::List(_)));
                let turns = if action == ASK && tools { Turns::Many } else { Turns::One };
                Does::Calls { gives: answer(&action, gives), action, turns }
            }
            Op::Child { workflow, .. } => {
                let ast = self.beside.get(&workflow.value).and_then(|text| read(text));
                Does::Runs(ast.map_or(Type::Any, |ast| signature(&ast).output))
            }
            Op::Wait(Wait::Person(question)) => Does::Asks(question.fields.clone()),
            Op::Wait(Wait::For { .. } | Wait::Until { .. } | Wait::Signal { .. })
            | Op::Set { .. }
            | Op::Fail { .. }
            | Op::Each { .. }
            | Op::Repeat { .. }
            | Op::Switch { .. }
            | Op::Try { .. } => Does::Computes,
        }
    }
}

/// What a mock of an action gives: of an answer over HTTP the body is enough, or what all pages gave.
fn answer(action: &str, gives: Type) -> Type {
    match gives {
        Type::Object(fields) if action == REQUEST && fields.iter().any(|field| field.name == "status") => {
            let field = |field: Field| Field { optional: true, ..field };
            Type::Object(fields.into_iter().map(field).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_loses_its_numbers() {
        assert_eq!(general("urgent[3].rank[12].a"), "urgent.rank.a");
        assert_eq!(general("a"), "a");
    }

    #[test]
    fn a_path_names_all_instances_or_those_of_its_numbers() {
        assert_eq!(names("a.b", "a[1].b"), Some(0));
        assert_eq!(names("a[1].b", "a[1].b"), Some(1));
        assert_eq!(names("a[2].b", "a[1].b"), None);
        assert_eq!(names("a", "a[1].b"), None);
        assert_eq!(names("a.b.c", "a[1].b"), None);
    }

    #[test]
    fn steps_of_blocks_and_of_called_workflows_are_found() {
        let beside = BTreeMap::from([(
            "other".to_owned(),
            "name: other\nsteps: { deep: { emit: done } }\n".to_owned(),
        )]);
        let text = "name: x\nsteps:\n  all: { for_each: [1], steps: { ask: { approve: { message: hm } } } }\n  \
                    one: { call: other }\n";
        let catalog = Catalog::new([]);
        let subject = Subject::new(text, &beside, &catalog).unwrap();
        assert_eq!(subject.parts.keys().collect::<Vec<_>>(), ["all", "all.ask", "one", "one.deep"]);
        assert!(matches!(subject.part("all[2].ask").unwrap().does, Does::Asks(_)));
    }
}
