//! Expressions of jq, read into a tree.

use super::{Jq, Res, no};
use crate::ours::{Ex, Sort};

/// Reads an expression.
pub(super) struct Parser {
    chars: Vec<char>,
    at: usize,
    depth: usize,
    chained: usize,
}

impl Parser {
    pub(super) fn read(text: &str) -> Res<Jq> {
        let mut parser =
            Parser { chars: text.trim().chars().take(8_192).collect(), at: 0, depth: 0, chained: 0 };
        if parser.chars.is_empty() {
            return Ok(Jq::Dot);
        }
        let jq = parser.pipe()?;
        parser.blank();
        if parser.at < parser.chars.len() {
            no(format!("`{}`, of which an end cannot be told", crate::names::shown(text)))
        } else {
            Ok(jq)
        }
    }

    /// Counts what makes a tree deeper without nesting in the text.
    fn chain(&mut self) -> Res<()> {
        self.chained += 1;
        if self.chained > 400 { no("an expression that is too deep") } else { Ok(()) }
    }

    fn blank(&mut self) {
        while self.chars.get(self.at).is_some_and(|char| char.is_whitespace()) {
            self.at += 1;
        }
    }

    fn take(&mut self, sign: &str) -> bool {
        self.blank();
        let signs: Vec<char> = sign.chars().collect();
        if !self.chars[self.at.min(self.chars.len())..].starts_with(&signs) {
            return false;
        }
        let next = self.chars.get(self.at + signs.len());
        let is_word = signs.iter().all(|char| char.is_ascii_alphabetic());
        if is_word && next.is_some_and(|char| char.is_alphanumeric() || *char == '_') {
            return false;
        }
        // `/` is no `//`, and `=` no `==`.
        if matches!(sign, "/") && next == Some(&'/') || matches!(sign, "<" | ">") && next == Some(&'=') {
            return false;
        }
        self.at += signs.len();
        true
    }

    fn want(&mut self, sign: &str) -> Res<()> {
        if self.take(sign) { Ok(()) } else { no(format!("no `{sign}` in an expression where one should be")) }
    }

