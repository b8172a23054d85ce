//! Secrets stand only where they leave the process unseen, in the head and the body of a request, and nothing
//! but joining, `base64` and `hmac_sha256` can be done with them before.

mod reads;

use std::cell::OnceCell;

use crate::ast::{Act, Arg, ArgKind, Op, Part, Step};
use crate::catalog::Catalog;
use crate::check::Checking;
use crate::check::flow::Flow;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::Expr;
use crate::expr::ast::Kind;
use crate::fields::listed;
use crate::span::Span;

/// The parts of the request of an `http` step that may hold one.
const ALLOWED: &[&str] = &["auth", "body", "form", "headers", "json", "multipart"];

/// What to do instead.
const PLACES: &str = "in `auth`, `headers`, `json`, `form`, `multipart` or `body` of `http`";

/// The most steps on the way of one secret that are shown.
const MOST_STEPS: usize = 6;

/// Looks at every value.
pub fn check(checking: &mut Checking<'_>) {
    let mut found = vec![];
    // Built for a file that is wrong alone.
    let flow = OnceCell::new();
    let root = &checking.ast.root;
    root.each(&mut |step| {
        if let Some(expr) = &step.condition {
            misplaced(Part::Expr(expr), &mut found);
        }
        if let Some(Op::Repeat { until: Some(until), .. }) = &step.op {
            misplaced(Part::Expr(until), &mut found);
        }
        match &step.op {
            Some(Op::Set { value }) => {
                let way = |key: &str| way(flow.get_or_init(|| Flow::new(checking)), step, key);
                kept(step, value, &way, &mut found);
            }
            _ => values(checking.catalog, step, &mut found),
        }
        for block in step.blocks() {
            block.output.iter().for_each(|output| output.each(&mut |part| misplaced(part, &mut found)));
        }
    });
    for trigger in &checking.ast.triggers {
        let values = trigger.inputs.iter().chain(&trigger.with);
        values.for_each(|(_, value)| value.each(&mut |part| misplaced(part, &mut found)));
        trigger.filter.iter().for_each(|expr| misplaced(Part::Expr(expr), &mut found));
    }
    let concurrency = checking.ast.concurrency.as_ref();
    let key = concurrency.and_then(|concurrency| concurrency.key.as_ref());
    key.into_iter().for_each(|expr| misplaced(Part::Expr(expr), &mut found));
    root.output.iter().for_each(|output| output.each(&mut |part| misplaced(part, &mut found)));
    checking.diagnostics.extend(found);
}

/// The values of a step's own: some of what is sent may hold a secret, which is not read there.
fn values(catalog: &Catalog, step: &Step, found: &mut Vec<Diagnostic>) {
    match &step.op {
        Some(Op::Act(act)) => {
            let (marked, places) = open_parameters(catalog, act);
            let (open, shut): (Vec<_>, Vec<_>) =
                act.args.iter().partition(|(key, _)| marked.contains(&&*key.value));
            let mut wrong = |span| found.push(misplaced_at(span, &places));
            shut.into_iter().for_each(|(_, value)| value.each(&mut |part| each_secret(part, &mut wrong)));
            open.into_iter().for_each(|(_, value)| value.each(&mut |part| reads::check(part, found)));
        }
        Some(Op::Set { .. } | Op::Try { .. }) | None => {}
        Some(op) => {
            let output = if let Op::Switch { output, .. } = op { output.as_ref() } else { None };
            let values = op.values().into_iter().chain(output);
            values.for_each(|value| value.each(&mut |part| misplaced(part, found)));
        }
    }
}

/// The parameters of a call in which a secret may stand, and what is said of them.
fn open_parameters<'c>(catalog: &'c Catalog, act: &Act) -> (Vec<&'c str>, String) {
    let action = catalog.get(&act.action.value).filter(|_| !act.checked);
    let fields = action.into_iter().flat_map(|action| &action.input).filter(|field| field.secret);
    let marked: Vec<&str> = fields.map(|field| &*field.name).collect();
    match (act.checked, marked.as_slice()) {
        (true, _) => (ALLOWED.to_vec(), PLACES.to_owned()),
        (false, []) => (marked, PLACES.to_owned()),
        (false, _) => {
            let places = format!("in {} of `{}`", listed(&marked), act.action.value);
            (marked, places)
        }
    }
}

/// Reports each secret in a place where none may stand.
fn misplaced(part: Part<'_>, found: &mut Vec<Diagnostic>) {
    each_secret(part, &mut |span| found.push(misplaced_at(span, PLACES)));
}

fn misplaced_at(span: Span, places: &str) -> Diagnostic {
    Diagnostic::error(Code::SecretPlace, span, "a secret cannot stand here").help(format!("use it {places}"))
}

/// The way of what a field of a step holds: each read, with the name of the step that reads.
type Way<'w> = dyn Fn(&str) -> Vec<(Span, String)> + 'w;

fn way(flow: &Flow<'_>, step: &Step, key: &str) -> Vec<(Span, String)> {
    let passages = flow.spread([(step.id, Some(key.to_owned()))]).into_iter().take(MOST_STEPS);
    let name = |id| flow.step(id).map_or(String::new(), |step| step.name.value.to_string());
    passages.map(|passage| (passage.span, name(passage.reader))).collect()
}

/// Reports each secret that a step keeps, with the way that it would take from there.
fn kept(step: &Step, value: &Arg, way: &Way<'_>, found: &mut Vec<Diagnostic>) {
    let ArgKind::Object(entries) = &value.kind else {
        return value.each(&mut |part| misplaced(part, found));
    };
    let name = &step.name.value;
    for (key, value) in entries {
        let secret = &mut |span: Span| {
            let message =
                format!("a secret cannot be kept in `{name}`: what a step gives is stored and shown");
            let mut wrong = Diagnostic::error(Code::SecretPlace, span, message);
            for (span, reader) in way(&key.value) {
                wrong = wrong.label(span, format!("from there it goes on into `{reader}`"));
            }
            found.push(wrong.help(format!("write it where it is needed: {PLACES}")));
        };
        value.each(&mut |part| each_secret(part, secret));
    }
}

/// Calls `found` with the place of each call of `secret`.
fn each_secret(part: Part<'_>, found: &mut dyn FnMut(Span)) {
    let mut look = |expr: &Expr| {
        for node in expr.nodes() {
            if matches!(&node.kind, Kind::Call(function, _) if function.0.name == "secret") {
                found(expr.place(node.span));
            }
        }
    };
    match part {
        Part::Expr(expr) => look(expr),
        Part::Text(template) => template.each_expr(&mut |expr, _, _| look(expr)),
    }
}
