//! What may stand at a cursor in an expression: a field, a function, a name.
//!
//! What stands behind the cursor is left out and what is open before it is closed, so that the expression can be
//! read as far as it was written, with the blocks of text around it; then the types say what its parts have. Where
//! it cannot be read even so, it is looked at by itself, and at last only its last path.

use super::probe::{MARK, closers};
use super::{Cursor, ItemKind, Offer, takes_expression};
use crate::expr::functions::shape::{Verdict, judge};
use crate::expr::functions::{self, Function};
use crate::expr::scan::is_name;
use crate::expr::types::{Seen, Watch};
use crate::ide::at::{self, Role};
use crate::ide::{Read, describe, scope};
use crate::span::Span;
use crate::types::{Field, Type};
use crate::yaml::{self, Kind, Node};

/// What stands before the word at the cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    /// A dot: a field of what ends here is wanted.
    Dot(usize),
    /// A bar: a function for what ends here is wanted.
    Bar(usize),
    /// `#`: a block is begun.
    Hash,
    /// Anything else: a value is wanted.
    Else,
}

/// Where the expression at the cursor begins; nothing where there is none.
pub fn start(text: &str, role: &Role<'_>, from: usize, at: usize) -> Option<usize> {
    let written = text.get(from..at)?;
    let hole = written
        .rfind("{{")
        .filter(|hole| !written[*hole..].contains("}}") && !written[..*hole].ends_with('\\'));
    match hole {
        Some(hole) => Some(from + hole + 2),
        None if takes_expression(role) && !written.contains("}}") => {
            Some(from + written.len() - written.trim_start_matches(['"', '\'']).len())
        }
        None => None,
    }
}

/// What may stand at the cursor, and where the word begins that it replaces.
pub fn offers(cursor: &Cursor<'_>, node: &Node, from: usize) -> (usize, Vec<Offer>) {
    let text = &cursor.probe.text;
    let written = &text[from..cursor.at];
    let word = cursor.at - (written.len() - written.trim_end_matches(is_name).len());
    let written = &text[from..word];
    let escaped = text[node.span.range().start..].starts_with('"');
    if in_text(&if escaped { written.replace("\\\"", "\"") } else { written.to_owned() }) {
        return (word, vec![]);
    }
    let ahead = written.trim_end();
    let end = from + ahead.len();
    let before = match ahead {
        _ if ahead.ends_with("?.") => Before::Dot(end - 2),
        _ if ahead.ends_with('.') => Before::Dot(end - 1),
        _ if ahead.ends_with('|') && !ahead.ends_with("||") => Before::Bar(end - 1),
        "#" => Before::Hash,
        _ => Before::Else,
    };
    let offers = match before {
        Before::Dot(end) => fields(cursor, node, from, end),
        Before::Bar(end) => pipes(cursor, node, from, end),
        Before::Hash => {
            ["each", "if", "unless", "with"].map(|name| Offer::new(name, ItemKind::Keyword)).into()
        }
        Before::Else => values(cursor, node, from, word),
    };
    (word, offers)
}

/// True where the end of a piece of an expression is within a text in quotes.
fn in_text(written: &str) -> bool {
    let mut quote = None;
    let mut chars = written.chars();
    while let Some(char) = chars.next() {
        match (char, quote) {
            ('\\', Some(_)) => drop(chars.next()),
            ('"' | '\'', None) => quote = Some(char),
            (_, Some(open)) if open == char => quote = None,
            _ => {}
        }
    }
    quote.is_some()
}

/// The fields of what ends before a dot.
fn fields(cursor: &Cursor<'_>, node: &Node, from: usize, end: usize) -> Vec<Offer> {
    let text = &cursor.probe.text;
    let base = text[from..end].trim_end();
    let start = base.len()
        - base
            .chars()
            .rev()
            .take_while(|char| is_name(*char) || *char == '.')
            .map(char::len_utf8)
            .sum::<usize>();
    let Some(look) = Look::at(cursor, node, from, end, "") else { return vec![] };
    match &base[start..] {
        root @ ("steps" | "errors" | "meta") => steps(&look, root),
        "inputs" => {
            let input = |input: &crate::ast::Input| {
                Offer::new(&*input.field.name, ItemKind::Input)
                    .detail(describe::form(&input.field))
                    .about(describe::field(&input.field))
            };
            look.read.ast.inputs.iter().map(input).collect()
        }
        _ => look.type_before().map_or(vec![], |ty| fields_of(&ty)),
    }
}

