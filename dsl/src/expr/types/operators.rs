//! What the operators give for operands of known types, and which operands they cannot take.

use std::borrow::Cow;

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::expr::Root;
use crate::expr::ast::{Ix, Kind, Operator};
use crate::expr::types::{Absence, Inference, facts};
use crate::fields::listed;
use crate::types::Type;
use crate::value::Value;

/// An operand: its type, and its node where it is one.
struct Operand<'t> {
    at: Ix,
    ty: Cow<'t, Type>,
}

impl<'t> Inference<'t> {
    pub(super) fn negate(&mut self, at: Ix) -> Cow<'t, Type> {
        let ty = self.node(at);
        if !self.is_there(at, &ty, "-") {
            return Cow::Owned(Type::Any);
        }
        let fits = ty
            .arms()
            .into_iter()
            .all(|arm| matches!(arm, Type::Any | Type::Integer | Type::Number | Type::Duration));
        if !fits {
            let message =
                format!("`-` wants a number or a duration, and `{}` is {}", self.expr.quote(at), ty.named());
            self.found.push(self.error(Code::Operands, at, message));
            return Cow::Owned(Type::Any);
        }
        ty
    }

    /// `a ?? b`: what is left of each but the last without null, or the last.
    pub(super) fn coalesce(&mut self, first: Ix, rest: &[(Operator, Ix)]) -> Cow<'t, Type> {
        let mut all = Type::NEVER;
        let mut at = first;
        for (_, next) in rest {
            self.soft += 1;
            let ty = self.node(at);
            self.soft -= 1;
            all = all.or(ty.without_null().into_owned());
            at = *next;
        }
        Cow::Owned(all.or(self.node(at).into_owned()))
    }

    /// A row of `and`, each part where those before are true, or of `or`, each where those before are false.
    pub(super) fn logic(&mut self, first: Ix, rest: &[(Operator, Ix)], holds: bool) -> Cow<'t, Type> {
        let before = self.facts.len();
        self.condition(first);
        let mut last = first;
        for (_, at) in rest {
            self.facts.learn(self.expr, last, holds);
            self.condition(*at);
            last = *at;
        }
        self.facts.truncate(before);
        Cow::Owned(Type::Boolean)
    }

    /// A row of operators of one level, from left to right.
    pub(super) fn row(&mut self, first: Ix, rest: &[(Operator, Ix)]) -> Cow<'t, Type> {
        let mut left = Operand { at: first, ty: self.node(first) };
        for (operator, item) in rest {
            let right = Operand { at: *item, ty: self.node(*item) };
            left = Operand { at: *item, ty: Cow::Owned(self.apply(&left, *operator, &right)) };
        }
        left.ty
    }

    fn apply(&mut self, left: &Operand<'_>, operator: Operator, right: &Operand<'_>) -> Type {
        match operator {
            Operator::Equal | Operator::Unequal => {
                self.equal(left, operator, right);
                Type::Boolean
            }
            Operator::In | Operator::NotIn => {
                self.contained(left, operator, right);
                Type::Boolean
            }
            Operator::Less | Operator::AtMost | Operator::More | Operator::AtLeast => {
                if let (true, true) = self.both_there(left, operator, right)
                    && pairs(&left.ty, &right.ty, &|a, b| ordered(a, b).then_some(Type::Boolean)).is_none()
                {
                    self.unordered(left, operator, right);
                }
                Type::Boolean
            }
            Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Remainder => {
                if self.both_there(left, operator, right) != (true, true) {
                    return Type::Any;
                }
                match pairs(&left.ty, &right.ty, &|a, b| arithmetic(a, operator, b)) {
                    Some(ty) => ty,
                    None => {
                        self.unfit(left, operator, right);
                        Type::Any
                    }
                }
            }
            Operator::Coalesce | Operator::And | Operator::Or => Type::Any,
        }
    }

    fn both_there(&mut self, left: &Operand<'_>, operator: Operator, right: &Operand<'_>) -> (bool, bool) {
        let sign = operator.sign();
        let first = self.is_there(left.at, &left.ty, sign);
        // One mistake, one message.
        (first, first && self.is_there(right.at, &right.ty, sign))
    }

    /// Reports an operand that may be null.
    fn is_there(&mut self, at: Ix, ty: &Type, sign: &str) -> bool {
        if !ty.takes_null() {
            return true;
        }
        let quote = self.expr.quote(at);
        let wrong = if *ty == Type::Null {
            let what = if quote == "null" { "this".into() } else { format!("`{quote}`") };
            self.error(Code::MayBeNull, at, format!("{what} is null, and `{sign}` wants a value"))
        } else {
            let message = format!("`{quote}` may be null, and `{sign}` wants a value");
            self.error(Code::MayBeNull, at, message).help(format!(
                "give a value for null: `({} ?? {})`",
                self.operand(at),
                instead(ty)
            ))
        };
        self.found.push(wrong);
        false
    }

    fn unfit(&mut self, left: &Operand<'_>, operator: Operator, right: &Operand<'_>) {
        let does = match operator {
            Operator::Add => "adds numbers, texts, lists, or a time and a duration",
            Operator::Subtract => "subtracts numbers, times and durations",
            Operator::Multiply | Operator::Divide => "wants two numbers, or a duration and a number",
            _ => "wants two numbers",
        };
        // The operand that fits nothing by itself, else the second of two that do not go together.
        let alone = |ty: &Type| pairs(ty, ty, &|a, b| arithmetic(a, operator, b)).is_none();
        let at = if alone(&left.ty) && !alone(&right.ty) { left.at } else { right.at };
        let (a, b) = (left.ty.named(), right.ty.named());
        let wrong =
            self.error(Code::Operands, at, format!("`{}` {does}, and here are {a} and {b}", operator.sign()));
        let number = |ty: &Type| ty.arms().iter().all(|arm| matches!(arm, Type::Integer | Type::Number));
        let text = |ty: &Type| ty.arms().iter().all(|arm| matches!(arm, Type::String | Type::Enum(_)));
        let mixed = (number(&left.ty) && text(&right.ty)) || (text(&left.ty) && number(&right.ty));
        let of_text = if text(&left.ty) { left.at } else { right.at };
        let other = if text(&left.ty) { right.at } else { left.at };
        let written = matches!(self.expr.node(of_text).map(|node| &node.kind), Some(Kind::Value(_)));
        self.found.push(if mixed && written && operator == Operator::Add {
            wrong.help(format!(
                "nothing is converted silently: put both into one text with holes, or write `json({})`",
                self.expr.quote(other),
            ))
        } else if mixed && operator == Operator::Add {
            wrong.help(format!(
                "nothing is converted silently: `number({})` makes a number of the text, `json({})` a text of the number",
                self.expr.quote(of_text),
                self.expr.quote(other),
            ))
        } else if mixed {
            wrong.help(format!("a text becomes a number by `number({})`", self.expr.quote(of_text)))
        } else {
            wrong
        });
    }

    fn unordered(&mut self, left: &Operand<'_>, operator: Operator, right: &Operand<'_>) {
        let (a, b) = (left.ty.named(), right.ty.named());
        let message = format!("`{}` cannot compare {a} and {b}", operator.sign());
        let wrong = self.error(Code::Operands, right.at, message);
        let wrong = wrong.help("numbers, texts, times and durations have an order, each among themselves");
        let text = |ty: &Type| ty.arms().iter().all(|arm| matches!(arm, Type::String | Type::Enum(_)));
        let by = |ty: &Type| match ty.arms()[..] {
            [Type::Time] => Some("time"),
            [Type::Duration] => Some("duration"),
            [Type::Integer | Type::Number] => Some("number"),
            _ => None,
        };
        let mended = match (text(&left.ty), text(&right.ty)) {
            (true, false) => by(&right.ty).map(|by| (by, left.at)),
            (false, true) => by(&left.ty).map(|by| (by, right.at)),
            _ => None,
        };
        self.found.push(match mended {
            Some((by, at)) => wrong.help(format!("write `{by}({})`", self.expr.quote(at))),
            None => wrong,
        });
    }

    fn equal(&mut self, left: &Operand<'_>, operator: Operator, right: &Operand<'_>) {
        let answer = operator == Operator::Unequal;
        for (asked, with) in [(left, right), (right, left)] {
            if self.is_null(with.at) {
                return self.asked_for_null(asked, answer);
            }
        }
        // What two texts say that were both written there, their author knows.
        let written =
            |at| matches!(self.expr.node(at).map(|node| &node.kind), Some(Kind::Value(Value::Text(_))));
        if left.ty.overlaps(&right.ty) || (written(left.at) && written(right.at)) {
            return;
        }
        for (asked, with) in [(left, right), (right, left)] {
            let (Type::Enum(known), Some(Kind::Value(Value::Text(text)))) =
                (&*asked.ty, self.expr.node(with.at).map(|node| &node.kind))
            else {
                continue;
            };
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let what = self.expr.quote(asked.at);
            let is = if known.len() == 1 { "it is" } else { "it is one of" };
            let message = format!("`{what}` is never `{text}`: {is} {}", listed(&known));
            let wrong = self.warning(Code::NeverEqual, with.at, message);
            self.found.push(self.near_text(wrong, text, with.at, &known));
            return;
        }
        let message = format!(
            "{} and {} are never equal, so that this is always {answer}",
            left.ty.named(),
            right.ty.named()
        );
        let wrong = self.warning(Code::NeverEqual, right.at, message);
        self.found.push(wrong.help("nothing is converted silently; compare values of one type"));
    }

    /// Offers the text that a mistyped one is close to.
    fn near_text(&self, wrong: Diagnostic, text: &str, at: Ix, known: &[&str]) -> Diagnostic {
        let Some(near) = nearest(text, known.iter().copied()) else { return wrong };
        let source = self.expr.node(at).and_then(|node| self.expr.source().get(node.span.range()));
        let wrong = wrong.help(format!("did you mean `{near}`?"));
        match source.and_then(|source| source.chars().next()) {
            Some(quote @ ('\'' | '"'))
                if near.chars().all(|char| char.is_alphanumeric() || "-_ ".contains(char)) =>
            {
                wrong.fix(format!("write `{near}`"), self.span(at), format!("{quote}{near}{quote}"))
            }
            _ => wrong,
        }
    }

    fn is_null(&self, at: Ix) -> bool {
        matches!(self.expr.node(at).map(|node| &node.kind), Some(Kind::Value(Value::Null)))
    }

    /// Warns where a comparison with null has one answer alone.
    fn asked_for_null(&mut self, asked: &Operand<'_>, answer: bool) {
        if let Some(Kind::Step(step)) = self.expr.node(asked.at).map(|node| &node.kind)
            && step.root == Root::Steps
            && let Some(known) = self.place.scope.step(step.root, &step.name)
            && known.absence != Absence::Never
        {
            let there = self.facts.is_there(&facts::step_key(step));
            // Other reasons to be absent have a warning of their own.
            if known.absence == Absence::Skipped && self.soft == 0 && !there {
                let name = &step.name;
                let message = format!(
                    "this is never asked where `{name}` was skipped: a plain read skips this step too"
                );
                let wrong = self.warning(Code::NullTest, asked.at, message);
                self.found.push(wrong.help(format!("write `(steps.{name} ?? null)`, which reads it softly")));
            }
            return;
        }
        let arms = asked.ty.arms();
        let known = !arms.contains(&&Type::Any) && !arms.is_empty();
        if known && !asked.ty.takes_null() {
            let message =
                format!("`{}` is never null, so that this is always {answer}", self.expr.quote(asked.at));
            self.found.push(self.warning(Code::AlwaysSame, asked.at, message));
        }
    }

    /// `a in b`
    fn contained(&mut self, left: &Operand<'_>, operator: Operator, right: &Operand<'_>) {
        let sign = operator.sign();
        if !self.is_there(right.at, &right.ty, sign) {
            return;
        }
        if let Some(message) = part_of(&left.ty, &right.ty) {
            let (at, message) = match message {
                Misplaced::Part(message) => (left.at, format!("{message}, and this is {}", left.ty.named())),
                Misplaced::Whole => {
                    let message = format!(
                        "`{sign}` wants a list, an object or a text, and this is {}",
                        right.ty.named()
                    );
                    (right.at, message)
                }
            };
            self.found.push(self.error(Code::Operands, at, message));
            return;
        }
        let items = crate::expr::functions::shape::item_of(&right.ty);
        if !left.ty.overlaps(&items) {
            let message =
                format!("{} is never in this list: an item of it is {}", left.ty.named(), items.named());
            self.found.push(self.warning(Code::NeverEqual, left.at, message));
        }
    }
}

