//! Calls of functions: arguments against parameters, lambdas over the items of a list, and what comes of it.

use std::borrow::Cow;

use crate::codes::Code;
use crate::expr::ast::{Ix, Kind, Part};
use crate::expr::functions::shape::{self, Filling, Given, Shape, Verdict, Wants, item_of, judge};
use crate::expr::functions::{Function, Parameter, Presence, Takes};
use crate::expr::types::operators::{Misplaced, part_of};
use crate::expr::types::{Inference, facts};
use crate::types::Type;
use crate::value::Value;

impl<'t> Inference<'t> {
    pub(super) fn call(&mut self, function: &'static Function, arguments: &[Ix]) -> Type {
        let expr = self.expr;
        let mut types: Vec<Cow<'t, Type>> = Vec::with_capacity(arguments.len());
        let mut constants: Vec<Option<&Value>> = Vec::with_capacity(arguments.len());
        for (place, argument) in arguments.iter().enumerate() {
            let parameter = function.parameter(place);
            let kind = expr.node(*argument).map(|node| &node.kind);
            let ty = match kind {
                Some(Kind::Lambda(count, body)) => {
                    let item = types.first().map_or(Type::Any, |list| item_of(list));
                    let (ty, kept) = self.lambda(*count, *body, item);
                    let asks = parameter.is_some_and(|parameter| parameter.wants == shape::BOOLEANS);
                    if let (true, Some(kept), Some(list)) = (asks, kept, types.first_mut()) {
                        *list = Cow::Owned(Type::list(kept));
                    }
                    let ty = self.fits(function, parameter, *body, Cow::Owned(ty));
                    types.push(ty);
                    constants.push(None);
                    continue;
                }
                _ => self.node(*argument),
            };
            types.push(self.fits(function, parameter, *argument, ty));
            constants.push(match kind {
                Some(Kind::Value(value)) => Some(value),
                _ => None,
            });
        }
        self.items(function, arguments, &types);
        if matches!(function.name, "contains" | "index_of") {
            self.sought(function, arguments, &types);
        }
        let listed = self.texts(arguments);
        for (place, names) in &listed {
            if let Some(constant @ None) = constants.get_mut(*place) {
                *constant = Some(names);
            }
        }
        let asks = matches!(function.name, "avg" | "first" | "last" | "max" | "min");
        let filling = match arguments.first() {
            Some(first) if asks => self.filling(*first),
            _ => Filling::Unknown,
        };
        (function.gives)(&Given { filling, types: &types, constants: &constants })
    }

    /// Whether a list has an item: by what was written, by a condition around, or by the least that its field has.
    fn filling(&mut self, at: Ix) -> Filling {
        let some = match self.expr.node(at).map(|node| &node.kind) {
            Some(Kind::List(items)) => !items.is_empty(),
            Some(Kind::Value(Value::List(items))) => !items.is_empty(),
            Some(Kind::Path(base, parts)) => self.asked(at) || self.declared(*base, parts),
            _ => self.asked(at),
        };
        if some { Filling::Some } else { Filling::Unknown }
    }

    fn asked(&self, at: Ix) -> bool {
        !self.facts.is_empty() && facts::key(self.expr, at).is_some_and(|key| self.facts.is_filled(&key))
    }

    fn declared(&mut self, base: Ix, parts: &'t [Part]) -> bool {
        let Some((Part::Field(name, _) | Part::SoftField(name, _), before)) = parts.split_last() else {
            return false;
        };
        // What is wrong with the path was reported with the argument itself.
        let (found, doubtful) = (self.found.len(), self.doubtful.len());
        let owner = if before.is_empty() { self.node(base) } else { self.path(base, before) };
        self.found.truncate(found);
        self.doubtful.truncate(doubtful);
        owner.arms().into_iter().all(|arm| match arm {
            Type::Object(fields) => fields.iter().any(|field| {
                *field.name == **name && field.min.is_some_and(|least| least >= 1.0) && !field.optional
            }),
            _ => false,
        })
    }