fn steps(look: &Look, root: &str) -> Vec<Offer> {
    let offer = |step: &crate::ast::Step| {
        let detail = if root == "steps" { look.read.type_of(step).to_string() } else { describe::does(step) };
        Offer::new(&*step.name.value, ItemKind::Step).detail(detail).about(describe::step(&look.read, step))
    };
    scope::at(&look.read.ast, look.at).steps.into_iter().map(offer).collect()
}

fn fields_of(ty: &Type) -> Vec<Offer> {
    let field = |field: &Field| {
        Offer::new(&*field.name, ItemKind::Field).detail(describe::form(field)).about(describe::field(field))
    };
    let ty = ty.without_null();
    ty.arms().into_iter().filter_map(Type::fields).flatten().map(field).collect()
}

/// The functions that take what ends before a bar, those for its type first.
fn pipes(cursor: &Cursor<'_>, node: &Node, from: usize, end: usize) -> Vec<Offer> {
    let look = Look::at(cursor, node, from, end, "");
    let ty = look.and_then(|look| look.type_before()).unwrap_or_default();
    let takes = |function: &Function| {
        function.parameter(0).is_some_and(|first| judge(&ty, first.wants) == Verdict::Fits)
    };
    functions::all()
        .iter()
        .filter(|function| !function.parameters.is_empty())
        .map(|function| {
            let text =
                if function.fewest() > 1 { format!("{}(", function.name) } else { function.name.into() };
            self::function(function).text(text).rank(if takes(function) { 4 } else { 8 })
        })
        .collect()
}

fn function(function: &Function) -> Offer {
    Offer::new(function.name, ItemKind::Function)
        .detail(function.form())
        .about(describe::function(function))
        .text(format!("{}(", function.name))
        .rank(6)
}

/// The names, functions and words with which a value may begin.
fn values(cursor: &Cursor<'_>, node: &Node, from: usize, word: usize) -> Vec<Offer> {
    let written = &cursor.probe.text[from..word];
    let name = |name: &str, rank| Offer::new(name, ItemKind::Name).rank(rank);
    let mut offers: Vec<Offer> =
        parameters(written).into_iter().map(|parameter| name(&parameter, 0)).collect();
    if let Some(look) = Look::at(cursor, node, from, word, "(null)") {
        let seen = look.seen.locals.iter().rev();
        offers.extend(seen.map(|(local, ty)| name(local, 1).detail(ty.to_string())));
        let scope = scope::at(&look.read.ast, look.at);
        offers.extend(scope.names.into_iter().map(|(item, step)| {
            let about = step.map_or(String::new(), |step| format!("The item of `{}`.", step.name.value));
            name(item, 1).about(about)
        }));
    }
    let roots = [
        ("steps", "What steps gave."),
        ("inputs", "What the run was given."),
        ("trigger", "What started the run."),
        ("errors", "Why steps failed that went on."),
        ("meta", "Attempts and times of steps."),
        ("run", "The run itself."),
    ];
    offers.extend(roots.map(|(root, about)| name(root, 3).about(about)));
    offers.extend(functions::all().iter().map(|function| self::function(function)));
    offers.extend(["true", "false", "null", "not"].map(|word| Offer::new(word, ItemKind::Keyword).rank(7)));
    offers
}

/// The parameters of lambdas that are open at the end of a piece of an expression, inner ones first.
fn parameters(written: &str) -> Vec<String> {
    let mut open: Vec<Vec<String>> = vec![vec![]];
    let mut at = 0;
    while let Some(char) = written[at..].chars().next() {
        match char {
            '(' | '[' | '{' => open.push(vec![]),
            ')' | ']' | '}' if open.len() > 1 => drop(open.pop()),
            '=' if written[at..].starts_with("=>") => {
                let head = written[..at].trim_end();
                let names = match head.strip_suffix(')') {
                    Some(head) => &head[head.rfind('(').map_or(0, |at| at + 1)..],
                    None => &head[head.trim_end_matches(is_name).len()..],
                };
                let names = names.split(',').map(|name| name.trim().to_owned());
                if let Some(inner) = open.last_mut() {
                    inner.extend(names.filter(|name| !name.is_empty()));
                }
            }
            _ => {}
        }
        at += char.len_utf8();
    }
    open.into_iter().rev().flatten().collect()
}

