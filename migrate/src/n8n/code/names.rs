//! Which names statements read and change, and how.

use std::collections::BTreeSet;

use crate::js::{Js, Pattern, Stmt, walk, walk_js};
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
            | Stmt::Break
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
        // A field that is made: what was there under the same name is gone.
        Stmt::Assign(Js::Index(of, _) | Js::Member(of, _), "=", _) if is(of) => 1,
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
        Stmt::Break => Stmt::Break,
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

/// Statements in an order that does the same, in which less is changed that something else is as well: what is put on a
/// list, and changed after that, is changed first; and a value that is written as JSON and read again is one's own.
pub fn settled(stmts: &[Stmt]) -> Vec<Stmt> {
    let mut out = copies(stmts);
    for at in (0..out.len()).rev() {
        let Some((list, name)) = put_on(&out[at]) else { continue };
        let mut last = None;
        for (to, stmt) in out.iter().enumerate().skip(at + 1) {
            let one = std::slice::from_ref(stmt);
            if mentions(one, &list) || renames(one, &name) || leaves(one) || calls_own(one) {
                break;
            }
            let mut names = BTreeSet::new();
            changed(one, &mut names);
            last = names.contains(&name).then_some(to).or(last);
        }
        if let Some(to) = last {
            out[at..=to].rotate_left(1);
        }
    }
    out
}

/// `x = JSON.stringify(x); x = JSON.parse(x)` as one statement.
fn copies(stmts: &[Stmt]) -> Vec<Stmt> {
    let mut out: Vec<Stmt> = vec![];
    for stmt in stmts {
        if let Some((name, "parse")) = by_json(stmt)
            && let Some(before) = out.last()
            && by_json(before) == Some((name, "stringify"))
            && let Stmt::Assign(target, sign, inner) = before.clone()
        {
            let parse = Js::Member(Box::new(Js::Name("JSON".into())), "parse".into());
            out.pop();
            out.push(Stmt::Assign(target, sign, Js::Call(Box::new(parse), vec![inner])));
            continue;
        }
        out.push(stmt.clone());
    }
    out
}

/// A name that is given what a function of `JSON` makes of itself.
fn by_json(stmt: &Stmt) -> Option<(&str, &str)> {
    let Stmt::Assign(Js::Name(name), "=", Js::Call(callee, args)) = stmt else { return None };
    let Js::Member(of, method) = &**callee else { return None };
    let own = **of == Js::Name("JSON".into()) && args[..] == [Js::Name(name.clone())];
    own.then_some((name.as_str(), method.as_str()))
}

/// True for a name's own value, written as JSON and read again.
pub fn is_copy(name: &str, value: &Js) -> bool {
    let inner = |js: &Js, wanted: &str| match js {
        Js::Call(callee, args) if args.len() == 1 => match &**callee {
            Js::Member(of, method) if **of == Js::Name("JSON".into()) && method == wanted => {
                Some(args[0].clone())
            }
            _ => None,
        },
        _ => None,
    };
    inner(value, "parse").and_then(|js| inner(&js, "stringify")) == Some(Js::Name(name.to_owned()))
}

/// The list and the name of what is put on it.
fn put_on(stmt: &Stmt) -> Option<(String, String)> {
    let Stmt::Expr(Js::Call(callee, args)) = stmt else { return None };
    match (&**callee, &args[..]) {
        (Js::Member(of, method), [Js::Name(name)]) if method == "push" => match &**of {
            Js::Name(list) if list != name => Some((list.clone(), name.clone())),
            _ => None,
        },
        _ => None,
    }
}

fn mentions(stmts: &[Stmt], name: &str) -> bool {
    uses(stmts, name).0 > 0
}

/// True where a name is given another value.
fn renames(stmts: &[Stmt], name: &str) -> bool {
    stmts.iter().any(|stmt| match stmt {
        Stmt::Assign(Js::Name(own), ..) => own == name,
        Stmt::Let(Pattern::Name(own), _) => own == name,
        Stmt::Let(Pattern::Fields(fields), _) => fields.iter().any(|(_, own)| own == name),
        Stmt::Let(Pattern::Items(items), _) => items.iter().any(|own| own == name),
        Stmt::If(_, yes, no) => renames(yes, name) || renames(no, name),
        Stmt::For(_, _, body) | Stmt::Count(_, _, body) => renames(body, name),
        _ => false,
    })
}

/// True where a way leaves the statements, or the loop that they stand in.
pub fn leaves(stmts: &[Stmt]) -> bool {
    stmts.iter().any(|stmt| match stmt {
        Stmt::Return(_) | Stmt::Continue | Stmt::Break | Stmt::Throw(_) => true,
        Stmt::If(_, yes, no) => leaves(yes) || leaves(no),
        _ => false,
    })
}

/// True where a function is called that may be the code's own, and so may read anything.
fn calls_own(stmts: &[Stmt]) -> bool {
    const KNOWN: &[&str] = &["parseInt", "parseFloat", "String", "Number", "Boolean", "encodeURIComponent"];
    let mut found = false;
    walk(stmts, &mut |js| {
        if let Js::Call(callee, _) = js
            && let Js::Name(name) = &**callee
        {
            found |= !KNOWN.contains(&name.as_str());
        }
    });
    found
}
