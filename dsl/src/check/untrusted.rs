//! Data from outside: bodies of answers, results of actions, payloads of webhooks and events. Whoever wrote them
//! may have written them for the model that reads them.
//!
//! So a model that reads them must not act unasked: neither what its step reads, nor what its tools give.

use std::collections::BTreeMap;

use crate::ast::{Act, ArgKind, Op, Step, Wait};
use crate::catalog::{Action, Safety, Trust};
use crate::check::Checking;
use crate::check::flow::{Flow, Holder, Passage, holds};
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::span::Span;
use crate::value::Value;
use crate::workflow::{ASK, REQUEST};

/// The parts of an answer that the other side wrote.
const ANSWER: [&str; 3] = ["body", "headers", "items"];

/// The parts of `trigger` that come from outside.
const PAYLOAD: [&str; 5] = ["body", "event", "headers", "query", "signal"];

/// The way of data from outside into a step: where it is read, and of whom, from the source on.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The source, in a few words.
    pub source: String,
    /// Each read on the way, the step's own last.
    pub reads: Vec<Span>,
}

/// Looks at every model that is given tools which act.
pub fn check(checking: &mut Checking<'_>) {
    let mut asked = vec![];
    checking.ast.root.each(&mut |step| {
        if let Some(Op::Act(act)) = &step.op
            && let Some(tool) = acting(checking, act)
        {
            asked.push((step, act, tool));
        }
    });
    if asked.is_empty() {
        return;
    }
    let untrusted = Untrusted::new(checking);
    let told = |(step, act, tool): (&Step, &Act, Tool)| match untrusted.path(step) {
        Some(path) => Some(refused(step, &tool, &path)),
        None => Some(refused_beside(step, &tool, &telling(checking, act)?)),
    };
    let found: Vec<Diagnostic> = asked.into_iter().filter_map(told).collect();
    checking.diagnostics.extend(found);
}

/// A tool that a step lists.
struct Tool {
    id: String,
    span: Span,
}

/// The first tool of a model that changes something, where nobody is asked and nothing allows it.
fn acting(checking: &Checking<'_>, act: &Act) -> Option<Tool> {
    let value = |key: &str| match act.arg(key).map(|arg| &arg.kind) {
        Some(ArgKind::Value(value)) => Some(value),
        _ => None,
    };
    let allowed = match value("allow") {
        Some(Value::List(words)) => words.iter().any(|word| word.as_text() == Some("untrusted_tools")),
        _ => false,
    };
    if act.action.value != ASK || allowed || value("confirm") == Some(&Value::Bool(true)) {
        return None;
    }
    tool(checking, act, &|action| action.safety != Safety::Read)
}

/// The first tool of a model that gives what anybody may have written.
fn telling(checking: &Checking<'_>, act: &Act) -> Option<Tool> {
    tool(checking, act, &|action| action.trust == Trust::Untrusted)
}

/// The first tool of a model that is so.
fn tool(checking: &Checking<'_>, act: &Act, is: &dyn Fn(&Action) -> bool) -> Option<Tool> {
    let ArgKind::List(tools) = &act.arg("tools")?.kind else { return None };
    tools.iter().find_map(|tool| {
        let ArgKind::Value(value) = &tool.kind else { return None };
        let id = value.as_text()?;
        let found = checking.catalog.get(id).is_some_and(is);
        found.then(|| Tool { id: id.to_owned(), span: tool.span })
    })
}

/// What to do instead.
const HELP: &str = "say `confirm: true`, so that each call is asked, or `allow: [untrusted_tools]`";

/// What a tool gives is read by the model that may act.
fn refused_beside(step: &Step, tool: &Tool, telling: &Tool) -> Diagnostic {
    let (name, acts, tells) = (&step.name.value, &tool.id, &telling.id);
    let message =
        format!("`{name}` reads what `{tells}` gives, and `{acts}` acts: whoever wrote it could use it");
    let wrong = Diagnostic::error(Code::UntrustedTools, tool.span, message);
    match tool.span == telling.span {
        true => wrong.help(HELP),
        false => wrong.label(telling.span, "what this gives is from outside").help(HELP),
    }
}

