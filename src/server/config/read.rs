//! Reads settings as text and remembers where each one is set.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::ErrorKind;
use std::ops::RangeInclusive;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::profile::Profile;
use super::setting::{Origin, show, without_password};
use super::settings::{self, Setting, is_provider_name, provider_name};
use super::unit::{self, Rate};
use crate::server::files::{self, FileError};
use crate::text::{is_legible, without_bom};

const PREFIX: &str = "PORTCULLIS_";
const FILE_NAME: &str = "portcullis.toml";

/// The settings as written, by full key.
#[derive(Clone, Default)]
pub struct RawConfig {
    values: BTreeMap<String, (String, Origin)>,
}

impl fmt::Debug for RawConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.rows()).finish()
    }
}

impl RawConfig {
    /// Reads the file, then the environment variables, which win.
    pub fn read(
        file: Option<&Path>,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let mut raw = Self::default();
        let path = file.unwrap_or(Path::new(FILE_NAME));
        match files::read_to_string(path) {
            Ok(text) => raw.add_file(&path.display().to_string(), &text)?,
            Err(error) if error.kind() == ErrorKind::NotFound && file.is_none() => {}
            Err(error) => return Err(ConfigError(error.chain())),
        }
        for (variable, value) in variables {
            // A name that is not UTF-8 is not ours. `insert` refuses a value with a replacement character.
            let (variable, value) = (variable.to_string_lossy(), value.to_string_lossy());
            raw.add_variable(&variable, value.into_owned())?;
        }
        Ok(raw)
    }

    /// Adds the settings in a file's text. `path` is the file's name in errors.
    pub fn add_file(&mut self, path: &str, text: &str) -> Result<(), ConfigError> {
        let line_at = |offset: usize| text[..offset.min(text.len())].matches('\n').count() + 1;
        let table = DeTable::parse(text).map_err(|error| {
            let line = error.span().map_or(1, |span| line_at(span.start));
            ConfigError(format!("{path} line {line}: {}", error.message().replace('\n', " ")))
        })?;
        self.add_table(path, "", table.get_ref(), &line_at)
    }

    fn add_table(
        &mut self,
        path: &str,
        prefix: &str,
        table: &DeTable<'_>,
        line_at: &dyn Fn(usize) -> usize,
    ) -> Result<(), ConfigError> {
        for (name, value) in table {
            let key = format!("{prefix}{}", name.get_ref());
            let origin = Origin::File { path: path.to_owned(), line: line_at(name.span().start) };
            let text = match value.get_ref() {
                DeValue::Table(inner) => {
                    if settings::find(&key).is_some() {
                        return Err(refuse(&key, &origin, "a section"));
                    }
                    if inner.is_empty() && prefix == "social." {
                        return Err(ConfigError(format!(
                            "{key} ({origin}) is empty; remove it or add its settings"
                        )));
                    }
                    self.add_table(path, &format!("{key}."), inner, line_at)?;
                    continue;
                }
                DeValue::String(text) if !known(&key, &origin)?.is_number() => text.to_string(),
                DeValue::Integer(number) if known(&key, &origin)?.is_number() => number.to_string(),
                DeValue::Boolean(it) if known(&key, &origin)?.is_boolean() => it.to_string(),
                other => {
                    known(&key, &origin)?;
                    return Err(refuse(&key, &origin, &describe(other)));
                }
            };
            self.insert(key, text, origin)?;
        }
        Ok(())
    }

    /// Adds one variable if it is ours. An empty one counts as not set, because programs that pass variables
    /// on create empty ones for those that are not set.
    fn add_variable(&mut self, variable: &str, value: String) -> Result<(), ConfigError> {
        let Some(name) = variable.strip_prefix(PREFIX).filter(|_| !value.is_empty()) else {
            return Ok(());
        };
        let key = name.to_ascii_lowercase().replace("__", ".");
        let origin = Origin::Environment { variable: variable.to_owned() };
        if !key.contains('.') && settings::find(&key).is_none() {
            // Other programs may use the prefix. A setting's name with a single underscore is a mistake.
            let is_slip = settings::all().any(|it| it.key.replace('.', "_") == key);
            return if is_slip { Err(unknown(&key, &origin)) } else { Ok(()) };
        }
        if let Some(named) = key.strip_suffix("_file")
            && settings::find(&key).is_none()
            && settings::find(named).is_some_and(|it| it.is_secret)
        {
            if value.contains("://") {
                // Probably the secret itself instead of the path of its file.
                return Err(ConfigError(format!("{named} ({origin}) must be the path of a file")));
            }
            let unreadable =
                |it: FileError| ConfigError(format!("{named} ({origin}): {}", it.chain()));
            let text = files::read_to_string(Path::new(&value)).map_err(unreadable)?;
            // Strips what editors and shells add around it.
            let text = without_bom(&text).trim();
            if text.is_empty() {
                // If this counted as not set, the server would create its own secret or database.
                return Err(ConfigError(format!("{named} ({origin}): {value} is empty")));
            }
            return self.insert(named.to_owned(), text.to_owned(), origin);
        }
        self.insert(key, value, origin)
    }

