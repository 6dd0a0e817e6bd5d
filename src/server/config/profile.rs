//! Profiles: one word that sets every limit of a standard.
//!
//! A profile changes defaults. A setting that is set explicitly wins, and `doctor` says if it falls short.

use super::setting::{Origin, show};
use super::unit;
use super::{Config, RawConfig, settings};

/// A standard whose limits the settings follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    Default,
    /// OWASP Application Security Verification Standard 5.0, level 2.
    AsvsL2,
    /// NIST SP 800-63B-4, authentication assurance level 3.
    Aal3,
}

/// What a standard requires of a setting.
struct Rule {
    key: &'static str,
    /// The value that the profile sets; `None` if only the operator knows one.
    value: Option<&'static str>,
    needs: Needs,
    /// The requirement or section of the standard.
    source: &'static str,
}

/// How a value meets a rule.
#[derive(Clone, Copy)]
enum Needs {
    /// It is the profile's.
    Same,
    /// It is a duration or a number no greater than the profile's, or `none`.
    AtMost,
    /// It is a number no less than the profile's.
    AtLeast,
    Https,
    /// It is set.
    Set(&'static str),
    /// It is set, or the other setting is.
    SetOr(&'static str),
    /// It is not weak, which every rule requires.
    Strong(&'static str),
}

const fn rule(key: &'static str, needs: Needs, value: &'static str, source: &'static str) -> Rule {
    Rule { key, value: Some(value), needs, source }
}

const fn open(key: &'static str, needs: Needs, source: &'static str) -> Rule {
    Rule { key, value: None, needs, source }
}

const ASVS_L2: &[Rule] = &[
    open("site.url", Needs::Https, "12.2.1"),
    rule("second_factor.require", Needs::Same, "everyone", "6.3.3"),
    rule("second_factor.grace", Needs::AtMost, "none", "6.3.3"),
    rule("second_factor.trust", Needs::AtMost, "none", "6.3.3"),
    rule("second_factor.by_mail", Needs::Same, "off", "6.4.3"),
    rule("second_factor.recovery_wait", Needs::Same, "none", "6.4.4"),
    rule("totp.drift", Needs::AtMost, "0", "6.5.5"),
    rule("ticket.sign_in", Needs::AtMost, "10m", "6.5.5"),
    rule("session.idle", Needs::AtMost, "1h", "7.3.1; the limit is ours"),
    rule("session.absolute", Needs::AtMost, "12h", "7.3.2; the limit is ours"),
    rule("session.remembered_idle", Needs::AtMost, "1h", "7.3.1; the limit is ours"),
    rule("session.remembered_absolute", Needs::AtMost, "12h", "7.3.2; the limit is ours"),
    rule("session.reauthentication", Needs::AtMost, "10m", "7.5.1; the limit is ours"),
    rule("password.min_length", Needs::AtLeast, "8", "6.2.1"),
    open("password.breached_filter", Needs::SetOr("password.breached_range_url"), "6.2.12"),
    open("password.memory_kib", Needs::Strong("no cheaper than recommended"), "11.4.2"),
    open("limit.code_account", Needs::Strong("a limit on guesses"), "6.6.3"),
    open("limit.code_unknown", Needs::Strong("a limit on guesses"), "6.6.3"),
    open("database.url", Needs::Strong("on this machine, or with verified TLS"), "12.3.1"),
    open("http.trusted_proxies", Needs::Set("the networks of your proxies"), "15.3.4"),
    open("log.filter", Needs::Strong("warnings and errors at least"), "16.3.4"),
];

const AAL3: &[Rule] = &[
    open("site.url", Needs::Https, "2.3.2"),
    rule("second_factor.require", Needs::Same, "everyone", "2.3.1"),
    rule("second_factor.accept", Needs::Same, "device-bound-passkeys", "2.3.1"),
    rule("second_factor.grace", Needs::AtMost, "none", "2.3.1"),
    rule("second_factor.trust", Needs::AtMost, "none", "2.3.1"),
    rule("second_factor.by_mail", Needs::Same, "off", "3.1.3.1"),
    rule("second_factor.recovery_wait", Needs::Same, "none", "4.2"),
    rule("sign_in.by_mail", Needs::Same, "off", "3.1.3.1"),
    rule("passkey.automatic", Needs::Same, "off", "2.3.2"),
    rule("session.idle", Needs::AtMost, "15m", "2.3.3; recommended"),
    rule("session.absolute", Needs::AtMost, "12h", "2.3.3"),
    rule("session.remembered_idle", Needs::AtMost, "15m", "2.3.3; recommended"),
    rule("session.remembered_absolute", Needs::AtMost, "12h", "2.3.3"),
    rule("session.reauthentication", Needs::AtMost, "10m", "2.3.3; the limit is ours"),
    rule("password.min_length", Needs::AtLeast, "8", "3.1.1.2"),
    open("password.breached_filter", Needs::SetOr("password.breached_range_url"), "3.1.1.2"),
    open("password.memory_kib", Needs::Strong("no cheaper than recommended"), "3.1.1.2"),
    open("database.url", Needs::Strong("on this machine, or with verified TLS"), "2.3.2"),
];

/// What no setting can do, each with its source.
const OUTSIDE_ASVS_L2: &[(&str, &str)] = &[
    ("a proxy in front with TLS 1.2 or 1.3 and a publicly trusted certificate", "12.1.1, 12.2.2"),
    (
        "the key and passwords in a store of secrets that only this service can read",
        "13.3.1, 13.3.2",
    ),
    ("on PostgreSQL, an account that owns this database and nothing else", "13.2.2"),
    ("a copy of the log on another system", "16.4.3"),
    ("updates within a time that you set", "15.1.1, 15.2.1"),
];

const OUTSIDE_AAL3: &[(&str, &str)] = &[
    (
        "authenticators that you hand out, enrolled under your eyes: no attestation is checked, so software can claim to be device-bound",
        "2.3.2",
    ),
    ("as a federal agency, authenticators validated to FIPS 140", "2.3.2"),
    (
        "proof of identity before an account gets its first passkey, or one that replaces all",
        "4.1, 4.2",
    ),
    ("a proxy in front with TLS 1.2 or 1.3 and a publicly trusted certificate", "2.3.2"),
];

/// A setting beside what the profile requires of it.
#[derive(Clone, Debug)]
pub struct Requirement {
    pub key: &'static str,
    /// With secrets hidden.
    pub value: String,
    pub origin: Origin,
    /// Whether it was set explicitly although the profile sets it.
    pub overrides: bool,
    /// What the profile requires, with its source.
    pub wants: String,
    pub is_met: bool,
}

impl Profile {
    pub(super) const WORDS: [(&'static str, Self); 3] =
        [("default", Self::Default), ("asvs-l2", Self::AsvsL2), ("aal3", Self::Aal3)];

    /// Finds the profile that a setting names.
    #[must_use]
    pub fn find(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(it, _)| *it == word).map(|(_, it)| *it)
    }

    /// Returns the word of the setting.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::AsvsL2 => "asvs-l2",
            Self::Aal3 => "aal3",
        }
    }

    const fn standard(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::AsvsL2 => "ASVS 5.0",
            Self::Aal3 => "NIST SP 800-63B-4",
        }
    }

    const fn rules(self) -> &'static [Rule] {
        match self {
            Self::Default => &[],
            Self::AsvsL2 => ASVS_L2,
            Self::Aal3 => AAL3,
        }
    }