/// What is wrong with a part or with the whole that it is looked for in.
pub(super) enum Misplaced {
    /// The part, with what is wanted.
    Part(&'static str),
    /// The whole.
    Whole,
}

/// Whether a part of this type can be looked for in a whole of that.
pub(super) fn part_of(part: &Type, whole: &Type) -> Option<Misplaced> {
    let text = part.arms().into_iter().all(|arm| matches!(arm, Type::Any | Type::String | Type::Enum(_)));
    whole.arms().into_iter().find_map(|arm| match arm {
        Type::Any | Type::List(_) => None,
        Type::AnyObject | Type::Object(_) if text => None,
        Type::AnyObject | Type::Object(_) => Some(Misplaced::Part("a key is a text")),
        Type::String | Type::Enum(_) if text => None,
        Type::String | Type::Enum(_) => Some(Misplaced::Part("a part of a text is a text")),
        _ => Some(Misplaced::Whole),
    })
}

/// What may be written for null.
fn instead(ty: &Type) -> &'static str {
    match *ty.without_null() {
        Type::Integer | Type::Number => "0",
        Type::String | Type::Enum(_) => "\"\"",
        Type::List(_) => "[]",
        Type::AnyObject | Type::Object(_) => "{}",
        Type::Boolean => "false",
        _ => "…",
    }
}

