//! One turn of a model with tools: what it says goes into the conversation, which stands in the run, and what it wants
//! called goes to the step, which makes each call as a step of its own.
//!
//! A turn is one answer. Where that does not fit it goes back, once, in another turn; so each answer that was paid is in
//! the run before anything rests on it.

use dsl::catalog::{Failure, FailureKind};
use dsl::value::{NoValues, Value};

use super::tools::{Tools, result};
use super::wish::{self, Calls, Wish};
use super::{Asking, By, Misfit, Step, complaint, wrong_answer};
use crate::chat::{Answer, Finish, Message, Part, Question, Role};
use crate::price::Money;

/// Answers a step that asks a model with tools: `ai.turn` with these parameters. It gives
/// `{ done, answer, calls, conversation }`: the answer where it is done, else the calls that are to be made, and what
/// the next turn goes on from.
///
/// # Errors
/// Where nobody can be asked, all say no, the answer is not what the step wants, or it was the last turn and the model
/// wants to call.
pub async fn turn(asking: &mut Asking<'_>, args: &Value) -> Result<Value, Failure> {
    let loaded = args.load_all(&NoValues);
    let args = loaded.as_ref().ok_or_else(|| broken("a large value is not at hand"))?;
    let tools = Tools::of(args)?;
    let mut talk = Talk::of(args)?;
    let question = Question {
        system: talk.system.clone(),
        messages: talk.messages.clone(),
        tools: tools.told(),
        ..Question::new("", "")
    };
    let calls = match tools.only_read() && talk.grade == Grade::Open {
        true => Calls::Held,
        false => Calls::Trusted,
    };
    let wish = Wish { calls, ..Wish::about(question, args)? };
    // All turns of a step are counted together.
    if let By::Step { place, .. } = &mut asking.by {
        place.clone_from(&talk.id);
    }
    let mut step = Step { spent: talk.spent, ..Step::of(asking, wish).await? };
    let question = step.wish.question.clone();
    let (mut answer, mut asked) = step.answer(&question).await?;
    if asked.below
        && let Some(why) = tools.misfit(answer.calls()).or_else(|| ends_wrong(&step, &answer))
    {
        // The grade that was asked for is asked anew, and the conversation stays with it from here on.
        step.up(&asked, &why);
        (answer, asked) = step.answer(&question).await?;
    }
    talk.grade = if asked.below { Grade::Open } else { Grade::Kept };
    talk.spent = step.spent;
    let calls: Vec<_> = answer.calls().cloned().collect();
    if !calls.is_empty() || answer.finish == Finish::Paused {
        if is_last(args) {
            return Err(exhausted(args, &answer));
        }
        talk.say(answer.parts);
        return Ok(talk.goes_on(tools.calls(calls.iter())));
    }
    let why = match step.value(&answer) {
        Ok(value) => return Ok(ended(value)),
        Err(Misfit::Form(why) | Misfit::Check(why)) => why,
    };
    if talk.repaired || is_last(args) {
        return Err(wrong_answer(&answer, &why));
    }
    talk.repaired = true;
    talk.say(answer.parts);
    talk.messages.push(complaint(&why));
    Ok(talk.goes_on(Value::list(vec![])))
}

/// What is wrong with an answer that wants nothing called and is not what the step wants.
fn ends_wrong(step: &Step<'_>, answer: &Answer) -> Option<String> {
    let ends = answer.calls().next().is_none() && answer.finish != Finish::Paused;
    match ends.then(|| step.value(answer)) {
        Some(Err(Misfit::Form(why) | Misfit::Check(why))) => Some(why),
        Some(Ok(_)) | None => None,
    }
}

/// How good a model a conversation is led with.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Grade {
    /// One below what the step asks for may be asked, as long as what it says fits.
    Open,
    /// What the step asks for: another model would read on in thoughts that are not its own.
    Kept,
}

/// What was said so far.
struct Talk {
    /// What names all turns of the step together.
    id: String,
    system: Option<String>,
    messages: Vec<Message>,
    /// What the turns have cost, as far as it is known.
    spent: Money,
    /// True if an answer went back.
    repaired: bool,
    grade: Grade,
}

