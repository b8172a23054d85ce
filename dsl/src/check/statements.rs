//! Statements of databases: their text is the author's, and values are passed beside it. A value within the text could say
//! something else than it means, whoever it is from.

use crate::ast::{Act, Arg, ArgKind, Op, Step};
use crate::check::Checking;
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, Edit, Fix};
use crate::expr::Expr;
use crate::span::{Span, Spanned};
use crate::types::{Field, Marks};
use crate::workflow::ASK;

/// The parameter that values are passed in.
const PARAMS: &str = "params";

/// Looks at every statement, and at models that would write one.
pub fn check(checking: &mut Checking<'_>) {
    let mut found = vec![];
    checking.ast.root.each(&mut |step: &Step| {
        let Some(Op::Act(act)) = &step.op else { return };
        if act.action.value == ASK {
            tools(checking, act, &mut found);
        }
        let Some(action) = checking.catalog.get(&act.action.value).filter(|_| !act.checked) else { return };
        for (key, value) in &act.args {
            let field = action.input.iter().find(|field| field.name == key.value);
            let Some((field, marks)) = field.and_then(|field| Some((field, field.marks?))) else { continue };
            found.extend(spliced(checking.text, act, (key, value), field, marks));
        }
    });
    checking.diagnostics.extend(found);
}

/// A model that is given such an action would write the statement, out of whatever it has read.
fn tools(checking: &Checking<'_>, act: &Act, found: &mut Vec<Diagnostic>) {
    let Some(ArgKind::List(tools)) = act.arg("tools").map(|arg| &arg.kind) else { return };
    for tool in tools {
        let ArgKind::Value(value) = &tool.kind else { continue };
        let Some(action) = value.as_text().and_then(|id| checking.catalog.get(id)) else { continue };
        let Some(field) = action.input.iter().find(|field| field.marks.is_some()) else { continue };
        let message =
            format!("`{}` is no tool for a model: it would write `{}` itself", action.id, field.name);
        let help = "ask for the rows in a step of its own, and give them to the model";
        found.push(Diagnostic::error(Code::Spliced, tool.span, message).help(help));
    }
}

fn spliced(
    text: &str,
    act: &Act,
    (key, value): (&Spanned<String>, &Arg),
    field: &Field,
    marks: Marks,
) -> Option<Diagnostic> {
    let (exprs, blocks): (Vec<&Expr>, bool) = match &value.kind {
        ArgKind::Expr(expr) => (vec![expr], false),
        ArgKind::Text(template) => (template.exprs().collect(), template.has_blocks()),
        ArgKind::Value(_) | ArgKind::List(_) | ArgKind::Object(_) | ArgKind::Wrong => return None,
    };
    let span = exprs.first().map_or(value.span, |expr| expr.span);
    let message =
        format!("a value cannot stand in `{}`: it could change what the statement does", field.name);
    let mark = marks.of(1);
    let wrong = Diagnostic::error(Code::Spliced, span, message)
        .help(format!("write `{mark}` in its place, and pass the value in `{PARAMS}`"));
    let whole = matches!(value.kind, ArgKind::Expr(_));
    if whole || blocks || act.arg(PARAMS).is_some() {
        return Some(wrong);
    }
    let edits = edits(text, key.span, value.span, &exprs, marks);
    Some(match edits {
        Some(edits) => {
            let title = format!("pass {} in `{PARAMS}`", if exprs.len() == 1 { "it" } else { "them" });
            Diagnostic { fixes: vec![Fix { title, edits }], ..wrong }
        }
        None => wrong,
    })
}

/// A mark in the place of each hole, and the holes in `params` before the statement; nothing where the text is written in
/// such a way that what stands in it is not what is meant.
fn edits(text: &str, key: Span, value: Span, exprs: &[&Expr], marks: Marks) -> Option<Vec<Edit>> {
    let written = text.get(value.start as usize..value.end as usize)?;
    if written.starts_with('"') && written.contains('\\') {
        return None;
    }
    let single = written.starts_with('\'');
    let (mut passed, mut edits) = (vec![], vec![]);
    for (at, expr) in exprs.iter().enumerate() {
        let (start, end) = (expr.span.start as usize, expr.span.end as usize);
        let before = text.get(..start)?.trim_end().trim_end_matches('~').strip_suffix("{{")?;
        let behind = text.get(end..)?.trim_start().trim_start_matches('~').strip_prefix("}}")?;
        let (mut from, mut to) = (before.len(), text.len() - behind.len());
        // Quotes around a mark would make it a text of its own.
        for (quote, in_yaml) in [("''", single), ("'", !single), ("\"", !written.starts_with('"'))] {
            if in_yaml && before.ends_with(quote) && behind.starts_with(quote) {
                (from, to) = (from - quote.len(), to + quote.len());
                break;
            }
        }
        if from < value.start as usize || to > value.end as usize {
            return None;
        }
        // Within a text of the statement, as in `'%{{ x }}%'`, a mark would be letters.
        let ahead = text.get(value.start as usize + usize::from(single)..from)?;
        if ahead.matches(if single { "''" } else { "'" }).count() % 2 == 1 {
            return None;
        }
        let source = text.get(start..end)?;
        let source = if single { source.replace("''", "'") } else { source.to_owned() };
        if source.contains('\n') {
            return None;
        }
        passed.push(format!("'{{{{ {} }}}}'", source.replace('\'', "''")));
        edits.push(Edit { span: Span { start: from as u32, end: to as u32 }, text: marks.of(at + 1) });
    }
    let line = text.get(..key.start as usize)?.rsplit('\n').next().unwrap_or_default();
    let behind = if line.chars().all(|letter| letter == ' ') { format!("\n{line}") } else { ", ".into() };
    let place = Span { start: key.start, end: key.start };
    let params = Edit { span: place, text: format!("{PARAMS}: [{}]{behind}", passed.join(", ")) };
    Some([params].into_iter().chain(edits).collect())
}
