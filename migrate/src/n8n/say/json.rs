//! JSON in which expressions stand.

use serde_json::Value;

use super::{Piece, Say, pieces};
use crate::js::{self, Js};
use crate::n8n::weave::Res;
use crate::ours::{Ex, Sort};
use crate::report::{Kind, Why};
use crate::tree::{Entry, Tree};

impl Say<'_, '_> {
    /// JSON in which expressions stand, or an expression that gives what JSON would.
    pub fn json(&mut self, raw: &str) -> Res<Tree> {
        let Some(code) = raw.strip_prefix('=') else {
            return match serde_json::from_str::<Value>(raw) {
                Ok(value) => Ok(Tree::of(&value)),
                Err(_) => Err(Why::new(Kind::Setting, "JSON that is none")),
            };
        };
        let parts = pieces(code.trim());
        if let [Piece::Code(code)] = &parts[..] {
            return self.parsed(code);
        }
        // Each expression becomes a mark, so that what is around it can be read as JSON.
        let (mut text, mut codes, mut within) = (String::new(), vec![], false);
        for part in &parts {
            match part {
                Piece::Plain(plain) => {
                    let mut escaped = false;
                    for char in plain.chars() {
                        if within && matches!(char, '\n' | '\r' | '\t') {
                            text += match char {
                                '\n' => "\\n",
                                '\r' => "\\r",
                                _ => "\\t",
                            };
                            continue;
                        }
                        if char == '"' && !escaped {
                            within = !within;
                        }
                        escaped = within && char == '\\' && !escaped;
                        text.push(char);
                    }
                }
                Piece::Code(code) => {
                    let mark = format!("\u{e000}{}\u{e001}", codes.len());
                    text += &if within { mark } else { format!("\"{mark}\u{e002}\"") };
                    codes.push(code.clone());
                }
            }
        }
        let value: Value =
            serde_json::from_str(&text).map_err(|_| Why::new(Kind::Setting, "JSON that is none"))?;
        self.unmarked(&value, &codes)
    }

    /// What an expression gives, where its text would be read as JSON.
    fn parsed(&mut self, code: &str) -> Res<Tree> {
        if let Ok(Js::Call(callee, args)) = js::read(code)
            && let (Js::Member(of, name), Some(inner)) = (&*callee, args.first())
            && **of == Js::Name("JSON".into())
            && name == "stringify"
        {
            return Ok(Tree::Text(self.value(inner)?.hole()));
        }
        let ex = self.code(code)?;
        Ok(Tree::Text(if ex.sort == Sort::Text && !ex.text.starts_with('\'') {
            Ex::call("parse_json", &[&ex], Sort::Any).hole()
        } else {
            ex.hole()
        }))
    }

    fn unmarked(&mut self, value: &Value, codes: &[String]) -> Res<Tree> {
        match value {
            Value::String(text) if text.contains('\u{e000}') => {
                if let Some(at) =
                    text.strip_prefix('\u{e000}').and_then(|rest| rest.strip_suffix("\u{e001}\u{e002}"))
                {
                    let code = at.parse::<usize>().ok().and_then(|at| codes.get(at));
                    return self.parsed(code.map_or("null", |code| code));
                }
                let mut raw = String::from("=");
                for piece in text.split('\u{e000}') {
                    match piece.split_once('\u{e001}') {
                        Some((at, rest)) => {
                            let code = at.parse::<usize>().ok().and_then(|at| codes.get(at));
                            raw += &format!("{{{{ {} }}}}{rest}", code.map_or("null", |code| code));
                        }
                        None => raw += piece,
                    }
                }
                Ok(Tree::Text(self.text(&raw)?))
            }
            Value::Array(items) => {
                Ok(Tree::List(items.iter().map(|item| self.unmarked(item, codes)).collect::<Res<_>>()?))
            }
            Value::Object(fields) => {
                let mut out = vec![];
                for (key, value) in fields {
                    if key.contains('\u{e000}') {
                        return Err(Why::new(Kind::Expression, "the name of a field is made"));
                    }
                    out.push(Entry::new(key.clone(), self.unmarked(value, codes)?));
                }
                Ok(Tree::Map(out))
            }
            other => Ok(Tree::of(other)),
        }
    }
}
