//! Secrets stand only where they leave the process unseen: in the head and the body of a request.

use crate::ast::{Arg, Op, Part, Step};
use crate::check::Checking;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::Expr;
use crate::expr::ast::Kind;

/// The parts of a request that may hold one.
const ALLOWED: &[&str] = &["auth", "body", "form", "headers", "json"];

/// Looks at every value outside of those places.
pub fn check(checking: &mut Checking<'_>) {
    let mut found = vec![];
    checking.ast.root.each(&mut |step| {
        if let Some(expr) = &step.condition {
            look(Part::Expr(expr), &mut found);
        }
        values(step, &mut |value| value.each(&mut |part| look(part, &mut found)));
        for block in step.blocks() {
            block.output.iter().for_each(|output| output.each(&mut |part| look(part, &mut found)));
        }
    });
    checking.ast.root.output.iter().for_each(|output| output.each(&mut |part| look(part, &mut found)));
    checking.diagnostics.extend(found);
}

/// Calls `found` for each value of a step's own that may hold no secret.
fn values<'a>(step: &'a Step, found: &mut dyn FnMut(&'a Arg)) {
    match &step.op {
        Some(Op::Act(act)) => {
            let open = act.args.iter().filter(|(key, _)| !act.checked || !ALLOWED.contains(&&*key.value));
            open.for_each(|(_, value)| found(value));
        }
        Some(op @ Op::Switch { output, .. }) => {
            op.values().into_iter().chain(output).for_each(found);
        }
        Some(op) => op.values().into_iter().for_each(found),
        None => {}
    }
}

fn look(part: Part<'_>, found: &mut Vec<Diagnostic>) {
    match part {
        Part::Expr(expr) => secrets(expr, found),
        Part::Text(template) => template.each_expr(&mut |expr, _, _| secrets(expr, found)),
    }
}

fn secrets(expr: &Expr, found: &mut Vec<Diagnostic>) {
    for node in expr.nodes() {
        if let Kind::Call(function, _) = &node.kind
            && function.0.name == "secret"
        {
            let wrong =
                Diagnostic::error(Code::SecretPlace, expr.place(node.span), "a secret cannot stand here");
            let help = "use it in `auth`, `headers`, `json`, `form` or `body` of `http`";
            found.push(wrong.help(help));
        }
    }
}