    fn pipe(&mut self) -> Res<Jq> {
        self.depth += 1;
        if self.depth > 40 {
            return no("an expression that is too deep");
        }
        let mut left = self.comma()?;
        if self.take("|") {
            let right = self.pipe()?;
            left = Jq::Pipe(Box::new(left), Box::new(right));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn comma(&mut self) -> Res<Jq> {
        let mut left = self.level(0)?;
        while self.take(",") {
            self.chain()?;
            let right = self.level(0)?;
            left = Jq::Both(Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn level(&mut self, level: usize) -> Res<Jq> {
        const LEVELS: &[&[&str]] =
            &[&["//"], &["or"], &["and"], &["==", "!=", "<=", ">=", "<", ">"], &["+", "-"], &["*", "/", "%"]];
        let Some(signs) = LEVELS.get(level) else { return self.postfix() };
        let mut left = self.level(level + 1)?;
        loop {
            let Some(sign) = signs.iter().find(|sign| self.take(sign)) else { return Ok(left) };
            self.chain()?;
            let right = self.level(level + 1)?;
            left = Jq::Binary(sign, Box::new(left), Box::new(right));
        }
    }

    fn word(&mut self) -> Option<String> {
        let from = self.at;
        while self.chars.get(self.at).is_some_and(|char| char.is_alphanumeric() || *char == '_') {
            self.at += 1;
        }
        (self.at > from).then(|| self.chars[from..self.at].iter().collect())
    }

    fn postfix(&mut self) -> Res<Jq> {
        self.depth += 1;
        if self.depth > 120 {
            return no("an expression that is too deep");
        }
        let mut left = self.primary()?;
        loop {
            let dotted = self.chars.get(self.at) == Some(&'.');
            let next = self.chars.get(self.at + usize::from(dotted)).copied();
            self.chain()?;
            match next {
                Some('[') => {
                    self.at += 1 + usize::from(dotted);
                    left = self.index(left)?;
                }
                Some('"') if dotted => {
                    self.at += 1;
                    left = Jq::Field(Box::new(left), self.key()?);
                }
                Some(char) if dotted && (char.is_alphabetic() || char == '_') => {
                    self.at += 1;
                    let name = self.word().unwrap_or_default();
                    left = Jq::Field(Box::new(left), name);
                }
                Some('?') if !dotted => self.at += 1,
                _ => break,
            }
        }
        self.depth -= 1;
        Ok(left)
    }

    fn index(&mut self, of: Jq) -> Res<Jq> {
        if self.take("]") {
            return Ok(Jq::Each(Box::new(of)));
        }
        let index = self.pipe()?;
        self.want("]")?;
        Ok(match index {
            Jq::Literal(ex) if ex.sort == Sort::Text => Jq::Field(Box::new(of), unquoted(&ex.text)),
            index => Jq::Index(Box::new(of), Box::new(index)),
        })
    }

    fn key(&mut self) -> Res<String> {
        match self.text()? {
            Jq::Literal(ex) => Ok(unquoted(&ex.text)),
            _ => no("a field whose name is made"),
        }
    }

    fn primary(&mut self) -> Res<Jq> {
        self.blank();
        let Some(&char) = self.chars.get(self.at) else { return no("an expression that ends too soon") };
        match char {
            '.' => {
                self.at += 1;
                match self.chars.get(self.at) {
                    Some('"') => Ok(Jq::Field(Box::new(Jq::Dot), self.key()?)),
                    Some(char) if char.is_alphabetic() || *char == '_' => {
                        let name = self.word().unwrap_or_default();
                        Ok(Jq::Field(Box::new(Jq::Dot), name))
                    }
                    _ => Ok(Jq::Dot),
                }
            }
            '$' => {
                self.at += 1;
                match self.word() {
                    Some(name) => Ok(Jq::Var(name)),
                    None => no("a `$` without a name"),
                }
            }
            '"' => self.text(),
            '(' => {
                self.at += 1;
                let inner = self.pipe()?;
                self.want(")")?;
                Ok(inner)
            }
            '[' => {
                self.at += 1;
                if self.take("]") {
                    return Ok(Jq::List(None));
                }
                let inner = self.pipe()?;
                self.want("]")?;
                Ok(Jq::List(Some(Box::new(inner))))
            }
            '{' => self.object(),
            '-' => {
                self.at += 1;
                Ok(Jq::Minus(Box::new(self.postfix()?)))
            }
            char if char.is_ascii_digit() => {
                let from = self.at;
                while self.chars.get(self.at).is_some_and(|char| char.is_ascii_digit() || *char == '.') {
                    self.at += 1;
                }
                let text: String = self.chars[from..self.at].iter().collect();
                if text.parse::<f64>().is_err() {
                    no("a number that is none")
                } else {
                    Ok(Jq::Literal(Ex::number(text)))
                }
            }
            _ => self.named(),
        }
    }

    fn named(&mut self) -> Res<Jq> {
        let Some(name) = self.word() else { return no("a sign that begins no expression") };
        match name.as_str() {
            "true" | "false" => Ok(Jq::Literal(Ex::bool(name == "true"))),
            "null" => Ok(Jq::Literal(Ex::null())),
            "empty" => no("`empty`"),
            "if" => {
                let c = self.pipe()?;
                self.want("then")?;
                let yes = self.pipe()?;
                let other = if self.take("else") { self.pipe()? } else { Jq::Dot };
                self.want("end")?;
                Ok(Jq::If(Box::new(c), Box::new(yes), Box::new(other)))
            }
            "def" | "reduce" | "foreach" | "try" | "as" | "import" | "label" => no(format!("`{name}` of jq")),
            _ => {
                let mut args = vec![];
                if self.chars.get(self.at) == Some(&'(') {
                    self.at += 1;
                    loop {
                        args.push(self.pipe()?);
                        if !self.take(";") {
                            break;
                        }
                    }
                    self.want(")")?;
                }
                Ok(Jq::Call(name, args))
            }
        }
    }

    fn object(&mut self) -> Res<Jq> {
        self.at += 1;
        let mut fields = vec![];
        loop {
            if self.take("}") {
                return Ok(Jq::Object(fields));
            }
            self.blank();
            let var = self.chars.get(self.at) == Some(&'$');
            self.at += usize::from(var);
            let key = if self.chars.get(self.at) == Some(&'"') {
                self.key()?
            } else {
                match self.word() {
                    Some(word) => word,
                    None => return no("an object whose keys are made"),
                }
            };
            let value = if self.take(":") {
                self.level(0)?
            } else if var {
                Jq::Var(key.clone())
            } else {
                Jq::Field(Box::new(Jq::Dot), key.clone())
            };
            fields.push((key, value));
            if !self.take(",") {
                self.want("}")?;
                return Ok(Jq::Object(fields));
            }
        }
    }

    fn text(&mut self) -> Res<Jq> {
        self.at += 1;
        let (mut parts, mut plain) = (vec![], String::new());
        loop {
            match self.chars.get(self.at).copied() {
                None => return no("a text without an end"),
                Some('"') => {
                    self.at += 1;
                    break;
                }
                Some('\\') => {
                    let next = self.chars.get(self.at + 1).copied();
                    self.at += 2;
                    match next {
                        Some('(') => {
                            if !plain.is_empty() {
                                parts.push(Jq::Literal(Ex::literal(&std::mem::take(&mut plain))));
                            }
                            parts.push(self.pipe()?);
                            self.want(")")?;
                        }
                        Some('n') => plain.push('\n'),
                        Some('t') => plain.push('\t'),
                        Some(char) => plain.push(char),
                        None => return no("a text without an end"),
                    }
                }
                Some(char) => {
                    plain.push(char);
                    self.at += 1;
                }
            }
        }
        if parts.is_empty() {
            return Ok(Jq::Literal(Ex::literal(&plain)));
        }
        if !plain.is_empty() {
            parts.push(Jq::Literal(Ex::literal(&plain)));
        }
        Ok(Jq::Text(parts))
    }
}

fn unquoted(text: &str) -> String {
    text.trim_matches('\'').replace("\\'", "'")
}
