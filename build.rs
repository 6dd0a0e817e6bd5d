//! Generates where the server finds the site: embedded from `target/site`, or in a folder.

use std::{
    env, io,
    path::{Path, PathBuf},
};

use fs_err as fs;

const VARIANTS: [&str; 2] = ["br", "gz"];

fn main() -> io::Result<()> {
    if env::var_os("CARGO_FEATURE_SSR").is_none() {
        println!("cargo::rerun-if-changed=build.rs");
        return Ok(());
    }
    let package = folder("CARGO_MANIFEST_DIR");
    let output = folder("OUT_DIR").join("site.rs");
    // In development the browser half is laid out again while a server runs, so it stays a folder.
    if env::var_os("PROFILE").is_some_and(|it| it == "debug") {
        println!("cargo::rerun-if-changed=build.rs");
        let site = package.join("target/dev-site");
        return fs::write(output, format!("AssetSource::Folder({:?})\n", site.to_string_lossy()));
    }
    let site = package.join("target/site");
    await_site();
    // Cargo considers a missing path changed and would rebuild the server every time.
    fs::create_dir_all(&site)?;

    let mut files = Vec::new();
    collect(&site, &mut files)?;
    let mut assets: Vec<_> = files.iter().filter(|file| is_asset(file)).collect();
    // Sorted, so that the same site gives the same binary.
    assets.sort();
    let assets: String = assets.into_iter().map(|file| asset(&site, file)).collect();
    fs::write(output, format!("AssetSource::Binary(&[\n{assets}])\n"))
}

/// Waits for the site. On a first build `xtask` builds the browser half while the server's dependencies
/// compile; only here it must be ready.
fn await_site() {
    let Some(marker) = env::var_os("PORTCULLIS_AWAIT_SITE") else { return };
    loop {
        match fs::read_to_string(&marker) {
            Ok(word) if word == "ready" => return,
            Ok(word) if word == "none" => panic!("building the browser half failed"),
            #[expect(clippy::disallowed_methods, reason = "there is no runtime here")]
            _ => std::thread::sleep(std::time::Duration::from_millis(200)),
        }
    }
}

fn folder(variable: &str) -> PathBuf {
    env::var_os(variable).unwrap_or_else(|| panic!("{variable} is not set")).into()
}

/// Collects all files below `folder`. Cargo is told of the folders too, so that it sees new files.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    println!("cargo::rerun-if-changed={}", folder.display());
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            println!("cargo::rerun-if-changed={}", path.display());
            files.push(path);
        }
    }
    Ok(())
}

/// Excludes variants, which belong to their file, and TypeScript's declarations.
fn is_asset(file: &Path) -> bool {
    let name = file.to_string_lossy();
    let variant = VARIANTS.iter().any(|kind| {
        name.strip_suffix(kind)
            .and_then(|name| name.strip_suffix('.'))
            .is_some_and(|original| Path::new(original).exists())
    });
    !variant && !name.ends_with(".d.ts")
}

fn asset(site: &Path, file: &Path) -> String {
    let relative = file.strip_prefix(site).unwrap_or(file);
    let url = format!("/{}", relative.to_string_lossy().replace('\\', "/"));
    let [brotli, gzip] = VARIANTS.map(|kind| {
        let variant = PathBuf::from(format!("{}.{kind}", file.display()));
        if variant.exists() { format!("Some({})", content(&variant)) } else { "None".into() }
    });
    let identity = content(file);
    format!(
        "Asset {{ path: Cow::Borrowed({url:?}), identity: Cow::Borrowed({identity}), \
         brotli: {brotli}, gzip: {gzip} }},\n"
    )
}

fn content(file: &Path) -> String {
    format!("include_bytes!({:?}) as &[u8]", file.to_string_lossy())
}
