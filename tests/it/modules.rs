//! How the modules depend on each other (ARCHITECTURE.md, "Modules").
//!
//! The sources are read as text: a file depends on the names that follow `crate::` in it. A name that is
//! defined in a `types` file belongs to that feature's vocabulary, a separate leaf.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::{code, sources};

/// Modules that combine features. Only they themselves and the two entry points name them.
const COMPOSITION: [&str; 6] = ["app", "cli", "hydrate", "lib", "main", "site"];

/// The features whose state the kernel holds in `App` and `Context`. The kernel names no other feature. This
/// list may only shrink.
const KERNEL_HOLDS: [(&str, &str); 5] = [
    ("src/server/context.rs", "session"),
    ("src/server/mod.rs", "mail"),
    ("src/server/mod.rs", "password"),
    ("src/server/mod.rs", "session"),
    ("src/server/mod.rs", "social"),
];

/// Modules that all others may use. They name no feature beyond its vocabulary.
const BASE: [&str; 13] = [
    "device",
    "error",
    "form",
    "notice",
    "outcome",
    "paths",
    "problem",
    "return_to",
    "secret",
    "server",
    "text",
    "ui",
    "visit",
];

/// Returns the code of a file, without its tests and comments.
fn code_of(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    code(text).map(|it| it.1).collect::<Vec<_>>().join("\n")
}

/// Returns a file's module: `src/user/types/mod.rs` belongs to `user`, as its vocabulary.
fn module(path: &str) -> (String, bool) {
    let parts: Vec<_> = path.trim_end_matches(".rs").split('/').skip(1).collect();
    (parts[0].to_owned(), parts[1..].contains(&"types"))
}

/// Returns every path of a use tree: `crate::{a::b, c::{d, e}}` is `a::b`, `c::d` and `c::e`.
fn paths_of(tree: &str) -> Vec<String> {
    let Some((before, rest)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default();
        return vec![path.split_whitespace().collect()];
    };
    let inner = rest.rsplit_once('}').map_or(rest, |it| it.0);
    let (mut items, mut depth) = (vec![String::new()], 0);
    for c in inner.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        match c {
            ',' if depth == 0 => items.push(String::new()),
            c => items.last_mut().unwrap().push(c),
        }
    }
    let items = items.iter().filter(|it| !it.trim().is_empty());
    items.flat_map(|it| paths_of(&format!("{}{}", before.trim(), it.trim()))).collect()
}

/// Returns the paths that follow `crate::` in a file.
fn crate_paths(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for part in text.split("crate::").skip(1) {
        let is_path = |it: char| it.is_alphanumeric() || it == '_' || it == ':';
        let path: String = part.chars().take_while(|it| is_path(*it)).collect();
        let rest = &part[path.len()..];
        if rest.starts_with('{') {
            let mut depth = 0;
            let end = rest.find(|c| {
                depth += i32::from(c == '{') - i32::from(c == '}');
                depth == 0
            });
            let tree = format!("{path}{}", &rest[..=end.unwrap()]);
            found.extend(paths_of(&tree));
        } else {
            found.insert(path.trim_end_matches(':').to_owned());
        }
    }
    found
}

/// Returns whether a line starts an enum within `problems!`.
fn is_group(line: &str) -> bool {
    line.starts_with("    pub enum ")
}

/// The sources of `src`, and the names that each feature's vocabulary defines.
struct Sources {
    files: Vec<(String, String)>,
    modules: BTreeSet<String>,
    vocabulary: BTreeMap<String, BTreeSet<String>>,
}

impl Sources {
    fn read() -> Self {
        Self::of(sources("src").into_iter().map(|(path, text)| (path, code_of(&text))).collect())
    }

    fn of(files: Vec<(String, String)>) -> Self {
        let mut vocabulary: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (path, text) in &files {
            let (name, is_vocabulary) = module(path);
            if !is_vocabulary {
                continue;
            }
            let defined = text.lines().filter_map(|line| {
                // `problems!` wraps its enum.
                let line = line.strip_prefix(if is_group(line) { "    pub " } else { "pub " })?;
                let line = line.replace("const fn", "fn");
                let (kind, rest) = line.split_once(' ')?;
                let is_item = ["struct", "enum", "fn", "const", "static", "type", "trait"];
                let name = rest.split(|it: char| !it.is_alphanumeric() && it != '_').next()?;
                is_item.contains(&kind).then(|| name.to_owned())
            });
            vocabulary.entry(name).or_default().extend(defined);
        }
        let modules = files.iter().map(|it| module(&it.0).0).collect();
        Self { files, modules, vocabulary }
    }

