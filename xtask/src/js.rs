//! Minifies the generated JavaScript.
//!
//! wasm-bindgen writes one statement per line, so this only looks at lines: it gains much of what a minifier
//! would, and can't change the meaning.

use std::collections::BTreeMap;

use crate::Result;

/// Renames properties. Each must be defined at the start of a line.
pub fn rename_keys(source: &str, mut names: BTreeMap<String, String>) -> Result<String> {
    let mut output = String::with_capacity(source.len());
    for line in source.split_inclusive('\n') {
        match line.split_once(':').and_then(|(key, value)| Some((names.remove(key.trim())?, value)))
        {
            Some((name, value)) => output.extend([&name, ":", value]),
            None => output.push_str(line),
        }
    }
    match names.pop_first() {
        None => Ok(output),
        Some((name, _)) => Err(format!("wasm-bindgen's script has no property {name}").into()),
    }
}

/// Removes comments and indentation. Returns `source` as it is if it may hold text of several lines.
#[must_use]
pub fn minify(source: &str) -> String {
    if source.lines().any(|line| line.matches('`').count() % 2 == 1) {
        return source.to_owned();
    }
    let mut output = String::with_capacity(source.len());
    let mut in_comment = false;
    for line in source.lines().map(str::trim) {
        in_comment |= line.starts_with("/*");
        if in_comment {
            in_comment = !line.ends_with("*/");
        } else if !line.is_empty() && !line.starts_with("//") {
            output += line;
            output.push('\n');
        }
    }
    // Code followed a comment on its last line, so this was not wasm-bindgen's layout.
    if in_comment { source.to_owned() } else { output }
}

/// Removes classes that nothing uses: wasm-bindgen writes one for each type that a dependency could pass to JavaScript.
/// A class, the line that makes it disposable and its registry are statements at the start of a line.
#[must_use]
pub fn remove_unused_classes(source: &str) -> String {
    let lines: Vec<_> = source.lines().collect();
    let mut is_removed = vec![false; lines.len()];
    let names = lines.iter().filter_map(|it| it.strip_prefix("class ")?.strip_suffix(" {"));
    for name in names {
        let mut of_class = vec![false; lines.len()];
        for (n, line) in lines.iter().enumerate() {
            let end = match *line {
                it if it == format!("class {name} {{") => "}",
                it if it.starts_with(&format!("const {name}Finalization = ")) => ";",
                it if it.starts_with(&format!("if (Symbol.dispose) {name}.prototype[")) => ";",
                _ => continue,
            };
            // The statement ends on the first line that ends so and is no part of a block.
            let ends = |it: &&str| it.ends_with(end) && (end == ";" || !it.starts_with(' '));
            let length = lines[n..].iter().position(ends).unwrap_or(0);
            of_class[n..=n + length].fill(true);
        }
        let is_used = lines.iter().zip(&of_class).any(|(it, own)| !own && it.contains(name));
        if !is_used {
            is_removed.iter_mut().zip(of_class).for_each(|(it, own)| *it |= own);
        }
    }
    let kept = lines.into_iter().zip(is_removed).filter(|(_, removed)| !removed);
    kept.flat_map(|(line, _)| [line, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_are_renamed_where_they_are_defined() {
        let names = |all: &[(&str, &str)]| {
            all.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect()
        };
        let source = "x = {\n    __wbg_a_1: function(a) {\n    __wbg_a_1(a ? b : c);\n    },\n};\n";
        let expected = "x = {\ni0: function(a) {\n    __wbg_a_1(a ? b : c);\n    },\n};\n";
        assert_eq!(rename_keys(source, names(&[("__wbg_a_1", "i0")])).unwrap(), expected);
        assert_eq!(rename_keys(source, names(&[])).unwrap(), source);
        let missing = rename_keys(source, names(&[("__wbg_a_1", "i0"), ("__wbg_b_2", "i1")]));
        assert!(missing.unwrap_err().to_string().ends_with("__wbg_b_2"));
    }

    #[test]
    fn classes_that_nothing_uses_are_removed() {
        let class = |name: &str| {
            format!(
                "class {name} {{\n    free() {{\n        {name}Finalization.unregister(this);\n    }}\n}}\nif (Symbol.dispose) {name}.prototype[Symbol.dispose] = {name}.prototype.free;\n"
            )
        };
        let registry = |name: &str| {
            format!(
                "const {name}Finalization = (typeof X === 'undefined')\n    ? {{ register: () => {{}} }}\n    : new X(ptr => f(ptr));\n"
            )
        };
        let whole = |names: &[&str]| -> String {
            let classes = names.iter().map(|it| class(it));
            let registries = names.iter().map(|it| registry(it));
            classes.chain(["f(new Used());\n".to_owned()]).chain(registries).collect()
        };
        assert_eq!(remove_unused_classes(&whole(&["Idle", "Used", "Other"])), whole(&["Used"]));
        for other in ["export { Idle };\n", "x = Idle.y;\n"] {
            let source = whole(&["Idle"]) + other;
            assert_eq!(remove_unused_classes(&source), source);
        }
    }

    #[test]
    fn comments_and_indentation_are_removed() {
        let source = "/**\n * @returns {x}\n */\nexport function f() {\n    // why\n    return `a  ${b}`; // stays\n}\n\n/* one line */\nf()\n";
        let expected = "export function f() {\nreturn `a  ${b}`; // stays\n}\nf()\n";
        assert_eq!(minify(source), expected);
    }

    #[test]
    fn ambiguous_source_is_left_unchanged() {
        for source in ["a = `\n   two lines`;\n", "/* one */ f();\n  g();\n"] {
            assert_eq!(minify(source), source);
        }
    }

    #[test]
    fn minifying_is_idempotent() {
        let signs = ["`", "/*", "*/", "//", "a", " ", "\n"];
        for n in 0..signs.len().pow(6) {
            let text: String =
                (0_u32..6).map(|place| signs[n / signs.len().pow(place) % signs.len()]).collect();
            let once = minify(&text);
            assert_eq!(minify(&once), once, "{text:?}");
        }
    }
}
