//! `cargo xtask …`: what building this project needs beyond cargo itself.

use std::{process::ExitCode, time::Instant};

use xtask::{NAME, Paths, Result, browser, sbom, server, site, size, watch};

const USAGE: &str = "\
usage: cargo xtask <command>

  build   build the browser half, then the server that embeds it
  site    build only the browser half, into target/site
  size    list the sizes of the files that a browser loads
  watch   run a development server, rebuilt and restarted after every change
  sbom    list all dependencies in target/portcullis.cdx.json";

fn main() -> ExitCode {
    let command = std::env::args().nth(1);
    let result = match command.as_deref() {
        Some("build") => build(),
        Some("site") => build_site(),
        Some("size") => size::print(&Paths::find()),
        Some("watch") => watch::run(&Paths::find()),
        Some("sbom") => sbom::write(&Paths::find()).map(|file| println!("{}", file.display())),
        _ => Err(USAGE.into()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn build() -> Result<()> {
    let paths = Paths::find();
    let started = Instant::now();
    let beside = server::ParallelBuild::start(&paths)?;
    eprintln!("1/2 browser half (wasm, JavaScript, CSS)");
    let site = build_site();
    eprintln!("2/2 server");
    if let Some(beside) = beside {
        beside.finish(&paths, site.is_ok())?;
    }
    site?;
    server::build(&paths)?;
    eprintln!(
        "    target/release/{NAME}: {:.1} s for both halves",
        started.elapsed().as_secs_f32()
    );
    Ok(())
}

fn build_site() -> Result<()> {
    let paths = Paths::find();
    let started = Instant::now();
    browser::build(&paths)?;
    let changes = site::lay_out(&paths)?;
    eprintln!("    target/site: {changes}, {:.1} s", started.elapsed().as_secs_f32());
    Ok(())
}
