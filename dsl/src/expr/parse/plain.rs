//! The commonest shapes, read without the grammar, which takes many times as long: rows of operators over constants,
//! paths and calls. It is a short cut and no second language: whatever is not of these shapes, and whatever is wrong,
//! is left to the grammar, and what is read here is read as the grammar reads it. The tests below compare the two.

use super::{Builder, constant, normal};
use crate::expr::MAX_LENGTH;
use crate::expr::ast::{Ix, Kind, Level, Node, Operator, Part};
use crate::expr::functions::{self, Function, FunctionRef, Takes};
use crate::span::Span;
use crate::value::Value;

/// How deep brackets nest here.
const MAX_BRACKETS: usize = 16;

/// Words that are operators and no names.
const OPERATORS: [&str; 4] = ["and", "in", "not", "or"];

/// Reads the nodes of an expression; nothing where the grammar has to read it.
pub fn nodes(text: &str) -> Option<Vec<Node>> {
    if !text.is_ascii() || text.len() > MAX_LENGTH {
        return None;
    }
    let builder = Builder::new(text);
    let mut reader = Reader { builder: &builder, rest: text, brackets: 0 };
    reader.blanks();
    let root = reader.expression()?;
    if !reader.rest.is_empty() {
        return None;
    }
    builder.finished(Some(root)).ok()
}

struct Reader<'b, 'a> {
    builder: &'b Builder<'a>,
    /// What was not read so far; blanks are never its beginning but within a text.
    rest: &'a str,
    /// How many brackets are open.
    brackets: usize,
}

