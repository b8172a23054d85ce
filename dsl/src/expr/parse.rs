//! Text to tree: the grammar's pairs, put in order by the Pratt parser, become nodes. The commonest shapes are read
//! without the grammar, by `parse/plain.rs`.

use std::cell::RefCell;
use std::sync::{Arc, LazyLock};

use pest::Parser;
use pest::iterators::{Pair, Pairs};
use pest::pratt_parser::{Assoc, Op, PrattParser};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::codes::Code;
use crate::diagnostic::Diagnostic;
use crate::expr::ast::{Ix, Kind, Level, Node, Operator, Part, StepName};
use crate::expr::grammar::{Grammar, Rule};
use crate::expr::literal;
use crate::expr::place::{part_of, placed, unwrapped};
use crate::expr::reword::reworded;
use crate::expr::scan::{self, syntax};
use crate::expr::{Expr, MAX_DEPTH, Root};
use crate::habits;
use crate::span::{Span, SpanMap};
use crate::value::Value;

mod calls;
mod hyphen;
mod plain;

/// The operators, loosest first.
static PRECEDENCE: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let left = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(left(Rule::or))
        .op(left(Rule::and))
        .op(Op::prefix(Rule::not))
        .op(left(Rule::equal)
            | left(Rule::unequal)
            | left(Rule::less)
            | left(Rule::at_most)
            | left(Rule::more)
            | left(Rule::at_least)
            | left(Rule::in_)
            | left(Rule::not_in))
        .op(left(Rule::coalesce))
        .op(left(Rule::add) | left(Rule::subtract))
        .op(left(Rule::multiply) | left(Rule::divide) | left(Rule::remainder))
        .op(Op::prefix(Rule::negate))
        .op(Op::postfix(Rule::field)
            | Op::postfix(Rule::soft_field)
            | Op::postfix(Rule::index)
            | Op::postfix(Rule::soft_index))
});

/// Parses an expression that begins at a place of a mapped text; see `expr::parse`.
pub fn parse(text: &str, map: &SpanMap, from: usize) -> Result<Expr, Vec<Diagnostic>> {
    let (text, within) = unwrapped(text);
    let from = from + within;
    let map = part_of(map, from, from + text.len());
    if text.trim().is_empty() {
        let fault = Diagnostic::error(Code::ExprSyntax, map.whole, "an expression is missing here");
        return Err(vec![fault]);
    }
    match plain::nodes(text).map_or_else(|| by_grammar(text), Ok) {
        Ok(nodes) => Ok(Expr { span: map.whole, source: text.into(), points: map.points, nodes }),
        Err(faults) => Err(faults.into_iter().map(|fault| placed(fault, &map)).collect()),
    }
}

/// Reads the nodes of an expression by the grammar. Faults stand at their places in the text.
fn by_grammar(text: &str) -> Result<Vec<Node>, Vec<Diagnostic>> {
    let foreign = |fault: Diagnostic| vec![habits::foreign_expression(text).unwrap_or(fault)];
    scan::scan(text).map_err(foreign)?;
    let pairs = Grammar::parse(Rule::whole, text).map_err(|error| foreign(reworded(text, &error)))?;
    let builder = Builder::new(text);
    let built = pairs
        .into_iter()
        .find(|pair| pair.as_rule() == Rule::expression)
        .and_then(|pair| builder.expression(pair));
    builder.finished(built)
}

/// What the builder gathers. A cell, since the Pratt parser holds several closures over it at once.
#[derive(Default)]
struct State {
    nodes: Vec<Node>,
    /// What is known of each node while it is built in.
    marks: Vec<Mark>,
    /// True if a node was replaced by one further on, and is of no use where it stands.
    replaced: bool,
    /// Names of the parameters of the lambdas around.
    parameters: Vec<Arc<str>>,
    /// An integer of 2^63, which is right only behind a minus.
    too_large: Option<Span>,
    faults: Vec<Diagnostic>,
}

/// What is known of a node while it is built in.
struct Mark {
    /// How deep what stands in it nests.
    depth: usize,
    /// Where the parentheses stand that it stands in.
    group: Option<Span>,
}

