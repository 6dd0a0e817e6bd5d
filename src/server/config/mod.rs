//! The configuration: defaults, then `portcullis.toml`, then the environment.
//!
//! Every setting is one of [`settings::all`] or, for a provider, a row of
//! [`settings::PROVIDER_SETTINGS`]. A setting without a row is an error. Each error is one line that names
//! the setting, where it is set and what it accepts.

mod account_settings;
mod accounts;
mod database_url;
mod example;
mod exposed;
mod http;
mod limit_settings;
pub mod mail;
mod profile;
pub mod provider;
mod read;
mod setting;
pub mod settings;
mod unit;
mod weak;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing_subscriber::filter::Targets;
use url::Url;

use super::limits::LimitConfig;
use super::provider_http::is_loopback;
use super::seal::Seal;
use crate::secret::Secret;

pub use accounts::{
    AcceptedFactors, AccountConfig, AdminConfig, AuditConfig, PasskeyConfig, RejectedPasswords,
    RequiredOf, SecondFactorConfig, SignInConfig, SignUpConfig, SignUpMode, TicketConfig,
};
pub use database_url::DatabaseUrl;
pub use exposed::exposed;
pub use http::{ForwardedHeader, HttpConfig};
pub use mail::MailConfig;
pub use profile::{Profile, Requirement};
pub use provider::ProviderConfig;
pub use read::RawConfig;
pub use unit::{Rate, in_words, seconds};
pub use weak::Weakness;

/// One line that says which setting is wrong, where it is set and what it accepts.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(pub String);

/// All settings, validated.
#[derive(Clone, Debug)]
pub struct Config {
    pub profile: Profile,
    /// The settings beside what the profile requires.
    pub requirements: Vec<Requirement>,
    pub site: SiteConfig,
    pub database: DatabaseConfig,
    pub session: SessionConfig,
    pub password: PasswordConfig,
    pub rejected_passwords: RejectedPasswords,
    pub http: HttpConfig,
    pub mail: MailConfig,
    pub limits: LimitConfig,
    pub tickets: TicketConfig,
    pub sign_in: SignInConfig,
    pub second_factor: SecondFactorConfig,
    pub passkey: PasskeyConfig,
    pub sign_up: SignUpConfig,
    pub account: AccountConfig,
    pub admin: AdminConfig,
    pub audit: AuditConfig,
    pub log: LogConfig,
    pub social: Vec<ProviderConfig>,
}

/// The settings of the site itself.
#[derive(Clone, Debug)]
pub struct SiteConfig {
    pub name: String,
    /// Scheme, host and port; no path.
    pub url: Url,
    pub listen: SocketAddr,
    /// The folder of the embedded database and of the key that the app creates.
    pub data: PathBuf,
    /// 32 bytes as base64url; if not set, created and kept in the data folder.
    pub key: Option<Secret>,
    /// The contact for users who need help, as stated in mails; may be empty.
    pub contact: String,
}

impl SiteConfig {
    /// Returns whether cookies are `Secure` and carry the `__Host-` prefix.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Returns the id to which passkeys are bound: the host of the site's URL (WebAuthn, section 4). `None` if browsers
    /// offer no passkeys there: an IP address is no relying party id, and plain http works on `localhost` only.
    #[must_use]
    pub fn relying_party_id(&self) -> Option<&str> {
        let domain = self.url.domain()?;
        let is_local = domain == "localhost" || domain.ends_with(".localhost");
        (self.is_https() || is_local).then_some(domain)
    }

    /// Returns the origin that a browser sends (RFC 6454, section 6.2).
    #[must_use]
    pub fn origin(&self) -> String {
        self.url.origin().ascii_serialization()
    }
}

/// The database settings.
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// May contain a password, so it is never printed.
    pub url: Secret,
    pub connections: u32,
    pub busy_timeout: Duration,
    pub durability: Durability,
}

/// The storage that must hold a write before SQLite confirms it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The disk: a write survives a power cut.
    Full,
    /// The system: a write survives the end of the process, but a power cut may lose the last writes.
    Normal,
}

/// How long sessions last, and how many a user can have.
#[derive(Clone, Copy, Debug)]
pub struct SessionConfig {
    pub brief: Lifetime,
    /// With "Keep me signed in".
    pub remembered: Lifetime,
    /// The most sessions of one user at once.
    pub most_per_user: u32,
}

