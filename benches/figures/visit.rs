//! What a browser with an empty cache loads to show the sign-in page.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;

use url::Url;

use crate::{Result, client};

/// The loaded files, largest first.
pub struct Visit(Vec<File>);

struct File {
    path: String,
    coding: String,
    head: usize,
    body: usize,
}

/// Link relations whose targets load with the page.
const LOADED: [&str; 4] = ["stylesheet", "modulepreload", "preload", "icon"];

pub fn first_visit(address: SocketAddr) -> Result<Visit> {
    let page = Url::parse(&format!("http://{address}/sign-in"))?;
    let (mut files, mut seen, mut queue) = (Vec::new(), BTreeSet::from([page.clone()]), vec![page]);
    while let Some(url) = queue.pop() {
        let response =
            client::get(address, url.path(), "Accept-Encoding: gzip, deflate, br, zstd\r\n")?;
        if response.status != 200 {
            return Err(format!("{} has status {}", url.path(), response.status).into());
        }
        files.push(File {
            path: url.path().to_owned(),
            coding: response.header("content-encoding").unwrap_or("as it is").to_owned(),
            head: response.head.len(),
            body: response.body.len(),
        });
        let kind = response.header("content-type").unwrap_or_default();
        let find = match kind.split(';').next().unwrap_or_default() {
            "text/html" => in_page,
            "text/javascript" => in_script,
            "text/css" => in_style,
            _ => continue,
        };
        let plain = client::get(address, url.path(), "")?.body;
        for link in find(&String::from_utf8(plain)?) {
            let to = url.join(&link)?;
            if to.origin() == url.origin() && seen.insert(to.clone()) {
                queue.push(to);
            }
        }
    }
    files.sort_by_key(|it| std::cmp::Reverse(it.body));
    Ok(Visit(files))
}

/// Finds links, sources, and the files that scripts in the page name.
fn in_page(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').unwrap_or((after, ""));
        let relation = attribute(tag, "rel").unwrap_or_default();
        match tag.split_whitespace().next() {
            Some("link") if relation.split(' ').any(|it| LOADED.contains(&it)) => {
                found.extend(attribute(tag, "href"));
            }
            Some("img") => found.extend(attribute(tag, "src")),
            Some("script") => {
                found.extend(attribute(tag, "src"));
                let code = after.split("</script").next().unwrap_or_default();
                found.extend(
                    code.split('"').skip(1).step_by(2).filter(|it| is_file(it)).map(str::to_owned),
                );
            }
            _ => {}
        }
        rest = after;
    }
    found
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, value) = tag.split_once(&format!(" {name}=\""))?;
    value.split('"').next().map(str::to_owned)
}

fn is_file(text: &str) -> bool {
    text.starts_with('/') && [".js", ".wasm", ".css"].iter().any(|it| text.ends_with(it))
}

/// Finds static imports. What `import()` loads comes later, on navigation.
fn in_script(text: &str) -> Vec<String> {
    let statements = ["from", "import"].iter().flat_map(|word| text.split(word).skip(1));
    statements
        .filter_map(|it| quoted(it.trim_start()))
        .filter(|it| it.starts_with(['.', '/']))
        .collect()
}

fn in_style(text: &str) -> Vec<String> {
    let addresses = text.split("url(").skip(1).filter_map(|it| it.split(')').next());
    let imports = text.split("@import").skip(1).filter_map(|it| quoted(it.trim_start()));
    let plain = addresses.map(|it| it.trim_matches(['"', '\'', ' ']).to_owned());
    plain.filter(|it| !it.starts_with("data:")).chain(imports).collect()
}

/// Returns the text in the quotes that `text` begins with.
fn quoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|it| matches!(it, '"' | '\''))?;
    text[1..].split(quote).next().map(str::to_owned)
}

impl Visit {
    /// Returns the size of all bodies, without the heads.
    pub fn body_bytes(&self) -> usize {
        self.0.iter().map(|it| it.body).sum()
    }
}

impl fmt::Display for Visit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let heads: usize = self.0.iter().map(|it| it.head).sum();
        writeln!(
            f,
            "first visit to /sign-in: {} bytes, and {heads} of headers",
            self.body_bytes()
        )?;
        for it in &self.0 {
            writeln!(f, "{:>9}  {:<8}  {}", it.body, it.coding, it.path)?;
        }
        Ok(())
    }
}