    /// Returns the modules that a file depends on: a feature, or its vocabulary as `feature::types`.
    fn dependencies_of(&self, path: &str, text: &str) -> BTreeSet<String> {
        let own = module(path).0;
        let mut found = BTreeSet::new();
        for name in crate_paths(text) {
            let parts: Vec<_> = name.split("::").collect();
            if !self.modules.contains(parts[0]) || parts[0] == own {
                continue;
            }
            let words = self.vocabulary.get(parts[0]);
            let is_word = parts
                .get(1)
                .is_some_and(|it| *it == "types" || words.is_some_and(|w| w.contains(*it)));
            found.insert(if is_word {
                format!("{}::types", parts[0])
            } else {
                parts[0].to_owned()
            });
        }
        found
    }

    /// Returns the dependencies of each module.
    fn edges(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (path, text) in &self.files {
            let (name, is_vocabulary) = module(path);
            let from = if is_vocabulary { format!("{name}::types") } else { name };
            let mut to = self.dependencies_of(path, text);
            to.retain(|it| !KERNEL_HOLDS.contains(&(path.as_str(), it.as_str())));
            edges.entry(from).or_default().extend(to);
        }
        edges
    }
}

/// Returns a path from a module back to itself, if there is one.
fn cycle(edges: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn visit(
        edges: &BTreeMap<String, BTreeSet<String>>,
        way: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        let here = way.last()?.clone();
        for next in edges.get(&here).into_iter().flatten() {
            if let Some(at) = way.iter().position(|it| it == next) {
                return Some(way[at..].to_vec());
            }
            if !done.contains(next) {
                way.push(next.clone());
                if let Some(found) = visit(edges, way, done) {
                    return Some(found);
                }
                way.pop();
            }
        }
        done.insert(here);
        None
    }
    let mut done = BTreeSet::new();
    edges.keys().find_map(|it| visit(edges, &mut vec![it.clone()], &mut done))
}

fn of_lines(files: &[(&str, &str)]) -> Sources {
    Sources::of(files.iter().map(|it| (it.0.to_owned(), it.1.to_owned())).collect())
}

#[test]
fn module_dependencies_have_no_cycles() {
    let sources = Sources::read();
    assert!(sources.modules.len() > 30, "{:?}: are they still found?", sources.modules);
    assert_eq!(cycle(&sources.edges()), None);

    // A cycle is found however it is written, and a vocabulary causes none.
    let words = ("src/a/types.rs", "pub struct Word;\npub const fn of() {}");
    for (one, other, expected) in [
        ("use crate::b::x;", "use crate::a::server::y;", true),
        ("use crate::{b, text};", "fn x() { crate::a::y() }", true),
        ("use crate::{\n    b::{self, c::d},\n    text,\n};", "use crate::{text, a as z};", true),
        ("use crate::b::x;", "use crate::a::{Word, of};", false),
        ("use crate::b::x;", "use crate::a::types::Other;", false),
        ("use crate::b::x;", "use crate::a::{Word, server};", true),
        ("use crate::b::x;", "use crate::c::y;", false),
    ] {
        let files = [words, ("src/a/mod.rs", one), ("src/b.rs", other), ("src/text.rs", "")];
        assert_eq!(cycle(&of_lines(&files).edges()).is_some(), expected, "{one} {other}");
    }
}

#[test]
fn the_kernel_depends_only_on_features_whose_state_it_holds() {
    let sources = Sources::read();
    let mut held = BTreeSet::new();
    for (path, text) in &sources.files {
        let (name, _) = module(path);
        if !BASE.contains(&name.as_str()) {
            continue;
        }
        for other in sources.dependencies_of(path, text) {
            if !BASE.contains(&other.as_str()) && !other.ends_with("::types") {
                held.insert((path.clone(), other));
            }
        }
    }
    let listed: BTreeSet<_> =
        KERNEL_HOLDS.iter().map(|it| (it.0.to_owned(), it.1.to_owned())).collect();
    assert_eq!(held, listed);
}

