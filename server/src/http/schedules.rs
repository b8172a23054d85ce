//! The schedules, as `keyway schedules` tells them.

use jiff::Timestamp;

use super::{Answer, Ask, Refusal};
use crate::error::Error;
use crate::kept;
use crate::protocol::{Reply, Request};

/// All of them, with what is late.
pub fn list(ask: &Ask<'_>) -> Result<Answer, Refusal> {
    let part = ask.house.part(&ask.who);
    let Some(kept) = part.kept() else { return Ok(Answer::ok(kept::to_json(&[], None))) };
    let timings = kept.timings(Timestamp::now())?;
    let Reply::Watched(watched) = part.ask(kept, &Request::Watch)? else {
        return Err(Error::Protocol("an answer to another question".into()).into());
    };
    Ok(Answer::ok(kept::to_json(&timings, watched.as_ref())))
}
