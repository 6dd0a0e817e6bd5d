//! Every setting, its default, what it wants and what it is for: the one list behind reading,
//! checking, `config example` and the table of the README.

use std::fmt::Write as _;

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// `section.key`; for a provider's setting the key alone.
    pub key: &'static str,
    /// As it would stand in the file, without quotes.
    pub default: &'static str,
    /// Completes the sentence "KEY wants …".
    pub wants: &'static str,
    /// What it is for, a line for the example.
    pub about: &'static str,
    pub is_secret: bool,
}

impl Setting {
    /// Whether it stands in the file without quotes.
    #[must_use]
    pub fn is_number(&self) -> bool {
        self.default.parse::<u64>().is_ok()
    }
}

const fn setting(
    key: &'static str,
    default: &'static str,
    wants: &'static str,
    about: &'static str,
) -> Setting {
    Setting { key, default, wants, about, is_secret: false }
}

const fn secret(key: &'static str, wants: &'static str, about: &'static str) -> Setting {
    Setting { key, default: "", wants, about, is_secret: true }
}

/// What a duration setting wants.
const DURATION: &str = "a duration like \"90s\", \"15m\", \"12h\" or \"7d\", of one second or more";

pub const SETTINGS: &[Setting] = &[
    setting("site.name", "Portcullis", "a text without <", "What the pages call this site."),
    setting(
        "site.url",
        "http://localhost:3000",
        "an https address without a path, or an http address on loopback",
        "Where people open the site. Redirect addresses are built from it, never from a header.",
    ),
    setting(
        "site.listen",
        "127.0.0.1:3000",
        "an IP address and a port, like 127.0.0.1:3000 or [::1]:3000",
        "Where the server listens.",
    ),
    setting("site.data", "portcullis-data", "a folder", "Holds the embedded database and the key."),
    secret(
        "site.key",
        "32 octets as base64url (43 characters)",
        "Seals cookies and pending sign-ins. Made in site.data where none is set; replicas share one.",
    ),
    secret(
        "database.url",
        "an address that begins with sqlite: or postgres:",
        "Empty: sqlite:portcullis.sqlite in site.data.",
    ),
    setting(
        "database.connections",
        "8",
        "a whole number from 1 to 1000",
        "The most connections to the database.",
    ),
    setting(
        "database.busy_timeout",
        "5s",
        DURATION,
        "How long a request waits for a connection or a lock before it answers 503.",
    ),
    setting(
        "database.durability",
        "full",
        "full or normal",
        "SQLite: full survives a power cut, normal the end of the process only.",
    ),
    setting("session.idle", "12h", DURATION, "A session ends when it was not seen for so long."),
    setting("session.absolute", "24h", DURATION, "A session ends so long after it began."),
    setting("session.remembered_idle", "7d", DURATION, "The same with \"Keep me signed in\"."),
    setting("session.remembered_absolute", "30d", DURATION, "The same with \"Keep me signed in\"."),
    setting(
        "password.min_length",
        "15",
        "a whole number from 8 to 128",
        "Of new passwords, in characters. The most is 256.",
    ),
    setting(
        "password.memory_kib",
        "19456",
        "a whole number from 8 to 4194304, at least 8 for each of password.parallelism",
        "Argon2id m.",
    ),
    setting("password.iterations", "2", "a whole number from 1 to 1000", "Argon2id t."),
    setting("password.parallelism", "1", "a whole number from 1 to 64", "Argon2id p."),
    setting(
        "password.hashers",
        "0",
        "a whole number from 0 to 256",
        "Hashes at once; 0 is one for each core. Each takes password.memory_kib.",
    ),
    setting(
        "password.max_wait",
        "2s",
        DURATION,
        "When sign-ins wait longer than this for a hash, more are answered 503.",
    ),
    setting(
        "http.body_limit",
        "65536",
        "a whole number from 1024 to 16777216",
        "The largest request body, in octets.",
    ),
    setting("http.header_timeout", "10s", DURATION, "For a request's head to arrive."),
    setting("http.request_timeout", "30s", DURATION, "For a request to be answered."),
    setting("http.shutdown_timeout", "30s", DURATION, "For requests in flight when stopping."),
    setting("http.provider_timeout", "5s", DURATION, "For a provider to answer."),
    setting(
        "http.provider_limit",
        "1048576",
        "a whole number from 1024 to 16777216",
        "The largest answer of a provider that is read, in octets.",
    ),
    setting("log.format", "text", "text or json", "One line an event either way."),
    setting("log.filter", "info", "a filter like info or portcullis=debug,warn", "What is logged."),
];