/// A reading of the text with the expression as far as it was written.
struct Look {
    read: Read,
    seen: Seen,
    /// The end of what was written.
    at: usize,
}

impl Look {
    /// Reads what stands between two places as an expression, with `filling` behind it.
    fn at(cursor: &Cursor<'_>, node: &Node, from: usize, end: usize, filling: &str) -> Option<Look> {
        let text = &cursor.probe.text;
        let written = if filling.is_empty() { text[from..end].trim_end() } else { &text[from..end] };
        let end = from + written.len();
        let closed = closed(written, filling);
        let mark = cursor.at + MARK.len();
        let rest = text.get(mark..node.span.end as usize).unwrap_or_default();
        let hole = text[..from].ends_with("{{");
        let tail = match rest.find("}}") {
            Some(close) if hole => text[mark + close..].to_owned(),
            _ => {
                let quote = rest.trim_end_matches(['"', '\'']).len();
                format!("{}{}", if hole { " }}" } else { "" }, &text[mark + quote..])
            }
        };
        let first = Look::read(cursor, format!("{}{closed}{tail}", &text[..from]), end);
        let fine = |look: &Look| !look.seen.parts.is_empty();
        // Names that are read bare, and steps and inputs, are known without types.
        let bare = !filling.is_empty() || matches!(path(written), "steps" | "errors" | "meta" | "inputs");
        if let Some(look) = first.filter(|look| bare || fine(look)) {
            return Some(look);
        }
        // By itself, in the place of the whole text around it.
        let span = node.span.range();
        let path = path(written);
        let alone = |written: &str| {
            let whole =
                format!("{}\"{{{{ {} }}}}\"", &text[..span.start], closed_in_quotes(written, filling));
            let at = span.start + 4 + written.trim_start().len();
            Look::read(cursor, format!("{whole}{}", &text[span.end..]), at)
        };
        alone(written).filter(fine).or_else(|| alone(path))
    }

    fn read(cursor: &Cursor<'_>, mut text: String, mut at: usize) -> Option<Look> {
        if let Some((place, verb)) = verb(cursor) {
            text.insert_str(place, &verb);
            at += verb.len();
        }
        let root = yaml::read(&text).0?;
        let watch = Watch::new(Span::new(at, at).start);
        let read = Read::new(&text, root, &cursor.document.catalog, Some(&watch));
        Some(Look { read, seen: watch.seen(), at })
    }

    /// The type of what ends where the writing did.
    fn type_before(&self) -> Option<Type> {
        let ends = |span: &Span| span.end as usize == self.at;
        let parts = self.seen.parts.iter().filter(|(span, _)| ends(span));
        parts.min_by_key(|(span, _)| span.end - span.start).map(|(_, ty)| ty.clone())
    }
}

/// A verb for the step around the cursor, where it has none so far and could not be read, and its place.
fn verb(cursor: &Cursor<'_>) -> Option<(usize, String)> {
    let Cursor { document, probe, at, .. } = *cursor;
    let step = at::step(&probe.root, at + 1, &document.catalog).filter(|step| at::verb_of(step).is_none())?;
    let Kind::Map(entries) = &step.kind else { return None };
    let place = entries.first()?.key.span().range().start;
    let margin = probe.text[..place].rsplit('\n').next()?;
    let between = if margin.trim().is_empty() { format!("\n{margin}") } else { ", ".into() };
    Some((place, format!("fail: x{between}")))
}

/// A piece of an expression with what closes it.
fn closed(written: &str, filling: &str) -> String {
    let closers = closers(&format!("{{{{{written}"));
    let closers = closers.strip_suffix("}}").unwrap_or(&closers);
    let choices = written.matches(" ? ").count();
    let chosen = written.matches(" : ").count();
    let otherwise = " : (null)".repeat(choices.saturating_sub(chosen));
    format!("{written}{filling}{otherwise}{closers}")
}

/// As `closed`, where it is to stand in double quotes.
fn closed_in_quotes(written: &str, filling: &str) -> String {
    closed(written.trim_start(), filling).replace('\\', "").replace('"', "'").replace(['\n', '\r'], " ")
}

/// The path at the end of a piece of an expression.
fn path(written: &str) -> &str {
    &written[written.trim_end_matches(|char| is_name(char) || matches!(char, '.' | '?')).len()..]
}
