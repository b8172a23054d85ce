//! Values that stand where a type is wanted: heads of blocks, pauses, requests, cases, inputs of triggers.

use crate::ast::{Act, Arg, ArgKind, Op, Wait};
use crate::check::Checking;
use crate::check::types::Typed;
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::fields::listed;
use crate::span::{Span, Spanned};
use crate::types::{Field, Taking, Type, Unfit, Why, assign, assign_field, fit, fit_field};
use crate::value::Value;
use crate::workflow::REQUEST;

/// Looks at every place that wants a type, but for the parameters of actions.
pub fn check(checking: &mut Checking<'_>) {
    let (typed, mut found) = (&checking.typed, vec![]);
    checking.ast.root.each(&mut |step| match &step.op {
        Some(Op::Each { items, .. }) => found.extend(items_of(typed, items)),
        Some(Op::Repeat { rounds, .. }) => found.extend(rounds_of(typed, rounds)),
        Some(Op::Wait(Wait::For { length })) => found.extend(length_of(typed, length)),
        Some(Op::Wait(Wait::Until { at })) => found.extend(time_of(typed, at)),
        Some(Op::Fail { message }) => found.extend(message_of(typed, message)),
        Some(Op::Switch { on, cases, .. }) => {
            let keys = cases.iter().map(|(key, _)| key);
            keys.for_each(|key| found.extend(never_this(typed, on, key)));
        }
        Some(Op::Act(act)) if act.action.value == REQUEST => request(typed, act, &mut found),
        Some(
            Op::Act(_)
            | Op::Child { .. }
            | Op::Set { .. }
            | Op::Try { .. }
            | Op::Wait(Wait::Person(_) | Wait::Signal { .. }),
        )
        | None => {}
    });
    for trigger in &checking.ast.triggers {
        for (key, value) in &trigger.inputs {
            let input = checking.ast.inputs.iter().find(|input| input.field.name == key.value);
            if let Some(wrong) = input.and_then(|input| misfit(typed, value, &input.field)) {
                let message = format!("the input `{}`: {}", key.value, wrong.message);
                found.push(Diagnostic { message, ..wrong });
            }
        }
    }
    checking.diagnostics.extend(found);
}

fn items_of(typed: &Typed, items: &Arg) -> Option<Diagnostic> {
    let ty = typed.of_arg(items);
    let says = "`for_each` runs over a list or an object, and";
    if ty.takes_null() {
        let wrong = Diagnostic::error(Code::MayBeNull, items.span, format!("{says} this {} null", be(&ty)));
        return Some(wrong.help(format!("write `{} ?? []`", source(items))));
    }
    let runs = |arm: &&Type| matches!(arm, Type::Any | Type::List(_) | Type::Object(_) | Type::AnyObject);
    let all = ty.arms().iter().all(runs);
    (!all).then(|| Diagnostic::error(Code::WrongType, items.span, format!("{says} this is {}", ty.named())))
}

fn rounds_of(typed: &Typed, rounds: &Arg) -> Option<Diagnostic> {
    let says = "`repeat` is a whole number of at least 1, and";
    if let Some(value @ Value::Int(..1)) = constant(rounds) {
        let message = format!("{says} here stands {value}");
        return Some(Diagnostic::error(Code::OutOfRange, rounds.span, message));
    }
    let ty = typed.of_arg(rounds);
    let unfit = assign(&ty, &Type::Integer, Taking::Exactly).err()?;
    Some(told(&unfit, rounds, format!("{says} this is {}", ty.named())))
}

fn length_of(typed: &Typed, length: &Arg) -> Option<Diagnostic> {
    let ty = typed.of_arg(length);
    let unfit = assign(&ty, &Type::Duration, Taking::Exactly).err()?;
    let message = format!("`wait` is a duration, and this is {}", ty.named());
    let wrong = told(&unfit, length, message);
    Some(match ty {
        Type::Integer | Type::Number => {
            wrong.help(format!("say the unit: `duration(\"1s\") * ({})`", source(length)))
        }
        Type::Time => wrong.help("to wait until a time, write `wait: { until: … }`"),
        _ => wrong,
    })
}

