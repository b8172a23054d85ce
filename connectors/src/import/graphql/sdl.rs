//! A schema as people write it. What documents need is read: types, fields, arguments, words; directives and the
//! descriptions of types are passed over.

use super::{Def, DefField, DefKind, Ref, Schema};
use crate::import::bounds::MOST_HOPS;

/// Reads a schema.
///
/// # Errors
/// Where it is none: the line, and what stands there.
pub(super) fn read(text: &str) -> Result<Schema, String> {
    let mut reader = Reader { rest: text, whole: text };
    let mut schema = Schema { query: "Query".into(), mutation: "Mutation".into(), ..Schema::default() };
    while let Some(token) = reader.peek()? {
        match token {
            Token::Text(_) => {
                reader.next()?;
            }
            Token::Name(_) => definition(&mut reader, &mut schema)?,
            Token::Mark(_) | Token::Number(_) => return Err(reader.wrong()),
        }
    }
    Ok(schema)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'a> {
    Mark(char),
    Name(&'a str),
    Number(&'a str),
    Text(&'a str),
}

struct Reader<'a> {
    rest: &'a str,
    whole: &'a str,
}

impl<'a> Reader<'a> {
    fn blank(&mut self) {
        loop {
            self.rest = self.rest.trim_start_matches(|letter: char| {
                letter.is_whitespace() || matches!(letter, ',' | '\u{feff}')
            });
            match self.rest.strip_prefix('#') {
                Some(comment) => self.rest = comment.find('\n').map_or("", |end| &comment[end..]),
                None => return,
            }
        }
    }

    fn wrong(&self) -> String {
        let at = self.whole.len() - self.rest.len();
        let line = self.whole[..at].matches('\n').count() + 1;
        let word: String = self.rest.chars().take_while(|letter| !letter.is_whitespace()).take(40).collect();
        format!("line {line}: nobody expects `{word}` here")
    }

    fn peek(&mut self) -> Result<Option<Token<'a>>, String> {
        let before = self.rest;
        let token = self.next()?;
        self.rest = before;
        Ok(token)
    }

    fn next(&mut self) -> Result<Option<Token<'a>>, String> {
        self.blank();
        let Some(first) = self.rest.chars().next() else { return Ok(None) };
        let cut = |end: usize| (&self.rest[..end], &self.rest[end..]);
        let of = |fits: fn(char) -> bool| self.rest.find(|letter| !fits(letter)).unwrap_or(self.rest.len());
        if let Some(inner) = self.rest.strip_prefix("\"\"\"") {
            let mut end = inner.find("\"\"\"").ok_or_else(|| self.wrong())?;
            while inner[..end].ends_with('\\') {
                end += 3 + inner[end + 3..].find("\"\"\"").ok_or_else(|| self.wrong())?;
            }
            self.rest = &inner[end + 3..];
            return Ok(Some(Token::Text(&inner[..end])));
        }
        if let Some(inner) = self.rest.strip_prefix('"') {
            let mut escaped = false;
            for (at, letter) in inner.char_indices() {
                match letter {
                    '\n' => break,
                    '"' if !escaped => {
                        self.rest = &inner[at + 1..];
                        return Ok(Some(Token::Text(&inner[..at])));
                    }
                    _ => escaped = letter == '\\' && !escaped,
                }
            }
            return Err(self.wrong());
        }
        let token = if first.is_ascii_alphabetic() || first == '_' {
            let (name, rest) = cut(of(|letter| letter.is_ascii_alphanumeric() || letter == '_'));
            self.rest = rest;
            Token::Name(name)
        } else if first.is_ascii_digit() || first == '-' {
            let (number, rest) = cut(of(|letter| letter.is_ascii_alphanumeric() || "+-.".contains(letter)));
            self.rest = rest;
            Token::Number(number)
        } else if "{}()[]!:=@|&$.".contains(first) {
            self.rest = &self.rest[1..];
            Token::Mark(first)
        } else {
            return Err(self.wrong());
        };
        Ok(Some(token))
    }

    fn name(&mut self) -> Result<&'a str, String> {
        let before = self.rest;
        match self.next()? {
            Some(Token::Name(name)) => Ok(name),
            Some(_) | None => {
                self.rest = before;
                Err(self.wrong())
            }
        }
    }

    fn eat(&mut self, mark: char) -> Result<bool, String> {
        if self.peek()? == Some(Token::Mark(mark)) {
            self.next()?;
            return Ok(true);
        }
        Ok(false)
    }

    fn expect(&mut self, mark: char) -> Result<(), String> {
        if self.eat(mark)? { Ok(()) } else { Err(self.wrong()) }
    }

    fn told(&mut self) -> Result<String, String> {
        let mut told = String::new();
        while let Some(Token::Text(text)) = self.peek()? {
            self.next()?;
            told = super::sentence(text);
        }
        Ok(told)
    }

    /// Passes over directives; tells whether one says that something goes away.
    fn directives(&mut self) -> Result<bool, String> {
        let mut deprecated = false;
        while self.eat('@')? {
            deprecated |= self.name()? == "deprecated";
            if self.eat('(')? {
                self.until(')')?;
            }
        }
        Ok(deprecated)
    }

    /// Passes over everything up to the mark that closes what was opened.
    fn until(&mut self, close: char) -> Result<(), String> {
        let mut open = vec![close];
        while let Some(wanted) = open.last().copied() {
            match self.next()?.ok_or_else(|| self.wrong())? {
                Token::Mark('(') => open.push(')'),
                Token::Mark('[') => open.push(']'),
                Token::Mark('{') => open.push('}'),
                Token::Mark(mark) if mark == wanted => {
                    open.pop();
                }
                Token::Mark(')' | ']' | '}') => return Err(self.wrong()),
                Token::Mark(_) | Token::Name(_) | Token::Number(_) | Token::Text(_) => {}
            }
        }
        Ok(())
    }

    /// Passes over a value.
    fn value(&mut self) -> Result<(), String> {
        match self.next()?.ok_or_else(|| self.wrong())? {
            Token::Mark('[') => self.until(']'),
            Token::Mark('{') => self.until('}'),
            Token::Mark('$') => self.name().map(drop),
            Token::Mark(_) => Err(self.wrong()),
            Token::Name(_) | Token::Number(_) | Token::Text(_) => Ok(()),
        }
    }

    fn reference(&mut self, depth: usize) -> Result<Ref, String> {
        if depth > MOST_HOPS {
            return Err(self.wrong());
        }
        let inner = if self.eat('[')? {
            let inner = self.reference(depth + 1)?;
            self.expect(']')?;
            Ref::List(Box::new(inner))
        } else {
            Ref::Named(self.name()?.to_owned())
        };
        Ok(if self.eat('!')? { Ref::Must(Box::new(inner)) } else { inner })
    }

    /// The fields between braces or the arguments between parentheses.
    fn fields(&mut self, close: char) -> Result<Vec<DefField>, String> {
        let mut fields = vec![];
        while !self.eat(close)? {
            let about = self.told()?;
            if self.eat(close)? {
                break;
            }
            let name = self.name()?.to_owned();
            let arguments = if self.eat('(')? { self.fields(')')? } else { vec![] };
            self.expect(':')?;
            let ty = self.reference(0)?;
            let default = self.eat('=')?;
            if default {
                self.value()?;
            }
            let deprecated = self.directives()?;
            fields.push(DefField { name, about, ty, arguments, default, deprecated });
        }
        Ok(fields)
    }
}

