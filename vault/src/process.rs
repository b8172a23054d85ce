//! Keeping the memory of this process from others.

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};

/// Lets no core file be written of this process, and no other process of the same user look into it. What
/// the system does not allow is left: it is the second net, not the first.
pub fn keep_memory() {
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}