impl State {
    fn push(&mut self, node: Node, depth: usize) -> Option<Ix> {
        let at = Ix::try_from(self.nodes.len()).ok()?;
        self.nodes.push(node);
        self.marks.push(Mark { depth, group: None });
        Some(at)
    }

    fn depth(&self, at: Ix) -> usize {
        self.marks[usize::from(at)].depth
    }

    fn is_grouped(&self, at: Ix) -> bool {
        self.marks[usize::from(at)].group.is_some()
    }

    /// Takes a node that is to stand further on: a parent stands behind its children.
    fn take(&mut self, at: Ix) -> Kind {
        self.replaced = true;
        std::mem::replace(&mut self.nodes[usize::from(at)].kind, Kind::Value(Value::Null))
    }
}

struct Builder<'a> {
    text: &'a str,
    state: RefCell<State>,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str) -> Builder<'a> {
        // A node takes four bytes of text or more, but for the shortest names; the most do not grow or shrink.
        let nodes = 1 + text.len().min(400) / 6;
        let state =
            State { nodes: Vec::with_capacity(nodes), marks: Vec::with_capacity(nodes), ..State::default() };
        Builder { text, state: RefCell::new(state) }
    }

    /// The nodes, where the root was built and nothing is wrong.
    fn finished(self, root: Option<Ix>) -> Result<Vec<Node>, Vec<Diagnostic>> {
        let mut state = self.state.into_inner();
        if let Some(at) = state.too_large.take() {
            state.faults.push(syntax(at.start as usize, at.end as usize, "an integer has at most 64 bits"));
        }
        if root.is_none() && state.faults.is_empty() {
            state.faults.push(syntax(0, self.text.len(), "this is no expression"));
        }
        match state.faults.is_empty() {
            true if state.replaced => Ok(compacted(state.nodes)),
            true => {
                if state.nodes.capacity() > 2 * state.nodes.len() {
                    state.nodes.shrink_to_fit();
                }
                Ok(state.nodes)
            }
            false => Err(state.faults),
        }
    }

    fn fault(&self, fault: Diagnostic) {
        self.state.borrow_mut().faults.push(fault);
    }

    /// Adds a node. Nothing if it nests too deep, which is reported once.
    fn add(&self, span: Span, kind: Kind) -> Option<Ix> {
        let mut state = self.state.borrow_mut();
        let mut depth = 0;
        kind.each_child(&mut |child| depth = depth.max(state.depth(child) + 1));
        if depth > MAX_DEPTH {
            let message = format!("an expression nests at most {MAX_DEPTH} deep");
            state.faults.push(
                Diagnostic::error(Code::ExprLimit, span, message)
                    .help("compute a part of it in a `set` step before"),
            );
            return None;
        }
        state.push(Node { span, kind }, depth)
    }

    /// Where a node stands, with its parentheses.
    fn span(&self, at: Ix) -> Span {
        let state = self.state.borrow();
        state.marks[usize::from(at)].group.unwrap_or(state.nodes[usize::from(at)].span)
    }

    fn expression(&self, pair: Pair<'_, Rule>) -> Option<Ix> {
        let start = pair.as_span().start();
        let mut parts = pair.into_inner();
        let mut value = self.choice(parts.next()?);
        for part in parts.filter(|part| part.as_rule() == Rule::target) {
            let span = Span::new(start, part.as_span().end());
            let mut inner = part.into_inner();
            let name = inner.next()?;
            let arguments = inner.next();
            // Later calls are looked at even where the first operand is wrong, so that all faults are found.
            value = self.call(span, &name, Some(value), arguments);
        }
        value
    }

    fn choice(&self, pair: Pair<'_, Rule>) -> Option<Ix> {
        let span = span_of(&pair);
        let mut parts = pair.into_inner();
        let condition = self.operation(parts.next()?.into_inner());
        let mut branches = parts.filter(|part| matches!(part.as_rule(), Rule::expression | Rule::choice));
        let (Some(then), Some(otherwise)) = (branches.next(), branches.next()) else { return condition };
        let (then, otherwise) = (self.expression(then), self.choice(otherwise));
        self.add(span, Kind::Choose(condition?, then?, otherwise?))
    }

    fn operation(&self, pairs: Pairs<'_, Rule>) -> Option<Ix> {
        PRECEDENCE
            .map_primary(|pair| self.primary(pair))
            .map_prefix(|sign, operand| self.prefixed(&sign, operand?))
            .map_postfix(|base, part| self.postfixed(base, part))
            .map_infix(|left, sign, right| {
                self.infixed(left?, operator(sign.as_rule())?, span_of(&sign), right?)
            })
            .parse(pairs)
    }

    fn prefixed(&self, sign: &Pair<'_, Rule>, operand: Ix) -> Option<Ix> {
        let span = span_of(sign).to(self.span(operand));
        if sign.as_rule() == Rule::not {
            return self.add(span, Kind::Not(operand));
        }
        let mut state = self.state.borrow_mut();
        let within = self.text.get(span.range()).unwrap_or_default();
        let lowest =
            state.too_large.is_some_and(|at| at.end == span.end) && within.ends_with("9223372036854775808");
        if lowest {
            state.too_large = None;
        }
        let node = &mut state.nodes[usize::from(operand)];
        // A constant with a sign is a constant.
        let constant = match &node.kind {
            Kind::Value(Value::Int(_)) if lowest => Some(Value::Int(i64::MIN)),
            Kind::Value(Value::Int(number)) if *number != i64::MIN => Some(Value::Int(-number)),
            Kind::Value(Value::Number(number)) => Some(Value::Number(-number)),
            _ => None,
        };
        match constant {
            Some(value) => {
                *node = Node { span, kind: Kind::Value(value) };
                Some(operand)
            }
            None => {
                drop(state);
                self.add(span, Kind::Negate(operand))
            }
        }
    }

    /// Two operands and the operator between them, whose sign stands at this place.
    fn infixed(&self, left: Ix, operator: Operator, sign: Span, right: Ix) -> Option<Ix> {
        let span = self.span(left).to(self.span(right));
        if operator == Operator::Subtract {
            self.check_hyphen(left, sign, right);
        }
        let mut state = self.state.borrow_mut();
        let grouped = state.is_grouped(left);
        let chain = matches!(
            &state.nodes[usize::from(left)].kind,
            Kind::Chain(_, rest) if rest.first().is_some_and(|(first, _)| first.level() == operator.level())
        );
        if chain && !grouped && operator.level() == Level::Comparison {
            let fault = syntax(sign.start as usize, sign.end as usize, "comparisons do not chain");
            state.faults.push(fault.help("join them with `and`, as in `1 < x and x < 9`"));
            return None;
        }
        if chain && !grouped && state.depth(right) < MAX_DEPTH {
            let depth = state.depth(left).max(state.depth(right) + 1);
            let mut kind = state.take(left);
            if let Kind::Chain(_, rest) = &mut kind {
                rest.push((operator, right));
            }
            return state.push(Node { span, kind }, depth);
        }
        drop(state);
        self.add(span, Kind::Chain(left, vec![(operator, right)]))
    }

    fn primary(&self, pair: Pair<'_, Rule>) -> Option<Ix> {
        let span = span_of(&pair);
        match pair.as_rule() {
            Rule::number => self.number(span, pair.as_str()),
            Rule::text => {
                let value = self.unescaped(&pair)?;
                self.add(span, Kind::Value(Value::text(value)))
            }
            Rule::constant => self.add(span, Kind::Value(constant(pair.as_str()).unwrap_or_default())),
            Rule::name => self.name(span, normal(pair.as_str())),
            Rule::list => {
                let items: Vec<Option<Ix>> = pair.into_inner().map(|item| self.expression(item)).collect();
                self.add(span, Kind::List(items.into_iter().collect::<Option<_>>()?))
            }
            Rule::object => {
                let entries: Vec<_> = pair.into_inner().map(|entry| self.entry(entry)).collect();
                let entries = entries.into_iter().collect::<Option<Vec<(Arc<str>, Ix)>>>()?;
                self.add(span, Kind::Object(entries))
            }
            Rule::group => {
                let inner = self.expression(pair.into_inner().next()?)?;
                self.state.borrow_mut().marks[usize::from(inner)].group = Some(span);
                Some(inner)
            }
            Rule::call => {
                let mut inner = pair.into_inner();
                let name = inner.next()?;
                self.call(span, &name, None, inner.next())
            }
            _ => None,
        }
    }

    /// A name that is read bare.
    fn name(&self, span: Span, name: Arc<str>) -> Option<Ix> {
        let slot = self.state.borrow().parameters.iter().rposition(|parameter| **parameter == *name);
        match slot.and_then(|slot| u16::try_from(slot).ok()) {
            Some(slot) => self.add(span, Kind::Param(slot)),
            None => self.root_or_name(span, name),
        }
    }

    /// `steps`, `errors` and `meta` are no values: the name behind them is part of the word.
    fn root_or_name(&self, span: Span, name: Arc<str>) -> Option<Ix> {
        let root = match &*name {
            "steps" => Root::Steps,
            "errors" => Root::Errors,
            "meta" => Root::Meta,
            _ => return self.add(span, Kind::Name(name)),
        };
        let rest = &self.text[span.end as usize..];
        let soft = rest.trim_start().starts_with("?.");
        let quoted = rest.trim_start().starts_with('[');
        let dotted = rest.trim_start().strip_prefix('.').is_some();
        if !dotted {
            let fault = Diagnostic::error(
                Code::StepRoot,
                span,
                format!("`{name}` stands before the name of a step, as in `{name}.fetch`"),
            );
            self.fault(match (soft, quoted) {
                (true, _) => {
                    let at = span.end as usize + rest.find("?.").unwrap_or(0);
                    fault.help("`?.` stands behind the name of the step").fix(
                        "write `.` in place of `?.`",
                        Span::new(at, at + 2),
                        ".",
                    )
                }
                (_, true) => {
                    let fault = fault.help("the name of a step is not computed: write it after a `.`");
                    match in_brackets(rest) {
                        Some((name, length)) => {
                            let at = span.end as usize;
                            let text = format!(".{name}");
                            fault.fix(format!("write `{text}`"), Span::new(at, at + length), text)
                        }
                        None => fault,
                    }
                }
                _ => fault.help(format!("for several of them write `{{ a: {name}.a, b: {name}.b }}`")),
            });
            return None;
        }
        // The field that follows fills in the name; see `path`.
        self.add(span, Kind::Step(StepName { root, name: "".into(), at: span }))
    }

    fn postfixed(&self, base: Option<Ix>, pair: Pair<'_, Rule>) -> Option<Ix> {
        let end = pair.as_span().end();
        let rule = pair.as_rule();
        let inner = pair.into_inner().next()?;
        let at = span_of(&inner);
        let part = match rule {
            Rule::field => Part::Field(normal(inner.as_str()), at),
            Rule::soft_field => Part::SoftField(normal(inner.as_str()), at),
            Rule::index => Part::Index(self.expression(inner)?),
            _ => Part::SoftIndex(self.expression(inner)?),
        };
        self.path(base?, part, end)
    }

    /// A value and a part of it, which ends at this place.
    fn path(&self, base: Ix, part: Part, end: usize) -> Option<Ix> {
        let span = Span::new(self.span(base).start as usize, end);
        let mut state = self.state.borrow_mut();
        let (grouped, last) = (state.is_grouped(base), usize::from(base) + 1 == state.nodes.len());
        let depth = match part {
            Part::Index(at) | Part::SoftIndex(at) => state.depth(base).max(state.depth(at) + 1),
            Part::Field(..) | Part::SoftField(..) => state.depth(base),
        };
        let node = &mut state.nodes[usize::from(base)];
        match (&mut node.kind, part) {
            (Kind::Step(step), Part::Field(name, at)) if step.name.is_empty() => {
                *step = StepName { root: step.root, name, at };
                node.span = span;
                Some(base)
            }
            (Kind::Path(_, parts), part) if !grouped && last => {
                parts.push(part);
                node.span = span;
                Some(base)
            }
            (Kind::Path(..), part) if !grouped => {
                let mut kind = state.take(base);
                if let Kind::Path(_, parts) = &mut kind {
                    parts.push(part);
                }
                state.push(Node { span, kind }, depth)
            }
            (_, part) => {
                drop(state);
                self.add(span, Kind::Path(base, vec![part]))
            }
        }
    }

    fn entry(&self, pair: Pair<'_, Rule>) -> Option<(Arc<str>, Ix)> {
        let mut inner = pair.into_inner();
        let key = inner.next()?;
        let name = match key.as_rule() {
            Rule::text => self.unescaped(&key).map(Arc::from),
            _ => Some(normal(key.as_str())),
        };
        let value =
            inner.find(|part| part.as_rule() == Rule::expression).and_then(|value| self.expression(value));
        Some((name?, value?))
    }

    fn unescaped(&self, pair: &Pair<'_, Rule>) -> Option<String> {
        match literal::unescaped(pair.as_str(), pair.as_span().start()) {
            Ok(text) => Some(text),
            Err(fault) => {
                self.fault(fault);
                None
            }
        }
    }

    fn number(&self, span: Span, text: &str) -> Option<Ix> {
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            let value = match text.parse::<i64>() {
                Ok(number) => number,
                Err(_)
                    if text.trim_start_matches('0') == "9223372036854775808"
                        && self.state.borrow().too_large.is_none() =>
                {
                    self.state.borrow_mut().too_large = Some(span);
                    0
                }
                Err(_) => {
                    self.fault(
                        syntax(span.start as usize, span.end as usize, "an integer has at most 64 bits")
                            .help("write it as text, or with a decimal point"),
                    );
                    return None;
                }
            };
            return self.add(span, Kind::Value(Value::Int(value)));
        }
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => self.add(span, Kind::Value(Value::Number(number))),
            _ => {
                self.fault(syntax(span.start as usize, span.end as usize, "this number is too large"));
                None
            }
        }
    }
}

