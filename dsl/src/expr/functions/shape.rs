//! What the functions want and what they give: the types of their parameters and of their result.

use std::borrow::Cow;
use std::fmt;

use crate::types::{Field, Type};
use crate::value::Value;

/// What may stand for a parameter: one of several.
pub type Wants = &'static [Shape];

/// One kind of value that a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Anything.
    Any,
    /// Null.
    Null,
    /// True or false.
    Boolean,
    /// A whole number.
    Integer,
    /// Any number.
    Number,
    /// Text.
    String,
    /// A moment.
    Time,
    /// A length of time.
    Duration,
    /// A file.
    Bytes,
    /// An object.
    Object,
    /// A list of such items.
    List(Wants),
    /// What has an order, all of one kind.
    Ordered,
    /// What can be added up: numbers alone, or durations alone.
    Summable,
}

/// The sets that the functions share.
pub(crate) const ANY: Wants = &[Shape::Any];
pub(crate) const BOOLEANS: Wants = &[Shape::Boolean];
pub(crate) const BYTES: Wants = &[Shape::String, Shape::Bytes];
pub(crate) const COUNTED: Wants = &[Shape::String, Shape::List(ANY), Shape::Object, Shape::Bytes];
pub(crate) const INTEGERS: Wants = &[Shape::Integer];
pub(crate) const LISTS: Wants = &[Shape::List(ANY)];
pub(crate) const NUMBERS: Wants = &[Shape::Number];
pub(crate) const OBJECTS: Wants = &[Shape::Object];
pub(crate) const ORDERED: Wants = &[Shape::Ordered];
pub(crate) const SEARCHED: Wants = &[Shape::String, Shape::List(ANY), Shape::Object];
pub(crate) const SHOWN: Wants =
    &[Shape::String, Shape::Number, Shape::Boolean, Shape::Time, Shape::Duration, Shape::Null];
pub(crate) const SLICED: Wants = &[Shape::String, Shape::List(ANY)];
pub(crate) const SORTED: Wants = &[Shape::Ordered, Shape::Null];
pub(crate) const SUMMABLE: Wants = &[Shape::Summable];
pub(crate) const TEXTS: Wants = &[Shape::String];
pub(crate) const TIMES: Wants = &[Shape::Time];

/// How an argument stands to what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It fits, or nothing is known of it.
    Fits,
    /// It does but for null, which it may be.
    Null,
    /// A number that need not be whole.
    Fraction,
    /// It does not.
    Unfit,
}

/// Compares the type of an argument with what is wanted.
pub fn judge(ty: &Type, wants: Wants) -> Verdict {
    // Most arguments are one thing.
    let one = !matches!(ty, Type::Null | Type::Nullable(_) | Type::Union(_));
    if one && wants.iter().any(|shape| takes(*shape, ty)) {
        return Verdict::Fits;
    }
    let arms = ty.arms();
    let (nulls, others): (Vec<&Type>, Vec<&Type>) =
        arms.into_iter().partition(|arm| matches!(arm, Type::Null));
    let null_fits = wants.iter().any(|shape| matches!(shape, Shape::Any | Shape::Null));
    let kinds = wants.iter().any(|shape| matches!(shape, Shape::Ordered | Shape::Summable));
    if kinds {
        let mut orders = others.iter().filter_map(|arm| order(arm, wants));
        let first = orders.next();
        if orders.any(|order| Some(order) != first) {
            return Verdict::Unfit;
        }
    }
    for arm in &others {
        if !wants.iter().any(|shape| takes(*shape, arm)) {
            let whole = **arm == Type::Number && wants.contains(&Shape::Integer);
            return if whole { Verdict::Fraction } else { Verdict::Unfit };
        }
    }
    if nulls.is_empty() || null_fits { Verdict::Fits } else { Verdict::Null }
}

/// A number for each kind of value that has an order among itself, where something is known.
fn order(ty: &Type, wants: Wants) -> Option<u8> {
    let kind = match ty {
        Type::Any | Type::Null | Type::Nullable(_) | Type::Union(_) => return None,
        Type::Integer | Type::Number => 1,
        Type::Duration => 2,
        Type::String | Type::Enum(_) => 3,
        Type::Time => 4,
        Type::Boolean | Type::Bytes | Type::AnyObject | Type::Object(_) | Type::List(_) => 5,
    };
    // What is wanted beside the order, as a null, is no reason for another.
    wants.iter().any(|shape| matches!(shape, Shape::Ordered | Shape::Summable)).then_some(kind)
}

