//! Statements of JavaScript, as far as code nodes that only compute have them: read into trees, and never run.

use super::{Js, Parser, Token, shown, tokens};

/// What a value is taken apart into.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    Name(String),
    /// Fields, and what each is called.
    Fields(Vec<(String, String)>),
    /// Items by their places.
    Items(Vec<String>),
}

/// A statement.
#[derive(Clone, Debug, PartialEq)]
pub enum Stmt {
    Let(Pattern, Option<Js>),
    /// A target, a sign such as `=` or `+=`, and a value.
    Assign(Js, &'static str, Js),
    Delete(Js),
    Expr(Js),
    If(Js, Vec<Stmt>, Vec<Stmt>),
    /// Each item of a list.
    For(Pattern, Js, Vec<Stmt>),
    /// Each place of a list: the name of the place, and the list.
    Count(String, Js, Vec<Stmt>),
    Return(Option<Js>),
    Continue,
    /// The loop is over.
    Break,
    Throw(Js),
    Function(String, Vec<Pattern>, Vec<Stmt>),
}

/// Reads a program.
///
/// # Errors
/// Where it has statements that are not known here; says what.
pub fn program(text: &str) -> Result<Vec<Stmt>, String> {
    let tokens = tokens(text, 0)?;
    let mut parser = Parser { tokens, at: 0, depth: 0, chained: 0, statements: true };
    let mut out = vec![];
    while parser.at < parser.tokens.len() {
        parser.statement(&mut out)?;
    }
    Ok(out)
}

impl Parser {
    pub(super) fn word(&self) -> Option<&str> {
        match self.tokens.get(self.at) {
            Some(Token::Name(name)) => Some(name),
            _ => None,
        }
    }

    fn take_word(&mut self, word: &str) -> bool {
        let found = self.word() == Some(word);
        self.at += usize::from(found);
        found
    }

    /// The statements between braces, or the one that stands alone.
    fn body(&mut self) -> Result<Vec<Stmt>, String> {
        let mut out = vec![];
        self.nested()?;
        if self.take("{") {
            while !self.take("}") {
                if self.at >= self.tokens.len() {
                    return Err("a `{` without an end".into());
                }
                self.statement(&mut out)?;
            }
        } else {
            self.statement(&mut out)?;
        }
        self.depth -= 1;
        Ok(out)
    }

    /// The body of a function, after its parameters.
    pub(super) fn block(&mut self) -> Result<Vec<Stmt>, String> {
        if self.sign() != Some("{") {
            return Err("a function without a body".into());
        }
        self.body()
    }

    pub(super) fn pattern(&mut self) -> Result<Pattern, String> {
        if self.take("{") {
            let mut fields = vec![];
            while !self.take("}") {
                let name = self.name()?;
                let called = if self.take(":") { self.name()? } else { name.clone() };
                fields.push((name, called));
                if !self.take(",") && self.sign() != Some("}") {
                    return Err("a value that is taken apart with defaults".into());
                }
            }
            return Ok(Pattern::Fields(fields));
        }
        if self.take("[") {
            let mut items = vec![];
            while !self.take("]") {
                items.push(self.name()?);
                if !self.take(",") && self.sign() != Some("]") {
                    return Err("a value that is taken apart with defaults".into());
                }
            }
            return Ok(Pattern::Items(items));
        }
        Ok(Pattern::Name(self.name()?))
    }

    /// Parameters between parentheses.
    pub(super) fn parameters(&mut self) -> Result<Vec<Pattern>, String> {
        self.want("(")?;
        let mut out = vec![];
        while !self.take(")") {
            out.push(self.pattern()?);
            if !self.take(",") && self.sign() != Some(")") {
                return Err("a parameter with a default".into());
            }
        }
        Ok(out)
    }

