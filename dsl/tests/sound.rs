//! What the checker finds out of an expression is true of its value: without a word of the checker, the value
//! fits the type that was found, or the evaluation fails in a way that no type can tell.
//! `KEYWAY_ROUNDS` sets how many expressions are tried.

#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod shared;

use std::borrow::Cow;
use std::collections::BTreeMap;

use dsl::catalog::FailureKind;
use dsl::diagnostic::Severity;
use dsl::expr::types::{
    Absence, Certainty, Facts, Inferred, Known, Place, Strictness, Types, infer, of_value,
};
use dsl::expr::{self, Expr, Halt, Root, Scope, Seen, functions};
use dsl::span::SpanMap;
use dsl::types::{Type, parse};
use dsl::value::{File, Hash, Value};
use shared::World;

/// The types of what the expressions of a test can read.
struct Knowledge {
    names: BTreeMap<&'static str, Type>,
    steps: BTreeMap<&'static str, (Type, Absence)>,
    failure: Type,
}

impl Types for Knowledge {
    fn name(&self, name: &str) -> Option<&Type> {
        self.names.get(name)
    }

    fn step(&self, root: Root, name: &str) -> Option<Known<'_>> {
        match root {
            Root::Steps => self.steps.get(name).map(|(ty, absence)| Known { ty, absence: *absence }),
            Root::Errors | Root::Meta => Some(Known { ty: &self.failure, absence: Absence::Never }),
        }
    }
}

fn ty(text: &str) -> Type {
    parse(text).unwrap()
}

fn known() -> Knowledge {
    let inputs = Type::object([
        ("n", ty("integer")),
        ("x", ty("number")),
        ("s", ty("string")),
        ("b", ty("boolean")),
        ("ns", ty("[integer]")),
        ("ss", ty("[string]")),
        ("o", ty("{ a: integer, c: string? }")),
        ("os", ty("[{ k: string, v: integer? }]")),
        ("none", ty("string?")),
        ("some", ty("integer?")),
        ("kind", ty("{ enum: [bug, feature] }")),
        ("t", ty("time")),
        ("d", ty("duration")),
        ("f", ty("bytes")),
        ("anything", ty("any")),
        ("either", ty("string | integer")),
        ("arms", ty("{ a: integer } | { a: string, z: boolean }")),
    ]);
    Knowledge {
        names: BTreeMap::from([("inputs", inputs)]),
        steps: BTreeMap::from([
            ("got", (ty("{ body: { title: string, n: integer? }, list: [integer?] }"), Absence::Never)),
            ("there", (ty("{ y: integer }"), Absence::Skipped)),
            ("gone", (ty("{ y: integer, s: string }"), Absence::Skipped)),
        ]),
        failure: ty("{ message: string, attempts: integer }?"),
    }
}

