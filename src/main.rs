//! The `portcullis` command.

use std::process::ExitCode;

/// Pages are made of many small strings; this allocator hands them out faster than the system's
/// and gives memory back sooner.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    portcullis::cli::run()
}