    fn statement(&mut self, out: &mut Vec<Stmt>) -> Result<(), String> {
        if self.take(";") {
            return Ok(());
        }
        if self.sign() == Some("{") {
            // A block of its own, whose names do not leave it: told apart from an object by standing alone.
            return Err("a block of statements by itself".into());
        }
        let word = self.word().map(str::to_owned);
        match word.as_deref() {
            Some("const" | "let" | "var") => {
                self.at += 1;
                loop {
                    let pattern = self.pattern()?;
                    let value = if self.take("=") { Some(self.expression(0)?) } else { None };
                    out.push(Stmt::Let(pattern, value));
                    if !self.take(",") {
                        return Ok(());
                    }
                }
            }
            Some("function") => {
                self.at += 1;
                let name = self.name()?;
                let params = self.parameters()?;
                let body = self.block()?;
                // What is declared so is known from the beginning on.
                out.insert(0, Stmt::Function(name, params, body));
            }
            Some("if") => {
                self.at += 1;
                self.want("(")?;
                let condition = self.expression(0)?;
                self.want(")")?;
                let yes = self.body()?;
                let no = if self.take_word("else") { self.body()? } else { vec![] };
                out.push(Stmt::If(condition, yes, no));
            }
            Some("for") => {
                self.at += 1;
                out.push(self.each()?);
            }
            Some("return") => {
                self.at += 1;
                let ends = self.at >= self.tokens.len() || matches!(self.sign(), Some(";" | "}"));
                out.push(Stmt::Return(if ends { None } else { Some(self.expression(0)?) }));
            }
            Some("continue") => {
                self.at += 1;
                out.push(Stmt::Continue);
            }
            Some("break") => {
                self.at += 1;
                out.push(Stmt::Break);
            }
            Some("throw") => {
                self.at += 1;
                out.push(Stmt::Throw(self.expression(0)?));
            }
            Some("delete") => {
                self.at += 1;
                out.push(Stmt::Delete(self.expression(10)?));
            }
            Some(other @ ("while" | "do" | "switch" | "try" | "class" | "async" | "import" | "export")) => {
                return Err(format!("`{other}`, which is no statement of ours"));
            }
            _ => out.push(self.plain()?),
        }
        Ok(())
    }

    /// An assignment, or an expression that stands for what it does.
    fn plain(&mut self) -> Result<Stmt, String> {
        let target = self.expression(0)?;
        for sign in ["=", "+=", "-=", "||=", "??="] {
            if self.take(sign) {
                return Ok(Stmt::Assign(target, sign, self.expression(0)?));
            }
        }
        for (sign, plain) in [("++", "+="), ("--", "-=")] {
            if self.take(sign) {
                return Ok(Stmt::Assign(target, plain, Js::Number("1".into())));
            }
        }
        match self.tokens.get(self.at) {
            Some(token @ Token::Sign(sign)) if !matches!(*sign, ";" | "}") => {
                Err(format!("`{}` where a statement should end", shown(token)))
            }
            _ => Ok(Stmt::Expr(target)),
        }
    }

    fn each(&mut self) -> Result<Stmt, String> {
        self.want("(")?;
        let from = self.at;
        if matches!(self.word(), Some("const" | "let" | "var")) {
            self.at += 1;
        }
        let pattern = self.pattern()?;
        if self.take_word("of") {
            let list = self.expression(0)?;
            self.want(")")?;
            return Ok(Stmt::For(pattern, list, self.body()?));
        }
        // Over the keys of an object; over what is missing there are none.
        if matches!(pattern, Pattern::Name(_)) && self.take_word("in") {
            let of = Js::Binary("??", Box::new(self.expression(0)?), Box::new(Js::Object(vec![])));
            self.want(")")?;
            let keys = Js::Member(Box::new(Js::Name("Object".into())), "keys".into());
            let list = Js::Call(Box::new(keys), vec![of]);
            return Ok(Stmt::For(pattern, list, self.body()?));
        }
        self.at = from;
        self.counted()
    }

