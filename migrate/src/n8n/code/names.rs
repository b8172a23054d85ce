//! Which names statements read and change, and how.

use std::collections::BTreeSet;

use crate::js::{Js, Stmt, walk, walk_js};
use crate::n8n::say::no;
use crate::n8n::weave::Res;

/// The names that are part of a value: whole, or something out of them.
pub fn taken(js: &Js, whole: bool, names: &mut Vec<(String, bool)>) {
    match js {
        Js::Name(name) if whole => names.push((name.clone(), true)),
        Js::Member(of, _) | Js::Index(of, _) => {
            if whole && let Js::Name(name) = &**of {
                names.push((name.clone(), false));
            }
            taken(of, false, names);
            if let Js::Index(_, at) = js {
                taken(at, false, names);
            }
        }
        Js::Call(of, args) | Js::New(of, args) => {
            if let Js::Member(list, _) = &**of {
                // What a method gives may be part of what it was called on.
                let mut inner = vec![];
                taken(list, true, &mut inner);
                names.extend(inner.into_iter().map(|(name, _)| (name, false)));
            }
            args.iter().for_each(|arg| taken(arg, true, names));
        }
        Js::List(parts) => parts.iter().for_each(|part| taken(part, true, names)),
        Js::Object(fields) => fields.iter().for_each(|(_, value)| taken(value, true, names)),
        Js::Spread(of) => taken(of, true, names),
        Js::Choice(condition, yes, no) => {
            taken(condition, false, names);
            taken(yes, whole, names);
            taken(no, whole, names);
        }
        Js::Binary("||" | "&&" | "??", a, b) => {
            taken(a, whole, names);
            taken(b, whole, names);
        }
        Js::Binary(_, a, b) => {
            taken(a, false, names);
            taken(b, false, names);
        }
        Js::Unary("?.", of) => taken(of, whole, names),
        Js::Unary(_, of) => taken(of, false, names),
        Js::Template(parts) => parts.iter().for_each(|part| taken(part, false, names)),
        Js::Arrow(_, body) => taken(body, true, names),
        Js::Function(_, body) => walk(body, &mut |js| {
            if let Js::Name(name) = js {
                names.push((name.clone(), true));
            }
        }),
        _ => {}
    }
}

/// Refuses methods that change the list that they are called on.
pub fn changes_nothing(js: &Js) -> Res<()> {
    let mut found = None;
    walk_js(js, &mut |js| {
        if let Js::Call(callee, _) = js
            && let Js::Member(of, method) = &**callee
            && matches!(
                method.as_str(),
                "sort" | "reverse" | "splice" | "shift" | "pop" | "unshift" | "fill" | "push" | "set" | "add"
            )
            && matches!(**of, Js::Name(_) | Js::Member(..) | Js::Index(..))
        {
            found = Some(method.clone());
        }
    });
    match found {
        Some(method) => no(format!("`{method}()`, which changes a list within an expression")),
        None => Ok(()),
    }
}

/// True for a value that is made here, so that nothing else is it.
pub fn is_own(js: &Js) -> bool {
    match js {
        Js::Object(_)
        | Js::List(_)
        | Js::Template(_)
        | Js::Text(_)
        | Js::Number(_)
        | Js::Null
        | Js::Bool(_) => true,
        Js::Call(callee, _) => match &**callee {
            Js::Member(_, method) => matches!(
                method.as_str(),
                "map"
                    | "filter"
                    | "concat"
                    | "slice"
                    | "split"
                    | "flat"
                    | "flatMap"
                    | "parse"
                    | "stringify"
                    | "from"
                    | "keys"
                    | "entries"
                    | "values"
                    | "join"
            ),
            _ => false,
        },
        _ => false,
    }
}

/// The names that statements give another value, or whose values they change.
pub fn changed(stmts: &[Stmt], out: &mut BTreeSet<String>) {
    for stmt in stmts {
        match stmt {
            Stmt::Assign(target, _, _) | Stmt::Delete(target) => out.extend(base(target)),
            Stmt::Expr(Js::Call(callee, args)) => {
                if let Js::Member(of, method) = &**callee {
                    out.extend(base(of).filter(|_| method == "push"));
                }
                for arg in args {
                    if let Js::Function(_, body) = arg {
                        changed(body, out);
                    }
                    if let Js::Arrow(_, body) = arg {
                        changed(&[Stmt::Expr((**body).clone())], out);
                    }
                }
            }
            Stmt::If(_, yes, no) => {
                changed(yes, out);
                changed(no, out);
            }
            Stmt::For(_, _, body) | Stmt::Count(_, _, body) => changed(body, out),
            Stmt::Let(..)
            | Stmt::Expr(_)
            | Stmt::Return(_)
            | Stmt::Continue
            | Stmt::Throw(_)
            | Stmt::Function(..) => {}
        }
    }
}