fn time_of(typed: &Typed, at: &Arg) -> Option<Diagnostic> {
    let ty = typed.of_arg(at);
    let text = matches!(at.kind, ArgKind::Value(_) | ArgKind::Text(_));
    let unfit = assign(&ty, &Type::Time, Taking::AsParameter).err().filter(|_| !text)?;
    let wrong = told(&unfit, at, format!("`until` is a time, and this is {}", ty.named()));
    Some(match ty {
        Type::Duration => wrong.help(format!("add it to a time: `now() + {}`", source(at))),
        _ => wrong,
    })
}

fn message_of(typed: &Typed, message: &Arg) -> Option<Diagnostic> {
    let ty = typed.of_arg(message);
    let form = |arm: &&Type| matches!(arm, Type::List(_) | Type::AnyObject | Type::Object(_));
    let arms = ty.arms();
    let wrong = arms.iter().find(|arm| form(arm))?;
    let message_says = format!("the message is {}, which has no one form as text", wrong.named());
    let wrong = Diagnostic::error(Code::NotOneText, place(message), message_says);
    Some(wrong.help(format!("write `{} | json`", source(message))))
}

/// A case whose key the value can never equal.
fn never_this(typed: &Typed, on: &Arg, key: &Spanned<Value>) -> Option<Diagnostic> {
    let ty = typed.of_arg(on);
    let known = match &key.value {
        Value::Text(text) => Type::Enum(vec![text.to_string()]),
        Value::Int(_) => Type::Integer,
        Value::Bool(_) => Type::Boolean,
        _ => return None,
    };
    if ty.overlaps(&known) {
        return None;
    }
    let shown = key.value.to_string();
    let texts: Vec<&str> = ty
        .arms()
        .into_iter()
        .filter_map(|arm| match arm {
            Type::Enum(texts) => Some(texts.iter().map(String::as_str)),
            _ => None,
        })
        .flatten()
        .collect();
    let is = if texts.is_empty() { ty.named() } else { format!("one of {}", listed(&texts)) };
    let message = format!("the case `{shown}` never matches: the value is {is}");
    let wrong = Diagnostic::warning(Code::NeverThisCase, key.span, message);
    Some(match nearest(&shown, texts.iter().copied()) {
        Some(near) => {
            wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), key.span, near)
        }
        None if ty == Type::Boolean => wrong.help("the cases of a condition are `true` and `false`"),
        None if matches!(key.value, Value::Int(_)) && !texts.is_empty() => {
            wrong.help("a text stands in quotes")
        }
        None => wrong,
    })
}

/// The parts of a request that are more than any value.
fn request(typed: &Typed, act: &Act, found: &mut Vec<Diagnostic>) {
    for (key, value) in &act.args {
        let wanted = match key.value.as_str() {
            "url" => Type::String,
            "headers" | "query" | "form" | "multipart" => Type::AnyObject,
            _ => continue,
        };
        let ty = typed.of_arg(value);
        if let Err(unfit) = assign(&ty, &wanted, Taking::Exactly) {
            found.push(told(&unfit, value, format!("`{}`: {}", key.value, unfit.message(&wanted))));
        }
        if let (ArgKind::Object(entries), "headers") = (&value.kind, key.value.as_str()) {
            entries.iter().for_each(|(name, value)| found.extend(header(typed, name, value)));
        }
    }
}

fn header(typed: &Typed, name: &Spanned<String>, value: &Arg) -> Option<Diagnostic> {
    let ty = typed.of_arg(value);
    let unfit = assign(&ty, &Type::String.or_null(), Taking::AsParameter).err()?;
    let list = matches!(ty, Type::List(_));
    (!list).then(|| {
        told(&unfit, value, format!("the header `{}`: {}", name.value, unfit.message(&Type::String)))
    })
}

/// Why a value with holes cannot fit a field, as far as that can be known before it is evaluated.
pub fn misfit(typed: &Typed, arg: &Arg, field: &Field) -> Option<Diagnostic> {
    match &arg.kind {
        ArgKind::Value(value) => {
            let wrong = fit_field(value, field).err()?;
            Some(Diagnostic::error(Code::WrongType, arg.span, wrong.to_string()))
        }
        ArgKind::Expr(_) => {
            let unfit = assign_field(&typed.of_arg(arg), field, Taking::AsParameter).err()?;
            Some(told(&unfit, arg, unfit.message(&field.ty)))
        }
        ArgKind::Text(_) | ArgKind::List(_) | ArgKind::Object(_) | ArgKind::Wrong => {
            misfit_type(typed, arg, &field.ty)
        }
    }
}