fn definition(reader: &mut Reader<'_>, schema: &mut Schema) -> Result<(), String> {
    let mut word = reader.name()?;
    if word == "extend" {
        word = reader.name()?;
    }
    match word {
        "schema" => {
            reader.directives()?;
            reader.expect('{')?;
            while !reader.eat('}')? {
                reader.told()?;
                let root = reader.name()?;
                reader.expect(':')?;
                let name = reader.name()?.to_owned();
                match root {
                    "query" => schema.query = name,
                    "mutation" => schema.mutation = name,
                    _ => {}
                }
            }
        }
        "scalar" => {
            let name = reader.name()?.to_owned();
            reader.directives()?;
            schema.types.entry(name).or_default().kind = DefKind::Scalar;
        }
        "union" => {
            let name = reader.name()?.to_owned();
            reader.directives()?;
            if reader.eat('=')? {
                reader.eat('|')?;
                reader.name()?;
                while reader.eat('|')? {
                    reader.name()?;
                }
            }
            schema.types.entry(name).or_default().kind = DefKind::Union;
        }
        "enum" => {
            let name = reader.name()?.to_owned();
            reader.directives()?;
            let mut words = vec![];
            if reader.eat('{')? {
                while !reader.eat('}')? {
                    reader.told()?;
                    let word = reader.name()?.to_owned();
                    if !reader.directives()? {
                        words.push(word);
                    }
                }
            }
            let def = schema.types.entry(name).or_default();
            def.kind = DefKind::Enum;
            def.words.extend(words);
        }
        "type" | "interface" | "input" => {
            let name = reader.name()?.to_owned();
            if reader.peek()? == Some(Token::Name("implements")) {
                reader.next()?;
                reader.eat('&')?;
                reader.name()?;
                while reader.eat('&')? || matches!(reader.peek()?, Some(Token::Name(_))) {
                    reader.name()?;
                }
            }
            reader.directives()?;
            let fields = if reader.eat('{')? { reader.fields('}')? } else { vec![] };
            let def: &mut Def = schema.types.entry(name).or_default();
            def.kind = if word == "input" { DefKind::Input } else { DefKind::Object };
            def.fields.extend(fields);
        }
        "directive" => {
            reader.expect('@')?;
            reader.name()?;
            if reader.eat('(')? {
                reader.fields(')')?;
            }
            // `repeatable on A | B`
            while matches!(reader.peek()?, Some(Token::Name("repeatable" | "on"))) {
                reader.next()?;
            }
            reader.eat('|')?;
            reader.name()?;
            while reader.eat('|')? {
                reader.name()?;
            }
        }
        _ => return Err(reader.wrong()),
    }
    Ok(())
}
