//! What a trigger gives to the run that it starts.

use dsl::catalog::{Failure, FailureKind};
use dsl::expr::Halt;
use dsl::inputs;
use dsl::value::{Object, Value, Values};
use dsl::workflow::Trigger;
use jiff::Timestamp;

use crate::plan::Plan;
use crate::run::{At, Run};
use crate::scope::Scope;

/// The inputs of a run that a trigger starts for this cause, defaults filled in and checked.
///
/// # Errors
/// Where its `inputs` cannot be evaluated, or do not fit the workflow.
pub fn inputs(
    plan: &Plan,
    trigger: &Trigger,
    cause: &Value,
    values: &dyn Values,
    now: Timestamp,
) -> Result<Value, Failure> {
    let run = Run { trigger: cause.clone(), ..Run::default() };
    let scope = Scope { plan, run: &run, values, now, at: At::RUN, attempt: 1 };
    let given = scope.fill(&trigger.inputs).map_err(|halt| match halt {
        Halt::Failure(failure) => *failure,
        Halt::Skip { step } => Failure::new(
            FailureKind::Type,
            format!("they read `{step}`, which has no value before a run begins"),
        ),
    })?;
    let none = Object::new();
    let given = match &given {
        Value::Object(given) => given,
        _ => &none,
    };
    inputs::inputs(plan.workflow(), given)
        .map_err(|wrong| Failure::new(FailureKind::Invalid, wrong.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct NoValues;

    impl Values for NoValues {
        fn get(&self, _: &dsl::value::Hash) -> Option<Value> {
            None
        }
    }

    fn given(trigger: &str) -> Result<String, String> {
        let text = format!(
            "name: x\ninputs: {{ day: string, n: {{ type: integer, default: 3 }} }}\ntriggers: [{trigger}]\n\
             steps: {{ a: {{ set: {{ b: \"{{{{ inputs.day }}}}\" }} }} }}\noutput: \"{{{{ steps.a.b }}}}\"\n"
        );
        let checked = dsl::check(&text, &dsl::catalog::Catalog::new([]));
        let plan = Plan::new(&checked.workflow.unwrap_or_else(|| panic!("{:?}", checked.diagnostics)));
        let cause =
            Value::object([("kind", Value::text("cron")), ("at", Value::Time(Timestamp::UNIX_EPOCH))]);
        let trigger = &plan.workflow().triggers[0];
        inputs(&plan, trigger, &cause, &NoValues, Timestamp::UNIX_EPOCH)
            .map(|value| value.to_json().to_string())
            .map_err(|failure| failure.message)
    }

    #[test]
    fn inputs_are_made_of_the_cause_and_the_defaults() {
        let trigger = "{ cron: \"0 9 * * *\", inputs: { day: \"{{ trigger.kind }} of {{ trigger.at }}\" } }";
        assert_eq!(given(trigger), Ok(r#"{"day":"cron of 1970-01-01T00:00:00Z","n":3}"#.into()));
    }

    #[test]
    fn what_cannot_be_evaluated_is_told() {
        let trigger = "{ cron: \"0 9 * * *\", inputs: { day: \"{{ 'a' | slice(trigger.kind | len) | json }}\", n: \"{{ 1 % 0 }}\" } }";
        assert!(given(trigger).is_err());
    }
}