    /// Returns the value that the profile gives a setting.
    pub(super) fn value(self, key: &str) -> Option<&'static str> {
        self.rules().iter().find(|it| it.key == key)?.value
    }

    /// Returns what the operator must arrange outside of the settings, with the sources.
    #[must_use]
    pub fn outside(self) -> Vec<String> {
        let items = match self {
            Self::Default => &[][..],
            Self::AsvsL2 => OUTSIDE_ASVS_L2,
            Self::Aal3 => OUTSIDE_AAL3,
        };
        items
            .iter()
            .map(|(text, source)| format!("{text} ({}, {source})", self.standard()))
            .collect()
    }

    /// Compares the settings with what the profile requires.
    pub(super) fn requirements(self, raw: &RawConfig, config: &Config) -> Vec<Requirement> {
        let weak: Vec<_> = config.find_weaknesses(true).iter().map(|it| it.key).collect();
        let requirement = |rule: &Rule| {
            let origin = raw.origin(rule.key);
            Requirement {
                key: rule.key,
                value: settings::find(rule.key)
                    .map(|row| show(row, raw.text(rule.key)))
                    .unwrap_or_default(),
                overrides: rule.value.is_some() && origin.is_explicit(),
                origin,
                wants: format!("{} ({}, {})", rule.wants(), self.standard(), rule.source),
                is_met: rule.is_met(raw, &weak),
            }
        };
        self.rules().iter().map(requirement).collect()
    }
}

impl Rule {
    fn is_met(&self, raw: &RawConfig, weak: &[&str]) -> bool {
        let text = raw.text(self.key);
        let value = self.value.unwrap_or_default();
        // `none` is no amount, and stricter than any.
        let compares = |is_met: fn(u64, u64) -> bool| {
            amount(text).is_none_or(|it| amount(value).is_some_and(|limit| is_met(it, limit)))
        };
        if weak.contains(&self.key) {
            return false;
        }
        match self.needs {
            Needs::Same => text == value,
            Needs::AtMost => compares(|it, most| it <= most),
            Needs::AtLeast => compares(|it, least| it >= least),
            Needs::Https => text.starts_with("https://"),
            Needs::SetOr(other) => !text.is_empty() || !raw.text(other).is_empty(),
            Needs::Set(_) => !text.is_empty(),
            Needs::Strong(_) => true,
        }
    }