fn refused(step: &Step, tool: &Tool, path: &Path) -> Diagnostic {
    let (name, acts) = (&step.name.value, &tool.id);
    let message =
        format!("`{name}` reads data from outside, and `{acts}` acts: whoever wrote the data could use it");
    let mut wrong = Diagnostic::error(Code::UntrustedTools, tool.span, message);
    for (at, read) in path.reads.iter().enumerate() {
        let says = match (at, path.reads.len() - 1 - at) {
            (0, 0) => format!("{} is read here", path.source),
            (0, _) => format!("{} goes on from here", path.source),
            (_, 0) => "and is read here".into(),
            _ => "through here".into(),
        };
        wrong = wrong.label(*read, says);
    }
    wrong.help(HELP)
}

/// What came from outside, and where it goes.
pub struct Untrusted<'a> {
    flow: Flow<'a>,
    passages: Vec<Passage>,
    /// The first of them by the id of the reader.
    first: BTreeMap<usize, usize>,
}

impl<'a> Untrusted<'a> {
    /// Follows all that comes from outside.
    pub fn new(checking: &Checking<'a>) -> Untrusted<'a> {
        let flow = Flow::new(checking);
        let mut sources: Vec<Holder> = vec![];
        checking.ast.root.each(&mut |step| {
            sources.extend(given(checking, step));
            for (name, span, field) in flow.names(step.id) {
                if is_payload(name, field.as_ref().map(|(field, _)| &**field)) {
                    sources.extend(holds(step, *span));
                }
            }
        });
        let passages = flow.spread(sources);
        let mut first = BTreeMap::new();
        for (at, passage) in passages.iter().enumerate() {
            first.entry(passage.reader).or_insert(at);
        }
        Untrusted { flow, passages, first }
    }

    /// How data from outside comes into a step, if it does.
    pub fn path(&self, step: &Step) -> Option<Path> {
        let payload = self
            .flow
            .names(step.id)
            .iter()
            .find(|(name, _, field)| is_payload(name, field.as_ref().map(|(field, _)| &**field)));
        if let Some((name, span, field)) = payload {
            let field = field.as_ref().map(|(field, _)| format!(".{field}")).unwrap_or_default();
            return Some(Path { source: format!("`{name}{field}`"), reads: vec![*span] });
        }
        let mut at = *self.first.get(&step.id)?;
        let mut reads = vec![];
        loop {
            let passage = self.passages.get(at)?;
            reads.push(passage.span);
            let (holder, _) = passage.from;
            // Whoever holds it has read it before.
            match self.first.get(&holder).filter(|before| **before < at) {
                Some(before) => at = *before,
                None => {
                    reads.reverse();
                    let name = self.flow.step(holder).map_or("", |step| &*step.name.value);
                    return Some(Path { source: format!("what `{name}` gives"), reads });
                }
            }
        }
    }
}

/// What a step gives that comes from outside.
fn given(checking: &Checking<'_>, step: &Step) -> Vec<Holder> {
    let act = match &step.op {
        Some(Op::Act(act)) => act,
        Some(Op::Wait(Wait::Signal { .. })) => return vec![(step.id, None)],
        Some(
            Op::Child { .. }
            | Op::Set { .. }
            | Op::Wait(_)
            | Op::Fail { .. }
            | Op::Each { .. }
            | Op::Repeat { .. }
            | Op::Switch { .. }
            | Op::Try { .. },
        )
        | None => return vec![],
    };
    if act.action.value == ASK {
        // A model says what it makes of what it reads: of its step, and of its tools.
        return telling(checking, act).map(|_| (step.id, None)).into_iter().collect();
    }
    if act.action.value == REQUEST {
        return ANSWER.into_iter().map(|field| (step.id, Some(field.to_owned()))).collect();
    }
    match checking.catalog.get(&act.action.value).map(|action| action.trust) {
        Some(Trust::Trusted) => vec![],
        Some(Trust::Untrusted) | None => vec![(step.id, None)],
    }
}

fn is_payload(name: &str, field: Option<&str>) -> bool {
    match (name, field) {
        ("trigger", Some(field)) => PAYLOAD.contains(&field),
        ("trigger", None) | ("event", _) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use crate::catalog::{Action, Catalog, Safety, Trust};
    use crate::check::{Checking, names};
    use crate::diagnostic::Severity;
    use crate::types::Type;

    use super::Untrusted;

    /// The way into the step `ask`: its source, and the texts of the lines on which it is read.
    fn way(steps: &str) -> Option<(String, usize)> {
        let text = format!("name: a\ninputs: {{ given: string }}\nsteps:\n{steps}");
        let action = |id: &str, trust| Action {
            id: id.into(),
            about: String::new(),
            safety: Safety::Read,
            input: vec![],
            output: Type::Any,
            trust,
        };
        let catalog =
            Catalog::new([action("web.read", Trust::Untrusted), action("math.add", Trust::Trusted)]);
        let (root, _) = crate::yaml::read(&text);
        let (ast, wrong) = crate::parse::parse(&text, &root.unwrap());
        assert!(wrong.iter().all(|wrong| wrong.severity == Severity::Warning), "{wrong:?}");
        let mut checking = Checking::new(&text, &ast, &catalog);
        names::check(&mut checking);
        assert!(checking.diagnostics.is_empty(), "{:?}", checking.diagnostics);
        let untrusted = Untrusted::new(&checking);
        let mut found = None;
        ast.root.each(&mut |step| {
            if &*step.name.value == "ask" {
                found = untrusted.path(step).map(|path| (path.source, path.reads.len()));
            }
        });
        found
    }

    fn from(source: &str, reads: usize) -> Option<(String, usize)> {
        Some((source.into(), reads))
    }

    #[test]
    fn bodies_and_results_are_untrusted_and_inputs_are_not() {
        let get = "  get: { http: { url: \"https://example.com\" } }\n";
        assert_eq!(
            way(&format!("{get}  ask: {{ fail: \"{{{{ steps.get.body }}}}\" }}\n")),
            from("what `get` gives", 1)
        );
        assert_eq!(way(&format!("{get}  ask: {{ fail: \"{{{{ steps.get.status }}}}\" }}\n")), None);
        assert_eq!(way("  ask: { fail: \"{{ inputs.given }}\" }\n"), None);
        let read = "  read: { use: web.read }\n  add: { use: math.add }\n";
        assert_eq!(
            way(&format!("{read}  ask: {{ fail: \"{{{{ steps.read.x }}}}\" }}\n")),
            from("what `read` gives", 1)
        );
        assert_eq!(way(&format!("{read}  ask: {{ fail: \"{{{{ steps.add.x }}}}\" }}\n")), None);
    }

    #[test]
    fn payloads_of_triggers_are_untrusted() {
        assert_eq!(way("  ask: { fail: \"{{ trigger.body.x }}\" }\n"), from("`trigger.body`", 1));
        assert_eq!(way("  ask: { fail: \"{{ trigger.kind }}\" }\n"), None);
        let keep = "  keep: { set: { a: \"{{ trigger.event.x }}\", b: 1 } }\n";
        assert_eq!(
            way(&format!("{keep}  ask: {{ fail: \"{{{{ steps.keep.a }}}}\" }}\n")),
            from("what `keep` gives", 1)
        );
        assert_eq!(way(&format!("{keep}  ask: {{ fail: \"{{{{ steps.keep.b }}}}\" }}\n")), None);
    }

    #[test]
    fn data_is_followed_through_set_loops_and_blocks() {
        let get = "  get: { http: { url: \"https://example.com\" } }\n";
        let set = "  set: { set: { it: \"{{ steps.get.body }}\", other: 1 } }\n";
        assert_eq!(
            way(&format!("{get}{set}  ask: {{ fail: \"{{{{ steps.set.it }}}}\" }}\n")),
            from("what `get` gives", 2)
        );
        assert_eq!(way(&format!("{get}{set}  ask: {{ fail: \"{{{{ steps.set.other }}}}\" }}\n")), None);
        let each = "  each: { for_each: steps.get.body, as: one, steps: { ask: { fail: \"{{ one }}\" } } }\n";
        assert!(way(&format!("{get}{each}")).is_some());
        let block = "  block: { repeat: 1, steps: { in: { set: { x: \"{{ steps.get.body }}\", y: 1 } } }, output: { p: \"{{ steps.in.x }}\", q: \"{{ steps.in.y }}\" } }\n";
        assert!(way(&format!("{get}{block}  ask: {{ fail: \"{{{{ steps.block.p }}}}\" }}\n")).is_some());
        assert_eq!(way(&format!("{get}{block}  ask: {{ fail: \"{{{{ steps.block.q }}}}\" }}\n")), None);
    }
}
