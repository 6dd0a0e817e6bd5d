//! The settings for sign-up, sign-in, mailed links, accounts, administration and the audit log.

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::{ConfigError, RawConfig, SiteConfig};
use crate::role::RoleName;
use crate::server::provider_http::is_trustworthy;
use crate::user::Email;

/// How long mailed links are valid.
#[derive(Clone, Copy, Debug)]
pub struct TicketConfig {
    pub verification: Duration,
    pub recovery: Duration,
    pub not_me: Duration,
    pub invitation: Duration,
    pub sign_in: Duration,
    pub set_up: Duration,
    /// The waiting period, and then as long as a notice.
    pub factor_recovery: Duration,
}

impl TicketConfig {
    #[must_use]
    pub fn longest(&self) -> Duration {
        let Self { verification, recovery, not_me, invitation, sign_in, set_up, factor_recovery } =
            *self;
        let all = [recovery, not_me, invitation, sign_in, set_up, factor_recovery];
        all.into_iter().fold(verification, Duration::max)
    }
}

/// How users sign in.
#[derive(Clone, Copy, Debug)]
pub struct SignInConfig {
    /// Whether users can sign in with a mailed link or code.
    pub by_mail: bool,
    /// How many browsers, and how many networks, are kept as known to an account.
    pub known_places: u32,
}

pub(super) fn sign_in(raw: &RawConfig) -> Result<SignInConfig, ConfigError> {
    let words = [("off", false), ("on", true)];
    Ok(SignInConfig {
        by_mail: raw.one_of("sign_in.by_mail", &words)?,
        known_places: raw.number("sign_in.known_places", 1..=1000)?,
    })
}

/// The users who must have a second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequiredOf {
    Nobody,
    /// Users with any permission.
    Administrators,
    /// Users with one of the configured roles.
    Roles,
    Everyone,
}

impl RequiredOf {
    /// Returns the word of the setting.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "none",
            Self::Administrators => "administrators",
            Self::Roles => "roles",
            Self::Everyone => "everyone",
        }
    }
}

/// The second factors that the site accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptedFactors {
    Any,
    /// Passkeys, which can't be phished.
    Passkeys,
    /// Passkeys that can't be copied to another device.
    DeviceBoundPasskeys,
}

impl AcceptedFactors {
    /// Returns the word of the setting.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Passkeys => "passkeys",
            Self::DeviceBoundPasskeys => "device-bound-passkeys",
        }
    }

    /// Returns whether codes of apps, recovery codes and mailed codes count.
    #[must_use]
    pub const fn includes_codes(self) -> bool {
        matches!(self, Self::Any)
    }

    /// Returns whether a passkey counts.
    #[must_use]
    pub const fn includes_passkey(self, is_device_bound: bool) -> bool {
        is_device_bound || !matches!(self, Self::DeviceBoundPasskeys)
    }
}

/// The policy for second factors.
#[derive(Clone, Debug)]
pub struct SecondFactorConfig {
    pub require: RequiredOf,
    pub accept: AcceptedFactors,
    /// The names of roles.
    pub roles: Vec<String>,
    /// How long users can sign in without a required second factor; `None` for not at all.
    pub grace: Option<Duration>,
    /// The accepted clock drift of authenticator apps, in time steps.
    pub drift: u16,
    /// Whether a mailed code can replace a user's second factor.
    pub by_mail: bool,
    /// How long a user can trust a browser; `None` for not at all.
    pub trust: Option<Duration>,
    /// How long the removal of lost factors by a mailed link waits; `None` for no such removal.
    pub recovery_wait: Option<Duration>,
    /// The most authenticator apps of one user.
    pub most_apps: u32,
}

impl SecondFactorConfig {
    /// Returns whether a password alone never signs in.
    #[must_use]
    pub fn is_always_needed(&self) -> bool {
        self.require == RequiredOf::Everyone && self.grace.is_none() && self.trust.is_none()
    }
}

fn duration_or_none(raw: &RawConfig, key: &str) -> Result<Option<Duration>, ConfigError> {
    match raw.text(key) {
        "none" => Ok(None),
        _ => raw.duration(key).map(Some),
    }
}

