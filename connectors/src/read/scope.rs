//! What a value of a manifest can see, and whether it sees it rightly: names and types are checked where the value is
//! read.

use dsl::ast::{self, ArgKind, Part};
use dsl::codes::Code;
use dsl::diagnostic::{Diagnostic, Severity, nearest};
use dsl::expr::ast::Kind;
use dsl::expr::types::{Facts, Known, Place, Strictness, Types, infer, infer_condition};
use dsl::expr::{Expr, Root};
use dsl::fields::{Fields, Reader, listed};
use dsl::span::Span;
use dsl::template::Sink;
use dsl::types::{Field, Type};
use dsl::workflow::Arg;
use dsl::yaml::Node;

/// The names that a value can see, with their types.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    names: Vec<(String, Type)>,
}

impl Scope {
    /// These names and one more.
    pub(super) fn with(&self, name: &str, ty: Type) -> Scope {
        let mut names = self.names.clone();
        names.retain(|(known, _)| known != name);
        names.push((name.into(), ty));
        Scope { names }
    }

    /// These names, and one for each field.
    pub(super) fn with_each(&self, fields: &[Field]) -> Scope {
        fields.iter().fold(self.clone(), |scope, field| scope.with(&field.name, Type::String))
    }

    /// These names and `input` or `connection`, for values that are sent: what may be left out counts as given, since a
    /// value that reads it is left out with it.
    pub(super) fn with_given(&self, name: &str, fields: &[Field]) -> Scope {
        let given = fields.iter().map(|field| Field { optional: false, ..field.clone() });
        self.with(name, Type::Object(given.collect()))
    }

    /// These names and `input`, for conditions: what may be left out is read softly.
    pub(super) fn with_open_input(&self, fields: &[Field]) -> Scope {
        self.with("input", Type::Object(fields.to_vec()))
    }

    /// These names and `response`.
    pub(super) fn with_response(&self) -> Scope {
        let response = [("status", Type::Integer), ("headers", Type::Any), ("body", Type::Any)];
        self.with("response", Type::object(response))
    }

    /// Looks at an expression; gives whether it sees nothing else.
    fn check(&self, reader: &mut Reader<'_>, expr: &Expr) -> bool {
        self.see(reader, expr.reads(), expr.names()) & no_secret(reader, expr)
    }

    fn see(&self, reader: &mut Reader<'_>, reads: Vec<dsl::expr::Read>, names: Vec<dsl::expr::Name>) -> bool {
        let steps = reads.into_iter().map(|read| (read.root.name().into(), read.span));
        let known = |name: &str| self.names.iter().any(|(known, _)| known == name);
        let others = names.into_iter().filter(|(name, ..)| !known(name)).map(|(name, span, _)| (name, span));
        let mut wrong: Vec<(std::sync::Arc<str>, Span)> = steps.chain(others).collect();
        wrong.dedup();
        for (name, span) in &wrong {
            let message = format!("nothing is called `{name}` here");
            let unknown = Diagnostic::error(Code::UnknownName, *span, message);
            let names: Vec<&str> = self.names.iter().map(|(name, _)| name.as_str()).collect();
            reader.diagnostics.push(match nearest(name, names.iter().copied()) {
                Some(near) => unknown.help(format!("did you mean `{near}`?")).fix(
                    format!("write `{near}`"),
                    *span,
                    near,
                ),
                None if names.is_empty() => unknown.help("a value here has no holes"),
                None => unknown.help(format!("here are {}", listed(&names))),
            });
        }
        wrong.is_empty()
    }

    fn place(&self) -> Place<'_> {
        let (facts, strictness) = (Facts::default(), Strictness::Gradual);
        Place { scope: self, locals: vec![], facts, strictness, watch: None }
    }

    /// The names and types of an expression.
    fn look(&self, reader: &mut Reader<'_>, expr: &Expr) -> bool {
        if !self.check(reader, expr) {
            return false;
        }
        told(reader, infer(expr, &self.place()).diagnostics)
    }
}

impl Types for Scope {
    fn name(&self, name: &str) -> Option<&Type> {
        self.names.iter().find(|(known, _)| known == name).map(|(_, ty)| ty)
    }

    fn step(&self, _: Root, _: &str) -> Option<Known<'_>> {
        None
    }
}

/// Passes on what was found; gives whether nothing of it is an error. What is only warned of is sent all the same.
fn told(reader: &mut Reader<'_>, found: Vec<Diagnostic>) -> bool {
    let well = found.iter().all(|wrong| wrong.severity != Severity::Error);
    reader.diagnostics.extend(found);
    well
}

/// `secret("…")` belongs to workflows: a manifest names the secrets of its connection.
fn no_secret(reader: &mut Reader<'_>, expr: &Expr) -> bool {
    let calls = expr.nodes().iter().filter(|node| match &node.kind {
        Kind::Call(function, _) => function.0.name == "secret",
        _ => false,
    });
    let spans: Vec<Span> = calls.map(|node| expr.place(node.span)).collect();
    for span in &spans {
        let message = "a manifest names the secrets of its connection, and no others";
        let wrong = Diagnostic::error(Code::SecretPlace, *span, message);
        reader.diagnostics.push(wrong.help("declare it in `secrets`, and read it in `apply` by its name"));
    }
    spans.is_empty()
}

