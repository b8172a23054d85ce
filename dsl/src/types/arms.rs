//! The types that a type is one of: of `string | integer?` these are text, whole numbers and null.

use std::ops::Deref;

use crate::types::Type;

/// The arms of a type. Nearly always it is one, itself, for which no memory is asked.
#[derive(Clone, Debug)]
pub enum Arms<'t> {
    /// The type itself.
    One([&'t Type; 1]),
    /// Several, or none.
    Several(Vec<&'t Type>),
}

impl Type {
    /// The types that it is one of: neither nullable nor unions, with null as an arm of its own.
    pub fn arms(&self) -> Arms<'_> {
        match self {
            Type::Nullable(_) | Type::Union(_) => {
                let mut arms = vec![];
                self.gather(&mut arms);
                Arms::Several(arms)
            }
            one => Arms::One([one]),
        }
    }

    fn gather<'t>(&'t self, arms: &mut Vec<&'t Type>) {
        match self {
            Type::Nullable(inner) => {
                inner.gather(arms);
                arms.push(&Type::Null);
            }
            Type::Union(inner) => inner.iter().for_each(|arm| arm.gather(arms)),
            one => arms.push(one),
        }
    }
}

impl<'t> Deref for Arms<'t> {
    type Target = [&'t Type];

    fn deref(&self) -> &[&'t Type] {
        match self {
            Arms::One(one) => one,
            Arms::Several(arms) => arms,
        }
    }
}

impl<'t> IntoIterator for Arms<'t> {
    type Item = &'t Type;
    type IntoIter = std::iter::Chain<std::option::IntoIter<&'t Type>, std::vec::IntoIter<&'t Type>>;

    fn into_iter(self) -> Self::IntoIter {
        let (one, several) = match self {
            Arms::One([one]) => (Some(one), vec![]),
            Arms::Several(arms) => (None, arms),
        };
        one.into_iter().chain(several)
    }
}
