//! Signals, as `keyway signal` raises them.

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
    said.only(&["run", "with"])?;
    let name = said.part("name");
    if name.chars().count() > LONGEST {
        return Err(Refusal::bad(format!("the name of a signal has at most {LONGEST} letters")));
    }
    let run = match said.body.get("run") {
        None | Some(Value::Null) => None,
        Some(Value::Text(run)) => Some(RunId(run.to_string().into())),
        Some(_) => return Err(Refusal::unfit("`run` is the name of a run")),
    };
    let Some(part) = ask.house.part(&ask.who) else {
        return Err(run.map_or_else(
            || Refusal::absent("signal", name),
            |run| crate::error::Error::from(runtime::driver::Error::NoRun(run)).into(),
        ));
    };
    let (name, value): (std::sync::Arc<str>, _) =
        (name.into(), said.body.get("with").cloned().unwrap_or_default());
    let request = match run {
        Some(run) => {
            let word = Word::Signal { name: name.clone(), value };
            Request::Say { run, word, allow_private: false }
        }
        None => Request::Signal(Emitted { id: new_run().0, name: name.clone(), value, to: None }),
    };
    part.ask(&request)?;
    Ok(Answer::ok(json!({ "signal": name })).with(202))
}
