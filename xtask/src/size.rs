//! The size of what a browser loads.

use crate::{NAME, Paths, Result, browser::LINK_MODULE, files};

/// Prints the bytes of each file that browsers load, and the sum of the first load.
pub fn print(paths: &Paths) -> Result<()> {
    let files = files::read(&paths.site.join("pkg"))?;
    if files.is_empty() {
        return Err("target/site/pkg is empty; `cargo xtask site` fills it".into());
    }
    let first = ["js", "wasm", "css"].map(|kind| format!("{NAME}.{kind}"));
    let mut sum = [0; 3];
    println!("{:>10} {:>10} {:>10}", "raw", "gzip", "brotli");
    for (path, content) in &files {
        let name = path.split_once('/').map_or(path.as_str(), |(_, name)| name);
        if [".br", ".gz", ".json"].iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let variant = |kind: &str| files.get(&format!("{path}.{kind}")).unwrap_or(content).len();
        let sizes = [content.len(), variant("gz"), variant("br")];
        println!("{}  {name}", columns(sizes));
        if name == LINK_MODULE || first.iter().any(|other| other == name) {
            sum.iter_mut().zip(sizes).for_each(|(sum, size)| *sum += size);
        }
    }
    println!("{}  first load", columns(sum));
    Ok(())
}

fn columns([raw, gzip, brotli]: [usize; 3]) -> String {
    format!("{raw:>10} {gzip:>10} {brotli:>10}")
}
