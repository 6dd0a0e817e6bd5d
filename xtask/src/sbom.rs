//! The program's third-party components as a `CycloneDX` list (ASVS 5.0, 15.1.2).

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    process::Command,
};

use fs_err as fs;
use serde_json::{Value, json};

use crate::{NAME, Paths, Result, server::cargo};

/// Writes the list for both halves of the program, and returns its path.
pub fn write(paths: &Paths) -> Result<PathBuf> {
    let metadata: Value = serde_json::from_slice(&metadata(paths)?)?;
    let lock = fs::read_to_string(paths.root.join("Cargo.lock"))?;
    let file = paths.target.join(format!("{NAME}.cdx.json"));
    fs::create_dir_all(&paths.target)?;
    fs::write(&file, serde_json::to_vec_pretty(&sbom(&metadata, &lock)?)?)?;
    Ok(file)
}

fn metadata(paths: &Paths) -> Result<Vec<u8>> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = String::from_utf8(Command::new(rustc).arg("-vV").output()?.stdout)?;
    let host = version.lines().find_map(|it| it.strip_prefix("host: "));
    let output = cargo(paths)
        .args(["metadata", "--format-version", "1", "--locked", "--features", "ssr,hydrate,split"])
        .args(["--filter-platform", host.ok_or("rustc doesn't name its host")?])
        .args(["--filter-platform", "wasm32-unknown-unknown"])
        .output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().into());
    }
    Ok(output.stdout)
}

/// Builds the list, sorted: the same sources give the same file.
fn sbom(metadata: &Value, lock: &str) -> Result<Value> {
    let packages: BTreeMap<_, _> =
        each(&metadata["packages"]).map(|it| (text(&it["id"]), it)).collect();
    let nodes: BTreeMap<_, _> =
        each(&metadata["resolve"]["nodes"]).map(|it| (text(&it["id"]), it)).collect();
    let root = text(&metadata["resolve"]["root"]);
    let needs = |id: &str| -> Vec<&str> {
        let deps = nodes.get(id).into_iter().flat_map(|it| each(&it["deps"]));
        // Leaves out what only tests or the build need.
        deps.filter(|it| each(&it["dep_kinds"]).any(|kind| kind["kind"].is_null()))
            .map(|it| text(&it["pkg"]))
            .collect()
    };
    let (mut found, mut left) = (BTreeSet::from([root]), vec![root]);
    while let Some(id) = left.pop() {
        left.extend(needs(id).into_iter().filter(|it| found.insert(it)));
    }
    let package =
        |id: &str| packages.get(id).copied().ok_or_else(|| format!("cargo doesn't list {id}"));
    let checksums = checksums(lock);
    let (mut components, mut dependencies) = (Vec::new(), Vec::new());
    for id in &found {
        let own = package(id)?;
        let mut needed = needs(id)
            .into_iter()
            .map(|it| package(it).map(url))
            .collect::<std::result::Result<Vec<_>, _>>()?;
        needed.sort();
        dependencies.push(json!({ "ref": url(own), "dependsOn": needed }));
        if *id != root {
            let checksum = checksums.get(&(text(&own["name"]), text(&own["version"])));
            components.push(component("library", own, checksum.copied()));
        }
    }
    Ok(json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": { "component": component("application", package(root)?, None) },
        "components": components,
        "dependencies": dependencies,
    }))
}

fn component(kind: &str, package: &Value, checksum: Option<&str>) -> Value {
    let mut it = json!({
        "type": kind,
        "bom-ref": url(package),
        "name": package["name"],
        "version": package["version"],
        "purl": url(package),
    });
    if let Some(licence) = package["license"].as_str() {
        // Crates wrote it with a slash before SPDX had expressions.
        it["licenses"] = json!([{ "expression": licence.replace('/', " OR ") }]);
    }
    if let Some(checksum) = checksum {
        it["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
    }
    it
}

fn url(package: &Value) -> String {
    format!("pkg:cargo/{}@{}", text(&package["name"]), text(&package["version"]))
}

/// Reads the checksums in `Cargo.lock`, by name and version.
fn checksums(lock: &str) -> BTreeMap<(&str, &str), &str> {
    let value = |package: &'_ str, key: &str| -> Option<(usize, usize)> {
        let start = package.find(&format!("\n{key} = \""))? + key.len() + 5;
        Some((start, start + package[start..].find('"')?))
    };
    let read = |package| {
        let get = |key| value(package, key).map(|(start, end)| &package[start..end]);
        Some(((get("name")?, get("version")?), get("checksum")?))
    };
    lock.split("[[package]]").filter_map(read).collect()
}

fn each(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(non_snake_case, reason = "named after the requirement")]
    fn v5_0_0__15_1_2__every_crate_of_the_program_is_listed_with_its_checksum() {
        let paths = Paths::find();
        let list: Value =
            serde_json::from_slice(&fs::read(write(&paths).unwrap()).unwrap()).unwrap();
        let lock = fs::read_to_string(paths.root.join("Cargo.lock")).unwrap();
        let mut names = BTreeSet::new();
        for it in each(&list["components"]) {
            let head = format!("name = {}\nversion = {}\n", it["name"], it["version"]);
            let block = lock.split("[[package]]").find(|block| block.contains(&head));
            let checksum = format!("checksum = {}\n", it["hashes"][0]["content"]);
            assert!(block.is_some_and(|block| block.contains(&checksum)), "{head}{checksum}");
            assert!(it["licenses"][0]["expression"].is_string(), "{it}");
            names.insert(text(&it["name"]).to_owned());
        }
        for name in [
            "leptos",
            "sqlx",
            "argon2",
            "rustls",
            "ring",
            "libsqlite3-sys",
            "wasm-bindgen",
            "js-sys",
        ] {
            assert!(names.contains(name), "{name}");
        }
        for name in ["proptest", "xtask", "portcullis", "cc", "windows-sys"] {
            assert!(!names.contains(name), "{name}");
        }
        let known: BTreeSet<_> = each(&list["dependencies"]).map(|it| text(&it["ref"])).collect();
        for it in each(&list["dependencies"]).flat_map(|it| each(&it["dependsOn"])) {
            assert!(known.contains(text(it)), "{it}");
        }
        assert_eq!(list["metadata"]["component"]["name"], NAME);
    }
}