    /// Lists of constant texts, which are no constants by themselves, with their places.
    fn texts(&self, arguments: &[Ix]) -> Vec<(usize, Value)> {
        let text = |at: &Ix| match self.expr.node(*at).map(|node| &node.kind) {
            Some(Kind::Value(value @ Value::Text(_))) => Some(value.clone()),
            _ => None,
        };
        let list = |at: &Ix| match self.expr.node(*at).map(|node| &node.kind) {
            Some(Kind::List(items)) => items.iter().map(text).collect::<Option<Vec<_>>>().map(Value::list),
            _ => None,
        };
        arguments.iter().enumerate().filter_map(|(place, at)| Some((place, list(at)?))).collect()
    }

    /// What a lambda gives for an item; and what is left of the items where it is true, if that is less.
    fn lambda(&mut self, count: u16, body: Ix, item: Type) -> (Type, Option<Type>) {
        let before = self.parameters.len();
        self.parameters.push(item);
        if count > 1 {
            self.parameters.push(Type::Integer);
        }
        let ty = self.node(body).into_owned();
        let learnt = self.facts.len();
        self.facts.learn(self.expr, body, true);
        let item = self.parameters.get(before).cloned().unwrap_or_default();
        let kept = match self.facts.len() > learnt {
            true => {
                let narrowed = self.facts.narrowed(&format!("${before}"), Cow::Borrowed(&item)).into_owned();
                (narrowed != item).then_some(narrowed)
            }
            false => None,
        };
        self.facts.truncate(learnt);
        self.parameters.truncate(before);
        (ty, kept)
    }