impl Talk {
    /// The conversation up to this turn: what the step begins with, or that of the turn before and what its calls gave.
    fn of(args: &Value) -> Result<Talk, Failure> {
        let last = args.get("last").ok_or_else(|| broken("it says nothing of the turn before"))?;
        let Some(before) = last.get("conversation") else { return Talk::begin(last) };
        let text = |key: &str| before.get(key).filter(|value| !value.is_null()).map(Value::to_string);
        let messages = text("messages").unwrap_or_default();
        let mut talk = Talk {
            id: text("id").unwrap_or_default(),
            system: text("system"),
            messages: serde_json::from_str(&messages).map_err(|error| broken(&error.to_string()))?,
            spent: text("spent").and_then(|spent| Money::parse(&spent)).unwrap_or(Money::ZERO),
            repaired: matches!(before.get("repaired"), Some(Value::Bool(true))),
            grade: match before.get("below") {
                Some(Value::Bool(true)) => Grade::Open,
                _ => Grade::Kept,
            },
        };
        let came = match last.get("results") {
            Some(Value::List(results)) => &results[..],
            _ => &[],
        };
        talk.hear(came);
        Ok(talk)
    }

    fn begin(start: &Value) -> Result<Talk, Failure> {
        let question = wish::question(start)?;
        let id = start.get("id").map(Value::to_string).unwrap_or_default();
        let Question { system, messages, .. } = question;
        Ok(Talk { id, system, messages, spent: Money::ZERO, repaired: false, grade: Grade::Open })
    }

    /// Adds what the calls of the last turn gave, in their order.
    fn hear(&mut self, came: &[Value]) {
        let Some(said) = self.messages.last().filter(|message| message.role == Role::Model) else { return };
        let calls = said.parts.iter().filter_map(|part| match part {
            Part::Call(call) => Some(call),
            Part::Text { .. } | Part::Image(_) | Part::Result(_) | Part::Thinking(_) => None,
        });
        let results: Vec<Part> =
            calls.enumerate().map(|(at, call)| Part::Result(result(call, came.get(at)))).collect();
        if !results.is_empty() {
            self.messages.push(Message::new(Role::User, results));
        }
    }

    /// Adds what the model said. A turn of nothing is refused by some.
    fn say(&mut self, parts: Vec<Part>) {
        if !parts.is_empty() {
            self.messages.push(Message::new(Role::Model, parts));
        }
    }

    /// The value of a turn after which there is another. Messages are kept as text: they go back as they came, to the
    /// letter, however deep they nest.
    fn goes_on(self, calls: Value) -> Value {
        let messages = serde_json::to_string(&self.messages).unwrap_or_default();
        let conversation = [
            ("id", Value::text(self.id)),
            ("system", self.system.map_or(Value::Null, Value::text)),
            ("messages", Value::text(messages)),
            ("spent", Value::text(self.spent.to_string())),
            ("repaired", Value::Bool(self.repaired)),
            ("below", Value::Bool(self.grade == Grade::Open)),
        ];
        Value::object([
            ("done", Value::Bool(false)),
            ("answer", Value::Null),
            ("calls", calls),
            ("conversation", Value::object(conversation)),
        ])
    }
}

/// The value of the last turn.
fn ended(answer: Value) -> Value {
    Value::object([
        ("done", Value::Bool(true)),
        ("answer", answer),
        ("calls", Value::list(vec![])),
        ("conversation", Value::Null),
    ])
}

fn number(args: &Value, key: &str) -> i64 {
    match args.get(key) {
        Some(Value::Int(number)) => *number,
        _ => 0,
    }
}

fn is_last(args: &Value) -> bool {
    number(args, "round") >= number(args, "turns")
}

/// Nothing that is called after the last turn would be read.
fn exhausted(args: &Value, answer: &Answer) -> Failure {
    let names: Vec<&str> = answer.calls().map(|call| &*call.name).take(5).collect();
    let wants =
        if names.is_empty() { "to go on".into() } else { format!("to call `{}`", names.join("`, `")) };
    let turns = match number(args, "turns") {
        1 => "1 turn".to_owned(),
        turns => format!("{turns} turns"),
    };
    let message =
        format!("the model did not come to an end in {turns}: it wants {wants}; `max_turns` allows more");
    Failure { answered: true, ..Failure::new(FailureKind::Exhausted, message) }
}

fn broken(why: &str) -> Failure {
    Failure::new(FailureKind::Invalid, format!("the conversation cannot be read: {why}"))
}
