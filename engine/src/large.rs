//! Which large values an event refers to: they are kept in the commit that keeps the event.

use dsl::value::{Big, Value};

use crate::event::{Event, Gave, Head};
use crate::fork::Outcome;

/// Calls `found` for each reference to a large value in an event.
pub fn each_big(event: &Event, found: &mut dyn FnMut(&Big)) {
    each_value(event, &mut |value| value.each_big(found));
}

/// Calls `found` for each value that an event carries.
pub fn each_value(event: &Event, found: &mut dyn FnMut(&Value)) {
    match event {
        Event::RunStarted { inputs, trigger, note, past, .. } => {
            for outcome in past.iter().flat_map(|past| past.steps.values()) {
                if let Outcome::Gave(value) = outcome {
                    found(value);
                }
            }
            found(inputs);
            found(trigger);
            found(note);
        }
        Event::StepStarted { args: value, .. }
        | Event::StepSucceeded { value, .. }
        | Event::StepReused { value, .. }
        | Event::SignalKept { value, .. } => found(value),
        Event::SignalEmitted { signal, .. } => found(&signal.value),
        Event::StepAsked { asked, .. } => found(&asked.who),
        Event::RunSucceeded { gave } | Event::FrameClosed { gave, .. } => {
            if let Gave::Value(value) = gave {
                found(value);
            }
        }
        Event::BlockOpened {
            head: Head::Each { items: value, .. } | Head::Repeat { start: value, .. },
            ..
        } => {
            found(value);
        }
        Event::BlockOpened { head: Head::One, .. }
        | Event::RunFailed { .. }
        | Event::RunHeld { .. }
        | Event::RunReleased {}
        | Event::SignalTaken { .. }
        | Event::StepListening { .. }
        | Event::StepInDoubt { .. }
        | Event::RunCancelled {}
        | Event::CancelRequested {}
        | Event::RunExpired {}
        | Event::Yielded {}
        | Event::Resumed {}
        | Event::FrameOpened { .. }
        | Event::PhaseBegan { .. }
        | Event::Stopped { .. }
        | Event::StepSkipped { .. }
        | Event::TimeoutSet { .. }
        | Event::StepWaiting { .. }
        | Event::StepDue { .. }
        | Event::ModelsAsked { .. }
        | Event::StepFailed { .. }
        | Event::CallAborted { .. }
        | Event::StepDropped { .. }
        | Event::BlockExpired { .. }
        | Event::RoundPaused { .. }
        | Event::BlockDone { .. } => {}
    }
}
