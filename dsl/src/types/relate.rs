//! How types stand to each other: what either of two is, what null leaves, whether two can ever be equal.

use std::borrow::Cow;

use crate::types::{Field, Type};

/// The most arms that a union keeps apart; one with more says nothing.
const MOST_ARMS: usize = 8;

/// The most texts that an enum of texts keeps apart; one with more is any text.
const MOST_TEXTS: usize = 16;

impl Type {
    /// The type that no value has: of the items of `[]`.
    pub const NEVER: Type = Type::Union(vec![]);

    /// A list of items of one type.
    pub fn list(item: Type) -> Type {
        Type::List(Box::new(item))
    }

    /// An object that has all of these fields.
    pub fn object<'n>(fields: impl IntoIterator<Item = (&'n str, Type)>) -> Type {
        Type::Object(fields.into_iter().map(|(name, ty)| Field::required(name, ty, "")).collect())
    }

    /// The type, or null.
    #[must_use]
    pub fn or_null(self) -> Type {
        match self {
            Type::Any | Type::Null | Type::Nullable(_) => self,
            Type::Union(arms) if arms.is_empty() => Type::Null,
            other => Type::Nullable(Box::new(other)),
        }
    }

    /// What is left where it is not null.
    pub fn without_null(&self) -> Cow<'_, Type> {
        match self {
            Type::Null => Cow::Owned(Type::NEVER),
            Type::Nullable(inner) => inner.without_null(),
            Type::Union(arms) if arms.iter().any(Type::takes_null) => {
                let arms = arms.iter().map(|arm| arm.without_null().into_owned());
                Cow::Owned(arms.fold(Type::NEVER, Type::or))
            }
            other => Cow::Borrowed(other),
        }
    }

    /// True if null is one of its values, as far as that is known.
    pub fn takes_null(&self) -> bool {
        match self {
            Type::Null | Type::Nullable(_) => true,
            Type::Union(arms) => arms.iter().any(Type::takes_null),
            _ => false,
        }
    }

    /// True if nothing is known of a value, of its fields, or of its items.
    pub fn is_open(&self) -> bool {
        match self {
            Type::Any | Type::AnyObject => true,
            Type::List(inner) | Type::Nullable(inner) => inner.is_open(),
            Type::Union(arms) => arms.iter().any(Type::is_open),
            _ => false,
        }
    }

    /// The type of what is either of this type or of that.
    #[must_use]
    pub fn or(self, other: Type) -> Type {
        match (self, other) {
            (Type::Any, _) | (_, Type::Any) => Type::Any,
            (Type::Union(arms), other) | (other, Type::Union(arms)) if arms.is_empty() => other,
            (Type::Null, other) | (other, Type::Null) => other.or_null(),
            (Type::Nullable(a), Type::Nullable(b)) => a.or(*b).or_null(),
            (Type::Nullable(a), b) | (b, Type::Nullable(a)) => a.or(b).or_null(),
            (a, b) if a == b => a,
            (Type::Integer, Type::Number) | (Type::Number, Type::Integer) => Type::Number,
            (Type::String, Type::Enum(_)) | (Type::Enum(_), Type::String) => Type::String,
            (Type::Enum(mut a), Type::Enum(b)) => {
                a.extend(b.into_iter().filter(|text| !a.contains(text)).collect::<Vec<_>>());
                if a.len() > MOST_TEXTS { Type::String } else { Type::Enum(a) }
            }
            (Type::AnyObject, Type::Object(_)) | (Type::Object(_), Type::AnyObject) => Type::AnyObject,
            (Type::List(a), Type::List(b)) => Type::list(a.or(*b)),
            (Type::Object(a), Type::Object(b)) if same_names(&a, &b) => Type::Object(fieldwise(a, b)),
            (Type::Union(a), b) => b.into_arms().into_iter().fold(Type::Union(a), Type::with_arm),
            (a, b) => b.into_arms().into_iter().fold(Type::Union(vec![a]), Type::with_arm),
        }
    }

    /// Either of two types of items that stand in one list. Of a row of different kinds, as a number beside an
    /// object, nothing is known by place, so that a union would only be in the way: it is anything.
    #[must_use]
    pub fn beside(self, other: Type) -> Type {
        let either = self.or(other);
        match &either {
            Type::Union(arms) if !arms.iter().all(is_object) => Type::Any,
            Type::Nullable(inner) if matches!(&**inner, Type::Union(arms) if !arms.iter().all(is_object)) => {
                Type::Any
            }
            _ => either,
        }
    }

    fn into_arms(self) -> Vec<Type> {
        match self {
            Type::Union(arms) => arms,
            one => vec![one],
        }
    }

    /// A union with one more arm, joined with one that it has where the two are one type.
    fn with_arm(self, arm: Type) -> Type {
        let Type::Union(mut arms) = self else { return self.or(arm) };
        match arms.iter().position(|known| joins(known, &arm)) {
            Some(at) => {
                let known = std::mem::take(&mut arms[at]);
                arms[at] = known.or(arm);
            }
            None => arms.push(arm),
        }
        match arms.len() {
            0..=MOST_ARMS => Type::Union(arms),
            _ => Type::Any,
        }
    }

    /// The type of a value that was fitted: what was left out is null, so that all fields are there.
    #[must_use]
    pub fn filled(self) -> Type {
        match self {
            Type::Object(fields) => Type::Object(
                fields
                    .into_iter()
                    .map(|field| {
                        let known = field.default.as_ref().is_some_and(|value| !value.is_null());
                        let ty = field.ty.filled();
                        let ty = if field.optional && !known { ty.or_null() } else { ty };
                        Field::required(&field.name, ty, "")
                    })
                    .collect(),
            ),
            Type::List(item) => Type::list(item.filled()),
            Type::Nullable(inner) => inner.filled().or_null(),
            Type::Union(arms) => Type::Union(arms.into_iter().map(Type::filled).collect()),
            other => other,
        }
    }

    /// False only if no value of this type equals one of that.
    pub fn overlaps(&self, other: &Type) -> bool {
        let (own, others) = (self.arms(), other.arms());
        // What never has a value is compared in vain, which is no mistake.
        own.is_empty() || others.is_empty() || own.iter().any(|a| others.iter().any(|b| meets(a, b)))
    }

    /// Its parts in all, counted no further than to a limit.
    pub fn weight(&self, limit: usize) -> usize {
        if limit == 0 {
            return 0;
        }
        let left = limit - 1;
        1 + match self {
            Type::Object(fields) => sum(fields.iter().map(|field| &field.ty), left),
            Type::Union(arms) => sum(arms.iter(), left),
            Type::List(inner) | Type::Nullable(inner) => inner.weight(left),
            Type::Any
            | Type::Null
            | Type::Boolean
            | Type::Integer
            | Type::Number
            | Type::String
            | Type::Time
            | Type::Duration
            | Type::Bytes
            | Type::AnyObject
            | Type::Enum(_) => 0,
        }
    }

    /// What a value of this type is, in words: `a text or null`.
    pub fn named(&self) -> String {
        let mut words: Vec<&str> = vec![];
        for arm in self.arms() {
            let word = match arm {
                Type::Any => "anything",
                Type::Null => "null",
                Type::Boolean => "a boolean",
                Type::Integer => "an integer",
                Type::Number => "a number",
                Type::String | Type::Enum(_) => "a text",
                Type::Time => "a time",
                Type::Duration => "a duration",
                Type::Bytes => "a file",
                Type::AnyObject | Type::Object(_) => "an object",
                Type::List(_) => "a list",
                Type::Nullable(_) | Type::Union(_) => continue,
            };
            if !words.contains(&word) {
                words.push(word);
            }
        }
        match &words[..] {
            [] => "nothing".into(),
            [one] => (*one).into(),
            [first @ .., last] => format!("{} or {last}", first.join(", ")),
        }
    }
}

