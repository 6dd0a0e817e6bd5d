//! Bundles several style sheets into one.
//!
//! Supports `@import "file.css";` and `@import "file.css" layer(name);` before the first rule, which is what
//! the style sheets here use. Removes comments and insignificant white space, and changes nothing else:
//! compression gains most of what a full minifier would.

use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::Result;

/// Returns `path` with its imports inlined, minified.
pub fn bundle(path: &Path) -> Result<String> {
    inline(path, &mut Vec::new())
}

fn inline(path: &Path, open: &mut Vec<PathBuf>) -> Result<String> {
    let at = |problem: &str| format!("{}: {problem}", path.display());
    if open.iter().any(|other| other == path) {
        return Err(at("imports itself").into());
    }
    let source = fs::read_to_string(path).map_err(|error| at(&error.to_string()))?;
    let source = minify(&source);
    let folder = path.parent().unwrap_or(Path::new("."));
    open.push(path.to_path_buf());

    let mut output = String::new();
    let mut rest = source.as_str();
    while let Some(after) = rest.strip_prefix("@import ") {
        let (import, following) = after.split_once(';').unwrap_or((after, ""));
        let (file, layer) = parse(import).ok_or_else(|| at(&format!("cannot @import {import}")))?;
        let imported = inline(&folder.join(file), open)?;
        match layer {
            Some(name) => output += &["@layer ", name, "{", &imported, "}"].concat(),
            None => output += &imported,
        }
        rest = following;
    }
    if rest.contains("@import ") {
        return Err(at("@import must come before the first rule").into());
    }
    open.pop();
    Ok(output + rest)
}

/// Parses `"file.css"` or `"file.css" layer(name)`.
fn parse(import: &str) -> Option<(&str, Option<&str>)> {
    let (file, condition) = import.strip_prefix('"')?.split_once('"')?;
    let condition = condition.trim();
    let layer = condition.strip_prefix("layer(").and_then(|rest| rest.strip_suffix(')'));
    (condition.is_empty() || layer.is_some()).then_some((file, layer))
}

/// Removes comments, and white space where none is needed.
#[must_use]
pub fn minify(source: &str) -> String {
    let mut output = String::with_capacity(source.len());
    let mut gap = false;
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        if let Some(comment) = rest.strip_prefix("/*") {
            rest = comment.split_once("*/").map_or("", |(_, rest)| rest);
            gap = true;
            continue;
        }
        if next.is_ascii_whitespace() {
            rest = &rest[1..];
            gap = true;
            continue;
        }
        let token = match next {
            '"' | '\'' => &rest[..end_of_string(rest)],
            // With the escaped character.
            '\\' => &rest[..rest.char_indices().nth(2).map_or(rest.len(), |(end, _)| end)],
            _ => &rest[..next.len_utf8()],
        };
        if gap && needs_space(output.chars().last(), next) {
            output.push(' ');
        }
        if next == '}' && output.ends_with(';') {
            output.pop();
        }
        output += token;
        rest = &rest[token.len()..];
        gap = false;
    }
    output
}

/// Tells whether white space between these two means something. Before `:` it makes a descendant of
/// `a :hover`, and `calc()` needs it around `+` and `-`; so only sure cases are false.
fn needs_space(before: Option<char>, after: char) -> bool {
    !matches!(before, None | Some('{' | '}' | ';' | ',' | ':'))
        && !matches!(after, '{' | '}' | ';' | ',')
}

fn end_of_string(rest: &str) -> usize {
    let quote = rest.as_bytes()[0];
    let mut escaped = false;
    for (i, byte) in rest.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            _ if byte == quote => return i + 1,
            _ => {}
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn insignificant_white_space_is_removed() {
        for (source, expected) in [
            ("a {\n  color: red;\n}\n", "a{color:red}"),
            ("a,\nb { margin: 0 auto }", "a,b{margin:0 auto}"),
            ("a :hover > b {}", "a :hover > b{}"),
            ("a { width: calc(1px + 2px - 3px); }", "a{width:calc(1px + 2px - 3px)}"),
            ("a/* x */b {}", "a b{}"),
            ("/* head */ a { }", "a{}"),
            (
                "@media (width > 40rem) and (hover) { a { b: c; } }",
                "@media (width > 40rem) and (hover){a{b:c}}",
            ),
            ("@layer base, page;\na {}", "@layer base,page;a{}"),
        ] {
            assert_eq!(minify(source), expected, "{source}");
        }
    }

    #[test]
    fn strings_and_escapes_stay() {
        for source in [
            r#"a{content:"x  /* y */ ; }"}"#,
            r#"a{content:"\"  ' "}"#,
            r"a{content:'  \'  '}",
            r#"a{content:"é  →"}"#,
            r".sm\:b{c:d}",
        ] {
            assert_eq!(minify(source), source);
        }
    }

    #[test]
    fn unfinished_text_does_not_hang() {
        assert_eq!(minify("a /* never ends"), "a");
        assert_eq!(minify("a \"never ends"), "a \"never ends");
        assert_eq!(minify("a\\"), "a\\");
    }

    #[test]
    fn minifying_ends_and_never_adds_text() {
        let signs = ["a", " ", "\n", ";", "}", "\"", "'", "\\", "/*", "*/", "é"];
        for n in 0..signs.len().pow(5) {
            let text: String =
                (0_u32..5).map(|place| signs[n / signs.len().pow(place) % signs.len()]).collect();
            let minified = minify(&text);
            assert!(minified.len() <= text.len(), "{text:?}");
            // What is left was in the source, in the same order.
            let mut rest = text.chars().filter(|it| !it.is_whitespace());
            let mut kept = minified.chars().filter(|it| !it.is_whitespace());
            assert!(kept.all(|c| rest.any(|it| it == c)), "{text:?}: {minified:?}");
        }
    }

    fn folder(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("xtask-{name}-{}", std::process::id()));
        for (file, content) in files {
            let path = folder.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    #[test]
    fn imports_are_inlined() {
        let folder = folder(
            "css",
            &[
                (
                    "main.css",
                    "/* order matters */\n@import \"a.css\";\n@import \"parts/b.css\" layer(parts);\nz { }\n",
                ),
                ("a.css", "a { }\n"),
                ("parts/b.css", "@import \"c.css\";\nb { }\n"),
                ("parts/c.css", "c { }\n"),
            ],
        );
        let bundled = bundle(&folder.join("main.css")).unwrap();
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(bundled, "a{}@layer parts{c{}b{}}z{}");
    }

    #[test]
    fn imports_that_cannot_be_bundled_are_errors() {
        let folder = folder(
            "bad-css",
            &[
                ("gone.css", "@import \"nowhere.css\";"),
                ("self.css", "@import \"self.css\";"),
                ("late.css", "a { } @import \"a.css\";"),
                ("media.css", "@import \"a.css\" print;"),
                ("a.css", ""),
            ],
        );
        for name in ["gone.css", "self.css", "late.css", "media.css"] {
            let error = bundle(&folder.join(name)).unwrap_err().to_string();
            assert!(error.contains(".css: "), "{error}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
