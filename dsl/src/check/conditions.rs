//! Conditions that are constants: what is asked has one answer alone.

use crate::ast::Op;
use crate::check::Checking;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::Expr;
use crate::value::Value;

/// Looks at every `if` and `until`.
pub fn check(checking: &mut Checking<'_>) {
    let mut found = vec![];
    checking.ast.root.each(&mut |step| {
        if let Some(expr) = &step.condition {
            found.extend(constant("if", expr));
        }
        if let Some(Op::Repeat { until: Some(expr), .. }) = &step.op {
            found.extend(constant("until", expr));
        }
    });
    checking.diagnostics.extend(found);
}

fn constant(key: &str, expr: &Expr) -> Option<Diagnostic> {
    let Some(Value::Bool(value)) = expr.constant() else { return None };
    let wrong = Diagnostic::warning(Code::AlwaysSame, expr.span, format!("this is always {value}"));
    Some(wrong.help(format!("leave `{key}` out, or remove the step")))
}
