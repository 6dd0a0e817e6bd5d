//! The HTML parsing that the tests need.

/// Returns the text that a visitor sees: no scripts or tags, entities decoded, white space collapsed.
pub fn visible(html: &str) -> String {
    let mut text = String::new();
    for part in without_scripts(html).split('<') {
        text.push(' ');
        text.push_str(part.split_once('>').map_or(part, |(_, after)| after));
    }
    unescape(&text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns the document without its `script` elements.
pub fn without_scripts(html: &str) -> String {
    let mut kept = String::new();
    let mut rest = html;
    while let Some(start) = rest.find("<script") {
        kept.push_str(&rest[..start]);
        let end = rest[start..].find("</script>").map_or(rest.len(), |it| start + it + 9);
        rest = &rest[end..];
    }
    kept + rest
}

/// Returns the attribute text of each element of this name.
pub fn elements<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    html.split(&format!("<{name}"))
        .skip(1)
        .filter(|it| it.starts_with([' ', '>']))
        .map(|it| it.split('>').next().unwrap())
        .collect()
}

/// Returns an attribute's value from an element's text.
pub fn attribute(element: &str, name: &str) -> Option<String> {
    let (_, rest) = element.split_once(&format!(" {name}=\""))?;
    Some(unescape(rest.split('"').next()?))
}

/// Returns the value of the field of this name.
pub fn value_of(html: &str, field: &str) -> Option<String> {
    let inputs = elements(html, "input");
    let input = inputs.into_iter().find(|it| attribute(it, "name").as_deref() == Some(field))?;
    attribute(input, "value")
}

/// Returns the problem shown at the field of this name.
pub fn problem_at(html: &str, field: &str) -> Option<String> {
    let (_, rest) = html.split_once(&format!("id=\"{field}-problem\""))?;
    let (_, text) = rest.split_once('>')?;
    Some(visible(text.split("</p>").next()?))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&#x27;", "'")
        .replace("&#39;", "'")
        .replace("&amp;", "&")
}