/// The nodes that the root, which is the last, is made of; what was replaced on the way is left out.
fn compacted(nodes: Vec<Node>) -> Vec<Node> {
    let mut used = vec![false; nodes.len()];
    if let Some(root) = used.last_mut() {
        *root = true;
    }
    for (at, node) in nodes.iter().enumerate().rev() {
        if used[at] {
            node.kind.each_child(&mut |child| used[usize::from(child)] = true);
        }
    }
    let mut places: Vec<Ix> = Vec::with_capacity(nodes.len());
    let mut kept = Vec::with_capacity(nodes.len());
    for (mut node, used) in nodes.into_iter().zip(used) {
        places.push(Ix::try_from(kept.len()).unwrap_or(Ix::MAX));
        if used {
            node.kind.each_child_mut(&mut |child| *child = places[usize::from(*child)]);
            kept.push(node);
        }
    }
    kept
}

/// The constant that a word is.
fn constant(word: &str) -> Option<Value> {
    match word {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        "null" => Some(Value::Null),
        _ => None,
    }
}

/// Names are compared in NFC.
fn normal(name: &str) -> Arc<str> {
    if name.is_ascii() || is_nfc(name) { name.into() } else { name.nfc().collect::<String>().into() }
}

fn span_of(pair: &Pair<'_, Rule>) -> Span {
    Span::new(pair.as_span().start(), pair.as_span().end())
}

