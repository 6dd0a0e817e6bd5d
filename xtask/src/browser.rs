//! The wasm, its split parts and their JavaScript.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use fs_err as fs;

use wasm_bindgen_cli_support::Bindgen;
use wasm_split_cli_support::Options;

use crate::{NAME, Paths, Result, files, js, path_remap, server::cargo, wasm};

const TARGET: &str = "wasm32-unknown-unknown";
const PROFILE: &str = "wasm-release";
const DEV_PROFILE: &str = "wasm-dev";
/// The module that fetches split parts; the wasm imports it under this name.
pub const LINK_MODULE: &str = "split.js";
/// The file that lists which files each lazy function needs.
pub const PREFETCH: &str = "split.json";

/// Returns the folder that `build` writes to.
#[must_use]
pub fn output(paths: &Paths) -> PathBuf {
    paths.work.join("pkg")
}

/// Returns the folder that `build_dev` writes to.
#[must_use]
pub fn dev_output(paths: &Paths) -> PathBuf {
    paths.work.join("dev-pkg")
}

/// Compiles the library for the browser quickly, as one file, neither split nor compressed.
pub fn build_dev(paths: &Paths) -> Result<()> {
    check_target()?;
    let mut command = cargo(paths);
    command
        .args(["rustc", "--lib", "--crate-type", "cdylib", "--package", NAME])
        .args(["--target", TARGET, "--profile", DEV_PROFILE])
        .args(["--no-default-features", "--features", "hydrate"]);
    if !command.status()?.success() {
        return Err("building the browser half failed".into());
    }
    let wasm = paths.target.join(TARGET).join(DEV_PROFILE).join(format!("{NAME}.wasm"));
    let pkg = dev_output(paths);
    fs::create_dir_all(&pkg)?;
    bindgen(&wasm, &pkg)
}

/// Compiles the library for the browser and fills `output` with it, unless it is up to date.
pub fn build(paths: &Paths) -> Result<()> {
    let places = path_remap::places(paths)?;
    let wasm = fs::read(compile(paths, &path_remap::setting(TARGET, &places))?)?;
    let lock = fs::read(paths.root.join("Cargo.lock"))?;
    let inputs = files::digest([
        ("wasm", wasm.as_slice()),
        ("tools", lock.as_slice()),
        ("recipe", include_bytes!("browser.rs")),
        ("wasm.rs", include_bytes!("wasm.rs")),
        ("js.rs", include_bytes!("js.rs")),
        ("path_remap.rs", include_bytes!("path_remap.rs")),
    ]);
    let stamp = paths.work.join("pkg.stamp");
    if fs::read_to_string(&stamp).is_ok_and(|made_of| made_of == inputs) {
        return Ok(());
    }
    let _ = fs::remove_file(&stamp);
    let pkg = output(paths);
    let _ = fs::remove_dir_all(&pkg);
    fs::create_dir_all(&pkg)?;
    let main = split(&wasm, &pkg, &paths.work)?;
    bindgen(&main, &pkg)?;
    for entry in fs::read_dir(&pkg)? {
        let path = entry?.path();
        match path.extension().and_then(|kind| kind.to_str()) {
            Some("wasm") => fs::write(&path, wasm::strip(&fs::read(&path)?)?)?,
            Some("js") => {
                let source = js::remove_unused_classes(&fs::read_to_string(&path)?);
                fs::write(&path, js::minify(&source))?;
            }
            _ => {}
        }
        path_remap::check(&path.display().to_string(), &fs::read(&path)?, &places)?;
    }
    fs::write(stamp, inputs)?;
    Ok(())
}

fn compile(paths: &Paths, setting: &str) -> Result<PathBuf> {
    check_target()?;
    // `cargo rustc`, so that only this crate gets the linker argument and its dependencies stay as in every
    // other build for the browser.
    let mut command = cargo(paths);
    command
        .args(["rustc", "--lib", "--crate-type", "cdylib", "--package", NAME])
        .args(["--target", TARGET, "--profile", PROFILE])
        .args(["--no-default-features", "--features", "hydrate,split", "--config", setting])
        .args(["--", "-Clink-args=--emit-relocs"]);
    if !command.status()?.success() {
        return Err("building the browser half failed".into());
    }
    let built = paths.target.join(TARGET).join(PROFILE);
    Ok(built.join(format!("{NAME}.wasm")))
}

/// Reports a missing target, which otherwise shows as a hundred lines of "can't find crate for `core`".
fn check_target() -> Result<()> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output =
        Command::new(rustc).args(["--print", "target-libdir", "--target", TARGET]).output()?;
    let folder = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if output.status.success() && Path::new(&folder).is_dir() {
        return Ok(());
    }
    Err(format!(
        "missing: Rust's standard library for {TARGET}; `scripts/toolchain` or `rustup target add {TARGET}` installs it"
    )
    .into())
}

/// Splits the lazy functions out of the wasm; returns the path of the rest.
fn split(wasm: &[u8], pkg: &Path, work: &Path) -> Result<PathBuf> {
    let main = work.join("main.wasm");
    let mut options = Options::new(wasm);
    let main_module = format!("./{NAME}.js");
    let link_name = format!("./{LINK_MODULE}");
    options.output_dir = pkg;
    options.main_out_path = &main;
    options.main_module = &main_module;
    options.link_name = &link_name;
    let parts = wasm_split_cli_support::transform(options).map_err(|error| format!("{error:#}"))?;
    let prefetch: BTreeMap<_, _> = parts.prefetch_map.into_iter().collect();
    fs::write(pkg.join(PREFETCH), serde_json::to_vec(&prefetch)?)?;
    Ok(main)
}

fn bindgen(wasm: &Path, pkg: &Path) -> Result<()> {
    let mut output = Bindgen::new()
        .input_path(wasm)
        .out_name(NAME)
        .web(true)
        .and_then(|bindgen| {
            bindgen
                // The split parts import the linker's exports by name.
                .keep_lld_exports(true)
                .demangle(false)
                .typescript(false)
                .generate_output()
        })
        .map_err(|error| format!("{error:#}"))?;
    // Shorten the names: each contains a hash that can't be compressed, here and in the script.
    let mut names = BTreeMap::new();
    let own = format!("./{NAME}_bg.js");
    for import in output.wasm_mut().imports.iter_mut().filter(|it| it.module == own) {
        let short = format!("i{}", names.len());
        let long = std::mem::replace(&mut import.name, short.clone());
        if names.insert(long.clone(), short).is_some() {
            return Err(format!("wasm-bindgen imports two functions as {long}").into());
        }
    }
    output.emit(pkg).map_err(|error| format!("{error:#}"))?;
    let script = pkg.join(format!("{NAME}.js"));
    let suffixed = format!("{NAME}_bg.wasm");
    let plain = format!("{NAME}.wasm");
    fs::rename(pkg.join(&suffixed), pkg.join(&plain))?;
    let text = js::rename_keys(&fs::read_to_string(&script)?, names)?.replace(&suffixed, &plain);
    Ok(fs::write(script, text)?)
}
