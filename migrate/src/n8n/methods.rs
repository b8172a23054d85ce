//! Functions and methods of JavaScript, and those that n8n adds, as functions of ours.

use super::say::{Say, Val, no, truth_of};
use super::times;
use super::weave::{Res, Rest};
use crate::js::{Js, Pattern, Stmt};
use crate::ours::{Bind, Ex, Sort, quoted};

/// A function that stands by itself.
pub fn function(say: &mut Say, name: &str, args: &[Js]) -> Res<Ex> {
    let Some(first) = args.first() else { return no(format!("`{name}()`")) };
    if name == "Boolean" {
        return say.truth(first);
    }
    let ex = say.value(first)?;
    Ok(match (name, args.len()) {
        ("parseInt", 1 | 2) => Ex::call("int", &[&ex], Sort::Number),
        ("parseFloat" | "Number", 1) => Ex::call("number", &[&ex], Sort::Number),
        ("String", 1) => ex.as_text(),
        // What has a meaning in an address stays as it is.
        ("encodeURI", 1) => {
            let kept = [";", ",", "/", "?", ":", "@", "&", "=", "+", "$", "#"];
            let coded = kept.iter().fold(format!("url_encode({})", ex.text), |at, sign| {
                let code = sign.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
                format!("replace({at}, '{code}', '{sign}')")
            });
            Ex::new(coded, Bind::Path, Sort::Text)
        }
        ("encodeURIComponent", 1) => Ex::call("url_encode", &[&ex], Sort::Text),
        ("decodeURIComponent", 1) => Ex::call("url_decode", &[&ex], Sort::Text),
        ("$ifEmpty", 2) => {
            let other = say.value(&args[1])?;
            empty(&ex).choice(&other, &ex)
        }
        ("$max" | "$min", _) => {
            let all: Res<Vec<String>> = args.iter().map(|arg| Ok(say.value(arg)?.text)).collect();
            Ex::new(format!("{}([{}])", &name[1..], all?.join(", ")), Bind::Path, Sort::Number)
        }
        _ => return no(format!("`{name}()`")),
    })
}

/// A function of `Math`, `JSON` and their like.
pub fn of_world(say: &mut Say, world: &str, method: &str, args: &[Js]) -> Res<Ex> {
    let values: Res<Vec<Ex>> = args.iter().map(|arg| say.value(arg)).collect();
    let values = values?;
    let now = || Ex::new("now()", Bind::Path, Sort::Time);
    Ok(match (world, method, &values[..]) {
        ("Math", "floor" | "ceil" | "round", [x]) => Ex::call(method, &[x], Sort::Number),
        ("Math", "abs", [x]) => Ex::call("abs", &[x], Sort::Number),
        ("Math", "random", []) => Ex::new("random()", Bind::Path, Sort::Number),
        ("Math", "max" | "min", [_, _, ..]) => {
            let all: Vec<&str> = values.iter().map(|value| &*value.text).collect();
            Ex::new(format!("{method}([{}])", all.join(", ")), Bind::Path, Sort::Number)
        }
        ("JSON", "stringify", [x]) => Ex::call("json", &[x], Sort::Text),
        ("JSON", "stringify", [x, _, indent]) if matches!(args[1], Js::Null) => {
            Ex::call("json", &[x, indent], Sort::Text)
        }
        ("JSON", "parse", [x]) => Ex::call("parse_json", &[x], Sort::Any),
        ("Object", "keys" | "values", [x]) => Ex::call(method, &[&x.there()], Sort::List),
        ("Object", "entries", [x]) => Ex::new(
            format!("map(entries({}), e => [e.key, e.value])", x.there().text),
            Bind::Path,
            Sort::List,
        ),
        ("Object", "fromEntries", [x]) => Ex::call("from_entries", &[x], Sort::Object),
        ("Object", "assign", [_, _, ..]) => {
            Ex::call("merge", &values.iter().collect::<Vec<_>>(), Sort::Object)
        }
        ("Array", "from", [x]) => Ex::new(x.text.clone(), x.bind, Sort::List),
        ("Array", "isArray", [x]) => Ex::call("type", &[x], Sort::Text).is(&Ex::literal("list")),
        ("Number", "parseFloat", [x]) => Ex::call("number", &[x], Sort::Number),
        ("Date", "now", []) => times::since(&now(), "%s%3f"),
        ("DateTime", "now" | "local" | "utc", []) => now(),
        ("DateTime", "fromISO", [x]) => Ex::call("time", &[x], Sort::Time),
        ("DateTime", "fromJSDate", [x]) => x.clone(),
        ("DateTime", "fromSeconds", [x]) => Ex::call("time", &[x], Sort::Time),
        _ => return no(format!("`{world}.{method}()`")),
    })
}