    /// Reports an argument that does not fit; it counts as anything from there on.
    fn fits(
        &mut self,
        function: &Function,
        parameter: Option<&Parameter>,
        at: Ix,
        ty: Cow<'t, Type>,
    ) -> Cow<'t, Type> {
        let Some(parameter) = parameter else { return ty };
        let verdict = judge(&ty, parameter.wants);
        if verdict == Verdict::Fits {
            return ty;
        }
        let name = function.name;
        if let ([Shape::List(items)], Type::List(item)) = (parameter.wants, &*ty)
            && *items != shape::ANY
        {
            self.unfit_items(function, at, item, judge(item, items), items);
            return Cow::Owned(Type::Any);
        }
        let says = match parameter.takes {
            Takes::Value | Takes::Values => {
                format!("`{name}` wants {} as `{}`", named(parameter.wants), parameter.name)
            }
            Takes::Lambda(_) => format!("the lambda of `{name}` gives {}", named(parameter.wants)),
        };
        self.unfit_argument(at, &ty, verdict, parameter.wants, &says);
        Cow::Owned(Type::Any)
    }

    /// Where a lambda was left out that makes of the items what is wanted, the items must be that themselves.
    fn items(&mut self, function: &Function, arguments: &[Ix], types: &[Cow<'t, Type>]) {
        let [list] = arguments else { return };
        let Some(parameter) = function.parameters.get(1).filter(|one| one.presence == Presence::ElseItems)
        else {
            return;
        };
        let item = types.first().map_or(Type::Any, |list| item_of(list));
        let verdict = judge(&item, parameter.wants);
        if verdict != Verdict::Fits {
            self.unfit_items(function, *list, &item, verdict, parameter.wants);
        }
    }

    fn unfit_items(&mut self, function: &Function, at: Ix, item: &Type, verdict: Verdict, wants: Wants) {
        let (name, quote) = (function.name, self.expr.quote(at));
        let text = item.arms().iter().all(|arm| matches!(arm, Type::String | Type::Enum(_)));
        let (code, message, help) = match verdict {
            Verdict::Fits => return,
            Verdict::Null => {
                let message =
                    format!("an item of `{quote}` may be null, and `{name}` wants {}", named(wants));
                (Code::MayBeNull, message, Some(format!("leave null out, as in `{quote} | compact`")))
            }
            Verdict::Fraction | Verdict::Unfit => {
                let message =
                    format!("`{name}` wants items that are {}, and each is {}", named(wants), item.named());
                let numbers = text && wants.contains(&Shape::Summable);
                let help =
                    numbers.then(|| format!("texts become numbers by `{quote} | map(x => number(x))`"));
                (Code::ArgumentType, message, help)
            }
        };
        let wrong = self.error(code, at, message);
        self.found.push(match help {
            Some(help) => wrong.help(help),
            None => wrong,
        });
    }

    /// What is looked for must be a text in a text and in the keys of an object.
    fn sought(&mut self, function: &Function, arguments: &[Ix], types: &[Cow<'t, Type>]) {
        let ([_, part_at], [whole, part]) = (arguments, types) else { return };
        if let Some(Misplaced::Part(wanted)) = part_of(part, whole) {
            let message = format!("`{}`: {wanted}, and this is {}", function.name, part.named());
            self.found.push(self.error(Code::ArgumentType, *part_at, message));
        }
    }

    fn unfit_argument(&mut self, at: Ix, ty: &Type, verdict: Verdict, wants: Wants, says: &str) {
        let quote = self.expr.quote(at);
        let code = if verdict == Verdict::Null { Code::MayBeNull } else { Code::ArgumentType };
        let message = match verdict {
            Verdict::Null if *ty != Type::Null => format!("{says}, and `{quote}` may be null"),
            _ => format!("{says}, and this is {}", ty.named()),
        };
        let wrong = self.error(code, at, message);
        let text = ty.arms().iter().all(|arm| matches!(arm, Type::String | Type::Enum(_)));
        let wants = |shape: Shape| wants.contains(&shape);
        let help = match verdict {
            Verdict::Fits => None,
            Verdict::Null if *ty == Type::Null => None,
            Verdict::Null => {
                Some(format!("give a value for null: `({} ?? {})`", self.operand(at), fallback(&wants)))
            }
            Verdict::Fraction => Some(format!("make it whole: `round({quote})`")),
            Verdict::Unfit if text && wants(Shape::Time) => {
                Some(format!("a text becomes a time by `time({quote})`"))
            }
            Verdict::Unfit if text && wants(Shape::Duration) && !wants(Shape::Number) => {
                Some(format!("a text becomes a duration by `duration({quote})`"))
            }
            Verdict::Unfit
                if text && (wants(Shape::Number) || wants(Shape::Integer) || wants(Shape::Summable)) =>
            {
                Some(format!("a text becomes a number by `number({quote})`"))
            }
            Verdict::Unfit if wants(Shape::String) && wants(Shape::List(shape::ANY)) => None,
            Verdict::Unfit if wants(Shape::String) && *ty == Type::Bytes => {
                Some(format!("`base64({quote})` makes a text of it"))
            }
            Verdict::Unfit if wants(Shape::String) && !text => {
                Some(format!("`json({quote})` makes a text of it"))
            }
            Verdict::Unfit => None,
        };
        self.found.push(match help {
            Some(help) => wrong.help(help),
            None => wrong,
        });
    }
}

/// What may be written for null where this is wanted.
fn fallback(wants: &dyn Fn(Shape) -> bool) -> &'static str {
    match () {
        () if wants(Shape::List(shape::ANY)) => "[]",
        () if wants(Shape::String) => "\"\"",
        () if wants(Shape::Integer) || wants(Shape::Number) || wants(Shape::Summable) => "0",
        () if wants(Shape::Object) => "{}",
        () if wants(Shape::Boolean) => "false",
        () => "…",
    }
}

/// What is wanted, in words.
fn named(wants: Wants) -> String {
    let words: Vec<&str> = wants
        .iter()
        .map(|shape| match shape {
            Shape::Any => "anything",
            Shape::Null => "null",
            Shape::Boolean => "a boolean",
            Shape::Integer => "an integer",
            Shape::Number => "a number",
            Shape::String => "a text",
            Shape::Time => "a time",
            Shape::Duration => "a duration",
            Shape::Bytes => "a file",
            Shape::Object => "an object",
            Shape::List(shape::ANY) => "a list",
            Shape::List(_) => "a list of such items",
            Shape::Ordered => "numbers, texts, times or durations alone",
            Shape::Summable => "numbers or durations alone",
        })
        .collect();
    match &words[..] {
        [] => "nothing".into(),
        [one] => (*one).into(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}
