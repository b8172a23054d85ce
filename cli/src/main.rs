//! The binary `keyway`: what is typed becomes calls of `dsl` and `server`, what comes back becomes text.

mod cmd;
mod error;
mod hidden;
mod output;
mod progress;
mod rewrite;
mod waits;

use std::process::ExitCode;

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // Before anything secret can be in memory.
    server::vault::keep_memory();
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .without_time()
        .with_target(false)
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("KEYWAY_LOG")
                .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error")),
        )
        .init();
    cmd::main().into()
}