fn sum<'t>(types: impl Iterator<Item = &'t Type>, limit: usize) -> usize {
    let mut whole = 0;
    for ty in types {
        whole += ty.weight(limit.saturating_sub(whole));
        if whole >= limit {
            break;
        }
    }
    whole
}

/// True for two arms that are one type when joined.
fn joins(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Object(a), Type::Object(b)) => same_names(a, b),
        (Type::AnyObject, Type::Object(_)) | (Type::Object(_), Type::AnyObject) => true,
        (Type::Integer | Type::Number, Type::Integer | Type::Number)
        | (Type::String | Type::Enum(_), Type::String | Type::Enum(_))
        | (Type::List(_), Type::List(_)) => true,
        (a, b) => a == b,
    }
}

fn same_names(a: &[Field], b: &[Field]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.name == b.name)
}

fn fieldwise(a: Vec<Field>, b: Vec<Field>) -> Vec<Field> {
    let join = |(a, b): (Field, Field)| Field {
        optional: a.optional || b.optional,
        ..Field::required(&a.name, a.ty.or(b.ty), "")
    };
    a.into_iter().zip(b).map(join).collect()
}

/// True if two arms may have a value in common.
fn meets(a: &Type, b: &Type) -> bool {
    match (a, b) {
        (Type::Any, _) | (_, Type::Any) => true,
        (Type::Enum(a), Type::Enum(b)) => a.iter().any(|text| b.contains(text)),
        _ => joins(a, b) || (is_object(a) && is_object(b)),
    }
}