impl<'a> Reader<'_, 'a> {
    /// The place that was reached.
    fn at(&self) -> usize {
        self.builder.text.len() - self.rest.len()
    }

    fn blanks(&mut self) {
        self.rest = &self.rest[length(self.rest, |byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))..];
    }

    /// Takes a sign and the blanks behind it, where it stands next.
    fn sign(&mut self, sign: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(sign)?;
        self.blanks();
        Some(())
    }

    /// Takes what stands next, so many bytes of it, and the blanks behind it.
    fn taken(&mut self, length: usize) -> (Span, &'a str) {
        let (at, taken) = (self.at(), &self.rest[..length]);
        self.rest = &self.rest[length..];
        self.blanks();
        (Span::new(at, at + length), taken)
    }

    fn word(&mut self) -> Option<(Span, &'a str)> {
        let first = *self.rest.as_bytes().first()?;
        (first.is_ascii_alphabetic() || first == b'_').then_some(())?;
        Some(self.taken(length(self.rest, |byte| byte.is_ascii_alphanumeric() || byte == b'_')))
    }

    /// A row of operators, and the functions behind `|`.
    fn expression(&mut self) -> Option<Ix> {
        let start = self.at();
        let mut value = self.row(None)?;
        while self.rest.starts_with('|') {
            self.sign("|")?;
            let (_, name) = self.word()?;
            let function = functions::find(name)?;
            let (given, end) = match self.rest.starts_with('(') {
                true => self.arguments(function, vec![value])?,
                // To the grammar the blanks where brackets could stand are part of the call.
                false => (vec![value], self.at()),
            };
            value = self.call(Span::new(start, end), function, given)?;
        }
        Some(value)
    }

    /// Operands and the operators between them that bind tighter than the one before.
    fn row(&mut self, before: Option<Level>) -> Option<Ix> {
        let mut left = self.operand()?;
        while let Some((operator, length)) = operator(self.rest) {
            if before.is_some_and(|before| operator.level() >= before) {
                break;
            }
            let (sign, _) = self.taken(length);
            let right = self.row(Some(operator.level()))?;
            left = self.builder.infixed(left, operator, sign, right)?;
        }
        Some(left)
    }

    fn operand(&mut self) -> Option<Ix> {
        let mut value = self.primary()?;
        loop {
            let soft = self.sign("?.").is_some();
            let (part, end) = if self.rest.starts_with('[') {
                self.open('[')?;
                let index = self.expression()?;
                let part = if soft { Part::SoftIndex(index) } else { Part::Index(index) };
                (part, self.close(']')?)
            } else if soft || self.sign(".").is_some() {
                let (at, name) = self.word()?;
                let name = normal(name);
                (if soft { Part::SoftField(name, at) } else { Part::Field(name, at) }, at.end as usize)
            } else {
                return Some(value);
            };
            value = self.builder.path(value, part, end)?;
        }
    }

    fn primary(&mut self) -> Option<Ix> {
        match self.rest.bytes().next()? {
            b'0'..=b'9' => self.number(),
            b'"' | b'\'' => self.text(),
            _ => {
                let (span, word) = self.word()?;
                if let Some(value) = constant(word) {
                    return self.builder.add(span, Kind::Value(value));
                }
                if OPERATORS.contains(&word) {
                    return None;
                }
                if self.rest.starts_with('(') {
                    let function = functions::find(word)?;
                    let (given, end) = self.arguments(function, vec![])?;
                    return self.call(Span::new(span.range().start, end), function, given);
                }
                self.builder.name(span, normal(word))
            }
        }
    }

    /// An integer: what could go on as another number is left to the grammar.
    fn number(&mut self) -> Option<Ix> {
        let digits = length(self.rest, |byte| byte.is_ascii_digit());
        let goes_on =
            self.rest[digits..].starts_with(|next: char| next == '.' || next == '_' || next.is_alphabetic());
        if goes_on {
            return None;
        }
        let (span, digits) = self.taken(digits);
        self.builder.number(span, digits)
    }

    /// A text in which nothing is escaped.
    fn text(&mut self) -> Option<Ix> {
        let quote = self.rest.chars().next()?;
        let end = 1 + self.rest[1..].find([quote, '\\'])?;
        self.rest[end..].starts_with(quote).then_some(())?;
        let (span, text) = self.taken(end + 1);
        self.builder.add(span, Kind::Value(Value::text(&text[1..end])))
    }

    /// Arguments in parentheses, behind what is given already; and where they end.
    fn arguments(&mut self, function: &Function, mut given: Vec<Ix>) -> Option<(Vec<Ix>, usize)> {
        self.open('(')?;
        while !self.rest.starts_with(')') {
            match function.takes(given.len())? {
                Takes::Value | Takes::Values => given.push(self.expression()?),
                Takes::Lambda(_) => return None,
            }
            if !self.rest.starts_with(')') {
                self.sign(",")?;
            }
        }
        Some((given, self.close(')')?))
    }

    fn call(&self, span: Span, function: &'static Function, given: Vec<Ix>) -> Option<Ix> {
        let many = (function.fewest()..=function.most()).contains(&given.len());
        let values = (0..given.len()).all(|at| function.takes(at) == Some(Takes::Value));
        if many && values { self.builder.add(span, Kind::Call(FunctionRef(function), given)) } else { None }
    }

    fn open(&mut self, bracket: char) -> Option<()> {
        self.brackets += 1;
        (self.brackets <= MAX_BRACKETS).then_some(())?;
        self.rest = self.rest.strip_prefix(bracket)?;
        self.blanks();
        Some(())
    }

    /// Takes a closing bracket; gives where it ends.
    fn close(&mut self, bracket: char) -> Option<usize> {
        self.brackets -= 1;
        self.rest = self.rest.strip_prefix(bracket)?;
        let end = self.at();
        self.blanks();
        Some(end)
    }
}

/// How many bytes at the beginning are of a kind.
fn length(text: &str, kind: impl Fn(u8) -> bool) -> usize {
    text.bytes().position(|byte| !kind(byte)).unwrap_or(text.len())
}

/// The operator that stands next, and its length.
fn operator(text: &str) -> Option<(Operator, usize)> {
    let (operator, length) = match text.as_bytes() {
        [b'?', b'?', ..] => (Operator::Coalesce, 2),
        [b'+', ..] => (Operator::Add, 1),
        [b'-', ..] => (Operator::Subtract, 1),
        [b'*', ..] => (Operator::Multiply, 1),
        [b'/', ..] => (Operator::Divide, 1),
        [b'%', ..] => (Operator::Remainder, 1),
        [b'<', b'=', ..] => (Operator::AtMost, 2),
        [b'>', b'=', ..] => (Operator::AtLeast, 2),
        [b'<', ..] => (Operator::Less, 1),
        [b'>', ..] => (Operator::More, 1),
        [b'=', b'=', ..] => (Operator::Equal, 2),
        [b'!', b'=', ..] => (Operator::Unequal, 2),
        [b'a' | b'i' | b'o', ..] => {
            match &text[..length(text, |byte| byte.is_ascii_alphanumeric() || byte == b'_')] {
                "and" => (Operator::And, 3),
                "in" => (Operator::In, 2),
                "or" => (Operator::Or, 2),
                _ => return None,
            }
        }
        _ => return None,
    };
    Some((operator, length))
}

#[cfg(test)]
mod tests;
