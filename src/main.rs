//! The `portcullis` command.

use std::process::ExitCode;

/// Pages are made of many small strings; this allocator is faster at them than the system's and
/// returns memory sooner.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    portcullis::cli::run()
}
