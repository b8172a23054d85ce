//! What is wrong with the holes and blocks of a text, by the types of what they read.

use std::sync::Arc;

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::Expr;
use crate::expr::functions::shape::{item_of, value_of};
use crate::expr::types::{Certainty, Facts, Inferred, Place, infer, infer_condition};
use crate::template::{Part, Template};
use crate::types::Type;

/// A block that is open: what was known before it, and its last condition.
struct Open<'p> {
    before: Facts,
    /// What is known in its next arm.
    arms: Facts,
    locals: usize,
    asked: Option<(&'p Expr, bool)>,
}

impl Template {
    /// Looks at all holes and blocks; each may see what the blocks around it give.
    pub fn infer(&self, place: &Place<'_>) -> Inferred {
        let mut walk = Walk {
            place: place.clone(),
            open: vec![],
            found: Inferred {
                ty: Type::String,
                diagnostics: vec![],
                doubtful: vec![],
                certainty: Certainty::Full,
            },
        };
        self.parts.iter().for_each(|part| walk.part(part));
        walk.found
    }
}

struct Walk<'t, 'p> {
    place: Place<'t>,
    open: Vec<Open<'p>>,
    found: Inferred,
}

impl<'p> Walk<'_, 'p> {
    fn part(&mut self, part: &'p Part) {
        match part {
            Part::Text(_) => {}
            Part::Hole(expr) | Part::Encoded(expr) => self.hole(expr),
            Part::If(expr) => {
                self.condition(expr, "#if");
                self.enter(Some((expr, true)), vec![]);
            }
            Part::Unless(expr) => {
                self.condition(expr, "#unless");
                self.enter(Some((expr, false)), vec![]);
            }
            Part::Each(expr, names) => {
                let (item, key) = self.items(expr);
                let mut given = vec![
                    ("this".into(), item.clone()),
                    ("index".into(), Type::Integer),
                    ("key".into(), key.clone()),
                ];
                given.extend(names.iter().cloned().zip([item, key]));
                self.enter(None, given);
            }
            Part::With(expr, names) => {
                let this = self.value(expr).without_null().into_owned();
                let mut given = vec![("this".into(), this.clone())];
                given.extend(names.iter().cloned().zip([this]));
                self.enter(None, given);
            }
            Part::ElseIf(expr) => {
                self.otherwise();
                self.condition(expr, "else if");
                self.place.facts.learn_all(expr, true);
                if let Some(open) = self.open.last_mut() {
                    open.asked = Some((expr, true));
                }
            }
            Part::Else => self.otherwise(),
            Part::End => {
                if let Some(open) = self.open.pop() {
                    self.place.facts = open.before;
                    self.place.locals.truncate(open.locals);
                }
            }
        }
    }

    fn enter(&mut self, asked: Option<(&'p Expr, bool)>, given: Vec<(Arc<str>, Type)>) {
        let (facts, locals) = (self.place.facts.clone(), self.place.locals.len());
        self.open.push(Open { arms: facts.clone(), before: facts, locals, asked });
        given.iter().for_each(|(name, _)| self.place.facts.forget(name));
        self.place.locals.extend(given);
        if let Some((expr, holds)) = asked {
            self.place.facts.learn_all(expr, holds);
        }
    }

    /// Goes on where the last condition did not hold.
    fn otherwise(&mut self) {
        let Some(open) = self.open.last_mut() else { return };
        if let Some((expr, holds)) = open.asked.take() {
            // All arms after this one are reached only where it was not.
            open.arms.learn_all(expr, !holds);
        }
        let (facts, locals) = (open.arms.clone(), open.locals);
        self.place.facts = facts;
        self.place.locals.truncate(locals);
    }

    fn hole(&mut self, expr: &Expr) {
        let ty = self.value(expr);
        let what = ty.arms().into_iter().find_map(|arm| match arm {
            Type::List(_) => Some("a list"),
            Type::AnyObject | Type::Object(_) => Some("an object"),
            Type::Bytes => Some("a file"),
            _ => None,
        });
        if let Some(what) = what {
            let quote = expr.quote(expr.root());
            let message = format!("`{quote}` is {what}, which has no one form as text");
            let wrong = Diagnostic::error(Code::NotOneText, expr.span, message);
            self.found.diagnostics.push(match what {
                "a list" => wrong.help(format!("write `{quote} | join(\", \")`, or `{quote} | json`")),
                "a file" => wrong.help(format!("read its `name`, or write `{quote} | base64`")),
                _ => wrong.help(format!("read one of its fields, or write `{quote} | json`")),
            });
        }
    }

    fn value(&mut self, expr: &Expr) -> Type {
        let inferred = infer(expr, &self.place);
        self.take(inferred)
    }

    fn condition(&mut self, expr: &Expr, key: &str) {
        let inferred = infer_condition(expr, &self.place, key);
        self.take(inferred);
    }

    fn take(&mut self, inferred: Inferred) -> Type {
        self.found.diagnostics.extend(inferred.diagnostics);
        self.found.doubtful.extend(inferred.doubtful);
        inferred.ty
    }

    /// The types of the items that `#each` runs over, and of what it knows each by.
    fn items(&mut self, expr: &Expr) -> (Type, Type) {
        let ty = self.value(expr);
        let quote = expr.quote(expr.root());
        if ty.takes_null() {
            let message = format!("`#each` runs over a list or an object, and `{quote}` may be null");
            let wrong = Diagnostic::error(Code::MayBeNull, expr.span, message);
            self.found.diagnostics.push(wrong.help(format!("write `{quote} ?? []`")));
            return (Type::Any, Type::Any);
        }
        let arms = ty.arms();
        if arms.iter().all(|arm| matches!(arm, Type::List(_))) {
            return (item_of(&ty), Type::Integer);
        }
        let (mut item, mut key) = (Type::NEVER, Type::NEVER);
        for arm in arms {
            match arm {
                Type::List(inner) => {
                    item = item.or((**inner).clone());
                    key = key.or(Type::Integer);
                }
                Type::Object(_) | Type::AnyObject => {
                    item = item.or(value_of(arm));
                    key = key.or(Type::String);
                }
                Type::Any => return (Type::Any, Type::Any),
                other => {
                    let message =
                        format!("`#each` runs over a list or an object, and this is {}", other.named());
                    self.found.diagnostics.push(Diagnostic::error(Code::WrongType, expr.span, message));
                    return (Type::Any, Type::Any);
                }
            }
        }
        (item, key)
    }
}