/// Reading values that see a scope.
pub(super) trait InScope {
    /// An expression, if the key is there.
    fn expr_in(&mut self, key: &str, scope: &Scope) -> Option<Expr>;
    /// An expression that is a condition, if the key is there.
    fn condition_in(&mut self, key: &str, scope: &Scope) -> Option<Expr>;
    /// A list of conditions; empty if the key is not there.
    fn conditions_in(&mut self, key: &str, scope: &Scope) -> Vec<Expr>;
    /// A text with holes, if the key is there.
    fn template_in(&mut self, key: &str, scope: &Scope) -> Option<Arg>;
    /// A value with holes, if the key is there.
    fn value_in(&mut self, key: &str, scope: &Scope) -> Option<Arg>;
    /// A mapping of names to values with holes; empty if the key is not there.
    fn pairs_in(&mut self, key: &str, scope: &Scope) -> Vec<(String, Arg)>;
}

impl InScope for Fields<'_, '_, '_> {
    fn expr_in(&mut self, key: &str, scope: &Scope) -> Option<Expr> {
        let node = self.take(key)?;
        let expr = self.reader.expr(node, key)?;
        scope.look(self.reader, &expr).then_some(expr)
    }

    fn condition_in(&mut self, key: &str, scope: &Scope) -> Option<Expr> {
        let node = self.take(key)?;
        condition(self.reader, node, key, scope)
    }

    fn conditions_in(&mut self, key: &str, scope: &Scope) -> Vec<Expr> {
        let Some(node) = self.take(key) else { return vec![] };
        items(self.reader, node, key)
            .iter()
            .filter_map(|item| condition(self.reader, item, key, scope))
            .collect()
    }

    fn template_in(&mut self, key: &str, scope: &Scope) -> Option<Arg> {
        let node = self.take(key)?;
        let arg = self.reader.template(node, &format!("`{key}`"))?;
        lowered(self.reader, arg, scope)
    }

    fn value_in(&mut self, key: &str, scope: &Scope) -> Option<Arg> {
        let node = self.take(key)?;
        let arg = self.reader.arg(node, Sink::Text);
        lowered(self.reader, arg, scope)
    }

    fn pairs_in(&mut self, key: &str, scope: &Scope) -> Vec<(String, Arg)> {
        let pairs = self.values(key);
        let read = |(name, arg): (dsl::span::Spanned<String>, ast::Arg)| {
            Some((name.value, lowered(self.reader, arg, scope)?))
        };
        pairs.into_iter().filter_map(read).collect()
    }
}

fn condition(reader: &mut Reader<'_>, node: &Node, key: &str, scope: &Scope) -> Option<Expr> {
    let expr = reader.expr(node, key)?;
    if !scope.check(reader, &expr) {
        return None;
    }
    told(reader, infer_condition(&expr, &scope.place(), key).diagnostics).then_some(expr)
}

/// The items of a list, or what stands there instead.
pub(super) fn items<'n>(reader: &mut Reader<'_>, node: &'n Node, key: &str) -> &'n [Node] {
    match &node.kind {
        dsl::yaml::Kind::List(items) => items,
        dsl::yaml::Kind::Map(_) | dsl::yaml::Kind::Scalar(_) => {
            let message = format!("`{key}` is a list, and here stands {}", node.describe());
            reader.fail(Diagnostic::error(Code::WrongShape, node.span, message), node.span);
            &[]
        }
    }
}

/// A path of a URL, which begins with `/`: every hole in it is one segment.
pub(super) fn path(reader: &mut Reader<'_>, node: &Node, scope: &Scope) -> Option<Arg> {
    let text = reader.text(node, "`path`")?;
    let arg = reader.arg(node, Sink::Url);
    let outline = match &arg.kind {
        ArgKind::Text(template) => template.outline(),
        ArgKind::Value(_) => text.value.clone(),
        ArgKind::Expr(_) | ArgKind::List(_) | ArgKind::Object(_) | ArgKind::Wrong => "…".into(),
    };
    let begins = outline.is_empty() || (outline.starts_with('/') && !outline.starts_with("//"));
    if !begins || outline.contains(['?', '#']) {
        let message = "`path` begins with `/` and has neither a query nor a fragment";
        let wrong = Diagnostic::error(Code::WrongShape, node.span, message);
        reader.diagnostics.push(wrong.help("the query stands in `query`, another host in `base`"));
        return None;
    }
    match arg.kind {
        // A path of digits or words that YAML reads otherwise is a text all the same.
        ArgKind::Value(_) => Some(Arg::Value(text.value.into())),
        ArgKind::Expr(_) | ArgKind::Text(_) | ArgKind::List(_) | ArgKind::Object(_) | ArgKind::Wrong => {
            lowered(reader, arg, scope)
        }
    }
}

/// A value without its places, if it sees nothing but the scope.
fn lowered(reader: &mut Reader<'_>, arg: ast::Arg, scope: &Scope) -> Option<Arg> {
    let mut well = true;
    let mut parts = vec![];
    arg.each(&mut |part| parts.push(part));
    for part in parts {
        match part {
            Part::Expr(expr) => well &= scope.look(reader, expr),
            Part::Text(template) => {
                let mut sees = scope.see(reader, template.reads(), template.names());
                for expr in template.exprs() {
                    sees &= no_secret(reader, expr);
                }
                if sees {
                    sees = told(reader, template.infer(&scope.place()).diagnostics);
                }
                well &= sees;
            }
        }
    }
    arg.lowered().filter(|_| well)
}