fn takes(shape: Shape, ty: &Type) -> bool {
    match (shape, ty) {
        (Shape::Any, _) | (_, Type::Any) => true,
        (Shape::Null, ty) => *ty == Type::Null,
        (Shape::Boolean, ty) => *ty == Type::Boolean,
        (Shape::Integer, ty) => *ty == Type::Integer,
        (Shape::Number, ty) => matches!(ty, Type::Integer | Type::Number),
        (Shape::String, ty) => matches!(ty, Type::String | Type::Enum(_)),
        (Shape::Time, ty) => *ty == Type::Time,
        (Shape::Duration, ty) => *ty == Type::Duration,
        (Shape::Bytes, ty) => *ty == Type::Bytes,
        (Shape::Object, ty) => matches!(ty, Type::AnyObject | Type::Object(_)),
        (Shape::List(items), Type::List(item)) => judge(item, items) == Verdict::Fits,
        (Shape::List(_), _) => false,
        (Shape::Ordered, ty) => {
            matches!(
                ty,
                Type::Integer | Type::Number | Type::String | Type::Enum(_) | Type::Time | Type::Duration
            )
        }
        (Shape::Summable, ty) => matches!(ty, Type::Integer | Type::Number | Type::Duration),
    }
}

/// What is wanted, as authors write types.
pub fn written(wants: Wants) -> String {
    wants.iter().map(Shape::to_string).collect::<Vec<_>>().join(" | ")
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Shape::Any => "any",
            Shape::Null => "null",
            Shape::Boolean => "boolean",
            Shape::Integer => "integer",
            Shape::Number => "number",
            Shape::String => "string",
            Shape::Time => "time",
            Shape::Duration => "duration",
            Shape::Bytes => "bytes",
            Shape::Object => "object",
            Shape::List(items) => return write!(f, "[{}]", written(items)),
            Shape::Ordered => "number | string | time | duration",
            Shape::Summable => "number | duration",
        })
    }
}

/// Whether a list is known to have an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filling {
    /// It has one at least.
    Some,
    /// It may be empty.
    Unknown,
}

/// What a call is given, by types: a lambda counts as what it gives.
pub struct Given<'g> {
    /// Whether the list that comes first has an item.
    pub filling: Filling,
    /// The types of the arguments.
    pub types: &'g [Cow<'g, Type>],
    /// The arguments that are constants.
    pub constants: &'g [Option<&'g Value>],
}

impl<'g> Given<'g> {
    /// True if there is an argument at this place.
    pub fn has(&self, at: usize) -> bool {
        at < self.types.len()
    }

    /// The type of an argument; null where it was left out.
    pub fn at(&self, at: usize) -> Type {
        self.types.get(at).map_or(Type::Null, |ty| ty.clone().into_owned())
    }

    /// The type of the items of an argument that is a list.
    pub fn item(&self, at: usize) -> Type {
        self.types.get(at).map_or(Type::Any, |ty| item_of(ty))
    }

    /// A type, or null where the list that comes first may be empty.
    pub fn unless_empty(&self, ty: Type) -> Type {
        match self.filling {
            Filling::Some => ty,
            Filling::Unknown => ty.or_null(),
        }
    }

    /// The fields of an argument that is an object, where all are known.
    pub fn fields(&self, at: usize) -> Option<&'g [Field]> {
        match self.types.get(at).map(Cow::as_ref) {
            Some(Type::Object(fields)) => Some(fields),
            _ => None,
        }
    }

    /// The texts that follow the first argument, one by one or as lists, if all of them are constants.
    pub fn names(&self) -> Option<Vec<&'g str>> {
        let mut names = vec![];
        for constant in self.constants.iter().skip(1) {
            match constant {
                Some(Value::Text(name)) => names.push(&**name),
                Some(Value::List(items)) => {
                    for item in items.iter() {
                        names.push(item.as_text()?);
                    }
                }
                _ => return None,
            }
        }
        Some(names)
    }
}

/// The type of the items of a list; anything where it is none.
pub fn item_of(ty: &Type) -> Type {
    let mut items = Type::NEVER;
    for arm in ty.arms() {
        match arm {
            Type::List(item) => items = items.or((**item).clone()),
            Type::Null => {}
            _ => return Type::Any,
        }
    }
    items
}

/// The type of the values of an object.
pub fn value_of(ty: &Type) -> Type {
    match ty {
        Type::Object(fields) => fields.iter().map(value_type).fold(Type::NEVER, Type::or),
        _ => Type::Any,
    }
}

/// The type of a field's value, where it is there.
pub fn value_type(field: &Field) -> Type {
    let ty = field.ty.clone();
    if field.optional { ty.or_null() } else { ty }
}
