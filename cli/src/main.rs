//! The binary `keyway`: what is typed becomes calls of `dsl` and `server`, what comes back becomes text.

mod cmd;
mod error;
mod flags;
mod fresh;
mod hidden;
mod logging;
mod output;
mod progress;
mod rewrite;
mod waits;

use std::process::ExitCode;

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Has the system give memory in small pages: in huge ones a service at rest holds twice what it uses, and runs are no
/// faster. Where the system does not know this, nothing changes.
fn stay_small() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::disable_transparent_huge_pages(true);
}

fn main() -> ExitCode {
    // Before anything secret can be in memory.
    server::vault::keep_memory();
    stay_small();
    cmd::main().into()
}