    fn insert(&mut self, key: String, text: String, origin: Origin) -> Result<(), ConfigError> {
        let row = known(&key, &origin)?;
        if text.contains(char::is_control) {
            return Err(refuse(&key, &origin, "text with control characters"));
        }
        if text.contains(char::REPLACEMENT_CHARACTER) {
            return Err(refuse(&key, &origin, "text that is not valid UTF-8"));
        }
        if !text.is_empty() && text.trim().is_empty() {
            return Err(refuse(&key, &origin, "blank text"));
        }
        if !row.is_secret && !is_legible(&text) {
            return Err(refuse(&key, &origin, "text with invisible characters"));
        }
        if let Some(name) = provider_name(&key)
            && !is_provider_name(name)
        {
            return Err(ConfigError(format!(
                "{key} ({origin}): a provider's name must be 1 to 32 lowercase letters, digits and hyphens"
            )));
        }
        debug_assert!(key.ends_with(row.key));
        self.values.insert(key, (text, origin));
        Ok(())
    }

    /// Returns the name of the environment variable that sets a key.
    #[must_use]
    pub fn variable(key: &str) -> String {
        format!("{PREFIX}{}", key.to_ascii_uppercase().replace('.', "__"))
    }

    /// Returns the names of the configured providers.
    pub fn providers(&self) -> impl Iterator<Item = &str> {
        let mut names: Vec<_> = self.values.keys().filter_map(|key| provider_name(key)).collect();
        names.dedup();
        names.into_iter()
    }

    /// Returns the profile; the default one for a word that is refused later.
    fn profile(&self) -> Profile {
        let named = self.values.get("profile").and_then(|(word, _)| Profile::find(word));
        named.unwrap_or(Profile::Default)
    }

    /// Returns the setting as text. If it is not set, the profile's value or the default.
    #[must_use]
    pub fn text(&self, key: &str) -> &str {
        match self.values.get(key) {
            Some((text, _)) => text,
            None => self
                .profile()
                .value(key)
                .unwrap_or_else(|| settings::find(key).map_or("", |row| row.default)),
        }
    }

    /// Returns where the setting is set.
    #[must_use]
    pub fn origin(&self, key: &str) -> Origin {
        match self.values.get(key) {
            Some((_, origin)) => origin.clone(),
            None if self.profile().value(key).is_some() => Origin::Profile(self.profile().as_str()),
            None => Origin::Default,
        }
    }

    pub fn parse<T: FromStr>(&self, key: &str) -> Result<T, ConfigError> {
        self.text(key).parse().map_err(|_| self.refuse(key))
    }

    pub fn number<T>(&self, key: &str, range: RangeInclusive<u64>) -> Result<T, ConfigError>
    where
        T: TryFrom<u64>,
    {
        let number: u64 = self.parse(key)?;
        if !range.contains(&number) {
            return Err(self.refuse(key));
        }
        T::try_from(number).map_err(|_| self.refuse(key))
    }

    /// Parses a whole number and a unit: `s`, `m`, `h` or `d`.
    pub fn duration(&self, key: &str) -> Result<Duration, ConfigError> {
        unit::duration(self.text(key)).ok_or_else(|| self.refuse(key))
    }

    /// Parses a rate like `10/1h`; `none` becomes `None`.
    pub fn rate(&self, key: &str) -> Result<Option<Rate>, ConfigError> {
        let text = self.text(key);
        if text == "none" {
            return Ok(None);
        }
        Rate::parse(text).map(Some).ok_or_else(|| self.refuse(key))
    }

    pub fn one_of<T: Copy>(&self, key: &str, words: &[(&str, T)]) -> Result<T, ConfigError> {
        let text = self.text(key);
        words
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, it)| *it)
            .ok_or_else(|| self.refuse(key))
    }

    /// Returns the one-line error that says why this setting can't be used.
    #[must_use]
    pub fn refuse(&self, key: &str) -> ConfigError {
        let text = self.text(key);
        let shown = match settings::find(key) {
            Some(row) if row.is_secret => "its current value".to_owned(),
            _ if text.is_empty() => "empty".to_owned(),
            _ => format!("{:?}", without_password(text)),
        };
        refuse(key, &self.origin(key), &shown)
    }

    /// Returns every setting with its value, secrets hidden, and its origin.
    pub fn rows(&self) -> impl Iterator<Item = (String, (String, Origin))> {
        let defaults = settings::all()
            .filter(|row| !self.values.contains_key(row.key))
            .map(|row| (row.key.to_owned(), (show(row, self.text(row.key)), self.origin(row.key))));
        let set = self.values.iter().filter_map(|(key, (text, origin))| {
            Some((key.clone(), (show(settings::find(key)?, text), origin.clone())))
        });
        defaults.chain(set)
    }
}