/// A method of a value.
pub fn of_value(say: &mut Say, ex: &Ex, method: &str, args: &[Js]) -> Res<Ex> {
    if ex.sort == Sort::Time {
        return of_time(say, ex, method, args);
    }
    let by_truth = method == "filter" && matches!(args, [Js::Name(name)] if name == "Boolean");
    if by_truth || args.iter().any(|arg| matches!(arg, Js::Arrow(..) | Js::Function(..))) {
        return of_list(say, ex, false, method, args);
    }
    if let [Js::Regex(pattern, flags), rest @ ..] = args {
        return by_pattern(say, ex, method, pattern, flags, rest);
    }
    let values: Res<Vec<Ex>> = args.iter().map(|arg| say.value(arg)).collect();
    let values = values?;
    let refs: Vec<&Ex> = std::iter::once(ex).chain(&values).collect();
    let f = |name: &str, sort: Sort| Ex::call(name, &refs, sort);
    Ok(match (method, &values[..]) {
        ("toString", []) => ex.as_text(),
        ("toUpperCase", []) => f("upper", Sort::Text),
        ("toLowerCase", []) => f("lower", Sort::Text),
        ("trim", []) => f("trim", Sort::Text),
        ("split", [_]) => f("split", Sort::List),
        ("join", []) => Ex::call("join", &[ex, &Ex::literal(",")], Sort::Text),
        ("join", [_]) => f("join", Sort::Text),
        // What may be missing has nothing in it.
        ("includes" | "has", [part]) if ex.sort == Sort::Any => {
            let whole = ex.instead(&Ex::new("[]", Bind::Path, Sort::List));
            Ex::call("contains", &[&whole, part], Sort::Bool)
        }
        ("includes" | "has", [_]) => f("contains", Sort::Bool),
        ("startsWith", [_]) => f("starts_with", Sort::Bool),
        ("endsWith", [_]) => f("ends_with", Sort::Bool),
        ("slice", [_] | [_, _]) => f("slice", ex.sort),
        ("substring", [from] | [from, _]) if from.sort == Sort::Number => f("slice", Sort::Text),
        ("concat", [_]) if ex.sort == Sort::List => ex.binary("+", &values[0], Bind::Sum, Sort::List),
        ("concat", _) if ex.sort == Sort::Text => {
            crate::ours::join(&refs.iter().map(|ex| (*ex).clone()).collect::<Vec<_>>())
        }
        ("indexOf", [_]) => f("index_of", Sort::Any).instead(&Ex::number("-1")),
        ("replaceAll", [_, _]) => f("replace", Sort::Text),
        ("replace", [find, with]) => first_replaced(ex, find, with),
        ("reverse", []) => f("reverse", Sort::List),
        ("flat", []) => f("flatten", Sort::List),
        ("hasOwnProperty", [_]) => f("contains", Sort::Bool),
        ("isEmpty", []) => empty(ex),
        ("isNotEmpty", []) => empty(ex).not(),
        ("first", []) => f("first", Sort::Any),
        ("last", []) => f("last", Sort::Any),
        ("unique" | "removeDuplicates", []) => f("unique", Sort::List),
        ("compact", []) => f("compact", Sort::List),
        ("chunk", [_]) => f("chunk", Sort::List),
        ("sum", []) => f("sum", Sort::Number),
        ("average", []) => f("avg", Sort::Number),
        ("max", []) => f("max", Sort::Any),
        ("min", []) => f("min", Sort::Any),
        ("keys", []) => f("keys", Sort::List),
        ("values", []) => f("values", Sort::List),
        ("merge", [_]) if ex.sort == Sort::Object => f("merge", Sort::Object),
        ("round", [] | [_]) => f("round", Sort::Number),
        ("floor", []) => f("floor", Sort::Number),
        ("ceil", []) => f("ceil", Sort::Number),
        ("abs", []) => f("abs", Sort::Number),
        ("toInt", []) => f("int", Sort::Number),
        ("toNumber" | "toFloat", []) => f("number", Sort::Number),
        ("toJsonString", []) => f("json", Sort::Text),
        ("parseJson", []) => f("parse_json", Sort::Any),
        ("base64Encode", []) => f("base64", Sort::Text),
        ("base64Decode", []) => f("unbase64", Sort::Text),
        ("urlEncode", []) => f("url_encode", Sort::Text),
        ("urlDecode", []) => f("url_decode", Sort::Text),
        ("toDateTime" | "toDate", []) => f("time", Sort::Time),
        ("toISOString" | "toISO" | "format" | "toFormat" | "plus" | "minus" | "startOf" | "endOf", _) => {
            return of_time(say, &Ex::call("time", &[ex], Sort::Time), method, args);
        }
        _ => return no(format!("`{method}()`")),
    })
}

