//! The words of expressions, for colours: what is a step, a field, a function. YAML itself is coloured by the editor.

use crate::ast::{Arg, Ast, Block, Op, Part};
use crate::expr::Expr;
use crate::expr::scan::is_name;
use crate::span::Span;

/// A word of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Token {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: TokenKind,
}

/// What a word of an expression is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenKind {
    /// A field of a value.
    Field,
    /// A function.
    Function,
    /// A word of the language.
    Keyword,
    /// A name that is read bare.
    Name,
    /// A number.
    Number,
    /// What joins values.
    Operator,
    /// What all reading begins with: `steps`, `inputs` and the like.
    Root,
    /// A step.
    Step,
    /// A text in quotes.
    Text,
}

/// The words of all expressions, in the order of the text; no two overlap.
pub fn tokens(ast: &Ast) -> Vec<Token> {
    let mut found = vec![];
    each(ast, &mut |expr| words(expr, &mut found));
    found.sort_unstable();
    let mut end = 0;
    // An alias reads the same text again.
    found.retain(|token| {
        let free = token.span.start >= end && token.span.end > token.span.start;
        end = if free { token.span.end } else { end };
        free
    });
    found
}

/// Calls `found` for each expression of a workflow.
fn each(ast: &Ast, found: &mut dyn FnMut(&Expr)) {
    for trigger in &ast.triggers {
        trigger.with.iter().chain(&trigger.inputs).for_each(|(_, value)| of_arg(value, found));
        trigger.filter.iter().for_each(&mut *found);
    }
    ast.concurrency.iter().filter_map(|it| it.key.as_ref()).for_each(&mut *found);
    of_block(&ast.root, found);
    ast.root.each(&mut |step| {
        step.condition.iter().for_each(&mut *found);
        let Some(op) = &step.op else { return };
        op.values().into_iter().for_each(|value| of_arg(value, found));
        step.blocks().into_iter().for_each(|block| of_block(block, found));
        match op {
            Op::Act(act) => act.check.iter().for_each(&mut *found),
            Op::Repeat { until, .. } => until.iter().for_each(&mut *found),
            Op::Switch { output, .. } => output.iter().for_each(|output| of_arg(output, found)),
            Op::Child { .. }
            | Op::Set { .. }
            | Op::Wait(_)
            | Op::Fail { .. }
            | Op::Each { .. }
            | Op::Try { .. } => {}
        }
    });
}

fn of_block(block: &Block, found: &mut dyn FnMut(&Expr)) {
    block.output.iter().for_each(|output| of_arg(output, found));
}

fn of_arg(arg: &Arg, found: &mut dyn FnMut(&Expr)) {
    arg.each(&mut |part| match part {
        Part::Expr(expr) => found(expr),
        Part::Text(template) => template.exprs().for_each(&mut *found),
    });
}

/// Splits an expression, which has been parsed and so is right, into words.
fn words(expr: &Expr, found: &mut Vec<Token>) {
    let source = expr.source();
    let mut at = 0;
    // The word before, and whether a dot or a bar stands between.
    let (mut before, mut last) = ("", ' ');
    while let Some(char) = source[at..].chars().next() {
        let rest = &source[at..];
        let (length, kind) = match char {
            '"' | '\'' => (text(rest), Some(TokenKind::Text)),
            '0'..='9' if last != '.' => {
                (while_of(rest, |char| is_name(char) || char == '.'), Some(TokenKind::Number))
            }
            _ if is_name(char) => {
                let length = while_of(rest, is_name);
                let called = rest[length..].trim_start().starts_with('(');
                (length, Some(of_word(&rest[..length], before, last, called)))
            }
            '+' | '-' | '*' | '/' | '%' | '=' | '!' | '<' | '>' | '?' | '|' | ':' | '&' => {
                (while_of(rest, |char| "+-*/%=!<>?|:&".contains(char)), Some(TokenKind::Operator))
            }
            _ => (char.len_utf8(), None),
        };
        let word = &source[at..at + length];
        if let Some(kind) = kind {
            found.push(Token { span: expr.place(Span::new(at, at + length)), kind });
        }
        if !char.is_whitespace() {
            last = word.chars().next_back().unwrap_or(char);
        }
        if is_name(char) {
            before = word;
        }
        at += length;
    }
}

fn of_word(word: &str, before: &str, last: char, called: bool) -> TokenKind {
    match (last, word) {
        ('.', _) if matches!(before, "steps" | "errors" | "meta") => TokenKind::Step,
        ('.', _) => TokenKind::Field,
        (_, "and" | "or" | "not" | "in" | "true" | "false" | "null") => TokenKind::Keyword,
        (_, _) if called || last == '|' => TokenKind::Function,
        (_, "steps" | "errors" | "meta" | "inputs" | "trigger" | "run") => TokenKind::Root,
        (_, _) => TokenKind::Name,
    }
}

/// The length of a text in quotes, quotes included.
fn text(rest: &str) -> usize {
    let quote = rest.chars().next();
    let mut escaped = false;
    for (at, char) in rest.char_indices().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if Some(char) == quote => return at + char.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

fn while_of(rest: &str, of: impl Fn(char) -> bool) -> usize {
    rest.find(|char| !of(char)).unwrap_or(rest.len())
}
