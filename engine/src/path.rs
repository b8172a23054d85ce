//! The paths that people see, as in `urgent[3].rank`: items count from 0, rounds from 1, and `try` and `switch`
//! add no part of their own.

use crate::plan::{Op, Plan};
use crate::run::{At, Run};

/// The path of a step.
pub(crate) fn of_step(plan: &Plan, run: &Run, at: At) -> String {
    let Some(frame) = run.frames.get(&at.frame) else { return String::new() };
    let name = plan.step(frame.block, at.slot).map_or("", |step| &*step.name);
    join(of_frame(plan, run, at.frame), name)
}

/// The path of an instance of a block: empty for the root.
pub(crate) fn of_frame(plan: &Plan, run: &Run, frame: u32) -> String {
    let mut parts = vec![];
    let mut next = run.frames.get(&frame);
    while let Some(frame) = next {
        next = frame.parent.and_then(|at| {
            let outer = run.frames.get(&at.frame)?;
            parts.push(part(plan, outer.block, at.slot, frame.index));
            Some(outer)
        });
    }
    parts.into_iter().rev().fold(String::new(), |path, part| join(path, &part))
}

/// What an instance of the block at a step adds to a path.
pub(crate) fn part(plan: &Plan, block: u32, slot: u16, index: u32) -> String {
    let Some(step) = plan.step(block, slot) else { return String::new() };
    match step.op {
        Op::Each { .. } | Op::Repeat { .. } => format!("{}[{index}]", step.name),
        Op::Switch { .. }
        | Op::Try { .. }
        | Op::Act { .. }
        | Op::Set { .. }
        | Op::Emit { .. }
        | Op::Wait(_)
        | Op::Fail { .. } => step.name.to_string(),
    }
}

/// Joins two paths.
pub(crate) fn join(mut path: String, part: &str) -> String {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(part);
    path
}