#[test]
fn a_vocabulary_depends_only_on_other_vocabularies() {
    let sources = Sources::read();
    let mut seen = 0;
    for (path, text) in sources.files.iter().filter(|it| module(&it.0).1) {
        seen += 1;
        for other in sources.dependencies_of(path, text) {
            let is_leaf = other.ends_with("::types")
                || ["device", "text", "secret", "problem"].contains(&other.as_str());
            assert!(is_leaf, "{path} depends on {other}");
        }
        for word in ["leptos", "axum", "sqlx", "super::server", "super::super::server"] {
            assert!(!text.contains(word), "{path} names {word}");
        }
    }
    assert!(seen >= 15, "{seen}");
    let error = &sources.files.iter().find(|it| it.0 == "src/error.rs").unwrap().1;
    for other in sources.dependencies_of("src/error.rs", error) {
        let is_leaf = other.ends_with("::types") || ["text", "problem"].contains(&other.as_str());
        assert!(is_leaf, "error.rs depends on {other}");
    }
}

#[test]
fn no_feature_depends_on_a_composition_module() {
    let sources = Sources::read();
    for (path, text) in &sources.files {
        if COMPOSITION.contains(&module(path).0.as_str()) {
            continue;
        }
        for other in sources.dependencies_of(path, text) {
            assert!(!COMPOSITION.contains(&other.as_str()), "{path} names {other}");
        }
    }
}

/// Each table and the module that writes it. `backup` replaces all of them at once.
const OWNERS: [(&str, &str); 29] = [
    ("audit_chain", "audit"),
    ("audit_days", "audit"),
    ("audit_events", "audit"),
    ("authenticator_apps", "authenticator_app"),
    ("authorization_requests", "social"),
    ("clock", "server"),
    ("impersonations", "session"),
    ("jobs", "server"),
    ("known_places", "known_place"),
    ("limits", "server"),
    ("linked_accounts", "linked_account"),
    ("mailed_sign_ins", "mailed_sign_in"),
    ("mails", "mail"),
    ("passkeys", "passkey"),
    ("password_failures", "password"),
    ("passwords", "password"),
    ("recovery_codes", "recovery_code"),
    ("recovery_requests", "recovery"),
    ("role_permissions", "role"),
    ("roles", "role"),
    ("sessions", "session"),
    ("sign_in_attempts", "sign_in"),
    ("tickets", "ticket"),
    ("trusted_browsers", "session"),
    ("unfinished_sign_ups", "social"),
    ("used_challenges", "passkey"),
    ("user_roles", "role"),
    ("user_words", "user"),
    ("users", "user"),
];

/// Returns the tables that the SQL in a text writes.
fn written_tables(text: &str) -> BTreeSet<String> {
    let words: Vec<_> = text.split(|it: char| !it.is_alphanumeric() && it != '_').collect();
    let words: Vec<_> = words.into_iter().filter(|it| !it.is_empty()).collect();
    let after = |n: usize| words.get(n).map_or("", |it| *it).to_owned();
    let mut found = BTreeSet::new();
    for n in 0..words.len() {
        match (words[n], words.get(n + 1).copied()) {
            ("INSERT", Some("INTO")) | ("DELETE", Some("FROM")) => found.insert(after(n + 2)),
            // Not `ON CONFLICT (…) DO UPDATE SET`, and not a macro that leaves the table open.
            ("UPDATE", Some(table)) if table != "SET" => found.insert(table.to_owned()),
            _ => false,
        };
    }
    found
}

#[test]
fn each_table_is_written_by_the_module_that_owns_it() {
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in Sources::read().files {
        let (name, _) = module(&path);
        if name == "backup" {
            continue;
        }
        for table in written_tables(&text) {
            owners.entry(table).or_default().insert(name.clone());
        }
    }
    let listed: BTreeMap<String, BTreeSet<String>> =
        OWNERS.iter().map(|it| (it.0.to_owned(), [it.1.to_owned()].into())).collect();
    owners.retain(|table, _| listed.contains_key(table));
    assert_eq!(owners, listed);
    let tables: Vec<_> = portcullis::backup::TABLES.iter().map(|it| it.name).collect();
    for table in tables {
        assert!(listed.contains_key(table), "{table} has no owner");
    }
    let sql = "DELETE FROM users WHERE 1 = 0; INSERT INTO jobs (x) VALUES (1) ON CONFLICT (x) DO \
               UPDATE SET x = 2; UPDATE\n    roles SET x = 1";
    assert_eq!(written_tables(sql), ["jobs", "roles", "users"].map(str::to_owned).into());
}