pub(super) fn second_factor(
    raw: &RawConfig,
    site: &SiteConfig,
) -> Result<SecondFactorConfig, ConfigError> {
    let words =
        [RequiredOf::Nobody, RequiredOf::Administrators, RequiredOf::Roles, RequiredOf::Everyone]
            .map(|it| (it.as_str(), it));
    let name = |it: &str| it.parse::<RoleName>().ok().map(|it| it.as_str().to_owned());
    let roles: Option<Vec<_>> =
        raw.text("second_factor.roles").split_whitespace().map(name).collect();
    let roles = roles.ok_or_else(|| raw.refuse("second_factor.roles"))?;
    let require = raw.one_of("second_factor.require", &words)?;
    if require == RequiredOf::Roles && roles.is_empty() {
        return Err(raw.refuse("second_factor.roles"));
    }
    let words =
        [AcceptedFactors::Any, AcceptedFactors::Passkeys, AcceptedFactors::DeviceBoundPasskeys]
            .map(|it| (it.as_str(), it));
    let accept = raw.one_of("second_factor.accept", &words)?;
    if accept != AcceptedFactors::Any && site.relying_party_id().is_none() {
        return Err(ConfigError(format!(
            "second_factor.accept = {:?} ({}) needs passkeys, and browsers offer none on {}; use a host name and https",
            accept.as_str(),
            raw.origin("second_factor.accept"),
            site.origin()
        )));
    }
    Ok(SecondFactorConfig {
        require,
        accept,
        roles,
        grace: duration_or_none(raw, "second_factor.grace")?,
        by_mail: raw.one_of("second_factor.by_mail", &[("off", false), ("on", true)])?,
        trust: duration_or_none(raw, "second_factor.trust")?,
        recovery_wait: duration_or_none(raw, "second_factor.recovery_wait")?,
        drift: raw.number("totp.drift", 0..=1)?,
        most_apps: raw.number("totp.most_per_user", 1..=100)?,
    })
}

/// The settings for passkeys.
#[derive(Clone, Debug)]
pub struct PasskeyConfig {
    /// Origins of other domains whose pages may use the site's passkeys (WebAuthn, section 5.11).
    pub related_origins: Vec<Url>,
    /// Whether browsers may create passkeys by themselves after a sign-in with a password.
    pub automatic: bool,
    /// The maximum number of passkeys per user.
    pub most_per_user: u32,
}

pub(super) fn passkey(raw: &RawConfig) -> Result<PasskeyConfig, ConfigError> {
    let key = "passkey.related_origins";
    let is_origin = |it: &Url| {
        it.scheme() == "https" && it.domain().is_some() && it.path() == "/" && it.query().is_none()
    };
    let origin = |it: &str| Url::parse(it).ok().filter(is_origin);
    let origins: Option<Vec<_>> = raw.text(key).split_whitespace().map(origin).collect();
    Ok(PasskeyConfig {
        related_origins: origins.ok_or_else(|| raw.refuse(key))?,
        automatic: raw.one_of("passkey.automatic", &[("off", false), ("on", true)])?,
        most_per_user: raw.number("passkey.most_per_user", 1..=100)?,
    })
}

/// The visitors who may sign up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignUpMode {
    Open,
    Invited,
    /// Users with an email address in one of the domains.
    Domains,
    /// Members of the groups that a provider's section names.
    Groups,
    Closed,
}

/// How users sign up.
#[derive(Clone, Debug)]
pub struct SignUpConfig {
    pub mode: SignUpMode,
    /// In lower case and ASCII.
    pub domains: Vec<String>,
    /// Whether the email address must be verified before the dashboard opens.
    pub requires_verification: bool,
    /// The terms to which new users must agree.
    pub terms_url: Option<String>,
}

/// New passwords to reject, besides those in the built-in list.
#[derive(Clone, Debug)]
pub struct RejectedPasswords {
    /// Words that a password must have more than, such as names of products.
    pub context_words: Vec<String>,
    pub filter: Option<PathBuf>,
    /// The first five digits of a SHA-1 hash are appended to it.
    pub range_url: Option<Url>,
}

