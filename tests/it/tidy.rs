//! Project rules that no compiler checks (ARCHITECTURE.md).

use std::path::Path;

use portcullis::proof::Method;
use portcullis::server::config::settings;
use portcullis::site::FEATURES;
use toml::de::{DeTable, DeValue};

/// Returns every Rust file below a folder of the repository: its path and its text.
pub fn sources(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.to_str().unwrap().to_owned();
        if path.is_dir() {
            found.extend(sources(&name));
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
    found.sort();
    found
}

/// Returns the features: every folder of `src` except the kernel, the design system, text, and the folders
/// that combine features.
fn features() -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir("src")
        .unwrap()
        .map(|it| it.unwrap().path())
        .filter(|it| it.is_dir())
        .map(|it| it.file_name().unwrap().to_str().unwrap().to_owned())
        .filter(|it| {
            !matches!(
                it.as_str(),
                "server" | "ui" | "text" | "error" | "form" | "cli" | "site" | "backup"
            )
        })
        .collect();
    names.sort();
    names
}

/// Returns the numbered lines without comments, which may name anything.
pub fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(n, line)| (n + 1, line.split("//").next().unwrap_or_default()))
}

/// Returns whether a line contains this path segment, as `name::` and not as the end of another word.
fn mentions(line: &str, segment: &str) -> bool {
    let wanted = format!("{segment}::");
    line.match_indices(&wanted)
        .any(|(at, _)| !line[..at].ends_with(|it: char| it.is_alphanumeric() || it == '_'))
}

fn cfg_problems(path: &str, text: &str) -> Vec<String> {
    let lines: Vec<_> = code(text).collect();
    let mut problems = Vec::new();
    for (i, (n, line)) in lines.iter().enumerate() {
        if !line.contains("cfg") || !line.contains("feature") {
            continue;
        }
        let next = lines.get(i + 1).map_or("", |it| it.1.trim());
        let gates_a_module = ["#[cfg(feature = \"", "#[cfg(not(feature = \""]
            .iter()
            .any(|it| line.trim().starts_with(it))
            && (next.starts_with("mod ") || next.starts_with("pub mod "))
            && next.ends_with(';');
        if !gates_a_module || path.ends_with("main.rs") {
            problems.push(format!("{path}:{n}: {}", line.trim()));
        }
    }
    problems
}

#[test]
fn feature_cfgs_are_only_directly_above_mod_lines() {
    let problems: Vec<_> =
        sources("src").iter().flat_map(|(path, text)| cfg_problems(path, text)).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    let good = "#[cfg(feature = \"ssr\")]\npub mod server;\n";
    assert!(cfg_problems("src/x/mod.rs", good).is_empty());
    for bad in [
        "#[cfg(feature = \"ssr\")]\nfn x() {}\n",
        "#[cfg(not(feature = \"ssr\"))]\nfn x() {}\n",
        "#[cfg_attr(feature = \"ssr\", derive(X))]\nstruct X;\n",
        "if cfg!(feature = \"ssr\") {}\n",
        "#[cfg(feature = \"ssr\")]\nmod server {\n}\n",
    ] {
        assert_eq!(cfg_problems("src/x/mod.rs", bad).len(), 1, "{bad}");
    }
    assert_eq!(cfg_problems("src/main.rs", good).len(), 1);
}

/// The part of a feature that a file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FilePart {
    Vocabulary,
    /// Forms and server functions.
    Api,
    Page,
    Server,
    Route,
    DesignSystem,
    Kernel,
    Root,
}