/// The settings of one `[social.NAME]`. The defaults are the preset's, or none.
pub const PROVIDER_SETTINGS: &[Setting] = &[
    setting(
        "preset",
        "",
        "google, github, gitlab or microsoft",
        "Fills in what is known of a provider. Defaults to NAME where that is one.",
    ),
    setting("label", "", "a text", "What the button says after \"Continue with\"."),
    setting(
        "issuer",
        "",
        "an https address, or an http address on loopback",
        "OpenID Connect: where discovery begins. OAuth 2.0: what subjects belong to.",
    ),
    setting("client_id", "", "the id that the provider gave this site", "Required."),
    secret("client_secret", "the secret that the provider gave this site", "Required."),
    setting("scopes", "", "scopes with spaces between", "What is asked for."),
    setting(
        "email",
        "",
        "verified-claim, emails-endpoint or never",
        "How a verified e-mail address is learnt.",
    ),
    setting(
        "authorize_url",
        "",
        "an https address, or an http address on loopback",
        "OAuth 2.0 without discovery.",
    ),
    setting(
        "token_url",
        "",
        "an https address, or an http address on loopback",
        "OAuth 2.0 without discovery.",
    ),
    setting(
        "userinfo_url",
        "",
        "an https address, or an http address on loopback",
        "OAuth 2.0 without discovery.",
    ),
    setting(
        "emails_url",
        "",
        "an https address, or an http address on loopback",
        "With email = \"emails-endpoint\".",
    ),
    setting(
        "through",
        "",
        "https addresses with spaces between",
        "Further hosts that a sign-in there leads through; browsers without scripts insist.",
    ),
];

/// The row of a full key like `site.url` or `social.github.client_id`.
#[must_use]
pub fn find(key: &str) -> Option<&'static Setting> {
    if let Some(rest) = key.strip_prefix("social.") {
        let (_, key) = rest.split_once('.')?;
        return PROVIDER_SETTINGS.iter().find(|it| it.key == key);
    }
    SETTINGS.iter().find(|it| it.key == key)
}

/// The NAME of a provider's key.
#[must_use]
pub fn provider_name(key: &str) -> Option<&str> {
    key.strip_prefix("social.")?.split_once('.').map(|(name, _)| name)
}

/// Whether it may be one: part of an address and of a variable's name.
#[must_use]
pub fn is_provider_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

/// A `portcullis.toml` with every setting at its default, each with a line about it.
#[must_use]
pub fn example() -> String {
    let mut text = String::from(
        "# Every setting and its default. Each may also come from the environment:\n\
         # site.url is PORTCULLIS_SITE__URL, and a secret may be named as a file:\n\
         # PORTCULLIS_DATABASE__URL_FILE=/run/secrets/database-url\n",
    );
    let mut section = "";
    for row in SETTINGS {
        let (head, key) = row.key.split_once('.').unwrap_or(("", row.key));
        if head != section {
            section = head;
            let _ = write!(text, "\n[{head}]\n");
        }
        let quote = if row.is_number() { "" } else { "\"" };
        let _ = write!(text, "# {}\n# {key} = {quote}{}{quote}\n", row.about, row.default);
    }
    text.push_str(
        "\n# One section a provider. google, github, gitlab and microsoft need the two secrets only.\n\
         # Register this address there: SITE_URL/social/NAME/callback\n\
         # [social.github]\n",
    );
    for row in PROVIDER_SETTINGS {
        let _ = writeln!(text, "# {} = \"\"  # {}", row.key, row.about);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::Raw;
    use super::*;

    #[test]
    fn the_example_names_every_setting_and_is_valid_once_uncommented() {
        let mut text = String::new();
        for line in example().lines() {
            let line = line.strip_prefix("# ").unwrap_or(line);
            let key = line.split(" = ").next().unwrap_or_default();
            let is_setting = line.contains(" = ") && !key.contains(' ');
            if is_setting || line.starts_with('[') {
                text.push_str(line);
                text.push('\n');
            }
        }
        for row in SETTINGS.iter().chain(PROVIDER_SETTINGS) {
            let key = row.key.rsplit('.').next().unwrap_or_default();
            assert!(text.contains(&format!("\n{key} = ")), "{key}");
        }
        let mut raw = Raw::default();
        raw.add_file("example", &text).unwrap();
        assert_eq!(raw.text("site.url"), "http://localhost:3000");
    }
}