/// The type of what an operator gives for every pair of arms; nothing if it cannot take one of them.
fn pairs(left: &Type, right: &Type, gives: &dyn Fn(&Type, &Type) -> Option<Type>) -> Option<Type> {
    let mut all = Type::NEVER;
    for a in left.arms() {
        for b in right.arms() {
            all = all.or(gives(a, b)?);
        }
    }
    Some(all)
}

fn ordered(a: &Type, b: &Type) -> bool {
    use Type::{Any, Duration, Enum, Integer, Number, String, Time};
    match (a, b) {
        (Any, other) | (other, Any) => {
            matches!(other, Any | Integer | Number | String | Enum(_) | Time | Duration)
        }
        (Integer | Number, Integer | Number)
        | (String | Enum(_), String | Enum(_))
        | (Time, Time)
        | (Duration, Duration) => true,
        _ => false,
    }
}

fn arithmetic(a: &Type, operator: Operator, b: &Type) -> Option<Type> {
    use Type::{Any, Duration, Enum, Integer, List, Number, String, Time};
    let add = operator == Operator::Add;
    let subtract = operator == Operator::Subtract;
    let multiply = operator == Operator::Multiply;
    let divide = operator == Operator::Divide;
    Some(match (a, b) {
        (Any, Any) => Any,
        (Any, String | Enum(_)) | (String | Enum(_), Any) if add => String,
        (Any, List(_)) | (List(_), Any) if add => Type::list(Any),
        (Any, Time) | (Time, Any) if add || subtract => Any,
        (Any, Integer | Number | Duration) | (Integer | Number | Duration, Any) => Any,
        (Integer, Integer) if !divide => Integer,
        (Integer | Number, Integer | Number) => Number,
        (String | Enum(_), String | Enum(_)) if add => String,
        (List(a), List(b)) if add => Type::list((**a).clone().or((**b).clone())),
        (Time, Duration) if add || subtract => Time,
        (Duration, Time) if add => Time,
        (Time, Time) if subtract => Duration,
        (Duration, Duration) if add || subtract => Duration,
        (Duration, Integer | Number) if multiply || divide => Duration,
        (Integer | Number, Duration) if multiply => Duration,
        (Duration, Duration) if divide => Number,
        _ => return None,
    })
}