    /// `for (let i = 0; i < xs.length; i++)`, and no other way of counting.
    fn counted(&mut self) -> Result<Stmt, String> {
        let other = || "a loop that counts in a way of its own".to_owned();
        let _ = ["let", "var"].iter().any(|word| self.take_word(word));
        let place = self.name()?;
        let zero = self.take("=") && self.expression(0)? == Js::Number("0".into()) && self.take(";");
        if !zero {
            return Err(other());
        }
        let Js::Binary("<", left, right) = self.expression(0)? else { return Err(other()) };
        let Js::Member(list, length) = *right else { return Err(other()) };
        let fits = *left == Js::Name(place.clone()) && length == "length" && self.take(";");
        if !fits || self.name()? != place || !self.take("++") || !self.take(")") {
            return Err(other());
        }
        Ok(Stmt::Count(place, *list, self.body()?))
    }
}

/// Goes through all expressions of statements, those within functions included.
pub fn walk(stmts: &[Stmt], see: &mut dyn FnMut(&Js)) {
    for stmt in stmts {
        match stmt {
            Stmt::Let(_, value) | Stmt::Return(value) => value.iter().for_each(|js| walk_js(js, see)),
            Stmt::Assign(target, _, value) => {
                walk_js(target, see);
                walk_js(value, see);
            }
            Stmt::Delete(js) | Stmt::Expr(js) | Stmt::Throw(js) => walk_js(js, see),
            Stmt::If(condition, yes, no) => {
                walk_js(condition, see);
                walk(yes, see);
                walk(no, see);
            }
            Stmt::For(_, list, body) | Stmt::Count(_, list, body) => {
                walk_js(list, see);
                walk(body, see);
            }
            Stmt::Function(_, _, body) => walk(body, see),
            Stmt::Continue | Stmt::Break => {}
        }
    }
}

/// Goes through an expression and all that is in it.
pub fn walk_js(js: &Js, see: &mut dyn FnMut(&Js)) {
    see(js);
    match js {
        Js::Null | Js::Bool(_) | Js::Number(_) | Js::Text(_) | Js::Regex(..) | Js::Name(_) => {}
        Js::Template(parts) | Js::List(parts) => parts.iter().for_each(|part| walk_js(part, see)),
        Js::Member(of, _) | Js::Unary(_, of) | Js::Spread(of) | Js::Arrow(_, of) => walk_js(of, see),
        Js::Index(a, b) | Js::Binary(_, a, b) => {
            walk_js(a, see);
            walk_js(b, see);
        }
        Js::Call(of, args) | Js::New(of, args) => {
            walk_js(of, see);
            args.iter().for_each(|arg| walk_js(arg, see));
        }
        Js::Object(fields) => fields.iter().for_each(|(_, value)| walk_js(value, see)),
        Js::Function(_, body) => walk(body, see),
        Js::Choice(a, b, c) => [a, b, c].into_iter().for_each(|js| walk_js(js, see)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_read_with_and_without_semicolons() {
        let read = program("const a = 1\nlet { b, c: d } = x; for (const i of xs) { a.push(i) } return [a]")
            .unwrap();
        assert_eq!(read.len(), 4, "{read:?}");
        assert!(
            matches!(&read[1], Stmt::Let(Pattern::Fields(fields), _) if fields[1] == ("c".into(), "d".into()))
        );
        assert!(matches!(&read[2], Stmt::For(..)));
        let read = program("for (let i = 0; i < xs.length; i++) { s += xs[i].n }").unwrap();
        assert!(matches!(&read[0], Stmt::Count(place, ..) if place == "i"));
        let read = program("for (const x of xs) { s.push(x); if (n++ >= 3) break }").unwrap();
        assert!(matches!(&read[0], Stmt::For(..)));
        let read = program("for (const k in o) { if (k in p) s += k }").unwrap();
        assert!(matches!(&read[0], Stmt::For(Pattern::Name(name), Js::Call(..), _) if name == "k"));
    }

    #[test]
    fn what_runs_on_or_breaks_off_is_refused() {
        for text in [
            "while (true) {}",
            "for (let i = 1; i < xs.length; i++) {}",
            "for (let i = 0; i < 10; i++) {}",
            "for (const [k] in o) {}",
            "try { a() } catch (e) {}",
            "a = b = ",
            "if (a) {",
            "{ let a = 1 }",
        ] {
            assert!(program(text).is_err(), "{text}");
        }
        assert!(program(&"if (a) {".repeat(10_000)).is_err());
        assert!(program(&"x => {".repeat(10_000)).is_err());
    }

    #[test]
    fn a_line_that_ends_with_return_gives_nothing() {
        assert_eq!(program("return\n1").unwrap()[0], Stmt::Return(None));
    }
}
