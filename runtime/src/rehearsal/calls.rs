//! How calls are answered: by a mock, by another workflow that is rehearsed too, or really where the case allows it.

use dsl::catalog::{Failure, FailureKind};
use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::expr::Halt;
use dsl::template;
use dsl::test::{Does, Mock, Reply, Says, Target, When, names};
use dsl::types::{Field, Type, fit};
use dsl::value::{Object, Value};
use dsl::workflow::{ASK, Arg, BATCH, REQUEST, TURN};
use engine::BIG;
use engine::command::Call;
use engine::input::{Input, Start};
use engine::plan::CALL;
use engine::run::RunId;
use engine::spent::{self, Spent, Tokens};
use jiff::SignedDuration;

use super::differ::{Extent, between};
use super::scope::Bare;
use super::turns::{Made, Round, asked, ended, whole};
use super::{Due, Made as Noted, Play};

use crate::child;

/// What comes of a call, and when.
pub(super) struct Answer {
    pub result: Result<Value, Failure>,
    pub takes: SignedDuration,
    pub spent: Option<Spent>,
}

impl Default for Answer {
    fn default() -> Answer {
        Answer { result: Ok(Value::Null), takes: SignedDuration::ZERO, spent: None }
    }
}

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
        let number = self.out.calls.len();
        self.note(Noted {
            step: path.clone(),
            action: call.action.clone(),
            args: args.clone(),
            attempt: call.attempt,
            at: self.now,
            safety: call.safety,
            key: call.key.clone(),
            took: false,
        });
        if let Some(crash) = self.case.crash.as_ref().filter(|crash| crash.when == When::During)
            && names(&crash.step.value, &path).is_some()
        {
            self.die();
        }
        let answer = match self.mocks(&path, &call.action) {
            mocks if !mocks.is_empty() => {
                self.mocked(&mocks, &Made { path: &path, call: &call, args: &args, round: round.as_ref() })
            }
            _ if calls_workflow => return self.child(run, &path, &call, &args),
            _ if self.case.allow.iter().any(|allowed| **allowed == *call.action) => {
                let call = Call { args, ..call.clone() };
                let came = (self.stage.real)(&call);
                let result = came.map(|value| ended(value, round.as_ref()));
                Ok(Answer { result, takes: SignedDuration::ZERO, spent: None })
            }
            _ => Err(Box::new(self.unanswered(&path, &call))),
        };
        match answer {
            Ok(answer) => {
                let Answer { result, takes, spent } = self.faulted(number, (run, &call), answer);
                let result = result.map(|value| value.sealed(BIG));
                let input = Input::Returned { at: call.at, attempt: call.attempt, result, from: None, spent };
                self.put_after(takes, Due::World(run.clone(), input));
            }
            // The first one is what a person looks for.
            Err(trouble) => {
                self.out.trouble.get_or_insert(*trouble);
            }
        }
    }

    /// What stands in for a call, the closest first: the case's own before those for all cases, a step before an action.
    fn mocks(&self, path: &str, action: &str) -> Vec<&'s Mock> {
        let closeness = |mock: &Mock| match &mock.of.value {
            Target::Step(step) => names(step, path).map(|numbers| numbers + 1),
            Target::Action(id) => (**id == *action).then_some(0),
        };
        let mut found: Vec<(bool, usize, &'s Mock)> = vec![];
        let own = self.case.mocks.iter().map(|mock| (true, mock));
        let all = own.chain(self.stage.mocks.iter().map(|mock| (false, mock)));
        found.extend(all.filter_map(|(own, mock)| Some((own, closeness(mock)?, mock))));
        found.sort_by_key(|(own, closeness, _)| std::cmp::Reverse((*own, *closeness)));
        found.into_iter().map(|(_, _, mock)| mock).collect()
    }

    /// The answer of the closest mock that has one for these parameters.
    fn mocked(&mut self, mocks: &[&'s Mock], made: &Made<'_>) -> Result<Answer, Box<Diagnostic>> {
        let args = made.args.to_json();
        let fits = |reply: &Reply| {
            let wanted = reply.with.as_ref().map(|with| with.value.to_json());
            wanted.is_none_or(|wanted| between(Some(&wanted), Some(&args), Extent::Part).is_none())
        };
        if let Some(reply) = self.given.get(made.path).copied().filter(|_| self.lost.remove(made.path)) {
            return self.replied(reply, made);
        }
        for mock in mocks {
            for reply in mock.replies.iter().filter(|reply| self.is_left(reply)) {
                if fits(reply) {
                    *self.answered.entry(reply.span).or_default() += 1;
                    self.out.used.insert(mock.of.span);
                    if self.fault.is_some() {
                        self.given.insert(made.path.to_owned(), reply);
                    }
                    return self.replied(reply, made);
                }
            }
            if mock.replies.iter().any(|reply| !self.is_left(reply) && fits(reply)) {
                return Err(Box::new(self.used_up(mock, made)));
            }
        }
        Err(Box::new(self.unfit(mocks, made, &args)))
    }

    /// True for an answer that may be given once more.
    fn is_left(&self, reply: &Reply) -> bool {
        let count = self.answered.get(&reply.span).copied().unwrap_or(0);
        reply.times.is_none_or(|times| count < times as usize)
    }

    fn replied(&mut self, reply: &'s Reply, made: &Made<'_>) -> Result<Answer, Box<Diagnostic>> {
        let mut answer = Answer { takes: reply.takes, ..Answer::default() };
        answer.result = match &reply.says {
            Says::Fails(failure) => Err(failure.clone()),
            Says::Gives(arg) => Ok(ended(self.given(arg, reply, made)?, made.round)),
            Says::Wants(wants) => self.wanted(wants, reply, made)?,
        };
        let Some(costs) = reply.costs.map(spent::units) else { return Ok(answer) };
        let most = self.stage.plan.workflow().ai_cost.map(spent::units);
        if let Some(most) = most.filter(|most| self.out.cost.saturating_add(costs) > *most) {
            let message = format!(
                "the run may spend {} USD on models, has spent {}, and this call costs {}",
                spent::dollars(most),
                spent::dollars(self.out.cost),
                spent::dollars(costs)
            );
            answer.result = Err(Failure { answered: true, ..Failure::new(FailureKind::Budget, message) });
            return Ok(answer);
        }
        self.out.cost = self.out.cost.saturating_add(costs);
        answer.spent = Some(Spent {
            model: "mock".into(),
            provider: "mock".into(),
            paid_by: "own".into(),
            tokens: Tokens::default(),
            cost: Some(costs),
        });
        Ok(answer)
    }

    /// Says that all answers for a call were given.
    fn used_up(&self, mock: &Mock, made: &Made<'_>) -> Diagnostic {
        let given: usize = mock.replies.iter().filter_map(|it| self.answered.get(&it.span)).sum();
        let call = given + 1;
        let answers = match mock.replies.len() {
            1 => "1 answer".into(),
            more => format!("{more} answers"),
        };
        let message = format!("the list has {answers}, and `{}` makes call {call}", made.path);
        let wrong = Diagnostic::error(Code::MockFails, mock.of.span, message);
        wrong.help("add an answer to the list, or give one answer without a list for every call")
    }

    /// Says that no answer is for a call with these parameters, and how the nearest one differs.
    fn unfit(&self, mocks: &[&Mock], made: &Made<'_>, args: &serde_json::Value) -> Diagnostic {
        let replies = mocks.iter().flat_map(|mock| mock.replies.iter().map(|reply| (mock.of.span, reply)));
        let differ = replies.filter_map(|(span, reply)| {
            let wanted = reply.with.as_ref()?.value.to_json();
            Some((span, between(Some(&wanted), Some(args), Extent::Part)?))
        });
        // What differs deep inside is nearer than what differs at once.
        let nearest = differ.max_by_key(|(_, difference)| difference.way.len());
        let span = nearest.as_ref().map_or(self.case.name.span, |(span, _)| *span);
        let message = format!("no answer is for this call of `{}`", made.path);
        let mut wrong = Diagnostic::error(Code::MockFails, span, message);
        if let Some((_, difference)) = nearest {
            let short = |json: &Option<serde_json::Value>| {
                json.as_ref().map_or("not there".into(), super::judge::short)
            };
            wrong = wrong.help(format!(
                "its `{}` is {}, and the nearest answer is for {}",
                difference.path().trim_start_matches('.'),
                short(&difference.got),
                short(&difference.expected)
            ));
        }
        wrong.help("add an answer with what it has in `with`, or one without `with` for all other calls")
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