/// Returns the part, or none if the name of the file is not one that features use.
fn file_part(path: &str) -> Option<FilePart> {
    let parts: Vec<_> = path.split('/').skip(1).collect();
    // The administration has a folder for each page, each with its own parts.
    let parts: Vec<_> = match parts.as_slice() {
        ["admin", page, file] if *page != "server" => vec![*page, *file],
        parts => parts.to_vec(),
    };
    Some(match parts.as_slice() {
        ["site" | "cli" | "backup" | "error" | "form" | "text", ..] | [_] => FilePart::Root,
        ["server", ..] => FilePart::Kernel,
        ["ui", ..] => FilePart::DesignSystem,
        [_, "types.rs" | "types" | "text.rs" | "sentence.rs", ..] => FilePart::Vocabulary,
        [_, "api.rs"] => FilePart::Api,
        [_, "page.rs" | "pages" | "actions.rs" | "browser.rs" | "chart.rs" | "field.rs", ..] => {
            FilePart::Page
        }
        [_, "server.rs" | "server", ..] => FilePart::Server,
        [_, "route.rs"] => FilePart::Route,
        [_, "mod.rs" | "feature.rs"] => FilePart::Root,
        _ => return None,
    })
}

/// The names that each part must not use (ARCHITECTURE.md, "Invariants").
const FORBIDDEN: &[(FilePart, &[&str])] = &[
    (FilePart::Vocabulary, &["server", "leptos", "axum", "sqlx"]),
    (FilePart::Api, &["axum", "sqlx"]),
    // Compiled for the browser, where server code does not exist.
    (FilePart::Page, &["server", "axum", "sqlx"]),
    (FilePart::Server, &["leptos", "leptos_router", "leptos_meta", "axum", "leptos_axum"]),
    (FilePart::Route, &["leptos", "sqlx"]),
    (FilePart::DesignSystem, &["server", "axum", "sqlx"]),
    // The kernel's code for the web is in files of its own.
    (FilePart::Kernel, &["leptos_router", "leptos_axum"]),
];

fn import_problems(path: &str, text: &str) -> Vec<String> {
    let Some(part) = file_part(path) else { return vec![format!("{path} belongs to no part")] };
    let mut forbidden: Vec<_> =
        FORBIDDEN.iter().filter(|it| it.0 == part).flat_map(|it| it.1.iter().copied()).collect();
    let features = features();
    if part == FilePart::DesignSystem {
        forbidden.extend(features.iter().map(String::as_str));
    }
    let mut problems = Vec::new();
    for (n, line) in code(text) {
        for name in &forbidden {
            let imported = line.contains(&format!("use crate::{name}"))
                || line.contains(&format!("use {name};"));
            if mentions(line, name) || imported {
                problems.push(format!("{path}:{n} names {name}: {}", line.trim()));
            }
        }
    }
    problems
}

#[test]
fn each_part_of_a_feature_uses_only_what_it_may() {
    let problems: Vec<_> =
        sources("src").iter().flat_map(|(path, text)| import_problems(path, text)).collect();
    assert!(problems.is_empty(), "{problems:#?}");
    for (path, bad) in [
        ("src/password/page.rs", "use super::server::change;"),
        ("src/password/page.rs", "let x = crate::server::App;"),
        ("src/password/server/mod.rs", "use leptos::prelude::*;"),
        ("src/user/server.rs", "fn x(it: axum::Router) {}"),
        ("src/ui/form.rs", "use crate::password::NewPassword;"),
        ("src/ui/form.rs", "use crate::server::App;"),
        ("src/social/route.rs", "use leptos::prelude::*;"),
        ("src/user/types/mod.rs", "use sqlx::FromRow;"),
        ("src/user/types.rs", "use leptos::prelude::*;"),
        ("src/admin/roles/page.rs", "use super::server::list;"),
        ("src/admin/roles/types.rs", "use crate::server::App;"),
        ("src/admin/roles/server.rs", "use leptos::prelude::*;"),
        ("src/session/api.rs", "use sqlx::FromRow;"),
        ("src/session/text.rs", "use leptos::prelude::*;"),
        ("src/session/helpers.rs", ""),
    ] {
        assert_eq!(import_problems(path, bad).len(), 1, "{path}: {bad}");
    }
    for (path, good) in [
        ("src/dashboard/page.rs", "use leptos::server_fn::ServerFn;"),
        ("src/password/page.rs", "// server::change does the rest"),
    ] {
        assert!(import_problems(path, good).is_empty(), "{path}: {good}");
    }
}