fn world(turn: usize) -> World {
    let mut world = World::default();
    let time = Value::Time("2026-03-05T14:30:00Z".parse().unwrap());
    let json = shared::json;
    // Numbers stand for themselves in either kind, and texts are empty now and then.
    let (n, s) = ([3, 0, -7][turn % 3], ["Ada", "", "12"][turn % 3]);
    let either = if turn.is_multiple_of(2) { Value::text("e") } else { Value::Int(4) };
    let some = if turn.is_multiple_of(2) { Value::Int(5) } else { Value::Null };
    let arms =
        if turn.is_multiple_of(2) { json(r#"{ "a": 1 }"#) } else { json(r#"{ "a": "x", "z": true }"#) };
    let o = if turn.is_multiple_of(2) { json(r#"{ "a": 1 }"#) } else { json(r#"{ "a": 2, "c": "c" }"#) };
    let anything = [json("[1, \"a\"]"), json(r#"{ "a": { "n": 1 } }"#), Value::Null][turn % 3].clone();
    let name = turn.is_multiple_of(2).then(|| "a.png".into());
    let file = File { name, ..File::new([1, 2, 3], "image/png") };
    world.names.insert(
        "inputs".into(),
        Value::object([
            ("n", Value::Int(n)),
            ("x", if turn.is_multiple_of(2) { Value::Number(1.5) } else { Value::Int(2) }),
            ("s", Value::text(s)),
            ("b", Value::Bool(turn.is_multiple_of(2))),
            ("ns", json(["[1, 2, 3]", "[]", "[0]"][turn % 3])),
            ("ss", json(["[\"a\", \"b\"]", "[]", "[\"\"]"][turn % 3])),
            ("o", o),
            (
                "os",
                json(
                    [
                        "[{ \"k\": \"x\", \"v\": 1 }, { \"k\": \"y\", \"v\": null }]",
                        "[]",
                        "[{ \"k\": \"\", \"v\": 0 }]",
                    ][turn % 3],
                ),
            ),
            ("none", if turn.is_multiple_of(3) { Value::text("not") } else { Value::Null }),
            ("some", some),
            ("kind", Value::text(["bug", "feature"][turn % 2])),
            ("t", time),
            ("d", Value::Duration(jiff::SignedDuration::from_secs([90, 0, -3][turn % 3]))),
            ("f", Value::File(file.into())),
            ("anything", anything),
            ("either", either),
            ("arms", arms),
        ]),
    );
    let got = [
        r#"{ "body": { "title": "T", "n": 1 }, "list": [1, null] }"#,
        r#"{ "body": { "title": "", "n": null }, "list": [] }"#,
    ];
    world.steps.insert("got".into(), json(got[turn % 2]));
    world.steps.insert("there".into(), json(r#"{ "y": 7 }"#));
    world
}

/// A step that was skipped in this world, and the types with what is known before.
struct Absent<'w>(&'w World);

impl Scope for Absent<'_> {
    fn name(&self, name: &str) -> Option<Cow<'_, Value>> {
        self.0.name(name)
    }
    fn step(&self, name: &str) -> Seen<'_> {
        self.0.step(name)
    }
    fn error(&self, _: &str) -> Value {
        Value::Null
    }
    fn meta(&self, _: &str) -> Value {
        Value::Null
    }
    fn big(&self, hash: &Hash) -> Option<Value> {
        self.0.big(hash)
    }
    fn now(&self) -> jiff::Timestamp {
        self.0.now()
    }
    fn seed(&self) -> [u8; 32] {
        self.0.seed()
    }
}

fn parsed(text: &str) -> Option<Expr> {
    expr::parse(text, &SpanMap::plain(0, text.len())).ok()
}

fn inferred(expr: &Expr, known: &Knowledge) -> Inferred {
    let place = Place {
        scope: known,
        locals: vec![],
        facts: Facts::default(),
        strictness: Strictness::Gradual,
        watch: None,
    };
    infer(expr, &place)
}

/// True if a value has a type, as it is: nothing is converted.
fn has(value: &Value, ty: &Type) -> bool {
    match (ty, value) {
        (Type::Any, _) | (Type::Null, Value::Null) | (Type::Boolean, Value::Bool(_)) => true,
        (Type::Integer, Value::Int(_)) | (Type::Number, Value::Int(_) | Value::Number(_)) => true,
        (Type::String, Value::Text(_) | Value::Hole(_)) | (Type::AnyObject, Value::Object(_)) => true,
        (Type::Time, Value::Time(_)) | (Type::Duration, Value::Duration(_)) => true,
        (Type::Bytes, Value::File(_)) => true,
        (Type::Enum(texts), Value::Text(text)) => texts.iter().any(|one| **one == **text),
        (Type::Nullable(inner), value) => value.is_null() || has(value, inner),
        (Type::Union(arms), value) => arms.iter().any(|arm| has(value, arm)),
        (Type::List(item), Value::List(items)) => items.iter().all(|value| has(value, item)),
        (Type::Object(fields), Value::Object(entries)) => {
            entries.keys().all(|key| fields.iter().any(|field| *field.name == **key))
                && fields.iter().all(|field| match entries.get(&*field.name) {
                    Some(Value::Null) if field.optional => true,
                    Some(value) => has(value, &field.ty),
                    None => field.optional,
                })
        }
        _ => false,
    }
}

/// Failures that no type can tell: what is out of range, too large, missing in what is unknown, or no such text.
fn untold(message: &str, kind: FailureKind) -> bool {
    const REASONS: &[&str] = &[
        "division by zero",
        "too large",
        "no such item",
        "no such key",
        "is no number",
        "is no integer",
        "is no time",
        "is no length of time",
        "no JSON",
        "no Base64",
        "the pattern",
        "no unit",
        "no time zone",
        "not negative",
        "at least one item",
        "empty text",
        "no integer from 0",
        "too far away",
        "no text in UTF-8",
        "a step of 0",
        "an entry has no `key`",
        "digits are possible",
        "has fields, the header",
        "is one character of ASCII",
        "there is no option",
        "a key is a text",
        "an entry is",
    ];
    kind == FailureKind::Limit || REASONS.iter().any(|reason| message.contains(reason))
}

/// What was tried: how many expressions, how many the checker took, how many values came of them.
#[derive(Debug, Default)]
struct Tally {
    parsed: usize,
    taken: usize,
    values: usize,
    wrong: Vec<String>,
}

fn judge(text: &str, known: &Knowledge, worlds: &[World], tally: &mut Tally) {
    let Some(expr) = parsed(text) else { return };
    tally.parsed += 1;
    let found = inferred(&expr, known);
    if found.diagnostics.iter().any(|wrong| wrong.severity == Severity::Error || wrong.code.id() == "KW0216")
    {
        return;
    }
    tally.taken += 1;
    for world in worlds {
        match expr::eval(&expr, &Absent(world)) {
            Ok(value) => {
                tally.values += 1;
                if !has(&value, &found.ty) {
                    tally.wrong.push(format!("{text}: {} is no {}", value.to_json(), found.ty));
                }
            }
            Err(Halt::Skip { step }) => {
                if found.doubtful.iter().all(|read| *read.step != *step) {
                    tally.wrong.push(format!("{text}: skipped by `{step}`, of which nothing was known"));
                }
            }
            Err(Halt::Failure(failure)) => {
                if found.certainty == Certainty::Full && !untold(&failure.message, failure.kind) {
                    tally.wrong.push(format!("{text} (a {}): {}", found.ty, failure.message));
                }
            }
        }
    }
}

/// A small generator of numbers: the same at every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below as u64) as usize
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.roll(from.len())]
    }

    /// An expression, with the parameters of lambdas that it may use.
    fn expression(&mut self, depth: usize, params: &mut Vec<String>) -> String {
        if depth == 0 || self.roll(6) == 0 {
            return self.leaf(params);
        }
        let next = depth - 1;
        match self.roll(14) {
            0..=2 => {
                let sign =
                    self.pick(&["+", "-", "*", "/", "%", "==", "!=", "<", ">=", "in", "not in", "and", "or"]);
                let kind = self
                    .pick(&["integer", "number", "string", "time", "duration", "[list]", "boolean", "any"]);
                let (a, b) = (self.operand(kind, next, params), self.operand(kind, next, params));
                format!("({a} {sign} {b})")
            }
            3 => format!("({} ?? {})", self.expression(next, params), self.expression(next, params)),
            4 => {
                let (a, b) = (self.expression(next, params), self.expression(next, params));
                format!("({} ? {a} : {b})", self.condition(next, params))
            }
            5 => {
                let path = self.path(params);
                let sign = self.pick(&["!= null", "== null", "!= null and", "== null or"]);
                match sign.ends_with("null") {
                    true => {
                        let other = self.expression(next, params);
                        let (a, b) =
                            if sign == "!= null" { (path.clone(), other) } else { (other, path.clone()) };
                        format!("({path} {sign} ? {a} : {b})")
                    }
                    false => format!(
                        "({path} {sign} {path} {} {})",
                        self.pick(&["==", "<", "+"]),
                        self.leaf(params)
                    ),
                }
            }
            6 => format!("[{}, {}]", self.expression(next, params), self.expression(next, params)),
            7 => format!("{{ p: {}, q: {} }}", self.expression(next, params), self.expression(next, params)),
            8 => {
                let field = self.pick(&[
                    ".a", "?.a", ".k", "?.v", ".c", "[0]", "?.[0]", "[-1]", "[\"a\"]", ".key", ".items", ".n",
                ]);
                format!("({}){field}", self.expression(next, params))
            }
            9 => {
                let path = self.path(params);
                let kind = self.pick(&["string", "integer", "number", "list", "object", "bytes", "null"]);
                format!("(type({path}) == '{kind}' ? {path} : {})", self.expression(next, params))
            }
            10 => format!("(not {})", self.condition(next, params)),
            11 => format!("(-{})", self.expression(next, params)),
            _ => self.call(next, params),
        }
    }

    /// An operand of a kind, or anything at all.
    fn operand(&mut self, kind: &str, depth: usize, params: &mut Vec<String>) -> String {
        match self.roll(3) {
            0 => self.expression(depth, params),
            _ => self.fitting(kind).into(),
        }
    }

    fn condition(&mut self, depth: usize, params: &mut Vec<String>) -> String {
        match self.roll(3) {
            0 => "inputs.b".into(),
            1 => format!("({} {} {})", self.leaf(params), self.pick(&["==", "<", "!="]), self.leaf(params)),
            _ => self.expression(depth, params),
        }
    }

    fn path(&mut self, params: &[String]) -> String {
        let paths = [
            "inputs.none",
            "inputs.some",
            "inputs.o.c",
            "inputs.o?.c",
            "inputs.either",
            "inputs.arms",
            "inputs.arms?.z",
            "steps.gone",
            "steps.gone?.y",
            "steps.gone.y",
            "steps.there?.y",
            "steps.there.y",
            "steps.got.body.n",
            "steps.got.list[0]",
            "inputs.os[0]?.v",
            "errors.gone",
            "errors.gone.message",
            "inputs.anything",
        ];
        match params.last() {
            Some(last) if self.roll(3) == 0 => format!("{last}{}", self.pick(&["", ".v", "?.v", ".k", ".a"])),
            _ => self.pick(&paths).into(),
        }
    }

    fn leaf(&mut self, params: &[String]) -> String {
        match self.roll(3) {
            0 => self.path(params),
            1 => match params.len() {
                0 => self.pick(&["1", "0", "-2", "2.5", "'a'", "''", "true", "null", "[]", "{}"]).into(),
                count => params[self.roll(count)].clone(),
            },
            _ => self
                .pick(&[
                    "inputs.n",
                    "inputs.x",
                    "inputs.s",
                    "inputs.b",
                    "inputs.ns",
                    "inputs.ss",
                    "inputs.o",
                    "inputs.os",
                    "inputs.kind",
                    "inputs.t",
                    "inputs.d",
                    "inputs.f",
                    "inputs.f.name",
                    "inputs.f.size",
                    "steps.got",
                    "steps.got.list",
                    "steps.got.body.title",
                    "'bug'",
                    "3",
                    "'x,y'",
                    "[1, 2]",
                    "inputs.o.a",
                ])
                .into(),
        }
    }

    /// A call of any function, its arguments chosen so that they often fit.
    fn call(&mut self, depth: usize, params: &mut Vec<String>) -> String {
        // Secrets have a check of their own, which looks at whole workflows.
        let all: Vec<_> = functions::all().iter().filter(|function| function.name != "secret").collect();
        let function = all[self.roll(all.len())];
        let mut arguments = vec![];
        let most = function.parameters.len().min(function.most());
        let count = function.fewest() + self.roll(most - function.fewest() + 1);
        for at in 0..count {
            let parameter = function.parameter(at).unwrap();
            arguments.push(match parameter.takes {
                functions::Takes::Lambda(_) => {
                    let name = format!("p{}", params.len());
                    params.push(name.clone());
                    let body = self.expression(depth, params);
                    params.pop();
                    format!("{name} => {body}")
                }
                functions::Takes::Value | functions::Takes::Values => match self.roll(4) {
                    0 => self.expression(depth, params),
                    _ => self.fitting(&functions::shape::written(parameter.wants)).into(),
                },
            });
        }
        format!("{}({})", function.name, arguments.join(", "))
    }

    fn fitting(&mut self, wants: &str) -> &'static str {
        match wants.split(" | ").next().unwrap_or("any") {
            "string" => self.pick(&["inputs.s", "'a'", "inputs.kind", "'month'", "'UTC'", "'%Y'"]),
            "integer" => self.pick(&["inputs.n", "1", "2"]),
            "number" => self.pick(&["inputs.x", "inputs.n", "1.5"]),
            "time" => self.pick(&["inputs.t", "now()"]),
            "duration" => self.pick(&["inputs.d", "duration('1h')", "2"]),
            "object" => self.pick(&["inputs.o", "{ a: 1, b: 'x' }", "steps.got"]),
            "boolean" => "inputs.b",
            list if list.starts_with('[') => self.pick(&[
                "inputs.ns",
                "inputs.ss",
                "inputs.os",
                "[1, 2]",
                "[]",
                "steps.got.list",
                "[[1], [2]]",
            ]),
            _ => self.pick(&["inputs.s", "inputs.n", "inputs.os", "null", "inputs.o"]),
        }
    }
}