/// Describes a value of the wrong type. A text in place of a number is not a secret, so it is shown.
fn describe(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(_) | DeValue::Float(_) => "a number without quotes".to_owned(),
        other => format!("a value of type {} without quotes", other.type_str()),
    }
}

fn known(key: &str, origin: &Origin) -> Result<&'static Setting, ConfigError> {
    settings::find(key).ok_or_else(|| unknown(key, origin))
}

fn unknown(key: &str, origin: &Origin) -> ConfigError {
    ConfigError(format!(
        "{key} ({origin}) is not a setting; `portcullis config example` lists all settings"
    ))
}

fn refuse(key: &str, origin: &Origin, found: &str) -> ConfigError {
    let wants = settings::find(key).map_or("", |row| row.wants);
    ConfigError(format!("{key} ({origin}) must be {wants}, not {found}"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Config;
    use super::*;

    fn load(file: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
        let mut raw = RawConfig::default();
        raw.add_file("portcullis.toml", file).map_err(|it| it.to_string())?;
        for (name, value) in variables {
            raw.add_variable(name, (*value).to_owned()).map_err(|it| it.to_string())?;
        }
        Config::from_raw(&raw).map_err(|it| it.to_string())
    }

    #[test]
    fn no_setting_is_required() {
        let config = load("", &[]).unwrap();
        assert_eq!(config.site.origin(), "http://localhost:3000");
        assert!(config.social.is_empty());
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let config =
            load("[password]\nmin_length = 20\n", &[("PORTCULLIS_PASSWORD__MIN_LENGTH", "30")]);
        assert_eq!(config.unwrap().password.min_length, 30);
    }

    #[test]
    fn an_error_in_a_file_names_the_key_the_line_and_the_expected_value() {
        for (file, expected) in [
            (
                "[site]\nurll = \"x\"\n",
                "site.urll (portcullis.toml line 2) is not a setting; `portcullis config example` lists all settings",
            ),
            (
                "\n[password]\nmin_length = \"many\"\n",
                "password.min_length (portcullis.toml line 3) must be a whole number from 8 to 128, not \"many\"",
            ),
            (
                "[password]\nmin_length = [1]\n",
                "password.min_length (portcullis.toml line 2) must be a whole number from 8 to 128, not a value of type array without quotes",
            ),
            (
                "[site]\nname = 7\n",
                "site.name (portcullis.toml line 2) must be text without <, not a number without quotes",
            ),
            (
                "[site]\nname = \"<b>\"\n",
                "site.name (portcullis.toml line 2) must be text without <, not \"<b>\"",
            ),
            (
                "site = 3",
                "site (portcullis.toml line 1) is not a setting; `portcullis config example` lists all settings",
            ),
        ] {
            assert_eq!(load(file, &[]).unwrap_err(), expected);
        }
    }

    #[test]
    fn an_error_in_the_environment_names_the_key_the_variable_and_the_expected_value() {
        for (variable, expected) in [
            (
                ("PORTCULLIS_SITE__NAME", "\u{202e}Gate"),
                "site.name (environment PORTCULLIS_SITE__NAME) must be text without <, not text with invisible characters",
            ),
            (
                ("PORTCULLIS_PASSWORD__MIN_LENGTH", "many"),
                "password.min_length (environment PORTCULLIS_PASSWORD__MIN_LENGTH) must be a whole number from 8 to 128, not \"many\"",
            ),
            (
                ("PORTCULLIS_SITE__URL", "http://example.com"),
                "site.url (environment PORTCULLIS_SITE__URL) must be an https URL without a path, or an http URL on loopback, not \"http://example.com\"",
            ),
            (
                ("PORTCULLIS_SITE_URL", "https://example.com"),
                "site_url (environment PORTCULLIS_SITE_URL) is not a setting; `portcullis config example` lists all settings",
            ),
            (
                ("PORTCULLIS_DATABASE__URL", "mysql://root:hunter2@db"),
                "database.url (environment PORTCULLIS_DATABASE__URL) must be a URL that begins with sqlite: or postgres: and has only supported parameters, not its current value",
            ),
            (
                ("PORTCULLIS_SESSION__IDLE", "0s"),
                "session.idle (environment PORTCULLIS_SESSION__IDLE) must be a duration like \"90s\", \"15m\", \"12h\" or \"7d\", of one second or more, not \"0s\"",
            ),
        ] {
            assert_eq!(load("", &[variable]).unwrap_err(), expected);
        }
    }

    proptest! {
        #[test]
        fn no_file_ever_panics(text in any::<String>()) {
            let _ = load(&text, &[]);
        }

        #[test]
        fn no_variable_ever_panics(key in "[A-Z_]{0,20}", value in any::<String>()) {
            let _ = load("", &[(&format!("PORTCULLIS_{key}"), &value)]);
        }
    }
}
