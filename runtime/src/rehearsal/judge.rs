//! Whether what came of a case is what was expected.

use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::expr::{self, Expr, Halt};
use dsl::span::{Span, Spanned};
use dsl::test::{Calls, Case, Money, Outcome, Rewrite, Subject, Target, Wanted, With, names};
use dsl::value::Value;
use engine::run::Status;
use engine::spent;
use engine::view::{Entry, Shown, Waits};
use indexmap::IndexMap;
use serde_json::{Value as Json, json};

use super::differ::{Difference, Extent, differ};
use super::scope::Came;
use super::{Made, Rehearsed, is_open};

/// An expectation that is not met.
#[derive(Clone, Debug)]
pub struct Unmet {
    /// What is wrong, at its place in the test file.
    pub diagnostic: Diagnostic,
    /// What was expected.
    pub expected: Json,
    /// What came.
    pub got: Json,
    /// What has to be written anew in the test file so that what came is expected; nothing where no rewriting helps.
    pub rewrites: Vec<Rewrite>,
}

/// All that is not as expected. Of a case that could not be played to its end, that alone.
pub fn judge(case: &Case, subject: &Subject<'_>, came: &Rehearsed) -> Vec<Unmet> {
    if let Some(trouble) = &came.trouble {
        return vec![Unmet {
            diagnostic: trouble.clone(),
            expected: Json::Null,
            got: Json::Null,
            rewrites: vec![],
        }];
    }
    let mut judge = Judge { case, subject, came, unmet: vec![] };
    if judge.status() {
        judge.output();
    }
    judge.error();
    case.expect.steps.iter().for_each(|outcome| judge.step(outcome));
    case.expect.calls.iter().for_each(|calls| judge.calls(calls));
    judge.cost();
    judge.took();
    judge.conditions();
    judge.unmet
}

/// What a case that expects nothing may expect of what came: how the run ended, and what it gave.
pub fn written_out(case: &Case, came: &Rehearsed) -> Option<Rewrite> {
    let span = case.expect.bare.filter(|_| came.trouble.is_none())?;
    let value = match &came.status {
        Status::Succeeded(output) => Value::object([("output", output.clone())]),
        Status::Failed(failure) => {
            let told = failure.to_value();
            let part = |key: &str| told.get(key).cloned().unwrap_or_default();
            let parts = ["kind", "step", "message"].map(|key| (key, part(key)));
            Value::object([("error", Value::object(parts))])
        }
        Status::New | Status::Running | Status::Cancelled => {
            Value::object([("status", Value::text(status(&came.status)))])
        }
    };
    Some(Rewrite { span, value })
}

struct Judge<'j> {
    case: &'j Case,
    subject: &'j Subject<'j>,
    came: &'j Rehearsed,
    unmet: Vec<Unmet>,
}

