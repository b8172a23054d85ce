//! Conditions and heads of blocks that are constant: no truthiness, and no loop over what is no list.

use crate::ast::{Arg, ArgKind, Op, Step};
use crate::check::Checking;
use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::Expr;
use crate::expr::ast::{Kind, Level, Operator};
use crate::fields::a;
use crate::value::Value;

/// Looks at every `if`, `until`, `for_each` and `repeat`.
pub fn check(checking: &mut Checking<'_>) {
    let mut found = vec![];
    checking.ast.root.each(&mut |step| {
        if let Some(expr) = &step.condition {
            condition("if", expr, &mut found);
        }
        head(step, &mut found);
    });
    checking.diagnostics.extend(found);
}

fn head(step: &Step, found: &mut Vec<Diagnostic>) {
    match &step.op {
        Some(Op::Repeat { until, rounds, .. }) => {
            if let Some(expr) = until {
                condition("until", expr, found);
            }
            if let Some(value) = constant(rounds)
                && !matches!(value, Value::Int(1..))
            {
                let message = format!(
                    "`repeat` is a whole number of at least 1, and here stands {}",
                    a(value.type_name())
                );
                found.push(Diagnostic::error(Code::WrongType, rounds.span, message));
            }
        }
        Some(Op::Each { items, .. }) => {
            if let Some(value) = constant(items)
                && !matches!(value, Value::List(_) | Value::Object(_))
            {
                let message = format!(
                    "`for_each` runs over a list or an object, and here stands {}",
                    a(value.type_name())
                );
                found.push(Diagnostic::error(Code::WrongType, items.span, message));
            }
        }
        Some(
            Op::Act(_)
            | Op::Child { .. }
            | Op::Set { .. }
            | Op::Wait(_)
            | Op::Fail { .. }
            | Op::Switch { .. }
            | Op::Try { .. },
        )
        | None => {}
    }
}

fn constant(arg: &Arg) -> Option<&Value> {
    match &arg.kind {
        ArgKind::Value(value) => Some(value),
        ArgKind::Expr(expr) => expr.constant(),
        ArgKind::Text(_) | ArgKind::List(_) | ArgKind::Object(_) | ArgKind::Wrong => None,
    }
}

fn condition(key: &str, expr: &Expr, found: &mut Vec<Diagnostic>) {
    if let Some(Value::Bool(value)) = expr.constant() {
        let message = format!("this is always {value}");
        let wrong = Diagnostic::warning(Code::AlwaysSame, expr.span, message);
        found.push(wrong.help(format!("leave `{key}` out, or remove the step")));
        return;
    }
    if let Some(kind) = not_boolean(expr) {
        let message = format!("`{key}` is a condition, and this is {kind}");
        let wrong = Diagnostic::error(Code::WrongType, expr.span, message);
        let help = match kind {
            "a list" | "an object" => format!("say what is asked, as in `len({}) > 0`", expr.source().trim()),
            _ => "compare it, as in `… > 0` or `… != null`".into(),
        };
        found.push(wrong.help(help));
    }
}

/// What an expression gives where it can only be something else than a boolean.
fn not_boolean(expr: &Expr) -> Option<&'static str> {
    match &expr.nodes().get(usize::from(expr.root()))?.kind {
        Kind::Value(Value::Text(_)) => Some("a text"),
        Kind::Value(Value::Int(_) | Value::Number(_)) | Kind::Negate(_) => Some("a number"),
        Kind::Value(Value::Null) => Some("null"),
        Kind::Value(Value::List(_)) | Kind::List(_) => Some("a list"),
        Kind::Value(Value::Object(_)) | Kind::Object(_) => Some("an object"),
        Kind::Chain(_, operators) => {
            let arithmetic =
                |(operator, _): &(Operator, _)| matches!(operator.level(), Level::Sum | Level::Product);
            operators.iter().all(arithmetic).then_some("no boolean but the result of arithmetic")
        }
        Kind::Value(_)
        | Kind::Name(_)
        | Kind::Param(_)
        | Kind::Step(_)
        | Kind::Path(..)
        | Kind::Not(_)
        | Kind::Choose(..)
        | Kind::Call(..)
        | Kind::Lambda(..) => None,
    }
}