fn base(js: &Js) -> Option<String> {
    match js {
        Js::Name(name) => Some(name.clone()),
        Js::Member(of, _) | Js::Index(of, _) | Js::Call(of, _) | Js::Unary("?.", of) => base(of),
        _ => None,
    }
}

/// How often a name stands in statements, and how often of these it only grows.
pub fn uses(stmts: &[Stmt], name: &str) -> (usize, usize) {
    let mut all = 0;
    walk(stmts, &mut |js| all += usize::from(*js == Js::Name(name.to_owned())));
    (all, grows(stmts, name))
}

fn grows(stmts: &[Stmt], name: &str) -> usize {
    let is = |js: &Js| *js == Js::Name(name.to_owned());
    let within = |js: &Js| match js {
        Js::Function(_, body) => grows(body, name),
        Js::Arrow(_, body) => grows(&[Stmt::Expr((**body).clone())], name),
        _ => 0,
    };
    let one = |stmt: &Stmt| match stmt {
        Stmt::Expr(Js::Call(callee, args)) => {
            let own = matches!(&**callee, Js::Member(of, method) if is(of) && method == "push");
            usize::from(own) + args.iter().map(within).sum::<usize>()
        }
        Stmt::Assign(target, "+=", _) if is(target) => 1,
        Stmt::Assign(target, "=", Js::Binary("+", left, _)) if is(target) && is(left) => 2,
        Stmt::Assign(target, "=", Js::Call(callee, _)) if is(target) => {
            let own = matches!(&**callee, Js::Member(of, method) if is(of) && method == "concat");
            if own { 2 } else { 0 }
        }
        Stmt::Assign(target, "=", Js::List(parts)) if is(target) => match parts.first() {
            Some(Js::Spread(of)) if is(of) => 2,
            _ => 0,
        },
        Stmt::If(_, yes, no) => grows(yes, name) + grows(no, name),
        Stmt::For(_, _, body) | Stmt::Count(_, _, body) => grows(body, name),
        _ => 0,
    };
    stmts.iter().map(one).sum()
}

/// Statements with another expression in the place of one.
pub fn put(stmts: &[Stmt], find: &Js, with: &Js) -> Vec<Stmt> {
    let js = |at: &Js| put_js(at, find, with);
    let one = |stmt: &Stmt| match stmt {
        Stmt::Let(pattern, value) => Stmt::Let(pattern.clone(), value.as_ref().map(js)),
        Stmt::Assign(target, sign, value) => Stmt::Assign(js(target), sign, js(value)),
        Stmt::Delete(at) => Stmt::Delete(js(at)),
        Stmt::Expr(at) => Stmt::Expr(js(at)),
        Stmt::If(condition, yes, no) => Stmt::If(js(condition), put(yes, find, with), put(no, find, with)),
        Stmt::For(pattern, list, body) => Stmt::For(pattern.clone(), js(list), put(body, find, with)),
        Stmt::Count(place, list, body) => Stmt::Count(place.clone(), js(list), put(body, find, with)),
        Stmt::Return(value) => Stmt::Return(value.as_ref().map(js)),
        Stmt::Continue => Stmt::Continue,
        Stmt::Throw(at) => Stmt::Throw(js(at)),
        Stmt::Function(name, params, body) => {
            Stmt::Function(name.clone(), params.clone(), put(body, find, with))
        }
    };
    stmts.iter().map(one).collect()
}

fn put_js(at: &Js, find: &Js, with: &Js) -> Js {
    if at == find {
        return with.clone();
    }
    let js = |at: &Js| put_js(at, find, with);
    let boxed = |at: &Js| Box::new(put_js(at, find, with));
    let all = |list: &[Js]| list.iter().map(js).collect::<Vec<Js>>();
    match at {
        Js::Null | Js::Bool(_) | Js::Number(_) | Js::Text(_) | Js::Regex(..) | Js::Name(_) => at.clone(),
        Js::Template(parts) => Js::Template(all(parts)),
        Js::Member(of, name) => Js::Member(boxed(of), name.clone()),
        Js::Index(of, index) => Js::Index(boxed(of), boxed(index)),
        Js::Call(of, args) => Js::Call(boxed(of), all(args)),
        Js::New(of, args) => Js::New(boxed(of), all(args)),
        Js::List(parts) => Js::List(all(parts)),
        Js::Object(fields) => {
            Js::Object(fields.iter().map(|(key, value)| (key.clone(), js(value))).collect())
        }
        Js::Arrow(params, body) => Js::Arrow(params.clone(), boxed(body)),
        Js::Function(params, body) => Js::Function(params.clone(), put(body, find, with)),
        Js::Unary(sign, of) => Js::Unary(sign, boxed(of)),
        Js::Binary(sign, a, b) => Js::Binary(sign, boxed(a), boxed(b)),
        Js::Choice(a, b, c) => Js::Choice(boxed(a), boxed(b), boxed(c)),
        Js::Spread(of) => Js::Spread(boxed(of)),
    }
}