fn of_time(say: &mut Say, ex: &Ex, method: &str, args: &[Js]) -> Res<Ex> {
    let zone = say.zone().map(str::to_owned);
    if matches!(method, "plus" | "minus") {
        let back = method == "minus";
        return match args {
            [amount, Js::Text(unit)] => {
                let amount = say.value(amount)?;
                times::moved(ex, &amount, unit, back, zone.as_deref())
            }
            [Js::Object(parts)] => {
                let mut moved = ex.clone();
                for (unit, amount) in parts {
                    let Some(unit) = unit else { return no("a length of time that is made") };
                    let amount = say.value(amount)?;
                    moved = times::moved(&moved, &amount, unit, back, zone.as_deref())?;
                }
                Ok(moved)
            }
            _ => no(format!("`{method}()` of a time, as it stands")),
        };
    }
    match args {
        [] => times::method(ex, method, None, zone.as_deref()),
        [Js::Text(arg)] if method == "setZone" => Ok(match arg.as_str() {
            // The same moment; its zone counts only where it is written.
            _ if Some(arg.as_str()) == zone.as_deref() => ex.clone(),
            _ => return no("`setZone()` of another zone than the workflow's"),
        }),
        [Js::Text(arg)] => times::method(ex, method, Some(arg), zone.as_deref()),
        _ => no(format!("`{method}()` of a time, as it stands")),
    }
}

