//! Which large values an event refers to: they are kept in the commit that keeps the event.

use dsl::value::Big;
use engine::event::{Event, Gave, Head};

/// Calls `found` for each reference to a large value in an event.
pub(super) fn each_big(event: &Event, found: &mut dyn FnMut(&Big)) {
    match event {
        Event::RunStarted { inputs, trigger, note, .. } => {
            inputs.each_big(found);
            trigger.each_big(found);
            note.each_big(found);
        }
        Event::StepStarted { args: value, .. } | Event::StepSucceeded { value, .. } => value.each_big(found),
        Event::RunSucceeded { gave } | Event::FrameClosed { gave, .. } => {
            if let Gave::Value(value) = gave {
                value.each_big(found);
            }
        }
        Event::BlockOpened { head: Head::Each { items, .. }, .. } => items.each_big(found),
        Event::BlockOpened { head: Head::Repeat { .. } | Head::One, .. }
        | Event::RunFailed { .. }
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
        | Event::StepFailed { .. }
        | Event::CallAborted { .. }
        | Event::StepDropped { .. }
        | Event::BlockExpired { .. }
        | Event::RoundPaused { .. }
        | Event::BlockDone { .. } => {}
    }
}