#[test]
fn what_the_checker_takes_without_a_word_has_the_type_that_it_found() {
    let known = known();
    let worlds: Vec<World> = [0, 1, 2, 5].map(world).into();
    let mut dice = Dice(0x5eed_0003_1415_9265);
    let mut tally = Tally::default();
    let rounds = std::env::var("KEYWAY_ROUNDS").ok().and_then(|rounds| rounds.parse().ok());
    for _ in 0..rounds.unwrap_or(20_000) {
        let depth = 1 + dice.roll(4);
        let text = dice.expression(depth, &mut vec![]);
        judge(&text, &known, &worlds, &mut tally);
    }
    let shown: Vec<&String> = tally.wrong.iter().take(40).collect();
    assert!(shown.is_empty(), "{} are wrong: {shown:#?}", tally.wrong.len());
    assert!(tally.parsed > 10_000 && tally.taken > 2_000 && tally.values > 5_000, "{tally:?}");
}

#[test]
fn every_example_of_a_function_has_the_type_that_it_declares() {
    let known = known();
    for function in functions::all() {
        let (text, gives) = function
            .example
            .split_once(" => ")
            .map_or(("", ""), |_| function.example.rsplit_once(" => ").unwrap());
        let expr = parsed(text).unwrap_or_else(|| panic!("{}", function.example));
        let found = inferred(&expr, &known);
        let shown = shared::told(&found.diagnostics);
        assert!(found.diagnostics.is_empty(), "{}: {shown}", function.example);
        let value = expr::eval(&expr, &Absent(&world(0))).unwrap();
        assert!(has(&value, &found.ty), "{}: {} is no {}", function.name, value.to_json(), found.ty);
        let given = expr::eval(&parsed(gives).unwrap(), &Absent(&world(0))).unwrap();
        assert!(has(&given, &found.ty), "{}", function.example);
        assert!(found.ty.overlaps(&of_value(&value)), "{}", function.example);
    }
}

#[test]
fn every_function_of_the_language_is_there() {
    let wanted = "upper lower trim split join replace contains starts_with ends_with matches extract slice pad lines \
        words title slug truncate len map filter sort sort_by group_by unique flatten zip range first last reverse \
        sum min max avg count any all find index_of chunk compact keys values entries merge pick omit from_entries \
        json parse_json csv parse_csv yaml base64 unbase64 url_encode url_decode html markdown_text sha256 \
        hmac_sha256 uuid random round floor ceil abs int number now today time duration format_time start_of end_of \
        add_months weekday in_zone type default secret";
    let missing: Vec<&str> =
        wanted.split_whitespace().filter(|name| functions::find(name).is_none()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
