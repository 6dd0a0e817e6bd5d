//! The size of what a browser loads, and its budgets.

use crate::{NAME, Paths, Result, browser::LINK_MODULE, files};

/// The budget of the files that a first visit to `/sign-in` loads, in brotli bytes. With the page itself
/// and its icon they stay below 200,000.
const FIRST_LOAD: usize = 196_000;

/// The budget of a part: what one page, or a feature of a page, loads in addition.
const PART: usize = 20_000;

/// Parts with a budget of their own.
const PARTS: [(&str, usize); 2] = [
    ("admin_view", 130_000),
    // A word list; loads after the first character of a new password.
    ("measure", 250_000),
];

/// Prints the bytes of each file that browsers load, and the sum of the first load. Fails if a budget is
/// exceeded.
pub fn print(paths: &Paths) -> Result<()> {
    let files = files::read(&paths.site.join("pkg"))?;
    if files.is_empty() {
        return Err("target/site/pkg is empty; run `cargo xtask site`".into());
    }
    let first = ["js", "wasm", "css"].map(|kind| format!("{NAME}.{kind}"));
    let mut sum = [0; 3];
    let mut exceeded = Vec::new();
    println!("{:>10} {:>10} {:>10} {:>10}", "raw", "gzip", "brotli", "budget");
    for (path, content) in &files {
        let name = path.split_once('/').map_or(path.as_str(), |(_, name)| name);
        if [".br", ".gz", ".json"].iter().any(|end| name.ends_with(end)) {
            continue;
        }
        let variant = |kind: &str| files.get(&format!("{path}.{kind}")).unwrap_or(content).len();
        let sizes = [content.len(), variant("gz"), variant("br")];
        if name == LINK_MODULE || first.iter().any(|other| other == name) {
            sum.iter_mut().zip(sizes).for_each(|(sum, size)| *sum += size);
            println!("{}  {name}", columns(sizes, None));
        } else {
            let budget = budget(name);
            println!("{}  {name}", columns(sizes, Some(budget)));
            exceeded.extend(excess(name, sizes, budget));
        }
    }
    println!("{}  first load", columns(sum, Some(FIRST_LOAD)));
    exceeded.extend(excess("first load", sum, FIRST_LOAD));
    if exceeded.is_empty() { Ok(()) } else { Err(exceeded.join("\n").into()) }
}

/// Returns the budget of a part by its file's name, such as `split___admin_view_view_16631851136973744055.wasm`.
fn budget(name: &str) -> usize {
    let part = name.trim_start_matches("split").trim_start_matches('_');
    let own = PARTS
        .iter()
        .find(|(own, _)| part.strip_prefix(own).is_some_and(|rest| rest.starts_with('_')));
    own.map_or(PART, |(_, budget)| *budget)
}

fn excess(name: &str, [_, _, brotli]: [usize; 3], budget: usize) -> Option<String> {
    (brotli > budget)
        .then(|| format!("{name}: {brotli} bytes, {} over its budget", brotli - budget))
}

fn columns([raw, gzip, brotli]: [usize; 3], budget: Option<usize>) -> String {
    let budget = budget.map(|it| it.to_string()).unwrap_or_default();
    format!("{raw:>10} {gzip:>10} {brotli:>10} {budget:>10}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_its_own_budget_or_that_of_a_page() {
        assert_eq!(budget("split___admin_view_view_16631851136973744055.wasm"), 130_000);
        assert_eq!(budget("split_measure_15769173557069728043.wasm"), 250_000);
        assert_eq!(budget("split___profile_page_view_11196468803984277784.wasm"), PART);
        assert_eq!(budget("split___administrative_page_view_1.wasm"), PART);
        assert_eq!(budget("chunk_12.wasm"), PART);
    }

    #[test]
    fn a_file_over_its_budget_is_named() {
        assert_eq!(excess("a", [9, 9, 5], 5), None);
        assert_eq!(excess("a", [9, 9, 7], 5).as_deref(), Some("a: 7 bytes, 2 over its budget"));
    }
}
