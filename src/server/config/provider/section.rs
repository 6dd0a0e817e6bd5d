//! Reads one provider's settings: its section over its preset, with templates filled in.

use url::Url;

use super::super::{ConfigError, RawConfig, settings};
use super::path::Path;
use super::preset::{self, Row, presets};
use super::template;
use crate::secret::Secret;
use crate::server::provider_http::is_trustworthy;

pub struct Section<'a> {
    raw: &'a RawConfig,
    name: &'a str,
    preset: Option<&'static Row>,
}

/// Returns whether a section says by itself where its provider is.
fn is_own(raw: &RawConfig, name: &str) -> bool {
    ["issuer", "authorize_url"]
        .iter()
        .any(|it| !raw.text(&format!("social.{name}.{it}")).is_empty())
}

impl<'a> Section<'a> {
    /// Finds the preset: the one that the section names, or the one of its own name.
    pub fn new(raw: &'a RawConfig, name: &'a str) -> Result<Self, ConfigError> {
        let key = format!("social.{name}.preset");
        let preset = match raw.text(&key) {
            // A name alone must not bring another provider's rules.
            "" if presets().contains_key(name) && is_own(raw, name) => {
                return Err(ConfigError(format!(
                    "social.{name} sets its own addresses; set {key} = \"{name}\" if it is that preset \
                     with other addresses, or {key} = \"none\" if it is not"
                )));
            }
            "" => presets().get(name),
            "none" => None,
            word => Some(presets().get(word).ok_or_else(|| raw.refuse(&key))?),
        };
        Ok(Self { raw, name, preset })
    }

    fn key(&self, key: &str) -> String {
        format!("social.{}.{key}", self.name)
    }

    /// Returns whether the section itself has the setting.
    pub fn is_set(&self, key: &str) -> bool {
        !self.raw.text(&self.key(key)).is_empty()
    }

    /// Returns the setting as written. An empty one replaces that of the preset.
    fn written(&self, key: &str) -> &str {
        let full = self.key(key);
        if self.raw.origin(&full).is_explicit() {
            return self.raw.text(&full);
        }
        // A preset knows how its own host verifies addresses, and nothing of how another server is set up.
        let is_elsewhere =
            self.is_set("host") && self.preset.is_some_and(|it| it.contains_key("host"));
        if key == "email" && is_elsewhere {
            return preset::default(None, key);
        }
        preset::default(self.preset, key)
    }

    /// Returns the setting as text, with its variables filled in.
    pub fn text(&self, key: &str) -> Result<String, ConfigError> {
        let mut text = self.written(key).to_owned();
        for variable in template::variables_of(&text.clone()) {
            let value = self.written(variable);
            if value.is_empty() {
                return Err(self.missing(variable));
            }
            if !template::is_valid(variable, value) {
                return Err(self.refuse(variable));
            }
            text = text.replace(&format!("{{{variable}}}"), value);
        }
        Ok(text)
    }

    /// Returns a required secret, exactly as written: it may contain anything.
    pub fn secret(&self, key: &str) -> Result<Secret, ConfigError> {
        let text = self.written(key).to_owned();
        if text.is_empty() { Err(self.missing(key)) } else { Ok(text.into()) }
    }

    pub fn required(&self, key: &str) -> Result<String, ConfigError> {
        Some(self.text(key)?).filter(|it| !it.is_empty()).ok_or_else(|| self.missing(key))
    }

    pub fn words(&self, key: &str) -> Result<Vec<String>, ConfigError> {
        Ok(self.text(key)?.split_whitespace().map(str::to_owned).collect())
    }

    /// Returns names that may contain spaces.
    pub fn names(&self, key: &str) -> Result<Vec<String>, ConfigError> {
        let text = self.text(key)?;
        let names = text.split('|').map(|it| it.trim().to_owned());
        Ok(names.filter(|it| !it.is_empty()).collect())
    }

    pub fn rule<T: Copy>(&self, key: &str, rules: &[(&str, T)]) -> Result<T, ConfigError> {
        let text = self.written(key);
        let rule = rules.iter().find(|(word, _)| *word == text).map(|(_, rule)| *rule);
        rule.ok_or_else(|| self.refuse(key))
    }

    /// Returns the rules of all words.
    pub fn all<T: Copy>(&self, key: &str, rules: &[(&str, T)]) -> Result<Vec<T>, ConfigError> {
        let find = |word: &str| rules.iter().find(|(it, _)| *it == word).map(|(_, rule)| *rule);
        let all: Option<_> = self.written(key).split_whitespace().map(find).collect();
        all.ok_or_else(|| self.refuse(key))
    }

    pub fn path(&self, key: &str) -> Result<Path, ConfigError> {
        self.written(key).parse().map_err(|()| self.refuse(key))
    }

    pub fn origins(&self, key: &str) -> Result<Vec<String>, ConfigError> {
        let origin = |word: String| {
            let url = Url::parse(&word).ok().filter(is_trustworthy)?;
            Some(url.origin().ascii_serialization())
        };
        let all: Option<Vec<_>> = self.words(key)?.into_iter().map(origin).collect();
        all.ok_or_else(|| self.refuse(key))
    }

    pub fn url(&self, key: &str) -> Result<Option<Url>, ConfigError> {
        let text = self.text(key)?;
        if text.is_empty() {
            return Ok(None);
        }
        let url = Url::parse(&text).ok().filter(is_trustworthy);
        url.map(Some).ok_or_else(|| self.refuse(key))
    }

    pub fn required_url(&self, key: &str) -> Result<Url, ConfigError> {
        self.url(key)?.ok_or_else(|| self.missing(key))
    }

    /// Reads the address of a proxy, which can contain a password. http is allowed: what goes through it is TLS.
    pub fn proxy(&self, key: &str) -> Result<Option<Secret>, ConfigError> {
        let text = self.written(key);
        let is_proxy = |it: &Url| matches!(it.scheme(), "http" | "https") && it.has_host();
        match Url::parse(text) {
            _ if text.is_empty() => Ok(None),
            Ok(url) if is_proxy(&url) => Ok(Some(text.to_owned().into())),
            _ => Err(self.refuse(key)),
        }
    }

    /// Reads the path of a mark. It is part of a page, so nothing but the language of SVG paths is allowed.
    pub fn mark(&self) -> Result<String, ConfigError> {
        let text = self.written("mark").to_owned();
        let is_path = |b: u8| b.is_ascii_digit() || b" ,.+-eMmLlHhVvCcSsQqTtAaZz".contains(&b);
        if text.bytes().all(is_path) { Ok(text) } else { Err(self.refuse("mark")) }
    }

    pub fn missing(&self, key: &str) -> ConfigError {
        let (name, full) = (self.name, self.key(key));
        let wants = settings::find(&full).map_or("", |row| row.wants);
        ConfigError(format!(
            "{full} is missing; set it in the section [social.{name}] or the variable {}: it must be {wants}",
            RawConfig::variable(&full)
        ))
    }

    pub fn refuse(&self, key: &str) -> ConfigError {
        self.raw.refuse(&self.key(key))
    }

    /// Refuses a setting for a reason that its description does not say.
    pub fn refuse_because(&self, key: &str, why: &str) -> ConfigError {
        let full = self.key(key);
        ConfigError(format!("{full} ({}): {why}", self.raw.origin(&full)))
    }
}