impl Judge<'_> {
    fn miss(&mut self, span: Span, message: String, expected: Json, got: Json) -> &mut Diagnostic {
        let diagnostic = Diagnostic::error(Code::Unmet, span, message);
        self.unmet.push(Unmet { diagnostic, expected, got, rewrites: vec![] });
        let last = self.unmet.len() - 1;
        &mut self.unmet[last].diagnostic
    }

    /// Says what makes the last miss an expectation of what came.
    fn mend(&mut self, rewrites: Vec<Rewrite>) {
        if let Some(last) = self.unmet.last_mut() {
            last.rewrites = rewrites;
        }
    }

    fn mend_by(&mut self, span: Span, value: Value) {
        self.mend(vec![Rewrite { span, value }]);
    }

    /// True if the run ended as expected.
    fn status(&mut self) -> bool {
        let fails = if self.case.expect.error.is_some() { "failed" } else { "succeeded" };
        let expected = self.case.expect.status.clone().unwrap_or(Spanned::new(fails, self.case.name.span));
        let got = status(&self.came.status);
        if got == expected.value {
            return true;
        }
        let why = match &self.came.status {
            Status::Failed(failure) => format!(": {}", told(failure)),
            Status::New | Status::Running => self.waiting(),
            Status::Succeeded(_) | Status::Cancelled => String::new(),
        };
        let is = match &self.came.status {
            Status::New | Status::Running => "is waiting",
            Status::Cancelled => "was cancelled",
            Status::Succeeded(_) | Status::Failed(_) => got,
        };
        let message = format!("the run {is}{why}, and `{}` is expected", expected.value);
        let helps = self.helps();
        let wrong = self.miss(expected.span, message, expected.value.into(), got.into());
        wrong.help.extend(helps);
        if self.case.expect.status.is_some() {
            self.mend_by(expected.span, Value::text(got));
        }
        false
    }

    /// For whom or what the run waits.
    fn waiting(&self) -> String {
        let open = self.came.steps.iter().filter(|(_, entry)| is_open(entry));
        let told = open.filter_map(|(path, entry)| {
            Some(match entry.waits.as_ref()? {
                Waits::Signal(name) => format!("`{path}` waits for the signal `{name}`"),
                Waits::Person(_) => format!("`{path}` waits for an answer"),
                Waits::Doubt => format!("`{path}` is in doubt and waits for an answer"),
            })
        });
        let told: Vec<String> = told.collect();
        if told.is_empty() { String::new() } else { format!(": {}", told.join(", ")) }
    }

    /// What would let a run go on that waits.
    fn helps(&self) -> Vec<String> {
        let waits = self.came.steps.iter().filter(|(_, entry)| is_open(entry));
        let help = waits.filter_map(|(path, entry)| {
            Some(match entry.waits.as_ref()? {
                Waits::Signal(name) => format!("add to the case: `signals: [{{ name: {name} }}]`"),
                Waits::Person(_) | Waits::Doubt => {
                    format!("add to the case: `answers: {{ {}: yes }}`", dsl::test::general(path))
                }
            })
        });
        help.collect()
    }

    fn output(&mut self) {
        let Status::Succeeded(output) = &self.came.status else { return };
        let expect = &self.case.expect;
        for (expected, extent) in [(&expect.output, Extent::Whole), (&expect.output_has, Extent::Part)] {
            if let Some(expected) = expected {
                self.compare("output", expected, output, extent);
            }
        }
    }

    fn compare(&mut self, what: &str, expected: &Wanted, got: &Value, extent: Extent) {
        let Some(difference) = differ(&expected.value, got, extent) else { return };
        let message = describe(what, &difference);
        self.miss(expected.place(&difference.way), message, expected.value.to_json(), got.to_json());
        self.mend(match extent {
            Extent::Whole => expected.rewrites(got),
            Extent::Part => expected.rewrites_of_part(got),
        });
    }

    fn error(&mut self) {
        let Some(expected) = &self.case.expect.error else { return };
        // That it did not fail has been said.
        let Status::Failed(failure) = &self.came.status else { return };
        self.failure("error", expected, &failure.to_value());
    }

    /// A failure, part by part: the message need only hold the text.
    fn failure(&mut self, what: &str, expected: &Wanted, got: &Value) {
        let Value::Object(parts) = &expected.value else { return };
        for (key, part) in parts.iter() {
            let found = got.get(key).cloned().unwrap_or_default();
            let holds = match (&**key, part.as_text(), found.as_text()) {
                ("message", Some(wanted), Some(message)) => message.contains(wanted),
                _ => differ(part, &found, Extent::Whole).is_none(),
            };
            if !holds {
                let verb = if &**key == "message" { "to hold" } else { "to be" };
                let message = format!(
                    "`{what}.{key}` is {}, and is expected {verb} {}",
                    short(&found.to_json()),
                    short(&part.to_json())
                );
                let place = expected.place(&[key.to_string()]);
                self.miss(place, message, expected.value.to_json(), got.to_json());
                self.mend_by(place, found);
            }
        }
    }

    fn step(&mut self, outcome: &Outcome) {
        let came = self.came;
        let named = |(path, _): &(&String, &Entry)| names(&outcome.step.value, path).is_some();
        let found: Vec<(&String, &Entry)> = came.steps.iter().filter(named).collect();
        if found.is_empty() {
            let none = outcome.state.as_ref().is_some_and(|state| state.value == Shown::NotStarted.name());
            if !none {
                let message =
                    format!("`{}` never came up: what it stands in was not begun", outcome.step.value);
                self.miss(outcome.step.span, message, outcome.step.value.as_str().into(), Json::Null);
            }
            return;
        }
        for (path, entry) in found {
            self.instance(path, entry, outcome);
        }
    }

    fn instance(&mut self, path: &str, entry: &Entry, outcome: &Outcome) {
        if let Some(state) = outcome.state.as_ref().filter(|state| state.value != entry.state.name()) {
            let got = entry.state.name();
            let why = match (&entry.error, &entry.why) {
                (Some(failure), _) if entry.state == Shown::Failed => format!(": {}", told(failure)),
                (_, Some(why)) if entry.state == Shown::Skipped => format!(": {why}"),
                _ => String::new(),
            };
            let message = format!("`{path}` is `{got}`{why}, and `{}` is expected", state.value);
            self.miss(state.span, message, state.value.into(), got.into());
            self.mend_by(state.span, Value::text(got));
            return;
        }
        let value = entry.value.clone().unwrap_or_default();
        let what = format!("steps.{path}");
        if let Some(expected) = &outcome.value {
            self.compare(&what, expected, &value, Extent::Whole);
        }
        if let Some(expected) = &outcome.value_has {
            self.compare(&what, expected, &value, Extent::Part);
        }
        if let Some(expected) = &outcome.attempts
            && expected.value != i64::from(entry.attempts)
        {
            let message = format!(
                "`{path}` was tried {}, and {} is expected",
                times(entry.attempts.into()),
                expected.value
            );
            self.miss(expected.span, message, expected.value.into(), entry.attempts.into());
            self.mend_by(expected.span, Value::Int(entry.attempts.into()));
        }
        if let Some(expected) = &outcome.error {
            let got = entry.error.as_ref().map_or(Value::Null, |failure| failure.to_value());
            self.failure(&format!("errors.{path}"), expected, &got);
        }
    }

    fn calls(&mut self, calls: &Calls) {
        let came = self.came;
        let (what, made): (&str, Vec<&Made>) = match &calls.of.value {
            Target::Step(path) => {
                (path, came.calls.iter().filter(|made| names(path, &made.step).is_some()).collect())
            }
            Target::Action(id) => (id, came.calls.iter().filter(|made| **id == *made.action).collect()),
        };
        let sent = || Json::Array(made.iter().map(|made| made.args.to_json()).collect());
        if let Some(count) = calls.count.as_ref().filter(|count| i64::try_from(made.len()) != Ok(count.value))
        {
            let message =
                format!("`{what}` was called {}, and {} is expected", times(made.len() as u64), count.value);
            self.miss(count.span, message, count.value.into(), sent());
            self.mend_by(count.span, Value::Int(i64::try_from(made.len()).unwrap_or(i64::MAX)));
            return;
        }
        let pairs: Vec<(&Wanted, usize)> = match &calls.with {
            None => vec![],
            Some(With::Every(expected)) => (0..made.len()).map(|at| (expected, at)).collect(),
            Some(With::Each(each)) => {
                if each.len() != made.len() {
                    let message = format!(
                        "`{what}` was called {}, and {} is expected",
                        times(made.len() as u64),
                        each.len()
                    );
                    let all = Json::Array(each.iter().map(|expected| expected.value.to_json()).collect());
                    self.miss(calls.of.span, message, all, sent());
                    return;
                }
                each.iter().zip(0..).collect()
            }
        };
        if let (Some(With::Every(expected)), true) = (&calls.with, made.is_empty()) {
            let message = format!("`{what}` was never called");
            self.miss(calls.of.span, message, expected.value.to_json(), Json::Null);
        }
        for (expected, at) in pairs {
            let place = format!("calls.{what}[{at}]");
            self.compare(&place, expected, &made[at].args, Extent::Part);
        }
    }

    fn took(&mut self) {
        let Some(expected) = &self.case.expect.took else { return };
        if expected.value != self.came.took {
            let (wanted, got) = (Value::Duration(expected.value), Value::Duration(self.came.took));
            let message = format!("the run took {got}, and {wanted} is expected");
            self.miss(expected.span, message, wanted.to_json(), got.to_json());
            self.mend_by(expected.span, got);
        }
    }

    fn cost(&mut self) {
        let Some(expected) = &self.case.expect.cost else { return };
        let (wanted, holds, which) = match expected.value {
            Money::Exactly(sum) => (sum, self.came.cost == spent::units(sum), ""),
            Money::Most(sum) => (sum, self.came.cost <= spent::units(sum), "at most "),
        };
        if !holds {
            let got = spent::dollars(self.came.cost);
            let message = format!("the models took {got} USD, and {which}{wanted} is expected");
            let number: Json = got.parse::<f64>().map_or(Json::Null, Json::from);
            self.miss(expected.span, message, wanted.into(), number);
            if let Money::Exactly(_) = expected.value {
                self.mend_by(expected.span, self.money());
            }
        }
    }

    /// What the models took, in US dollars.
    fn money(&self) -> Value {
        spent::dollars(self.came.cost).parse().map_or(Value::Null, Value::Number)
    }

    fn conditions(&mut self) {
        if self.case.expect.that.is_empty() {
            return;
        }
        let names = self.names();
        let now = self.case.now.saturating_add(self.came.took).unwrap_or(self.case.now);
        let scope = Came { names: &names, rehearsed: self.came, now };
        for condition in &self.case.expect.that {
            let fault = match expr::eval(condition, &scope) {
                Ok(Value::Bool(true)) => continue,
                Ok(Value::Bool(false)) => "is false".to_owned(),
                Ok(other) => format!("is {}, not true or false", other.type_name()),
                Err(Halt::Skip { step }) => format!("reads `{step}`, which gave nothing"),
                Err(Halt::Failure(failure)) => format!("cannot be asked: {failure}"),
            };
            let message = format!("`{}` {fault}", condition.quote(condition.root()));
            let seen = seen(condition, &scope);
            let helps: Vec<String> =
                seen.iter().map(|(name, value)| format!("`{name}` is {}", short(value))).collect();
            let wrong =
                self.miss(condition.span, message, true.into(), Json::Object(seen.into_iter().collect()));
            wrong.help.extend(helps);
        }
    }

    /// What conditions see beside `steps` and `errors`.
    fn names(&self) -> Vec<(&'static str, Value)> {
        let (output, error) = match &self.came.status {
            Status::Succeeded(output) => (output.clone(), Value::Null),
            Status::Failed(failure) => (Value::Null, failure.to_value()),
            Status::New | Status::Running | Status::Cancelled => (Value::Null, Value::Null),
        };
        vec![
            ("calls", self.made()),
            ("cost", self.money()),
            ("error", error),
            ("inputs", self.came.inputs.clone()),
            ("output", output),
            ("status", Value::text(status(&self.came.status))),
            ("took", Value::Duration(self.came.took)),
        ]
    }

    /// The calls by steps and by actions; none of what was never called.
    fn made(&self) -> Value {
        let known = self.subject.parts.keys().map(String::as_str).chain(self.subject.actions());
        let mut all: IndexMap<String, Vec<Value>> = known.map(|name| (name.to_owned(), vec![])).collect();
        for made in &self.came.calls {
            let call = Value::object([
                ("step", Value::text(made.step.as_str())),
                ("action", Value::Text(made.action.clone())),
                ("args", made.args.clone()),
                ("attempt", Value::Int(i64::from(made.attempt))),
                ("at", Value::Time(made.at)),
            ]);
            let mut places = vec![dsl::test::general(&made.step), made.action.to_string()];
            if made.step != places[0] {
                places.push(made.step.clone());
            }
            for place in places {
                all.entry(place).or_default().push(call.clone());
            }
        }
        Value::object(all.into_iter().map(|(name, calls)| (name, Value::list(calls))))
    }
}