pub(crate) fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

fn operator(rule: Rule) -> Option<Operator> {
    Some(match rule {
        Rule::coalesce => Operator::Coalesce,
        Rule::add => Operator::Add,
        Rule::subtract => Operator::Subtract,
        Rule::multiply => Operator::Multiply,
        Rule::divide => Operator::Divide,
        Rule::remainder => Operator::Remainder,
        Rule::equal => Operator::Equal,
        Rule::unequal => Operator::Unequal,
        Rule::less => Operator::Less,
        Rule::at_most => Operator::AtMost,
        Rule::more => Operator::More,
        Rule::at_least => Operator::AtLeast,
        Rule::in_ => Operator::In,
        Rule::not_in => Operator::NotIn,
        Rule::and => Operator::And,
        Rule::or => Operator::Or,
        _ => return None,
    })
}

/// A name that stands as a text in brackets, as in `['fetch']`, with the length of it all.
fn in_brackets(rest: &str) -> Option<(&str, usize)> {
    let inner = rest.strip_prefix("['").and_then(|inner| inner.split_once("']"));
    let (name, _) = inner.or_else(|| rest.strip_prefix("[\"").and_then(|inner| inner.split_once("\"]")))?;
    crate::fields::is_name(name).then_some((name, name.len() + 4))
}
