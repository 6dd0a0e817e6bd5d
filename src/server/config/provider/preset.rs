//! The built-in presets, as rows of settings.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use toml::de::{DeTable, DeValue};

use super::template;

/// The settings of one preset by key, as an operator would write them.
pub type Row = BTreeMap<String, String>;

/// What a section without a preset has.
const GENERIC: [(&str, &str); 17] = [
    ("scopes", "openid email profile"),
    ("email", "never"),
    ("auth_time", "promised"),
    ("audiences", "one"),
    ("pkce", "s256"),
    ("scope_separator", "space"),
    ("token_scheme", "Bearer"),
    ("userinfo_method", "get"),
    ("user_source", "userinfo"),
    ("assertion_audience", "token-endpoint"),
    ("subject_path", "sub | id"),
    ("name_path", "name"),
    ("email_path", "email"),
    ("email_verified_path", "email_verified"),
    ("emails_path", "[primary&verified].email"),
    ("groups_path", "groups"),
    ("private_network", "false"),
];

static PRESETS: LazyLock<BTreeMap<String, Row>> = LazyLock::new(|| {
    let mut all = read(include_str!("presets.toml"));
    for (name, mark) in read(include_str!("marks.toml")).remove("marks").unwrap_or_default() {
        if let Some(row) = all.get_mut(&name) {
            row.insert("mark".to_owned(), mark);
        }
    }
    all
});

/// Reads tables of texts. The files are part of the program, and a test reads every row.
fn read(text: &str) -> BTreeMap<String, Row> {
    let Ok(file) = DeTable::parse(text) else { return BTreeMap::new() };
    let row = |value: &DeValue<'_>| -> Row {
        let DeValue::Table(table) = value else { return Row::new() };
        let text = |value: &DeValue<'_>| value.as_str().unwrap_or_default().to_owned();
        table
            .iter()
            .map(|(key, value)| (key.get_ref().to_string(), text(value.get_ref())))
            .collect()
    };
    let tables = file.get_ref().iter();
    tables.map(|(name, value)| (name.get_ref().to_string(), row(value.get_ref()))).collect()
}

/// Returns the presets by name.
#[must_use]
pub fn presets() -> &'static BTreeMap<String, Row> {
    &PRESETS
}

/// Returns the variables that a preset needs and does not set itself.
pub fn missing_variables(row: &Row) -> impl Iterator<Item = &'static str> {
    let is_used = |it: &str| row.values().any(|text| text.contains(&format!("{{{it}}}")));
    template::VARIABLES.into_iter().filter(move |it| is_used(it) && !row.contains_key(*it))
}

/// Returns the value of a setting in a preset, or in a section without one.
pub fn default(preset: Option<&'static Row>, key: &str) -> &'static str {
    match preset.and_then(|it| it.get(key)) {
        Some(text) => text,
        None => GENERIC.iter().find(|(it, _)| *it == key).map_or("", |(_, text)| text),
    }
}