/// The values that a condition reads.
fn seen(condition: &Expr, scope: &Came<'_>) -> Vec<(String, Json)> {
    use dsl::expr::{Scope, Seen};
    let mut seen: Vec<(String, Json)> = vec![];
    for (name, _, field) in condition.names() {
        let Some(value) = scope.name(&name) else { continue };
        let (name, value) = match field.map(|(field, _)| (value.get(&field).cloned(), field)) {
            Some((Some(inner), field)) => (format!("{name}.{field}"), inner),
            _ => (name.to_string(), value.into_owned()),
        };
        seen.push((name, value.to_json()));
    }
    for read in condition.reads() {
        let value = match (read.root, scope.step(&read.step)) {
            (expr::Root::Errors, _) => scope.error(&read.step).to_json(),
            (expr::Root::Meta, _) => scope.meta(&read.step).to_json(),
            (expr::Root::Steps, Seen::Value(value)) => value.to_json(),
            (expr::Root::Steps, Seen::Absent) => Json::Null,
        };
        seen.push((format!("{}.{}", read.root.name(), read.step), value));
    }
    seen.dedup();
    seen
}

/// How a run stands, as in the test file.
fn status(status: &Status) -> &'static str {
    match status {
        Status::New | Status::Running => "waiting",
        Status::Succeeded(_) => "succeeded",
        Status::Failed(_) => "failed",
        Status::Cancelled => "cancelled",
    }
}

fn told(failure: &engine::run::StepFailure) -> String {
    match failure.step.as_str() {
        "" => failure.failure.to_string(),
        step => format!("`{step}` said {}", failure.failure),
    }
}

fn describe(what: &str, difference: &Difference) -> String {
    let place = format!("`{what}{}`", difference.path());
    match (&difference.expected, &difference.got) {
        (Some(expected), Some(got)) => {
            format!("{place} is {}, and {} is expected", short(got), short(expected))
        }
        (Some(expected), None) => format!("{place} is not there, and {} is expected", short(expected)),
        (None, Some(got)) => format!("{place} is {}, and is not expected", short(got)),
        (None, None) => format!("{place} differs"),
    }
}

fn times(count: u64) -> String {
    match count {
        0 => "never".into(),
        1 => "once".into(),
        2 => "twice".into(),
        more => format!("{more} times"),
    }
}

/// A value in a message.
pub(super) fn short(value: &Json) -> String {
    const LONGEST: usize = 60;
    let text = value.to_string();
    let text = match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    };
    format!("`{text}`")
}

impl Unmet {
    /// As it stands in JSON.
    pub fn to_json(&self) -> Json {
        json!({ "message": self.diagnostic.message, "expected": self.expected, "got": self.got })
    }
}