/// A method of a list with a function; of all items of a node the items are wrapped.
pub fn of_list(say: &mut Say, list: &Ex, wrapped: bool, method: &str, args: &[Js]) -> Res<Ex> {
    if !wrapped && matches!(method, "reduce" | "sort") {
        return folded(say, list, method, args);
    }
    let (name, sort, is_condition) = match method {
        "map" => ("map", Sort::List, false),
        "flatMap" => ("map", Sort::List, false),
        "filter" => ("filter", Sort::List, true),
        "find" if !wrapped => ("find", Sort::Any, true),
        "some" => ("any", Sort::Bool, true),
        "every" => ("all", Sort::Bool, true),
        _ => return no(format!("`{method}()` of a list")),
    };
    let (params, body) = match args {
        [Js::Arrow(params, body)] => {
            let params = params.iter().cloned().map(Pattern::Name).collect();
            (params, vec![Stmt::Return(Some((**body).clone()))])
        }
        [Js::Function(params, body)] => (params.clone(), body.clone()),
        [Js::Name(name)] if name == "Boolean" && method == "filter" && !wrapped => {
            let kept = truth_of(&Ex::path("x"));
            return Ok(Ex::new(format!("filter({}, x => {})", list.text, kept.text), Bind::Path, Sort::List));
        }
        _ => return no(format!("`{method}()`, as it stands")),
    };
    if wrapped && method == "filter" && matches!(say.place.item.rest, Rest::Closed(_)) {
        return no("a choice of items of which not all fields are at hand");
    }
    if params.len() > 2 || (params.len() == 2 && name != "map") {
        return no(format!("`{method}()` with so many parameters"));
    }
    let depth = say.vars.len();
    let (mut ours, mut vals) = (vec![], vec![]);
    for (at, param) in params.iter().enumerate() {
        let called = match param {
            Pattern::Name(param) => own_name(param, depth + at),
            Pattern::Fields(_) | Pattern::Items(_) => format!("x{}", depth + at),
        };
        // Pieces of a text are texts.
        let first = if list.text.starts_with("split(") { Sort::Text } else { Sort::Any };
        let ex = Ex::new(&*called, Bind::Path, if at == 0 { first } else { Sort::Number });
        vals.push(if wrapped && at == 0 { Val::Wrap(say.member_of(list, &ex)) } else { Val::Ex(ex) });
        ours.push(called);
    }
    let js = args.first().cloned().unwrap_or(Js::Null);
    let found = super::code::lambda(say, &params, &body, vals)?;
    let body = say.as_value(found, &js)?;
    let body = if is_condition { truth_of(&body) } else { body };
    let head = match &ours[..] {
        [] => "x".to_owned(),
        [one] => one.clone(),
        many => format!("({})", many.join(", ")),
    };
    let made = Ex::new(format!("{name}({}, {head} => {})", list.text, body.text), Bind::Path, sort);
    Ok(if method == "flatMap" { Ex::call("flatten", &[&made], Sort::List) } else { made })
}

/// A sum by `reduce`, or an order by the difference of numbers.
fn folded(say: &mut Say, list: &Ex, method: &str, args: &[Js]) -> Res<Ex> {
    let other = || no(format!("`{method}()`, as it stands"));
    let Some(Js::Arrow(params, body)) = args.first() else { return other() };
    let [first, second] = &params[..] else { return other() };
    let called = own_name(second, say.vars.len());
    let reads = |js: &Js, name: &str| {
        let mut found = false;
        crate::js::walk_js(js, &mut |js| found |= *js == Js::Name(name.to_owned()));
        found
    };
    let mut with = |name: &str, js: &Js| -> Res<Ex> {
        let depth = say.vars.len();
        say.vars.push((name.to_owned(), Val::Ex(Ex::path(&*called))));
        let found = say.value(js);
        say.vars.truncate(depth);
        found
    };
    match (method, args, &**body) {
        ("reduce", [_, began], Js::Binary("+", left, right))
            if **left == Js::Name(first.clone()) && !reads(right, first) =>
        {
            let each = with(second, right)?;
            let began = say.value(began)?;
            match began.sort {
                Sort::Number => {
                    let sum = format!("sum(map({}, {called} => {}))", list.text, each.text);
                    let sum = Ex::new(sum, Bind::Path, Sort::Number);
                    Ok(if began.text == "0" { sum } else { began.binary("+", &sum, Bind::Sum, Sort::Number) })
                }
                Sort::Text => {
                    let all = format!("join(map({}, {called} => {}), '')", list.text, each.text);
                    let all = Ex::new(all, Bind::Path, Sort::Text);
                    Ok(if began.text == "''" { all } else { crate::ours::join(&[began, all]) })
                }
                _ => other(),
            }
        }
        ("sort", [_], Js::Binary("-", left, right)) if !reads(left, second) && !reads(right, first) => {
            let (a, b) = (with(first, left)?, with(second, right)?);
            if a != b {
                return other();
            }
            Ok(Ex::new(format!("sort_by({}, {called} => {})", list.text, a.text), Bind::Path, Sort::List))
        }
        ("sort", [_], Js::Binary("-", left, right)) if !reads(left, first) && !reads(right, second) => {
            let (a, b) = (with(second, left)?, with(first, right)?);
            if a != b {
                return other();
            }
            let text = format!("sort_by({}, {called} => -{})", list.text, a.at(Bind::Minus));
            Ok(Ex::new(text, Bind::Path, Sort::List))
        }
        _ => other(),
    }
}

