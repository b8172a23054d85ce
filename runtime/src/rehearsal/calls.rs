//! How calls are answered: by a mock, by another workflow that is rehearsed too, or really where the case allows it.

use dsl::catalog::Failure;
use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::expr::Halt;
use dsl::template;
use dsl::test::{Does, Mock, Replies, Reply, Says, Target, When, names};
use dsl::types::{Field, Type, fit};
use dsl::value::{Object, Value};
use dsl::workflow::{ASK, Arg, BATCH, REQUEST, TURN};
use engine::BIG;
use engine::command::Call;
use engine::input::{Input, Start};
use engine::plan::CALL;
use engine::run::RunId;
use jiff::SignedDuration;

use super::scope::Bare;
use super::turns::{Made, Round, asked, ended, whole};
use super::{Due, Play};
use crate::child;

impl<'s> Play<'s> {
    /// Makes a call.
    pub(super) fn call(&mut self, run: &RunId, path: String, call: Call) {
        let args = call.args.load_all(&self.shelf).unwrap_or_default();
        let round = match &*call.action {
            BATCH => Some(Round::Look),
            TURN => Some(Round::Turn(args.clone())),
            _ => None,
        };
        let (path, call, args) = match (whole(&path), &round) {
            // What stands in for a round stands in for the step.
            (Some(step), Some(_)) => (step, Call { action: ASK.into(), ..call }, asked(&args)),
            (Some(_) | None, _) => (path, call, args),
        };
        let calls_workflow = *call.action == *CALL;
        self.note(path.clone(), call.action.clone(), args.clone(), call.attempt);
        if let Some(crash) = self.case.crash.as_ref().filter(|crash| crash.when == When::During)
            && names(&crash.step.value, &path).is_some()
        {
            self.die();
        }
        let answer = match self.mock(&path, &call.action) {
            Some(mock) => {
                self.mocked(mock, &Made { path: &path, call: &call, args: &args, round: round.as_ref() })
            }
            None if calls_workflow => return self.child(run, &path, &call, &args),
            None if self.case.allow.iter().any(|allowed| **allowed == *call.action) => {
                let call = Call { args, ..call.clone() };
                let came = (self.stage.real)(&call);
                Ok((came.map(|value| ended(value, round.as_ref())), SignedDuration::ZERO))
            }
            None => Err(Box::new(self.unanswered(&path, &call))),
        };
        match answer {
            Ok((result, takes)) => {
                let result = result.map(|value| value.sealed(BIG));
                let input =
                    Input::Returned { at: call.at, attempt: call.attempt, result, from: None, spent: None };
                self.put_after(takes, Due::World(run.clone(), input));
            }
            Err(trouble) => self.out.trouble = Some(*trouble),
        }
    }