#[test]
fn every_feature_is_declared_in_lib_rs_and_documented() {
    let list = std::fs::read_to_string("src/lib.rs").unwrap();
    let features = features();
    assert!(features.len() >= 7, "{features:?}");
    for name in features {
        assert!(list.contains(&format!("pub mod {name};\n")), "{name} in lib.rs");
        assert!(Path::new(&format!("src/{name}/mod.rs")).exists(), "{name}/mod.rs");
        let text = std::fs::read_to_string(format!("src/{name}/mod.rs")).unwrap();
        assert!(text.starts_with("//! "), "{name}/mod.rs says what it is");
    }
}

#[test]
fn no_file_exceeds_its_line_limit() {
    for folder in ["src", "tests", "xtask/src"] {
        for (path, text) in sources(folder) {
            let lines = text.lines().count();
            let limit = if folder == "tests" { 700 } else { 400 };
            assert!(lines <= limit, "{path} has {lines} lines");
        }
    }
}

#[test]
fn every_file_begins_with_a_doc_comment() {
    for folder in ["src", "tests", "xtask/src"] {
        for (path, text) in sources(folder) {
            assert!(text.starts_with("//! "), "{path}");
        }
    }
}

#[test]
fn no_source_uses_an_allow_attribute() {
    for folder in ["src", "tests", "xtask/src"] {
        for (path, text) in sources(folder) {
            for (n, line) in code(&text) {
                let is_allowed = line.contains(concat!("#[", "allow("))
                    || line.contains(concat!("#![", "allow("));
                assert!(!is_allowed, "{path}:{n}: {line}");
            }
        }
    }
}

/// Returns a value of a TOML file, such as `Cargo.toml`, by its path.
fn toml_value(file: &str, path: &[&str]) -> Option<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let root = DeTable::parse(&text).unwrap();
    let mut table = root.get_ref();
    let (last, parents) = path.split_last().unwrap();
    for name in parents {
        let DeValue::Table(inner) = table.get(*name)?.get_ref() else { return None };
        table = inner;
    }
    Some(match table.get(*last)?.get_ref() {
        DeValue::String(text) => text.to_string(),
        DeValue::Boolean(flag) => flag.to_string(),
        DeValue::Array(items) => {
            let texts = items.iter().filter_map(|it| it.get_ref().as_str());
            texts.collect::<Vec<_>>().join(",")
        }
        other => format!("{other:?}"),
    })
}