fn misfit_type(typed: &Typed, arg: &Arg, ty: &Type) -> Option<Diagnostic> {
    let wrong = |span: Span, message: String| Some(Diagnostic::error(Code::WrongType, span, message));
    let wanted = |what: &str| wrong(arg.span, format!("`{ty}` is wanted, and here stands {what}"));
    let ty = match ty {
        Type::Nullable(inner) => inner,
        other => other,
    };
    match (&arg.kind, ty) {
        (ArgKind::Wrong, _) | (_, Type::Any) => None,
        (ArgKind::Expr(_), _) | (_, Type::Union(_)) => {
            let unfit = assign(&typed.of_arg(arg), ty, Taking::AsParameter).err()?;
            Some(told(&unfit, arg, unfit.message(ty)))
        }
        (ArgKind::Value(value), _) => {
            fit(value, ty).err().and_then(|misfit| wrong(arg.span, misfit.to_string()))
        }
        (ArgKind::Text(_), Type::String | Type::Time | Type::Duration | Type::Enum(_) | Type::Bytes) => None,
        (ArgKind::Text(_), _) => wanted("a text with holes"),
        (ArgKind::List(items), Type::List(item)) => {
            items.iter().find_map(|arg| misfit_type(typed, arg, item))
        }
        (ArgKind::List(_), _) => wanted("a list"),
        (ArgKind::Object(_), Type::AnyObject | Type::Bytes) => None,
        (ArgKind::Object(entries), Type::Object(fields)) => object(typed, arg.span, entries, fields),
        (ArgKind::Object(_), _) => wanted("an object"),
    }
}

fn object(
    typed: &Typed,
    span: Span,
    entries: &[(Spanned<String>, Arg)],
    fields: &[Field],
) -> Option<Diagnostic> {
    for (key, value) in entries {
        let Some(field) = fields.iter().find(|field| field.name == key.value) else {
            let message = format!("the field `{}` is unknown", key.value);
            return Some(Diagnostic::error(Code::WrongType, key.span, message));
        };
        if let Some(wrong) = misfit(typed, value, field) {
            let message = format!("`{}`: {}", key.value, wrong.message);
            return Some(Diagnostic { message, ..wrong });
        }
    }
    let missing = fields.iter().find(|field| {
        !field.optional && field.default.is_none() && entries.iter().all(|(key, _)| key.value != field.name)
    });
    let missing = missing?;
    let message = format!("the field `{}` is missing", missing.name);
    Some(Diagnostic::error(Code::WrongType, span, message))
}

/// A diagnostic with the code and the help of what does not fit.
fn told(unfit: &Unfit, arg: &Arg, message: String) -> Diagnostic {
    let code = match unfit.why {
        Why::Null => Code::MayBeNull,
        Why::Text(_) | Why::Fraction | Why::Missing(_) | Why::Unknown(_) | Why::Other(_) => Code::WrongType,
    };
    let span = place(arg);
    let wrong = Diagnostic::error(code, span, message);
    match unfit.help(&source(arg)) {
        Some(help) => wrong.help(help),
        None => wrong,
    }
}

/// Where a value stands: the expression itself, without what is around it.
fn place(arg: &Arg) -> Span {
    match &arg.kind {
        ArgKind::Expr(expr) => expr.span,
        ArgKind::Value(_) | ArgKind::Text(_) | ArgKind::List(_) | ArgKind::Object(_) | ArgKind::Wrong => {
            arg.span
        }
    }
}

/// The text of an expression, for messages.
fn source(arg: &Arg) -> String {
    match &arg.kind {
        ArgKind::Expr(expr) => expr.quote(expr.root()),
        ArgKind::Value(_) | ArgKind::Text(_) | ArgKind::List(_) | ArgKind::Object(_) | ArgKind::Wrong => {
            "…".into()
        }
    }
}

fn constant(arg: &Arg) -> Option<&Value> {
    match &arg.kind {
        ArgKind::Value(value) => Some(value),
        ArgKind::Expr(expr) => expr.constant(),
        ArgKind::Text(_) | ArgKind::List(_) | ArgKind::Object(_) | ArgKind::Wrong => None,
    }
}

fn be(ty: &Type) -> &'static str {
    if *ty == Type::Null { "is" } else { "may be" }
}
