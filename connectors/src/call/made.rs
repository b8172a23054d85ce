//! What hooks make, put beside the other names.

use std::sync::Arc;

use dsl::catalog::Failure;
use dsl::value::{Object, Value};

use super::fill::{self, Names};
use crate::hook::Moment;
use crate::manifest::made::Made;
use crate::params::Params;

/// These names, and `made` with what the hooks of a moment make.
pub(super) fn made(all: &[Made], moment: Moment, names: Names) -> Result<Names, Failure> {
    all.iter().filter(|made| made.hook.moment == moment).try_fold(names, |names, made| {
        let given: Object =
            fill::pairs(&made.with, &names)?.into_iter().map(|(name, value)| (name.into(), value)).collect();
        let given = Value::Object(Arc::new(given));
        let params = Params::check(made.hook.name, &made.hook.fields(), &given)?;
        let value = (made.hook.make)(&params)?;
        let mut known = match names.named("made") {
            Some(Value::Object(known)) => (**known).clone(),
            _ => Object::new(),
        };
        known.insert(made.name.as_str().into(), value);
        Ok(names.with("made", Value::Object(Arc::new(known))))
    })
}
