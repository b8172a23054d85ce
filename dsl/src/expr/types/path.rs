//! The type at the end of a path: fields and indexes, plain and soft, through null, objects, lists and unions.

use std::borrow::Cow;

use crate::codes::Code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::expr::Root;
use crate::expr::ast::{Ix, Kind, Part};
use crate::expr::functions::shape::{item_of, value_of};
use crate::expr::types::{Inference, Strictness, facts};
use crate::fields::listed;
use crate::habits;
use crate::span::Span;
use crate::types::{Arms, Field, Type};
use crate::value::Value;

/// The most names that a help lists.
const MOST_NAMES: usize = 12;

/// A path that is followed.
struct Way<'t> {
    base: Ix,
    parts: &'t [Part],
    /// How many parts are behind.
    done: usize,
    /// The type of what was reached.
    ty: Cow<'t, Type>,
    /// True if the path may have ended in null before this.
    ends: Ending,
    /// What the value is known by, while it can be told.
    key: Option<String>,
    /// Whether it was said that nothing is known from here on.
    told: Told,
}

/// Whether something was said that is said once for a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Not,
    Already,
}

/// Whether a path may end in null before its last part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Never,
    Possible,
    /// That a part may be missing was reported: null behind it is the same mistake.
    Reported,
}

impl Ending {
    fn or_possible(self) -> Ending {
        match self {
            Ending::Never | Ending::Possible => Ending::Possible,
            Ending::Reported => Ending::Reported,
        }
    }
}