/// A parameter's name, where ours takes it; else one that is free.
fn own_name(param: &str, depth: usize) -> String {
    const KEPT: &[&str] = &[
        "inputs", "steps", "trigger", "errors", "meta", "secret", "this", "run", "round", "last", "error",
        "value", "event", "index", "key", "true", "false", "null", "and", "or", "not", "in",
    ];
    // The item of a block has a name as well.
    let taken = KEPT.contains(&param) || param.starts_with("item");
    if crate::names::is_name(param) && !taken { param.to_owned() } else { format!("x{depth}") }
}

/// A method with a pattern, where the dialects of patterns agree.
fn by_pattern(say: &mut Say, ex: &Ex, method: &str, pattern: &str, flags: &str, rest: &[Js]) -> Res<Ex> {
    let pattern = regex(pattern, flags)?;
    match (method, rest) {
        ("test", []) => Ok(Ex::call("matches", &[ex, &Ex::literal(&pattern)], Sort::Bool)),
        ("match", []) if !flags.contains('g') => {
            let _ = say;
            // A list of what was found: the whole, then its groups.
            let groups = groups(&pattern);
            let whole = format!("extract({}, {})", ex.text, quoted(&format!("({pattern})")));
            match groups {
                0 => Ok(Ex::new(format!("{whole} == null ? null : [{whole}]"), Bind::Choice, Sort::Any)),
                _ => Ok(Ex::new(whole, Bind::Path, Sort::Any)),
            }
        }
        _ => no(format!("`{method}()` with a pattern")),
    }
}

/// A pattern that means the same in both dialects.
///
/// # Errors
/// Where it looks around or back, which ours cannot.
pub fn regex(pattern: &str, flags: &str) -> Res<String> {
    let odd = ["(?=", "(?!", "(?<=", "(?<!", "\\k<"].iter().any(|part| pattern.contains(part));
    let back = pattern
        .as_bytes()
        .windows(2)
        .any(|pair| pair[0] == b'\\' && pair[1].is_ascii_digit() && pair[1] != b'0');
    if odd || back {
        return no("a pattern that looks around or back");
    }
    let own: String = flags.chars().filter(|flag| matches!(flag, 'i' | 's' | 'm')).collect();
    Ok(if own.is_empty() { pattern.to_owned() } else { format!("(?{own}){pattern}") })
}

fn groups(pattern: &str) -> usize {
    let bytes = pattern.as_bytes();
    let open = |at: &usize| {
        bytes[*at] == b'(' && (*at == 0 || bytes[at - 1] != b'\\') && bytes.get(at + 1) != Some(&b'?')
    };
    (0..bytes.len()).filter(open).count()
}

/// The text with the first occurrence of another replaced, as JavaScript does it.
fn first_replaced(ex: &Ex, find: &Ex, with: &Ex) -> Ex {
    let parts = format!("split({}, {})", ex.text, find.text);
    let text = format!(
        "len({parts}) > 1 ? join([{parts}[0], {}, join(slice({parts}, 1), {})], '') : {}",
        with.text,
        find.text,
        ex.at(Bind::Choice)
    );
    Ex::new(text, Bind::Choice, Sort::Text)
}

fn empty(ex: &Ex) -> Ex {
    match ex.sort {
        Sort::List | Sort::Object => Ex::call("len", &[ex], Sort::Number).is(&Ex::number("0")),
        Sort::Bool | Sort::Number | Sort::Time => Ex::bool(false),
        Sort::Null => Ex::bool(true),
        Sort::Text => ex.is(&Ex::literal("")),
        Sort::Any => {
            let text = format!("({} ?? '') in ['', [], {{}}]", ex.at(Bind::Path));
            Ex::new(text, Bind::Compare, Sort::Bool)
        }
    }
}

/// Whether a value is there and not nothing, for conditions.
pub fn is_empty(ex: &Ex) -> Ex {
    let _ = truth_of;
    empty(ex)
}
