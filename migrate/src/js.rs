//! The part of JavaScript that stands in expressions of other systems: read into a tree, and never run.

mod program;

pub use program::{Pattern, Stmt, program, walk, walk_js};

/// How deep an expression nests at most.
const DEEPEST: usize = 60;
/// Most names, calls and signs that an expression is chained of, each of which makes its tree deeper.
const MOST_CHAINED: usize = 200;
/// Most tokens of an expression.
const MOST: usize = 4_000;

/// An expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Js {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Template(Vec<Js>),
    Regex(String, String),
    Name(String),
    Member(Box<Js>, String),
    Index(Box<Js>, Box<Js>),
    Call(Box<Js>, Vec<Js>),
    New(Box<Js>, Vec<Js>),
    List(Vec<Js>),
    /// The name of a field, or nothing for `...x`.
    Object(Vec<(Option<String>, Js)>),
    Arrow(Vec<String>, Box<Js>),
    /// A function with statements, or with parameters that are taken apart.
    Function(Vec<Pattern>, Vec<Stmt>),
    Unary(&'static str, Box<Js>),
    Binary(&'static str, Box<Js>, Box<Js>),
    Choice(Box<Js>, Box<Js>, Box<Js>),
    Spread(Box<Js>),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Name(String),
    Number(String),
    Text(String),
    Template(Vec<Js>),
    Regex(String, String),
    Sign(&'static str),
}

const SIGNS: &[&str] = &[
    "...", "===", "!==", "**=", "&&=", "||=", "??=", "=>", "==", "!=", "<=", ">=", "&&", "||", "??", "?.",
    "++", "--", "+=", "-=", "**", "(", ")", "[", "]", "{", "}", ",", ";", ":", "?", ".", "+", "-", "*", "/",
    "%", "<", ">", "!", "=", "&", "|", "^", "~",
];

/// Reads an expression.
///
/// # Errors
/// Where it is no expression, or one with words that are not known here; says what.
pub fn read(text: &str) -> Result<Js, String> {
    let tokens = tokens(text, 0)?;
    let mut parser = Parser { tokens, at: 0, depth: 0, chained: 0, statements: true };
    let js = parser.expression(0)?;
    while parser.take(";") {}
    match parser.tokens.get(parser.at) {
        None => Ok(js),
        Some(token) => Err(format!("`{}` where the expression should end", shown(token))),
    }
}

fn shown(token: &Token) -> String {
    match token {
        Token::Name(name) => name.clone(),
        Token::Number(text) => text.clone(),
        Token::Text(_) | Token::Template(_) => "a text".into(),
        Token::Regex(..) => "a pattern".into(),
        Token::Sign(sign) => (*sign).into(),
    }
}

fn tokens(text: &str, depth: usize) -> Result<Vec<Token>, String> {
    if depth > 8 {
        return Err("templates within templates that are too deep".into());
    }
    let chars: Vec<char> = text.chars().collect();
    let mut out: Vec<Token> = vec![];
    let mut at = 0;
    while let Some(&char) = chars.get(at) {
        if out.len() > MOST {
            return Err("an expression that is too long".into());
        }
        let next = chars.get(at + 1).copied();
        if char.is_whitespace() || char == '\u{feff}' {
            if char == '\n' && matches!(out.last(), Some(Token::Name(name)) if name == "return") {
                out.push(Token::Sign(";"));
            }
            at += 1;
        } else if char == '/' && next == Some('/') {
            while chars.get(at).is_some_and(|char| *char != '\n') {
                at += 1;
            }
        } else if char == '/' && next == Some('*') {
            at += 2;
            while at < chars.len() && !(chars[at] == '*' && chars.get(at + 1) == Some(&'/')) {
                at += 1;
            }
            at += 2;
        } else if char == '"' || char == '\'' {
            let (text, end) = quoted(&chars, at)?;
            out.push(Token::Text(text));
            at = end;
        } else if char == '`' {
            let (parts, end) = template(&chars, at, depth)?;
            out.push(Token::Template(parts));
            at = end;
        } else if char.is_ascii_digit() || (char == '.' && next.is_some_and(|next| next.is_ascii_digit())) {
            let from = at;
            while chars.get(at).is_some_and(|char| char.is_ascii_alphanumeric() || matches!(char, '.' | '_'))
            {
                at += 1;
            }
            out.push(Token::Number(chars[from..at].iter().filter(|char| **char != '_').collect()));
        } else if char.is_alphabetic() || matches!(char, '_' | '$') {
            let from = at;
            while chars.get(at).is_some_and(|char| char.is_alphanumeric() || matches!(char, '_' | '$')) {
                at += 1;
            }
            out.push(Token::Name(chars[from..at].iter().collect()));
        } else if char == '/' && begins_value(out.last()) {
            let (pattern, flags, end) = regex(&chars, at)?;
            out.push(Token::Regex(pattern, flags));
            at = end;
        } else {
            let rest: String = chars[at..chars.len().min(at + 3)].iter().collect();
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
            let sign = sign.ok_or_else(|| format!("`{char}`, which begins no expression"))?;
            // `a ?.5 : b` is a choice, and `?.` before a digit no path.
            let choice = *sign == "?." && chars.get(at + 2).is_some_and(char::is_ascii_digit);
            let sign = if choice { "?" } else { sign };
            out.push(Token::Sign(sign));
            at += sign.len();
        }
    }
    Ok(out)
}

fn begins_value(before: Option<&Token>) -> bool {
    match before {
        None => true,
        Some(Token::Sign(sign)) => !matches!(*sign, ")" | "]" | "}"),
        Some(_) => false,
    }
}

fn quoted(chars: &[char], from: usize) -> Result<(String, usize), String> {
    let (end, mut at, mut out) = (chars[from], from + 1, String::new());
    loop {
        match chars.get(at) {
            None => return Err("a text without an end".into()),
            Some(char) if *char == end => return Ok((out, at + 1)),
            Some('\\') => at = escape(chars, at, &mut out),
            Some(char) => {
                out.push(*char);
                at += 1;
            }
        }
    }
}

fn escape(chars: &[char], at: usize, out: &mut String) -> usize {
    let hex = |from: usize, to: usize| -> Option<char> {
        let digits: String = chars.get(from..to)?.iter().collect();
        char::from_u32(u32::from_str_radix(&digits, 16).ok()?)
    };
    match chars.get(at + 1) {
        Some('n') => out.push('\n'),
        Some('t') => out.push('\t'),
        Some('r') => out.push('\r'),
        Some('\n') => {}
        Some('u') if hex(at + 2, at + 6).is_some() => {
            out.extend(hex(at + 2, at + 6));
            return at + 6;
        }
        Some('x') if hex(at + 2, at + 4).is_some() => {
            out.extend(hex(at + 2, at + 4));
            return at + 4;
        }
        Some(char) => out.push(*char),
        None => {}
    }
    at + 2
}

fn template(chars: &[char], from: usize, depth: usize) -> Result<(Vec<Js>, usize), String> {
    let (mut at, mut parts, mut plain) = (from + 1, vec![], String::new());
    loop {
        match chars.get(at) {
            None => return Err("a text without an end".into()),
            Some('`') => {
                if !plain.is_empty() {
                    parts.push(Js::Text(plain));
                }
                return Ok((parts, at + 1));
            }
            Some('\\') => at = escape(chars, at, &mut plain),
            Some('$') if chars.get(at + 1) == Some(&'{') => {
                let end = hole_end(chars, at + 2).ok_or("a `${` without an end")?;
                let inner: String = chars[at + 2..end].iter().collect();
                if !plain.is_empty() {
                    parts.push(Js::Text(std::mem::take(&mut plain)));
                }
                let mut parser = Parser {
                    tokens: tokens(&inner, depth + 1)?,
                    at: 0,
                    depth: 0,
                    chained: 0,
                    statements: false,
                };
                parts.push(parser.expression(0)?);
                if parser.at < parser.tokens.len() {
                    return Err("a `${` with more than an expression".into());
                }
                at = end + 1;
            }
            Some(char) => {
                plain.push(*char);
                at += 1;
            }
        }
    }
}

/// Where the brace closes that is open at this place.
fn hole_end(chars: &[char], from: usize) -> Option<usize> {
    let (mut depth, mut at, mut within) = (0usize, from, None);
    while let Some(&char) = chars.get(at) {
        match (within, char) {
            (Some(_), '\\') => at += 1,
            (Some(quote), char) if quote == char => within = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => within = Some(char),
            (None, '{') => depth += 1,
            (None, '}') if depth == 0 => return Some(at),
            (None, '}') => depth -= 1,
            (None, _) => {}
        }
        at += 1;
    }
    None
}

fn regex(chars: &[char], from: usize) -> Result<(String, String, usize), String> {
    let (mut at, mut out, mut class) = (from + 1, String::new(), false);
    loop {
        match chars.get(at) {
            None | Some('\n') => return Err("a pattern without an end".into()),
            Some('/') if !class => break,
            Some('\\') => {
                // A slash needs no escape here, and a colon has none in other dialects.
                match chars.get(at + 1) {
                    Some(char @ ('/' | ':' | '"' | '\'' | '@' | '%' | ',' | ' ' | '=' | ';')) => {
                        out.push(*char)
                    }
                    Some(char) => out.extend(['\\', *char]),
                    None => return Err("a pattern without an end".into()),
                }
                at += 2;
                continue;
            }
            Some('[') => class = true,
            Some(']') => class = false,
            Some(_) => {}
        }
        out.push(chars[at]);
        at += 1;
    }
    let flags_from = at + 1;
    at = flags_from;
    while chars.get(at).is_some_and(char::is_ascii_alphabetic) {
        at += 1;
    }
    Ok((out, chars[flags_from..at].iter().collect(), at))
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    chained: usize,
    /// Whether functions may have statements.
    statements: bool,
}

/// Two-sided signs: how tightly, loosest first.
fn tightness(sign: &str) -> Option<u8> {
    Some(match sign {
        "??" => 2,
        "||" => 3,
        "&&" => 4,
        "==" | "!=" | "===" | "!==" => 6,
        "<" | ">" | "<=" | ">=" => 7,
        "+" | "-" => 8,
        "*" | "/" | "%" => 9,
        _ => return None,
    })
}

impl Parser {
    fn sign(&self) -> Option<&'static str> {
        match self.tokens.get(self.at) {
            Some(Token::Sign(sign)) => Some(sign),
            _ => None,
        }
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self.sign() == Some(sign);
        self.at += usize::from(found);
        found
    }

    fn want(&mut self, sign: &str) -> Result<(), String> {
        if self.take(sign) { Ok(()) } else { Err(format!("no `{sign}` where one should be")) }
    }

    /// Counts what makes a tree deeper without nesting in the text.
    fn chain(&mut self) -> Result<(), String> {
        self.chained += 1;
        if self.chained > MOST_CHAINED { Err("an expression that is too deep".into()) } else { Ok(()) }
    }

    fn nested(&mut self) -> Result<(), String> {
        self.depth += 1;
        if self.depth > DEEPEST { Err("an expression that is too deep".into()) } else { Ok(()) }
    }

    fn expression(&mut self, least: u8) -> Result<Js, String> {
        self.nested()?;
        let found = self.within(least);
        self.depth -= 1;
        found
    }

    fn within(&mut self, least: u8) -> Result<Js, String> {
        let mut left = self.unary()?;
        loop {
            if least <= 7 && self.word() == Some("in") {
                self.chain()?;
                self.at += 1;
                left = Js::Binary("in", Box::new(left), Box::new(self.expression(8)?));
                continue;
            }
            let Some(sign) = self.sign() else { break };
            if sign == "?" && least <= 1 {
                self.chain()?;
                self.at += 1;
                let yes = self.expression(0)?;
                self.want(":")?;
                let no = self.expression(1)?;
                left = Js::Choice(Box::new(left), Box::new(yes), Box::new(no));
                continue;
            }
            let Some(tight) = tightness(sign).filter(|tight| *tight >= least) else { break };
            self.chain()?;
            self.at += 1;
            let right = self.expression(tight + 1)?;
            left = Js::Binary(sign, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Js, String> {
        if self.word() == Some("typeof") {
            self.at += 1;
            let inner = self.expression(10)?;
            return Ok(Js::Call(Box::new(Js::Name("typeof".into())), vec![inner]));
        }
        let sign = match self.sign() {
            Some(sign @ ("!" | "-" | "+")) => sign,
            _ => return self.postfix(),
        };
        self.at += 1;
        let inner = self.expression(10)?;
        Ok(Js::Unary(sign, Box::new(inner)))
    }

    fn postfix(&mut self) -> Result<Js, String> {
        let mut left = self.primary()?;
        loop {
            if matches!(self.sign(), Some("." | "?." | "[" | "(")) {
                self.chain()?;
            }
            if self.take(".") {
                left = Js::Member(Box::new(left), self.name()?);
            } else if self.take("?.") {
                left = match self.sign() {
                    Some("[") | Some("(") => continue,
                    _ => {
                        let name = self.name()?;
                        // A method that is called only where there is something to call it on.
                        let called = self.sign() == Some("(");
                        let of = if called { Js::Unary("?.", Box::new(left)) } else { left };
                        Js::Member(Box::new(of), name)
                    }
                };
            } else if self.take("[") {
                let index = self.expression(0)?;
                self.want("]")?;
                left = match index {
                    Js::Text(name) => Js::Member(Box::new(left), name),
                    index => Js::Index(Box::new(left), Box::new(index)),
                };
            } else if self.take("(") {
                left = Js::Call(Box::new(left), self.list(")")?);
            } else if self.sign() == Some("++")
                && matches!(self.tokens.get(self.at + 1), Some(Token::Sign(">=" | ">")))
            {
                self.at += 1;
                return Ok(Js::Unary("++", Box::new(left)));
            } else {
                return Ok(left);
            }
        }
    }

    fn name(&mut self) -> Result<String, String> {
        match self.tokens.get(self.at) {
            Some(Token::Name(name)) => {
                self.at += 1;
                Ok(name.clone())
            }
            _ => Err("no name behind a dot".into()),
        }
    }

    fn list(&mut self, end: &str) -> Result<Vec<Js>, String> {
        let mut items = vec![];
        loop {
            if self.take(end) {
                return Ok(items);
            }
            if self.take("...") {
                items.push(Js::Spread(Box::new(self.expression(0)?)));
            } else {
                items.push(self.expression(0)?);
            }
            if !self.take(",") {
                self.want(end)?;
                return Ok(items);
            }
        }
    }

    fn primary(&mut self) -> Result<Js, String> {
        let token = self.tokens.get(self.at).cloned().ok_or("nothing where an expression should be")?;
        if let Some(params) = self.arrow()? {
            if self.sign() == Some("{") {
                if !self.statements {
                    return Err("a function with statements".into());
                }
                return Ok(Js::Function(params, self.block()?));
            }
            let body = self.expression(0)?;
            let names = params.iter().map(|param| match param {
                Pattern::Name(name) => Some(name.clone()),
                Pattern::Fields(_) | Pattern::Items(_) => None,
            });
            return Ok(match names.collect::<Option<Vec<_>>>() {
                Some(names) => Js::Arrow(names, Box::new(body)),
                None => Js::Function(params, vec![Stmt::Return(Some(body))]),
            });
        }
        self.at += 1;
        match token {
            Token::Number(text) => number(&text),
            Token::Text(text) => Ok(Js::Text(text)),
            Token::Template(parts) => Ok(Js::Template(parts)),
            Token::Regex(pattern, flags) => Ok(Js::Regex(pattern, flags)),
            Token::Sign("(") => {
                let inner = self.expression(0)?;
                self.want(")")?;
                Ok(inner)
            }
            Token::Sign("[") => Ok(Js::List(self.list("]")?)),
            Token::Sign("{") => self.object(),
            Token::Sign(sign) => Err(format!("`{sign}` where a value should be")),
            Token::Name(name) => match name.as_str() {
                "null" | "undefined" => Ok(Js::Null),
                "true" => Ok(Js::Bool(true)),
                "false" => Ok(Js::Bool(false)),
                "new" => {
                    let class = Js::Name(self.name()?);
                    let args = if self.take("(") { self.list(")")? } else { vec![] };
                    Ok(Js::New(Box::new(class), args))
                }
                "function" if self.statements => {
                    let params = self.parameters()?;
                    Ok(Js::Function(params, self.block()?))
                }
                "function" | "return" | "const" | "let" | "var" | "if" | "for" | "while" | "await"
                | "async" | "typeof" | "delete" | "void" | "this" | "class" | "throw" | "try" => {
                    Err(format!("`{name}`, which is no expression of ours"))
                }
                _ => Ok(Js::Name(name)),
            },
        }
    }

    /// The parameters of a function `x => …` or `(x, { y }) => …` that begins here.
    fn arrow(&mut self) -> Result<Option<Vec<Pattern>>, String> {
        let from = self.at;
        if let Some(Token::Name(name)) = self.tokens.get(from) {
            if self.tokens.get(from + 1) != Some(&Token::Sign("=>")) {
                return Ok(None);
            }
            self.at = from + 2;
            return Ok(Some(vec![Pattern::Name(name.clone())]));
        }
        if self.sign() != Some("(") {
            return Ok(None);
        }
        // Read as parameters where an arrow follows, else as what is in parentheses.
        let params = self.parameters();
        if params.is_ok() && self.take("=>") {
            return params.map(Some);
        }
        self.at = from;
        Ok(None)
    }

    fn object(&mut self) -> Result<Js, String> {
        let mut fields = vec![];
        loop {
            if self.take("}") {
                return Ok(Js::Object(fields));
            }
            if self.take("...") {
                fields.push((None, self.expression(0)?));
            } else if self.take("[") {
                // A key that is made: an object with this entry is spread.
                let key = self.expression(0)?;
                self.want("]")?;
                self.want(":")?;
                let entry = vec![key, self.expression(0)?];
                fields.push((None, Js::Call(Box::new(Js::Name("[]".into())), entry)));
            } else {
                let key = match self.tokens.get(self.at).cloned() {
                    Some(Token::Name(name)) => name,
                    Some(Token::Text(text)) => text,
                    Some(Token::Number(text)) => text,
                    _ => return Err("an object whose keys are made".into()),
                };
                self.at += 1;
                let value = if self.take(":") { self.expression(0)? } else { Js::Name(key.clone()) };
                fields.push((Some(key), value));
            }
            if !self.take(",") {
                self.want("}")?;
                return Ok(Js::Object(fields));
            }
        }
    }
}

fn number(text: &str) -> Result<Js, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => {
            let text = text.trim_end_matches('.');
            let text = if text.starts_with('.') { format!("0{text}") } else { text.to_owned() };
            Ok(Js::Number(text))
        }
        _ => Err(format!("`{text}`, which is no number of ours")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_binds_tighter_is_read_first() {
        let sum = read("1 + 2 * 3 === 7 && !a").unwrap();
        let Js::Binary("&&", left, right) = sum else { panic!("{sum:?}") };
        assert!(matches!(*left, Js::Binary("===", ..)) && matches!(*right, Js::Unary("!", _)));
        let path = read("$node[\"A b\"].json?.x[0]").unwrap();
        assert!(matches!(path, Js::Index(..)), "{path:?}");
    }

    #[test]
    fn statements_and_depth_are_refused() {
        assert!(read("return 1").is_err());
        assert!(matches!(read("xs.map(x => { return 1 })"), Ok(Js::Call(..))));
        assert!(read("const a = 1").is_err());
        assert!(read(&"(".repeat(10_000)).is_err());
        assert!(read(&"`${".repeat(5_000)).is_err());
        assert!(read(&format!("{}1", "-".repeat(5_000))).is_err());
    }
}
