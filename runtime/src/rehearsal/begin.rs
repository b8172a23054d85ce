//! How a case begins: its trigger, its inputs, the signals that are to come.

use dsl::codes::Code;
use dsl::diagnostic::Diagnostic;
use dsl::expr::Halt;
use dsl::template;
use dsl::test::Fired;
use dsl::value::{Object, Value};
use dsl::workflow::Start as Starts;
use engine::input::{Input, Start};
use engine::plan::Plan;
use engine::run::{Run, RunId};
use engine::view::Timeline;

use super::scope::Bare;
use super::{Due, Moved, Play};
use dsl::ast::TriggerKind;

impl Play<'_> {
    /// Starts the run that is tested.
    pub(super) fn begin(&mut self) -> Result<RunId, Box<Diagnostic>> {
        let trigger = self.trigger();
        let inputs = self.inputs(&trigger)?;
        let run = RunId(format!("rehearsal{}", self.case.seed).into());
        let start = Start { zone: Some(self.case.zone.clone()), ..Start::new(run.clone(), inputs, trigger) };
        let plan = self.stage.plan.clone();
        for (at, signal) in self.case.signals.iter().enumerate() {
            self.put_after(signal.after, Due::Signal(at));
        }
        self.start(plan, start, String::new());
        Ok(run)
    }

    /// Starts a run; `prefix` is the path of the step that called it.
    pub(super) fn start(&mut self, plan: std::sync::Arc<Plan>, start: Start, prefix: String) {
        let (id, timeline) = (start.run.clone(), Timeline::new(&plan));
        let moved = Moved { plan, run: Run::default(), timeline, log: vec![], prefix };
        self.runs.insert(id.clone(), moved);
        self.tell(&id, &Input::Start(start));
    }

    /// What caused the run, as the language's `trigger`.
    fn trigger(&self) -> Value {
        let fired = self.case.fired.as_ref();
        let kind = fired.map_or("manual", |fired| fired.kind.name());
        let brings = |kind: TriggerKind| match fired {
            Some(fired) if fired.kind == kind => fired.brings.clone(),
            _ => Value::Null,
        };
        let request = brings(TriggerKind::Webhook);
        let part = |key: &str| request.get(key).cloned().unwrap_or_default();
        Value::object([
            ("kind", Value::text(kind)),
            ("at", Value::Time(self.case.now)),
            ("scheduled_for", fired.and_then(|fired| fired.at).map_or(Value::Null, Value::Time)),
            ("body", part("body")),
            ("headers", part("headers")),
            ("query", part("query")),
            ("event", brings(TriggerKind::Event)),
            ("signal", brings(TriggerKind::Signal)),
        ])
    }

    /// What the trigger gives, and on top of it what the case does.
    fn inputs(&self, trigger: &Value) -> Result<Value, Box<Diagnostic>> {
        let wrong = |message: String| {
            Box::new(Diagnostic::error(Code::MissingParameter, self.case.name.span, message))
        };
        let workflow = self.stage.plan.workflow();
        let mut given = Object::new();
        if let Some(fired) = &self.case.fired
            && let Some(own) = workflow.triggers.iter().find(|own| of_kind(&own.start, fired))
        {
            let names = [("trigger", trigger.clone()), ("event", fired.brings.clone())];
            let scope = Bare { names: &names, now: self.case.now, seed: self.case.seed };
            match template::fill(&own.inputs, &scope) {
                Ok(Value::Object(filled)) => given.extend((*filled).clone()),
                Ok(_) => {}
                Err(Halt::Failure(failure)) => {
                    return Err(wrong(format!("the inputs of the trigger cannot be made: {failure}")));
                }
                Err(Halt::Skip { step }) => {
                    return Err(wrong(format!("the inputs of the trigger read the step `{step}`")));
                }
            }
        }
        given.extend(self.case.inputs.iter().map(|(name, value)| (name.clone(), value.clone())));
        dsl::inputs::inputs(workflow, &given).map_err(|problems| wrong(problems.join("; ")))
    }
}

fn of_kind(start: &Starts, fired: &Fired) -> bool {
    let kind = match start {
        Starts::At { .. } => TriggerKind::At,
        Starts::Cron { .. } => TriggerKind::Cron,
        Starts::Event { .. } => TriggerKind::Event,
        Starts::Every { .. } => TriggerKind::Every,
        Starts::Signal { .. } => TriggerKind::Signal,
        Starts::Webhook { .. } => TriggerKind::Webhook,
    };
    kind == fired.kind
}