pub(super) fn rejected_passwords(raw: &RawConfig) -> Result<RejectedPasswords, ConfigError> {
    let context_words = raw.text("password.context_words").split_whitespace();
    let filter = raw.text("password.breached_filter");
    let range_url = match raw.text("password.breached_range_url") {
        "" => None,
        text => {
            let url = Url::parse(text).ok().filter(is_trustworthy);
            let refuse = || raw.refuse("password.breached_range_url");
            Some(url.filter(|it| it.path().ends_with('/')).ok_or_else(refuse)?)
        }
    };
    Ok(RejectedPasswords {
        context_words: context_words.map(str::to_owned).collect(),
        filter: (!filter.is_empty()).then(|| filter.into()),
        range_url,
    })
}

/// The settings for reauthentication, and for deleted and unverified accounts.
#[derive(Clone, Copy, Debug)]
pub struct AccountConfig {
    /// How old an identity confirmation may be before risky actions ask for a new one.
    pub reauthentication: Duration,
    /// How long a pending account deletion can be cancelled.
    pub deletion_grace: Duration,
    /// How long an unverified account is kept after the last moment at which it could have a session.
    pub unproven: Duration,
}

pub(super) fn tickets(raw: &RawConfig) -> Result<TicketConfig, ConfigError> {
    Ok(TicketConfig {
        verification: raw.duration("ticket.verification")?,
        recovery: raw.duration("ticket.recovery")?,
        not_me: raw.duration("ticket.not_me")?,
        invitation: raw.duration("ticket.invitation")?,
        sign_in: raw.duration("ticket.sign_in")?,
        set_up: raw.duration("ticket.set_up")?,
        factor_recovery: duration_or_none(raw, "second_factor.recovery_wait")?.unwrap_or_default()
            + raw.duration("ticket.not_me")?,
    })
}

/// The administration settings.
#[derive(Clone, Copy, Debug)]
pub struct AdminConfig {
    /// The longest impersonation.
    pub impersonation: Duration,
}

pub(super) fn admin(raw: &RawConfig) -> Result<AdminConfig, ConfigError> {
    Ok(AdminConfig { impersonation: raw.duration("admin.impersonation")? })
}

/// How long the audit log is kept.
#[derive(Clone, Copy, Debug)]
pub struct AuditConfig {
    /// `None` keeps it forever.
    pub keep: Option<Duration>,
}

pub(super) fn audit(raw: &RawConfig) -> Result<AuditConfig, ConfigError> {
    let keep = match raw.text("audit.keep") {
        "forever" => None,
        _ => Some(raw.duration("audit.keep")?),
    };
    Ok(AuditConfig { keep })
}

pub(super) fn sign_up(raw: &RawConfig) -> Result<SignUpConfig, ConfigError> {
    // As in email addresses: in lower case and ASCII.
    let domain =
        |it: &str| format!("x@{it}").parse::<Email>().ok().map(|it| it.domain().to_owned());
    let domains: Option<Vec<_>> =
        raw.text("sign_up.domains").split_whitespace().map(domain).collect();
    let domains = domains.ok_or_else(|| raw.refuse("sign_up.domains"))?;
    let mode = match raw.text("sign_up.mode") {
        "open" => SignUpMode::Open,
        "invited" => SignUpMode::Invited,
        "domains" if !domains.is_empty() => SignUpMode::Domains,
        "domains" => return Err(raw.refuse("sign_up.domains")),
        "groups" => SignUpMode::Groups,
        "closed" => SignUpMode::Closed,
        _ => return Err(raw.refuse("sign_up.mode")),
    };
    let terms_url = match raw.text("sign_up.terms_url") {
        "" => None,
        text if Url::parse(text).is_ok_and(|it| is_trustworthy(&it)) => Some(text.to_owned()),
        _ => return Err(raw.refuse("sign_up.terms_url")),
    };
    let words = [("banner", false), ("required", true)];
    Ok(SignUpConfig {
        // An email address in a domain proves nothing until it is verified.
        requires_verification: raw.one_of("sign_up.verification", &words)?
            || mode == SignUpMode::Domains,
        mode,
        domains,
        terms_url,
    })
}

pub(super) fn account(raw: &RawConfig) -> Result<AccountConfig, ConfigError> {
    Ok(AccountConfig {
        reauthentication: raw.duration("session.reauthentication")?,
        deletion_grace: raw.duration("account.deletion_grace")?,
        unproven: raw.duration("account.unproven")?,
    })
}