impl SessionConfig {
    #[must_use]
    pub const fn lifetime(&self, remembered: bool) -> Lifetime {
        if remembered { self.remembered } else { self.brief }
    }

    /// Returns the longest possible lifetime of a session.
    #[must_use]
    pub fn longest(&self) -> Duration {
        self.brief.absolute.max(self.remembered.absolute)
    }
}

/// The two time limits of a session (NIST SP 800-63B-4, section 2.2.3).
#[derive(Clone, Copy, Debug)]
pub struct Lifetime {
    /// Since the session was last seen.
    pub idle: Duration,
    /// Since the session began.
    pub absolute: Duration,
}

/// How passwords are chosen and hashed.
#[derive(Clone, Copy, Debug)]
pub struct PasswordConfig {
    /// In Unicode scalar values.
    pub min_length: u16,
    pub memory_kib: u32,
    pub iterations: u32,
    pub parallelism: u32,
    /// The most hashes at once.
    pub hashers: NonZeroUsize,
    /// The longest wait for a hash before visitors are asked to try again later.
    pub max_wait: Duration,
    /// Consecutive failures without a delay.
    pub free_failures: u32,
    /// The longest delay after further failures.
    pub max_delay: Duration,
    /// Consecutive failures after which the password is locked.
    pub max_failures: u32,
}

/// The format and the filter of the log.
#[derive(Clone, Debug)]
pub struct LogConfig {
    pub format: LogFormat,
    pub filter: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

impl Config {
    /// Reads the environment and the file: the named one, which must exist, or `portcullis.toml` in the
    /// current folder, which may be missing.
    pub fn load(file: Option<&Path>) -> Result<(Self, RawConfig), ConfigError> {
        #[expect(clippy::disallowed_methods, reason = "this is the configuration")]
        let raw = RawConfig::read(file, std::env::vars_os())?;
        Ok((Self::from_raw(&raw)?, raw))
    }

    /// Converts the raw settings to typed ones.
    pub fn from_raw(raw: &RawConfig) -> Result<Self, ConfigError> {
        let site = site(raw)?;
        let mut config = Self {
            profile: raw.one_of("profile", &Profile::WORDS)?,
            requirements: Vec::new(),
            database: database(raw, &site.data)?,
            mail: mail::read(raw, &site)?,
            limits: LimitConfig::read(raw)?,
            tickets: accounts::tickets(raw)?,
            sign_in: accounts::sign_in(raw)?,
            second_factor: accounts::second_factor(raw, &site)?,
            passkey: accounts::passkey(raw)?,
            sign_up: accounts::sign_up(raw)?,
            account: accounts::account(raw)?,
            admin: accounts::admin(raw)?,
            audit: accounts::audit(raw)?,
            site,
            session: SessionConfig {
                brief: lifetime(raw, "session.idle", "session.absolute")?,
                remembered: lifetime(
                    raw,
                    "session.remembered_idle",
                    "session.remembered_absolute",
                )?,
                most_per_user: raw.number("session.most_per_user", 1..=1000)?,
            },
            password: password(raw)?,
            rejected_passwords: accounts::rejected_passwords(raw)?,
            http: HttpConfig::read(raw)?,
            log: log(raw)?,
            social: raw
                .providers()
                .map(|name| provider::provider(raw, name))
                .collect::<Result<_, _>>()?,
        };
        provider::refuse_unsafe(&config.social)?;
        if config.sign_up.mode == SignUpMode::Groups
            && config.social.iter().all(|it| it.groups.is_empty())
        {
            return Err(ConfigError(format!(
                "{}; with groups, a provider's section must name some, like [social.github] groups = \"acme\"",
                raw.refuse("sign_up.mode").0
            )));
        }
        config.requirements = config.profile.requirements(raw, &config);
        Ok(config)
    }

    /// Returns the settings that fall short of the profile.
    pub fn shortfalls(&self) -> impl Iterator<Item = Weakness> {
        let profile = self.profile.as_str();
        self.requirements.iter().filter(|it| !it.is_met).map(move |it| Weakness {
            key: it.key,
            reason: format!("the profile {profile} requires {}", it.wants),
        })
    }

    /// Returns the configured provider with this name.
    #[must_use]
    pub fn provider(&self, name: &str) -> Option<&ProviderConfig> {
        self.social.iter().find(|it| it.name == name)
    }

    /// Returns the configured providers whose accounts have this issuer.
    pub fn providers_of(&self, issuer: &str) -> impl Iterator<Item = &ProviderConfig> {
        self.social.iter().filter(move |it| it.owns(issuer))
    }