/// What a part of a path finds in a type.
enum Found<'t> {
    /// It is always there.
    Here(Cow<'t, Type>),
    /// It may be missing.
    Sometimes(Cow<'t, Type>),
    /// Some of what may stand there can have no fields at all.
    Partly(Cow<'t, Type>),
    /// It can never be there.
    Nowhere,
}

impl<'t> Inference<'t> {
    /// Follows a path; the first part that cannot be there is reported.
    pub(super) fn path(&mut self, base: Ix, parts: &'t [Part]) -> Cow<'t, Type> {
        let root = match self.expr.node(base).map(|node| &node.kind) {
            Some(Kind::Step(step)) => Some(step),
            _ => None,
        };
        let soft = matches!(parts.first(), Some(Part::SoftField(..) | Part::SoftIndex(_)));
        let ty = match root {
            Some(step) => self.step(step, soft),
            None => self.node(base),
        };
        let key = if self.facts.is_empty() { None } else { facts::key(self.expr, base) };
        let mut way = Way { base, parts, done: 0, ty, ends: Ending::Never, key, told: Told::Not };
        // `errors.a` and `meta.a` are null where there is nothing to tell, and that is well.
        if root.is_some_and(|step| step.root != Root::Steps) && way.ty.takes_null() {
            way.ends = Ending::Possible;
            way.ty = without_null(way.ty);
        }
        if let (Some(key), Some(_)) = (&way.key, root) {
            way.ty = self.facts.narrowed(key, way.ty);
        }
        self.watch_part(&way);
        for part in parts {
            if !self.part(&mut way, part) {
                return Cow::Owned(Type::Any);
            }
            self.watch_part(&way);
        }
        match way.ends {
            Ending::Never => way.ty,
            Ending::Possible | Ending::Reported => Cow::Owned(way.ty.into_owned().or_null()),
        }
    }

    /// Tells an editor the type of a path up to here.
    fn watch_part(&mut self, way: &Way<'t>) {
        if self.watched.is_none() {
            return;
        }
        let Some(base) = self.expr.node(way.base).map(|node| node.span) else { return };
        let length = match way.done.checked_sub(1) {
            Some(last) => self.expr.beginning(way.base, way.parts, last).len(),
            None => base.range().len(),
        };
        let part = self.expr.place(Span::new(base.start as usize, base.start as usize + length));
        self.watched(part, &way.ty);
    }

    /// Takes one part of a path; false if nothing is known behind it.
    fn part(&mut self, way: &mut Way<'t>, part: &'t Part) -> bool {
        let soft = matches!(part, Part::SoftField(..) | Part::SoftIndex(_));
        let lenient = soft || self.soft > 0;
        if way.ty.takes_null() {
            if !lenient && way.ends != Ending::Reported {
                self.null_read(way, part);
                return false;
            }
            way.ends = way.ends.or_possible();
            way.ty = without_null(std::mem::take(&mut way.ty));
            // Nothing but null: the path ends here.
            if *way.ty == Type::NEVER {
                return true;
            }
        }
        let found = match part {
            Part::Field(name, at) | Part::SoftField(name, at) => self.field(way, name, *at),
            Part::Index(at) | Part::SoftIndex(at) => self.index(way, *at),
        };
        let Some(found) = found else { return false };
        way.ty = match found {
            Found::Here(ty) => ty,
            Found::Sometimes(ty) if lenient => {
                way.ends = way.ends.or_possible();
                ty
            }
            Found::Sometimes(ty) => {
                let index = matches!(part, Part::Index(_) | Part::SoftIndex(_));
                if !index && !self.known_there(way, part) {
                    self.missing(way, part);
                    way.ends = Ending::Reported;
                }
                ty
            }
            Found::Partly(ty) => {
                if !self.known_there(way, part) {
                    self.fieldless(way, part);
                }
                ty
            }
            Found::Nowhere => return false,
        };
        if soft && way.ty.takes_null() {
            way.ends = way.ends.or_possible();
            way.ty = without_null(std::mem::take(&mut way.ty));
        }
        way.done += 1;
        self.learnt(way, part);
        true
    }

    /// Takes into account what conditions around the path say of it.
    fn learnt(&self, way: &mut Way<'t>, part: &Part) {
        let Some(mut key) = way.key.take() else { return };
        if facts::extend(self.expr, &mut key, part).is_none() {
            return;
        }
        if self.facts.is_there(&key) {
            way.ends = Ending::Never;
        }
        way.ty = self.facts.narrowed(&key, std::mem::take(&mut way.ty));
        way.key = Some(key);
    }

    fn known_there(&self, way: &Way<'t>, part: &Part) -> bool {
        let Some(mut key) = way.key.clone() else { return false };
        facts::extend(self.expr, &mut key, part).is_some() && self.facts.is_there(&key)
    }

    /// Finds a field; its name stands at this place of the source.
    fn field(&mut self, way: &mut Way<'t>, name: &str, at: Span) -> Option<Found<'t>> {
        let unknown = matches!(*way.ty, Type::Any | Type::AnyObject);
        if unknown && way.told == Told::Not && self.place.strictness == Strictness::Strict {
            way.told = Told::Already;
            let message = format!("nothing is known of `{}`, so not whether it has `{name}`", self.upto(way));
            let wrong = Diagnostic::warning(Code::UntypedField, self.expr.place(at), message);
            self.found
                .push(wrong.help("declare the type where the value comes from, or leave `--strict` out"));
        }
        let found = match &way.ty {
            Cow::Borrowed(ty) => among(ty.arms(), name),
            Cow::Owned(ty) => owned(among(ty.arms(), name)),
        };
        if let Found::Nowhere = found {
            if self.is_inputs(way) {
                // Unknown inputs are unknown names, which are looked for elsewhere.
                return None;
            }
            let wrong = self.no_field(way, name, self.expr.place(at));
            self.found.push(wrong);
            return None;
        }
        Some(found)
    }

    fn index(&mut self, way: &mut Way<'t>, at: Ix) -> Option<Found<'t>> {
        let asked = self.expr.node(at).map(|node| &node.kind);
        if let Some(Kind::Value(Value::Text(name))) = asked
            && way.ty.arms().iter().all(|arm| matches!(arm, Type::Object(_)))
        {
            let place = self.expr.node(at).map_or(Span::default(), |node| node.span);
            return self.field(way, name, place);
        }
        let index = self.node(at);
        let (ty, known) = (&*way.ty, &*index);
        let arms = ty.arms();
        let lists = arms.iter().all(|arm| matches!(arm, Type::List(_)));
        let objects = arms.iter().all(|arm| matches!(arm, Type::Object(_) | Type::AnyObject));
        let fits = |kinds: &[Type]| {
            known.arms().iter().all(|arm| match arm {
                Type::Any => true,
                Type::Enum(_) => kinds.contains(&Type::String),
                arm => kinds.contains(arm),
            })
        };
        let (wrong, help) = if lists && !fits(&[Type::Integer]) {
            (format!("an item of a list is found by an integer, and this is {}", known.named()), None)
        } else if objects && !fits(&[Type::String]) {
            (format!("an entry of an object is found by a text, and this is {}", known.named()), None)
        } else if lists {
            return Some(Found::Sometimes(Cow::Owned(item_of(ty))));
        } else if objects {
            return Some(Found::Sometimes(Cow::Owned(value_of(ty))));
        } else if arms.iter().any(|arm| is_open(arm)) {
            return Some(Found::Here(Cow::Owned(Type::Any)));
        } else if arms.iter().all(|arm| matches!(arm, Type::String | Type::Enum(_))) {
            let help = format!("take a part, as in `{} | slice(0, 1)`", self.upto(way));
            ("a text has no items".into(), Some(help))
        } else {
            let what = self.upto(way);
            (format!("`{what}` is {}, and has no items", ty.named()), None)
        };
        let wrong = self.error(Code::IndexType, at, wrong);
        self.found.push(match help {
            Some(help) => wrong.help(help),
            None => wrong,
        });
        None
    }

    fn null_read(&mut self, way: &Way<'t>, part: &Part) {
        let what = self.upto(way);
        let (at, then) = match part {
            Part::Field(name, at) | Part::SoftField(name, at) => (self.expr.place(*at), format!("?.{name}")),
            Part::Index(at) | Part::SoftIndex(at) => (self.span(*at), "?.[…]".into()),
        };
        let always = *way.ty == Type::Null;
        let is = if always { "is" } else { "may be" };
        let wrong =
            Diagnostic::error(Code::MayBeNull, at, format!("`{what}` {is} null, and null has no fields"));
        let wrong =
            if always { wrong } else { wrong.help(format!("write `{what}{then}`, which is null then")) };
        self.found.push(self.softened(wrong, part));
    }

    fn missing(&mut self, way: &Way<'t>, part: &Part) {
        let (Part::Field(name, at) | Part::SoftField(name, at)) = part else { return };
        let what = self.upto(way);
        let message = format!("`{what}` does not always have `{name}`, and a plain read fails then");
        let wrong = Diagnostic::warning(Code::MaybeMissing, self.expr.place(*at), message);
        let wrong = wrong.help(format!("write `{what}?.{name}`, which is null then"));
        self.found.push(self.softened(wrong, part));
    }

    /// Warns of values that have no fields, where no `?.` helps.
    fn fieldless(&mut self, way: &Way<'t>, part: &Part) {
        let (Part::Field(name, at) | Part::SoftField(name, at)) = part else { return };
        let what = self.upto(way);
        let message = format!("`{what}` may be {}, which does not always have `{name}`", way.ty.named());
        let wrong = Diagnostic::warning(Code::MaybeMissing, self.expr.place(*at), message);
        self.found.push(wrong.help(format!("ask first, as in `type({what}) == \"object\" ? … : …`")));
    }

    /// Adds the fix that makes a plain read of a field a soft one.
    fn softened(&self, wrong: Diagnostic, part: &Part) -> Diagnostic {
        let Part::Field(_, at) = part else { return wrong };
        let before = self.expr.source().get(..at.start as usize).unwrap_or_default();
        match before.trim_end().strip_suffix('.') {
            Some(head) => {
                let dot = Span::new(head.len(), head.len() + 1);
                wrong.fix("read it softly", self.expr.place(dot), "?.")
            }
            None => wrong,
        }
    }

    fn no_field(&self, way: &Way<'t>, name: &str, at: Span) -> Diagnostic {
        let what = self.upto(way);
        let arms = way.ty.arms();
        if let [Type::List(_)] = &arms[..] {
            let message = format!("`{what}` is a list and has no field `{name}`");
            let help = match habits::field(name, &what) {
                Some(ours) => format!("write `{ours}`"),
                None => {
                    format!("take one item, as `{what}[0].{name}`, or all, as `{what} | map(x => x.{name})`")
                }
            };
            return Diagnostic::error(Code::UnknownField, at, message).help(help);
        }
        let objects = arms.iter().filter_map(|arm| arm.fields());
        let mut names: Vec<&str> = vec![];
        for field in objects.clone().flatten() {
            if !names.contains(&field.name.as_str()) {
                names.push(&field.name);
            }
        }
        if objects.count() == 0 {
            let message = format!("`{what}` is {} and has no field `{name}`", way.ty.named());
            return Diagnostic::error(Code::UnknownField, at, message);
        }
        let wrong = Diagnostic::error(Code::UnknownField, at, format!("`{what}` has no field `{name}`"));
        match nearest(name, names.iter().copied()) {
            Some(near) => {
                wrong.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), at, near)
            }
            None if names.is_empty() || names.len() > MOST_NAMES => wrong,
            None => wrong.help(format!("its fields are {}", listed(&names))),
        }
    }

    /// True at `inputs` itself.
    fn is_inputs(&self, way: &Way<'_>) -> bool {
        let base = self.expr.node(way.base).map(|node| &node.kind);
        way.done == 0
            && matches!(base, Some(Kind::Name(name)) if &**name == "inputs")
            && matches!(way.parts.first(), Some(Part::Field(..) | Part::SoftField(..)))
    }

    /// The text of a path as far as it was followed.
    fn upto(&self, way: &Way<'_>) -> String {
        match way.done.checked_sub(1) {
            Some(last) => self.expr.beginning(way.base, way.parts, last),
            None => self.expr.quote(way.base),
        }
    }
}

fn without_null(ty: Cow<'_, Type>) -> Cow<'_, Type> {
    match ty {
        Cow::Borrowed(ty) => ty.without_null(),
        Cow::Owned(ty) => Cow::Owned(ty.without_null().into_owned()),
    }
}

/// True for a type of whose fields nothing is known.
fn is_open(ty: &Type) -> bool {
    matches!(ty, Type::Any | Type::AnyObject)
}

/// Looks for a field in each arm of a type.
fn among<'t>(arms: Arms<'t>, name: &str) -> Found<'t> {
    if let [arm] = &arms[..]
        && let Some(fields) = arm.fields()
    {
        return match find(fields, name) {
            Some(field) if field.optional => Found::Sometimes(Cow::Owned(field.ty.clone().or_null())),
            Some(field) => Found::Here(Cow::Borrowed(&field.ty)),
            None => Found::Nowhere,
        };
    }
    if arms.iter().any(|arm| is_open(arm)) {
        return Found::Here(Cow::Owned(Type::Any));
    }
    let mut all = Type::NEVER;
    for arm in arms.iter() {
        if let Some(field) = arm.fields().and_then(|fields| find(fields, name)) {
            all = all.or(field.ty.clone());
        }
    }
    let lacks =
        |arm: &&Type| arm.fields().and_then(|fields| find(fields, name)).is_none_or(|field| field.optional);
    let objects = arms.iter().all(|arm| arm.fields().is_some());
    match all {
        all if all != Type::NEVER && !objects => Found::Partly(Cow::Owned(all.or_null())),
        all if all == Type::NEVER => Found::Nowhere,
        all if arms.iter().any(lacks) => Found::Sometimes(Cow::Owned(all.or_null())),
        all => Found::Here(Cow::Owned(all)),
    }
}

fn find<'f>(fields: &'f [Field], name: &str) -> Option<&'f Field> {
    fields.iter().find(|field| field.name == name)
}

fn owned<'t>(found: Found<'_>) -> Found<'t> {
    match found {
        Found::Here(ty) => Found::Here(Cow::Owned(ty.into_owned())),
        Found::Sometimes(ty) => Found::Sometimes(Cow::Owned(ty.into_owned())),
        Found::Partly(ty) => Found::Partly(Cow::Owned(ty.into_owned())),
        Found::Nowhere => Found::Nowhere,
    }
}