fn is_object(ty: &Type) -> bool {
    matches!(ty, Type::Object(_) | Type::AnyObject)
}

#[cfg(test)]
mod tests {
    use crate::types::{Type, parse};

    fn ty(text: &str) -> Type {
        parse(text).unwrap()
    }

    #[test]
    fn either_of_two_types_is_the_smallest_that_holds_both() {
        for (a, b, both) in [
            ("integer", "number", "number"),
            ("string", "null", "string?"),
            ("string?", "integer", "(string | integer)?"),
            ("[integer]", "[number]", "[number]"),
            ("{ a: integer }", "{ a: string }", "{ a: integer | string }"),
            ("{ a: integer }", "{ b: string }", "{ a: integer } | { b: string }"),
            ("{ enum: [x] }", "{ enum: [y] }", "{ enum: [x, y] }"),
            ("any", "string", "any"),
            ("string | integer", "number", "string | number"),
        ] {
            assert_eq!(ty(a).or(ty(b)).to_string(), both, "{a} or {b}");
        }
        assert_eq!(Type::NEVER.or(Type::String), Type::String);
        assert_eq!(Type::list(Type::NEVER).or(ty("[time]")), ty("[time]"));
    }

    #[test]
    fn null_can_be_taken_away() {
        assert_eq!(*ty("string?").without_null(), Type::String);
        assert_eq!(*ty("null").without_null(), Type::NEVER);
        assert_eq!(ty("(string | integer?)").without_null().to_string(), "string | integer");
        assert!(ty("string | null").takes_null() && !ty("string").takes_null());
    }

    #[test]
    fn only_what_can_never_be_equal_does_not_overlap() {
        assert!(!ty("string").overlaps(&Type::Integer));
        assert!(!ty("{ enum: [a] }").overlaps(&ty("{ enum: [b] }")));
        assert!(ty("string?").overlaps(&ty("integer?")));
        assert!(ty("any").overlaps(&Type::Time));
        assert!(ty("number").overlaps(&Type::Integer));
    }

    #[test]
    fn types_are_named_in_words() {
        assert_eq!(ty("(string | integer)?").named(), "a text, an integer or null");
        assert_eq!(ty("[string]").named(), "a list");
    }
}