    /// What stands in for a call: the closest of the case's own, else of those for all cases. A step is closer than
    /// an action.
    fn mock(&self, path: &str, action: &str) -> Option<&'s Mock> {
        let closeness = |mock: &Mock| match &mock.of.value {
            Target::Step(step) => names(step, path).map(|numbers| numbers + 1),
            Target::Action(id) => (**id == *action).then_some(0),
        };
        let closest = |mocks: &'s [Mock]| {
            let all = mocks.iter().filter_map(|mock| Some((closeness(mock)?, mock)));
            all.max_by_key(|(closeness, _)| *closeness).map(|(_, mock)| mock)
        };
        closest(&self.case.mocks).or_else(|| closest(self.stage.mocks))
    }

    fn mocked(
        &mut self,
        mock: &'s Mock,
        made: &Made<'_>,
    ) -> Result<(Result<Value, Failure>, SignedDuration), Box<Diagnostic>> {
        let path = made.path;
        self.out.used.insert(mock.of.span);
        let count = self.answered.entry(mock.of.span).or_default();
        *count += 1;
        let reply = match &mock.replies {
            Replies::Always(reply) => reply,
            Replies::Each(replies) => match replies.get(*count - 1) {
                Some(reply) => reply,
                None => {
                    let answers = if replies.len() == 1 {
                        "1 answer".into()
                    } else {
                        format!("{} answers", replies.len())
                    };
                    let message = format!("the list has {answers}, and `{path}` makes call {count}");
                    let wrong = Diagnostic::error(Code::MockFails, mock.of.span, message);
                    return Err(Box::new(wrong.help(
                        "add an answer to the list, or give one answer without a list for every call",
                    )));
                }
            },
        };
        match &reply.says {
            Says::Fails(failure) => Ok((Err(failure.clone()), reply.takes)),
            Says::Gives(arg) => {
                let value = self.given(arg, reply, made)?;
                Ok((Ok(ended(value, made.round)), reply.takes))
            }
            Says::Wants(wants) => Ok((self.wanted(wants, reply, made)?, reply.takes)),
        }
    }

    /// What a mock gives to a call.
    fn given(&self, arg: &Arg, reply: &Reply, made: &Made<'_>) -> Result<Value, Box<Diagnostic>> {
        let (path, action) = (made.path, &made.call.action);
        let value = fit(&self.filled(arg, reply, made)?, &self.gives(path, action)).map_err(|misfit| {
            let message = format!("what the mock gives to `{path}` does not fit: {misfit}");
            Box::new(Diagnostic::error(Code::MockFails, reply.span, message))
        })?;
        Ok(if **action == *REQUEST { as_answer(value, made.args) } else { value })
    }

    /// What a mock says, its holes filled in.
    pub(super) fn filled(&self, arg: &Arg, reply: &Reply, made: &Made<'_>) -> Result<Value, Box<Diagnostic>> {
        let path = made.path;
        let fails = |message: String| Box::new(Diagnostic::error(Code::MockFails, reply.span, message));
        let seen = [("args", made.args.clone()), ("attempt", Value::Int(i64::from(made.call.attempt)))];
        let so_far = u64::try_from(self.out.calls.len()).unwrap_or(0);
        let scope = Bare { names: &seen, now: self.now, seed: self.case.seed.wrapping_mul(1 << 20) ^ so_far };
        template::fill(arg, &scope).map_err(|halt| match halt {
            Halt::Failure(failure) => fails(format!("the answer to `{path}` cannot be made: {failure}")),
            Halt::Skip { step } => fails(format!("the answer to `{path}` reads the step `{step}`")),
        })
    }

    fn gives(&self, path: &str, action: &str) -> Type {
        match self.stage.subject.part(path).map(|part| &part.does) {
            Some(Does::Calls { gives, .. } | Does::Runs(gives)) => gives.clone(),
            Some(Does::Emits | Does::Asks(_) | Does::Computes) | None => {
                self.stage.subject.gives(action).unwrap_or_default()
            }
        }
    }

    /// The workflow that a step calls is rehearsed too.
    fn child(&mut self, run: &RunId, path: &str, call: &Call, args: &Value) {
        let workflow = args.get("workflow").map(Value::to_string).unwrap_or_default();
        let inputs = args.get("with").cloned().unwrap_or_default();
        let begun = (self.stage.find)(&workflow, &inputs).and_then(|found| {
            let caller = self.runs.get(run).map(|moved| moved.run.clone()).unwrap_or_default();
            let depth = child::depth(&caller)?;
            let id = run.child(&call.key);
            let start = child::start(&caller, (run, call.at, depth), id, found.inputs, self.now);
            Ok((found.plan, start))
        });
        match begun {
            Ok((plan, start)) => {
                let Start { run: id, .. } = &start;
                self.children.insert((run.clone(), call.at, call.attempt), id.clone());
                self.start(plan, start, path.to_owned());
            }
            Err(failure) => {
                let result = Err(failure);
                let input =
                    Input::Returned { at: call.at, attempt: call.attempt, result, from: None, spent: None };
                self.put(self.now, Due::World(run.clone(), input));
            }
        }
    }

    /// Says that nothing answers a call, and what would.
    fn unanswered(&self, path: &str, call: &Call) -> Diagnostic {
        let message = format!("`{path}` calls `{}`, and no mock answers", call.action);
        let wrong = Diagnostic::error(Code::NotMocked, self.case.name.span, message);
        let sample = sample(&self.gives(path, &call.action));
        // What a model with tools calls is no step of the file: its action is answered.
        let key = match self.stage.subject.part(path) {
            Some(_) => dsl::test::general(path),
            None => call.action.to_string(),
        };
        wrong.help(format!("add to the case: `mocks: {{ {key}: {{ gives: {sample} }} }}`"))
    }
}

/// An answer over HTTP, what a mock leaves out filled in.
fn as_answer(value: Value, args: &Value) -> Value {
    let Value::Object(entries) = &value else { return value };
    // What all pages gave has no status of its own.
    if entries.contains_key("items") {
        return value;
    }
    let own = |key: &str| entries.get(key).filter(|value| !value.is_null()).cloned();
    let mut filled = Object::new();
    filled.insert("status".into(), own("status").unwrap_or(Value::Int(200)));
    filled.insert("headers".into(), own("headers").unwrap_or(Value::object::<&str>([])));
    filled.insert("body".into(), own("body").unwrap_or_default());
    let url = || args.get("url").filter(|url| matches!(url, Value::Text(_))).cloned();
    filled.insert("url".into(), own("url").or_else(url).unwrap_or(Value::text("")));
    Value::Object(filled.into())
}

/// A value of a type, in one line of YAML: what must be there, and little else.
fn sample(ty: &Type) -> String {
    match ty {
        Type::Any | Type::Null => "null".into(),
        Type::Boolean => "true".into(),
        Type::Integer | Type::Number => "1".into(),
        Type::String => "\"…\"".into(),
        Type::Time => "\"2026-01-05T08:00:00Z\"".into(),
        Type::Duration => "1s".into(),
        Type::Bytes => "{ base64: \"\" }".into(),
        Type::AnyObject => "{}".into(),
        Type::List(item) => format!("[{}]", sample(item)),
        Type::Enum(texts) => texts.first().cloned().unwrap_or_default(),
        Type::Nullable(_) => "null".into(),
        Type::Union(arms) => arms.first().map_or("null".into(), sample),
        Type::Object(fields) => {
            let body = |field: &&Field| !field.optional || field.name == "body";
            let fields: Vec<String> = fields
                .iter()
                .filter(body)
                .map(|field| format!("{}: {}", field.name, sample(&field.ty)))
                .collect();
            if fields.is_empty() { "{}".into() } else { format!("{{ {} }}", fields.join(", ")) }
        }
    }
}