    /// Returns a provider's label, or its name if it is no longer configured.
    #[must_use]
    pub fn provider_label(&self, name: &str) -> String {
        self.provider(name).map_or(name, |it| &it.label).to_owned()
    }
}

fn site(raw: &RawConfig) -> Result<SiteConfig, ConfigError> {
    let key = raw.text("site.key");
    if !key.is_empty() && Seal::parse(key).is_none() {
        return Err(raw.refuse("site.key"));
    }
    let name = raw.text("site.name");
    // It becomes the title of pages, which is not escaped.
    if name.contains('<') {
        return Err(raw.refuse("site.name"));
    }
    Ok(SiteConfig {
        name: name.to_owned(),
        url: site_url(raw)?,
        listen: raw.parse("site.listen")?,
        data: raw.text("site.data").into(),
        key: (!key.is_empty()).then(|| key.to_owned().into()),
        contact: raw.text("site.contact").to_owned(),
    })
}

fn database(raw: &RawConfig, data: &Path) -> Result<DatabaseConfig, ConfigError> {
    let url = match raw.text("database.url") {
        "" => format!("sqlite:{}", data.join("portcullis.sqlite").display()),
        url => url.to_owned(),
    };
    if DatabaseUrl::parse(&url).is_none() {
        return Err(raw.refuse("database.url"));
    }
    Ok(DatabaseConfig {
        url: url.into(),
        connections: raw.number("database.connections", 1..=1000)?,
        busy_timeout: raw.duration("database.busy_timeout")?,
        durability: raw.one_of(
            "database.durability",
            &[("full", Durability::Full), ("normal", Durability::Normal)],
        )?,
    })
}

fn password(raw: &RawConfig) -> Result<PasswordConfig, ConfigError> {
    let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let config = PasswordConfig {
        min_length: raw.number("password.min_length", 8..=128)?,
        memory_kib: raw.number("password.memory_kib", 8..=4_194_304)?,
        iterations: raw.number("password.iterations", 1..=1000)?,
        parallelism: raw.number("password.parallelism", 1..=64)?,
        // 0 means one for each core.
        hashers: NonZeroUsize::new(raw.number("password.hashers", 0..=256)?).unwrap_or(cores),
        max_wait: raw.duration("password.max_wait")?,
        free_failures: raw.number("password.free_failures", 1..=50)?,
        max_delay: raw.duration("password.max_delay")?,
        // NIST SP 800-63B-4, section 3.2.2: no more than 100.
        max_failures: raw.number("password.max_failures", 1..=100)?,
    };
    if config.memory_kib < 8 * config.parallelism {
        // RFC 9106, section 3.1: at least eight blocks per lane.
        return Err(raw.refuse("password.memory_kib"));
    }
    Ok(config)
}

fn log(raw: &RawConfig) -> Result<LogConfig, ConfigError> {
    let filter = raw.text("log.filter");
    if filter.parse::<Targets>().is_err() {
        return Err(raw.refuse("log.filter"));
    }
    Ok(LogConfig {
        format: raw
            .one_of("log.format", &[("text", LogFormat::Text), ("json", LogFormat::Json)])?,
        filter: filter.to_owned(),
    })
}

fn lifetime(raw: &RawConfig, idle: &str, absolute: &str) -> Result<Lifetime, ConfigError> {
    Ok(Lifetime { idle: raw.duration(idle)?, absolute: raw.duration(absolute)? })
}

/// Parses an https URL, or an http URL on loopback, where browsers keep cookies safe without TLS.
fn site_url(raw: &RawConfig) -> Result<Url, ConfigError> {
    let url: Url = raw.parse("site.url")?;
    let is_bare = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none()
        // Browsers treat a host name with a trailing dot as another site.
        && !url.host_str().is_some_and(|it| it.ends_with('.'));
    match url.scheme() {
        "https" if is_bare => Ok(url),
        "http" if is_bare && is_loopback(&url) => Ok(url),
        _ => Err(raw.refuse("site.url")),
    }
}

/// Prints the checked settings as `config check` does: `key = value  # where it stands`.
impl fmt::Display for RawConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: BTreeMap<_, _> = self.rows().collect();
        for (key, (shown, origin)) in rows {
            writeln!(f, "{key} = {shown}  # {origin}")?;
        }
        Ok(())
    }
}
