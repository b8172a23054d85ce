//! Which large values an event refers to: they are kept in the commit that keeps the event.

use dsl::value::Big;

use crate::event::{Event, Gave, Head};
use crate::fork::Outcome;

/// Calls `found` for each reference to a large value in an event.
pub fn each_big(event: &Event, found: &mut dyn FnMut(&Big)) {
    match event {
        Event::RunStarted { inputs, trigger, note, past, .. } => {
            for outcome in past.iter().flat_map(|past| past.steps.values()) {
                if let Outcome::Gave(value) = outcome {
                    value.each_big(found);
                }
            }
            inputs.each_big(found);
            trigger.each_big(found);
            note.each_big(found);
        }
        Event::StepStarted { args: value, .. }
        | Event::StepSucceeded { value, .. }
        | Event::StepReused { value, .. }
        | Event::SignalKept { value, .. } => value.each_big(found),
        Event::SignalEmitted { signal, .. } => signal.value.each_big(found),
        Event::StepAsked { asked, .. } => asked.who.each_big(found),
        Event::RunSucceeded { gave } | Event::FrameClosed { gave, .. } => {
            if let Gave::Value(value) = gave {
                value.each_big(found);
            }
        }
        Event::BlockOpened {
            head: Head::Each { items: value, .. } | Head::Repeat { start: value, .. },
            ..
        } => {
            value.each_big(found);
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
