//! Calls and lambdas: is there such a function, and does it take what it is given?

use pest::iterators::Pair;

use super::{Builder, normal, plural, span_of};
use crate::codes::Code;
use crate::diagnostic::{Diagnostic, nearest};
use crate::expr::RESERVED;
use crate::expr::ast::{Ix, Kind};
use crate::expr::functions::{self, Function, FunctionRef, Takes};
use crate::expr::grammar::Rule;
use crate::span::Span;

impl Builder<'_> {
    pub(super) fn call(
        &self,
        span: Span,
        name: &Pair<'_, Rule>,
        piped: Option<Option<Ix>>,
        arguments: Option<Pair<'_, Rule>>,
    ) -> Option<Ix> {
        let function = self.function(name);
        let first = usize::from(piped.is_some());
        let given: Vec<Pair<'_, Rule>> = arguments.into_iter().flat_map(Pair::into_inner).collect();
        let count = first + given.len();
        let mut whole = function.is_some();
        let mut values: Vec<Option<Ix>> = piped.into_iter().collect();
        for (at, argument) in given.into_iter().enumerate() {
            let takes = function.and_then(|function| function.takes(first + at));
            let is_lambda = argument.as_rule() == Rule::lambda;
            match (function, takes) {
                (Some(function), Some(Takes::Value)) if is_lambda => {
                    whole = false;
                    let message = format!("`{}` takes no lambda here", function.name);
                    self.fault(
                        Diagnostic::error(Code::Lambda, span_of(&argument), message)
                            .help(format!("it is called as `{}`", function.form())),
                    );
                }
                (Some(function), Some(Takes::Lambda(_))) if !is_lambda => {
                    whole = false;
                    let message = format!("`{}` wants a lambda here", function.name);
                    self.fault(
                        Diagnostic::error(Code::Lambda, span_of(&argument), message)
                            .help(format!("it is called as `{}`", function.form())),
                    );
                }
                _ => {}
            }
            let most = match takes {
                Some(Takes::Lambda(most)) => most,
                _ => usize::MAX,
            };
            values.push(if is_lambda { self.lambda(argument, most) } else { self.expression(argument) });
        }
        let function = function?;
        if count < function.fewest() || count > function.most() {
            let message = format!(
                "`{}` takes {}, here {}",
                function.name,
                function.count(),
                if count == 1 { "is 1".into() } else { format!("are {count}") }
            );
            self.fault(
                Diagnostic::error(Code::ArgumentCount, span_of(name), message)
                    .help(format!("it is called as `{}`", function.form())),
            );
            return None;
        }
        let values = values.into_iter().collect::<Option<Vec<Ix>>>()?;
        whole.then(|| self.add(span, Kind::Call(FunctionRef(function), values)))?
    }

    fn function(&self, name: &Pair<'_, Rule>) -> Option<&'static Function> {
        let written = name.as_str();
        let found = functions::find(written);
        if found.is_none() {
            let span = span_of(name);
            let before = self.text[..span.start as usize].trim_end();
            let fault =
                Diagnostic::error(Code::UnknownFunction, span, format!("there is no function `{written}`"));
            let near = functions::synonym(written).or_else(|| nearest(written, functions::names()));
            self.fault(match near {
                Some(near) => {
                    fault.help(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), span, near)
                }
                None if before.ends_with('|') => fault.help("after `|` stands a function, as in `x | upper`"),
                None => fault.help("the documentation of expressions lists all functions"),
            });
        }
        found
    }

    fn lambda(&self, pair: Pair<'_, Rule>, most: usize) -> Option<Ix> {
        let span = span_of(&pair);
        let mut inner = pair.into_inner();
        let parameters = inner.next()?;
        let listed = span_of(&parameters);
        let before = self.state.borrow().parameters.len();
        for word in parameters.into_inner() {
            let name = normal(word.as_str());
            if RESERVED.contains(&&*name) {
                let message = format!("`{name}` is a word of the language and no name of a parameter");
                self.fault(
                    Diagnostic::error(Code::ReservedName, span_of(&word), message)
                        .help("use another name, as in `x => …`"),
                );
            }
            self.state.borrow_mut().parameters.push(name);
        }
        let count = self.state.borrow().parameters.len() - before;
        if count > most {
            let message =
                format!("this lambda takes at most {}, here are {count}", plural(most, "parameter"));
            self.fault(Diagnostic::error(Code::Lambda, listed, message));
        }
        let body = inner.next().and_then(|body| self.expression(body));
        self.state.borrow_mut().parameters.truncate(before);
        self.add(span, Kind::Lambda(u16::try_from(count).ok()?, body?))
    }
}