#[test]
fn build_tool_build_script_and_manifest_agree() {
    let xtask: String = sources("xtask/src").into_iter().map(|(_, text)| text).collect();
    let constant = |name: &str| {
        let (_, rest) = xtask.split_once(&format!("const {name}: &str = \"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    assert_eq!(constant("NAME"), env!("CARGO_PKG_NAME"));
    for (profile, parent) in [("PROFILE", "release"), ("DEV_PROFILE", "dev")] {
        let inherits = toml_value("Cargo.toml", &["profile", &constant(profile), "inherits"]);
        assert_eq!(inherits.as_deref(), Some(parent), "{profile}");
    }
    let build = std::fs::read_to_string("build.rs").unwrap();
    for site in ["site", "dev-site"] {
        assert!(xtask.contains(&format!("target.join({site:?})")), "{site}");
        assert!(build.contains(&format!("{:?}", format!("target/{site}"))), "{site}");
    }
    for features in ["ssr", "hydrate", "hydrate,split"] {
        assert!(xtask.contains(&format!("\"--features\", {features:?}")), "{features}");
        for feature in features.split(',') {
            assert!(toml_value("Cargo.toml", &["features", feature]).is_some(), "{feature}");
        }
    }
    assert_eq!(toml_value("Cargo.toml", &["features", "default"]), None);
}

#[test]
fn the_docs_name_every_setting_with_its_default() {
    let configuration = std::fs::read_to_string("docs/configuration.md").unwrap();
    let providers = std::fs::read_to_string("docs/providers.md").unwrap();
    let rows: Vec<Vec<&str>> = configuration
        .lines()
        .chain(providers.lines())
        .filter(|it| it.starts_with("| `"))
        .map(|it| it.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let row = |key: &str| {
        let name = format!("`{key}`");
        let found = rows.iter().find(|it| it[0] == name);
        found.unwrap_or_else(|| panic!("{key} is missing"))
    };
    for setting in settings::all() {
        let default = match setting.default {
            "" => "(none)".to_owned(),
            text => format!("`{text}`"),
        };
        let row = row(setting.key);
        assert_eq!(row[1], default, "{}", setting.key);
        assert!(row[3].starts_with(setting.about), "{}: {row:?}", setting.key);
    }
    for setting in settings::PROVIDER_SETTINGS {
        assert!(row(setting.key)[2].starts_with(setting.about), "{}", setting.key);
    }
}

#[test]
fn v5_0_0__11_1_1__the_list_of_keys_names_every_secret_setting() {
    let list = std::fs::read_to_string("docs/security/keys-and-algorithms.md").unwrap();
    let of_providers = settings::PROVIDER_SETTINGS.iter().filter(|it| it.is_secret);
    let names = of_providers.map(|it| format!("social.NAME.{}", it.key));
    let own = settings::all().filter(|it| it.is_secret).map(|it| it.key.to_owned());
    for name in own.chain(names) {
        assert!(list.contains(&format!("\n| `{name}`")), "{name}");
    }
}

#[test]
fn v5_0_0__6_1_3__every_method_is_documented_with_its_strength() {
    let title = |it: &Method| match it {
        Method::Password => "Password",
        Method::Email => "Mailed code or link",
        Method::AuthenticatorApp => "Code of an authenticator app",
        Method::RecoveryCode => "Recovery code",
        Method::MailedCode => "Mailed code in place of a factor",
        Method::Passkey { is_device_bound: false } => "Passkey",
        Method::Passkey { is_device_bound: true } => "Device-bound passkey",
        Method::Provider { is_multi_factor: false, .. } => "Provider",
        Method::Provider { is_multi_factor: true, .. } => "Provider whose `acr` or `amr` is listed",
    };
    let document = std::fs::read_to_string("docs/security/authentication.md").unwrap();
    for word in [
        "password",
        "email",
        "authenticator_app",
        "recovery_code",
        "mailed_code",
        "passkey",
        "device_bound_passkey",
        "provider:idp",
        "multi_factor_provider:idp",
    ] {
        let title = title(&word.parse().unwrap());
        let row = document.lines().find(|it| {
            it.strip_prefix("| ").is_some_and(|it| {
                it.starts_with(&format!("{title} |")) || it.starts_with(&format!("{title} (`"))
            })
        });
        assert!(row.is_some(), "{title}");
    }
}

#[test]
fn v5_0_0__7_1_1__the_documented_lifetimes_of_sessions_are_the_defaults() {
    let document = std::fs::read_to_string("docs/security/authentication.md").unwrap();
    for key in [
        "session.idle",
        "session.absolute",
        "session.remembered_idle",
        "session.remembered_absolute",
    ] {
        let default = settings::find(key).unwrap().default;
        let words = default.replace('h', " hours").replace('d', " days");
        assert!(document.contains(&format!("`{key}`, {words}")), "{key}: {words}");
    }
}

#[test]
fn tool_and_manifest_versions_agree() {
    let ours = toml_value("Cargo.toml", &["dependencies", "wasm-bindgen"]);
    let tool = toml_value("xtask/Cargo.toml", &["dependencies", "wasm-bindgen-cli-support"]);
    assert!(ours.is_some() && ours == tool, "{ours:?} {tool:?}");
    let channel = toml_value("rust-toolchain.toml", &["toolchain", "channel"]).unwrap();
    let least = toml_value("Cargo.toml", &["package", "rust-version"]).unwrap();
    assert!(channel == least || channel.starts_with(&format!("{least}.")), "{channel} {least}");
}

#[test]
fn v5_0_0__1_3_2__no_source_uses_eval_inner_html_or_subprocesses() {
    for (path, text) in sources("src") {
        for (n, line) in code(&text) {
            for word in ["inner_html", "eval(", "Function::new", "std::process::Command"] {
                assert!(!line.contains(word), "{path}:{n}: {line}");
            }
        }
    }
}

/// The files that may call `spawn_blocking`, which gives each call a thread, up to 512, and why they can't
/// stop the server.
const BLOCKING: &[(&str, &str)] = &[
    ("src/password/server/breached.rs", "a few reads of the page cache"),
    ("src/password/server/policy.rs", "no more at once than there are hashers"),
];

#[test]
fn v5_0_0__15_2_2__only_the_listed_files_call_spawn_blocking() {
    let blocking = |text: &str| code(text).any(|it| it.1.contains("spawn_blocking"));
    let sources = sources("src");
    let found: Vec<_> =
        sources.iter().filter(|it| blocking(&it.1)).map(|it| it.0.as_str()).collect();
    assert_eq!(found, BLOCKING.iter().map(|it| it.0).collect::<Vec<_>>());
}

/// Returns the server functions that don't first check, by their own name, whether they may be called.
fn unchecked_functions(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in text.split("#[server(prefix = \"/api\"").skip(1) {
        let (_, rest) = part.split_once("async fn ").unwrap();
        let name = rest.split('(').next().unwrap();
        let own: String = name.split('_').map(|it| it[..1].to_uppercase() + &it[1..]).collect();
        let body = rest.split("\n}\n").next().unwrap();
        let asks = format!("let cx = crate::server::Context::of::<{own}>().await?;");
        if !code(body).any(|it| it.1.trim() == asks) || body.matches("Context::").count() != 1 {
            found.push(name.to_owned());
        }
    }
    found
}

#[test]
fn v5_0_0__8_2_1__every_server_function_checks_whether_it_may_be_called() {
    let sources = sources("src");
    let count = |begin: &str| -> usize {
        sources.iter().map(|it| code(&it.1).filter(|it| it.1.starts_with(begin)).count()).sum()
    };
    let functions = count("#[server(prefix = \"/api\"");
    assert_eq!(count("#[server"), functions);
    assert!(functions >= 60, "{functions}: are they still found?");
    let asks_nothing = |text: &str| code(text).any(|it| it.1.contains("::current()"));
    let takers: Vec<_> =
        sources.iter().filter(|it| asks_nothing(&it.1)).map(|it| it.0.as_str()).collect();
    assert_eq!(takers, ["src/site/access.rs"], "the only way to a context is `Context::of`");
    let unasked: Vec<_> = sources.iter().flat_map(|it| unchecked_functions(&it.1)).collect();
    assert_eq!(unasked, [""; 0]);
    let function = |of: &str| {
        format!(
            "#[server(prefix = \"/api\", endpoint = \"x\")]\npub async fn load_x() -> X {{\n    \
             let cx = crate::server::Context::{of};\n}}\n"
        )
    };
    assert_eq!(self::unchecked_functions(&function("of::<LoadX>().await?")), [""; 0]);
    for wrong in ["of::<LoadY>().await?", "current()?"] {
        assert_eq!(self::unchecked_functions(&function(wrong)), ["load_x"], "{wrong}");
    }
}

/// Without scripts, only the flash tells which of several forms was sent.
#[test]
fn forms_that_share_a_submission_get_their_name_back() {
    let sources = sources("src");
    let path_of = |function: &str| {
        sources.iter().find_map(|(_, text)| {
            let (before, _) = text.split_once(&format!("Context::of::<{function}>()"))?;
            let name = before.rsplit("endpoint = \"").next()?.split('"').next()?;
            Some(format!("/api/{name}"))
        })
    };
    let mut seen = 0;
    for (file, text) in &sources {
        for found in text.split("provide_submissions::<").skip(1) {
            let Some((function, rest)) = found.split_once(">(\"") else { continue };
            let field = rest.split('"').next().unwrap();
            let endpoint = FEATURES.endpoint(&path_of(function).unwrap()).unwrap();
            assert!(endpoint.refilled.contains(&field), "{file}: {} loses {field}", endpoint.path);
            seen += 1;
        }
    }
    assert!(seen >= 9, "{seen}: are they still found?");
}