    fn wants(&self) -> String {
        let value = self.value.unwrap_or_default();
        match self.needs {
            Needs::AtMost if value != "none" => format!("at most {value}"),
            Needs::AtLeast => format!("at least {value}"),
            Needs::Same | Needs::AtMost => value.to_owned(),
            Needs::Https => "an https URL".to_owned(),
            Needs::SetOr(other) => format!("a file, or {other}"),
            Needs::Set(wants) | Needs::Strong(wants) => wants.to_owned(),
        }
    }
}

/// Parses a duration, in seconds, or a number.
fn amount(text: &str) -> Option<u64> {
    let number = text.parse().ok();
    number.or_else(|| unit::duration(text).map(|it| it.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(toml: &str) -> Config {
        let mut raw = RawConfig::default();
        raw.add_file("test", toml).unwrap();
        Config::from_raw(&raw).unwrap()
    }

    fn unmet(toml: &str) -> Vec<&'static str> {
        load(toml).requirements.iter().filter(|it| !it.is_met).map(|it| it.key).collect()
    }

    const READY: &str = "[site]\nurl = \"https://id.example\"\n[http]\ntrusted_proxies = \"127.0.0.1\"\n[password]\nbreached_filter = \"breached\"\n";

    #[test]
    fn a_profile_alone_needs_only_what_the_operator_knows() {
        assert!(load("").requirements.is_empty());
        for profile in ["asvs-l2", "aal3"] {
            let toml = format!("profile = \"{profile}\"\n");
            let open: Vec<_> =
                unmet(&toml).into_iter().filter(|it| *it != "http.trusted_proxies").collect();
            assert_eq!(open, ["site.url", "password.breached_filter"]);
            assert_eq!(unmet(&format!("{toml}{READY}")), [""; 0]);
        }
    }

    /// For every rule of every profile: a value on the wrong side is reported, and is in force.
    #[test]
    fn an_explicit_setting_wins_and_is_reported() {
        for (word, profile) in Profile::WORDS {
            for rule in profile.rules() {
                let Some(value) = rule.value else { continue };
                let wrong = match (rule.needs, rule.key) {
                    (_, "second_factor.require") => "none",
                    (_, "second_factor.accept") => "passkeys",
                    (_, "totp.drift") => "1",
                    (Needs::Same, _) if value == "off" => "on",
                    // No shorter one is accepted.
                    (Needs::AtLeast, _) => continue,
                    (_, "second_factor.recovery_wait") => "5m",
                    _ => "40d",
                };
                let (section, key) = rule.key.split_once('.').unwrap();
                let quote = if settings::find(rule.key).unwrap().is_number() { "" } else { "\"" };
                let setting = format!("[{section}]\n{key} = {quote}{wrong}{quote}\n");
                let config = load(&format!("profile = \"{word}\"\n{READY}{setting}"));
                let found = config.requirements.iter().find(|it| it.key == rule.key).unwrap();
                assert!(!found.is_met && found.overrides, "{found:?}");
                assert!(found.value.contains(wrong), "{found:?}");
            }
        }
    }

    #[test]
    fn stricter_settings_meet_a_profile() {
        let toml = format!(
            "profile = \"asvs-l2\"\n{READY}min_length = 20\n[session]\nidle = \"5m\"\n[limit]\ncode_account = \"2/1d\"\n"
        );
        assert_eq!(unmet(&toml), [""; 0]);
        let config = load(&toml);
        assert_eq!(config.password.min_length, 20);
        assert_eq!(config.session.brief.idle.as_secs(), 300);
    }

    #[test]
    fn a_weak_setting_does_not_meet_a_profile() {
        let toml = format!(
            "profile = \"asvs-l2\"\n{READY}memory_kib = 8\n[limit]\ncode_account = \"none\"\n[database]\nurl = \"postgres://db.example/x\"\n"
        );
        assert_eq!(unmet(&toml), ["password.memory_kib", "limit.code_account", "database.url"]);
        // Also on a site for trying out, and where the profile lowers a default that no longer suits.
        let toml = "profile = \"asvs-l2\"\n[second_factor]\ntrust = \"1d\"\n";
        assert!(unmet(toml).contains(&"password.min_length"));
    }

    #[test]
    fn a_profile_has_one_word() {
        for (word, profile) in Profile::WORDS {
            assert_eq!((profile.as_str(), Profile::find(word)), (word, Some(profile)));
        }
        assert_eq!(Profile::find("asvs"), None);
    }
}
