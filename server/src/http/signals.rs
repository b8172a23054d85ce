//! Signals, as `keyway signal` raises them.

use std::sync::Arc;

use dsl::value::Value;
use engine::command::Emitted;
use engine::run::RunId;
use serde_json::json;

use super::{Answer, Ask, Refusal};
use crate::order::new_run;
use crate::protocol::Request;
use crate::words::Word;

/// The longest name of a signal.
const LONGEST: usize = 200;

/// Raises one for whoever has listened longest, or for one run.
pub fn raise(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let said = &ask.said;
    let name = said.part("name");
    if name.chars().count() > LONGEST {
        return Err(Refusal::bad(format!("the name of a signal has at most {LONGEST} letters")));
    }
    let run = match said.body.get("run") {
        None | Some(Value::Null) => None,
        Some(Value::Text(run)) => Some(RunId(run.to_string().into())),
        Some(_) => return Err(Refusal::unfit("`run` is the name of a run")),
    };
    let part = ask.house.part(&ask.who);
    let (name, value): (Arc<str>, _) = (name.into(), said.body.get("with").cloned().unwrap_or_default());
    match (run, part.kept()) {
        (Some(run), _) => {
            let word = Word::Signal { name: name.clone(), value };
            part.ask_about(&run, &Request::Say { run: run.clone(), word, allow_private: false })?;
        }
        (None, Some(kept)) => {
            let signal = Emitted { id: new_run().0, name: name.clone(), value, to: None };
            part.ask(kept, &Request::Signal(signal))?;
        }
        // Who listens for it may be another owner's run.
        (None, None) => return Err(Refusal::absent("signal", &name)),
    }
    Ok(Answer::ok(json!({ "signal": name })).with(202))
}
