//! What an item is where two ways meet.

use super::{Item, Rest};
use crate::ours::{Bind, Ex, Sort};

/// What stands for an expression that becomes too long. No such name is there, so that the checker stops at each step that
/// reads it.
pub const TOO_LONG: &str = "an_expression_that_becomes_too_long";

/// An item and its guard, where ways that part and meet again and again have not made them too long.
pub fn capped(item: Item, guard: Option<Ex>) -> (Item, Option<Ex>) {
    let parts = item.known.iter().map(|(_, ex)| ex);
    if item.whole.is_too_long()
        || guard.as_ref().is_some_and(Ex::is_too_long)
        || parts.into_iter().any(Ex::is_too_long)
    {
        return (Item::open(Ex::path(TOO_LONG)), Some(Ex::new(TOO_LONG, Bind::Path, Sort::Bool)));
    }
    (item, guard)
}

/// The item of whichever of two ways was taken.
pub fn either(a: &Item, b: &Item, taken: Option<&Ex>) -> Item {
    if a.whole == b.whole {
        return a.clone();
    }
    let pick = |a: &Ex, b: &Ex| match taken {
        Some(guard) => guard.choice(a, b),
        None => a.instead(b),
    };
    let whole = pick(&a.whole, &b.whole);
    let closed = [&a.rest, &b.rest].into_iter().find_map(|rest| match rest {
        Rest::Closed(who) => Some(who.clone()),
        Rest::Open(_) | Rest::Empty => None,
    });
    match closed {
        None => Item::open(whole),
        Some(who) => {
            let both = a.known.iter().filter(|(name, _)| b.known.iter().any(|(other, _)| other == name));
            let known = both.map(|(name, _)| (name.clone(), whole.field(name))).collect();
            Item { whole, known, rest: Rest::Closed(who) }
        }
    }
}
