//! Providers as data: one section of settings for each, over the row of its preset.

mod client_auth;
mod path;
mod preset;
mod request;
mod section;
mod settings;
mod template;

use url::Url;

use super::{ConfigError, RawConfig};
use crate::secret::Secret;
use section::Section;

pub use client_auth::{AssertionAudience, ClientAuth};
pub use path::Path;
pub use preset::{Row, missing_variables, presets};
pub use request::{RequestRules, UserSource};
pub use settings::PROVIDER_SETTINGS;
pub use template::ACCESS_TOKEN;

/// How a verified email address is obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailRule {
    /// From the response that has the email address, if it says that it is verified (OpenID Connect Core 1.0,
    /// section 5.1).
    VerifiedClaim,
    /// From the endpoint for email addresses, which `emails_path` filters.
    EmailsEndpoint,
    /// Not at all: the provider's claims about email addresses can't be trusted.
    Never,
}

const EMAIL_RULES: [(&str, EmailRule); 3] = [
    ("verified-claim", EmailRule::VerifiedClaim),
    ("emails-endpoint", EmailRule::EmailsEndpoint),
    ("never", EmailRule::Never),
];

/// Whether a provider must say when it authenticated the user (`auth_time`; OpenID Connect
/// Core 1.0, section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthTimeRule {
    /// Required if discovery names the claim.
    Promised,
    Required,
    /// Used if present.
    Optional,
    /// Never used, because it is not the time at which this browser's user authenticated.
    Ignored,
}

const AUTH_TIME_RULES: [(&str, AuthTimeRule); 4] = [
    ("promised", AuthTimeRule::Promised),
    ("required", AuthTimeRule::Required),
    ("optional", AuthTimeRule::Optional),
    ("ignored", AuthTimeRule::Ignored),
];

/// What a provider does differently from the standards. Each is a word of the setting `quirks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quirk {
    /// Its ID tokens have no nonce. State and PKCE still bind the code to this browser; without PKCE, only the
    /// client's secret and the single use of the code do.
    NoNonce,
    /// The issuer contains the tenant, and discovery for several tenants names a template.
    TenantIssuer,
    /// Its ID tokens may name the issuer without `https://`.
    IssuerWithoutScheme,
    /// It takes the client's id as `client_key`.
    ClientKey,
    /// Its callback has a `device_id`, which the token endpoint wants with the state.
    DeviceId,
    /// It does not decode the id and the secret in the Basic header.
    PlainBasic,
    /// Its page posts the callback.
    FormPost,
    /// It refuses the prompt `login`; `select_account` is the nearest that it knows.
    SelectAccount,
}

const QUIRKS: [(&str, Quirk); 8] = [
    ("no-nonce", Quirk::NoNonce),
    ("tenant-issuer", Quirk::TenantIssuer),
    ("issuer-without-scheme", Quirk::IssuerWithoutScheme),
    ("client-key", Quirk::ClientKey),
    ("device-id", Quirk::DeviceId),
    ("plain-basic", Quirk::PlainBasic),
    ("form-post", Quirk::FormPost),
    ("select-account", Quirk::SelectAccount),
];

/// Where the values that make an identity are.
#[derive(Clone, Debug)]
pub struct Paths {
    pub subject: Path,
    pub name: Path,
    pub email: Path,
    pub email_verified: Path,
    /// In the response of the endpoint for email addresses.
    pub emails: Path,
    /// In the response of the endpoint for groups, if there is one.
    pub groups: Path,
}

/// A configured provider.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    pub name: String,
    pub label: String,
    /// The URL where discovery starts; for OAuth 2.0, the issuer that its subjects belong to.
    pub issuer: String,
    pub client_id: String,
    pub client_auth: ClientAuth,
    pub scopes: Vec<String>,
    pub email: EmailRule,
    /// The groups whose members may use it; empty if everyone may.
    pub groups: Vec<String>,
    pub auth_time: AuthTimeRule,
    /// The values of `acr` and of `amr` with which a sign-in counts as two factors (OpenID Connect Core 1.0,
    /// section 2).
    pub acr: Vec<String>,
    pub amr: Vec<String>,
    /// Other origins that its sign-in redirects through.
    pub through: Vec<String>,
    /// Its mark as an SVG path on a 24-unit grid; empty if it has none.
    pub mark: String,
    pub paths: Paths,
    pub requests: RequestRules,
    pub quirks: Vec<Quirk>,
    /// Whether an ID token may have other audiences besides this site, which must be its `azp` then.
    pub several_audiences: bool,
    /// Whether it may be on a private network.
    pub private_network: bool,
    /// A URL, perhaps with a password.
    pub http_proxy: Option<Secret>,
    pub protocol: Protocol,
}

impl ProviderConfig {
    /// Returns whether a sign-in there can count as two factors.
    #[must_use]
    pub fn can_prove_two_factors(&self) -> bool {
        !(self.acr.is_empty() && self.amr.is_empty())
    }

    #[must_use]
    pub fn has(&self, quirk: Quirk) -> bool {
        self.quirks.contains(&quirk)
    }

    /// Returns whether accounts of this issuer are this provider's.
    #[must_use]
    pub fn owns(&self, issuer: &str) -> bool {
        self.issuer == issuer || self.tenant_of(issuer).is_some()
    }

    /// Returns the tenant that an issuer names, if it is this provider's issuer for one tenant.
    #[must_use]
    pub fn tenant_of<'a>(&self, issuer: &'a str) -> Option<&'a str> {
        if !self.has(Quirk::TenantIssuer) {
            return None;
        }
        let (begin, tenant, end) = split_tenant(&self.issuer)?;
        let named = issuer.strip_prefix(begin)?.strip_suffix(end)?;
        let is_allowed = match tenant {
            "common" => true,
            "organizations" => named != CONSUMERS,
            "consumers" => named == CONSUMERS,
            // The name of a tenant; discovery knows its id.
            name => name == named || name.contains('.'),
        };
        (is_allowed && is_uuid(named)).then_some(named)
    }

    /// Returns whether its users may belong to any tenant, not only to one.
    #[must_use]
    pub fn has_several_tenants(&self) -> bool {
        let tenant = split_tenant(&self.issuer).map(|it| it.1);
        matches!(tenant, Some("common" | "organizations"))
    }

    /// Returns the configured URLs. They tell which network the provider is on.
    #[must_use]
    pub fn configured_urls(&self) -> Vec<Url> {
        let issuer = Url::parse(&self.issuer).ok().into_iter();
        let own: Vec<_> = match &self.protocol {
            Protocol::Oidc => issuer.collect(),
            Protocol::OAuth2(it) => vec![it.authorize.clone(), it.token.clone()],
        };
        let rules = &self.requests;
        let others = [&rules.userinfo_url, &rules.emails_url, &rules.groups_url];
        own.into_iter().chain(others.into_iter().flatten().cloned()).collect()
    }
}

/// The tenant of personal Microsoft accounts.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// Splits an issuer like `https://login.example/TENANT/v2.0` around its tenant, the first part of the path.
fn split_tenant(issuer: &str) -> Option<(&str, &str, &str)> {
    let path = issuer.find("://")? + 3;
    let begin = path + issuer[path..].find('/')? + 1;
    let end = begin + issuer[begin..].find('/').unwrap_or(issuer.len() - begin);
    Some((&issuer[..begin], &issuer[begin..end], &issuer[end..]))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36 && uuid::Uuid::try_parse(text).is_ok()
}

/// The protocol that a provider speaks.
#[derive(Clone, Debug)]
pub enum Protocol {
    /// OpenID Connect with discovery.
    Oidc,
    /// OAuth 2.0 with a userinfo endpoint.
    OAuth2(Box<Endpoints>),
}

#[derive(Clone, Debug)]
pub struct Endpoints {
    pub authorize: Url,
    pub token: Url,
}

/// Builds a provider from its section and its preset.
pub fn provider(raw: &RawConfig, name: &str) -> Result<ProviderConfig, ConfigError> {
    let section = Section::new(raw, name)?;
    let protocol = match section.url("authorize_url")? {
        None => Protocol::Oidc,
        Some(authorize) => Protocol::OAuth2(Box::new(Endpoints {
            authorize,
            token: section.required_url("token_url")?,
        })),
    };
    let is_oidc = matches!(protocol, Protocol::Oidc);
    // These are claims of ID tokens, which OAuth 2.0 does not have.
    let claims = ["auth_time", "acr", "amr", "audiences"];
    // OpenID Connect has the user in the ID token.
    let useless = if is_oidc { &["user_source"][..] } else { &claims };
    if let Some(key) = useless.iter().find(|it| section.is_set(it)) {
        return Err(section.refuse(key));
    }
    let requests = request::read(&section)?;
    if !is_oidc && requests.user_source == UserSource::Userinfo && requests.userinfo_url.is_none() {
        return Err(section.missing("userinfo_url"));
    }
    let client_auth = client_auth::read(&section, is_oidc)?;
    if matches!(client_auth, ClientAuth::None) && !requests.pkce {
        let why = "must be s256, because nothing else binds the code to a client without a secret";
        return Err(section.refuse_because("pkce", why));
    }
    let email = section.rule("email", &EMAIL_RULES)?;
    if email == EmailRule::EmailsEndpoint && requests.emails_url.is_none() {
        return Err(section.refuse("emails_url"));
    }
    let groups = section.names("groups")?;
    let mut scopes = section.words("scopes")?;
    if !groups.is_empty() {
        scopes.extend(section.words("groups_scopes")?);
    }
    let paths = paths(&section, email)?;
    let label = section.text("label")?;
    section.required_url("issuer")?;
    Ok(ProviderConfig {
        name: name.to_owned(),
        label: if label.is_empty() { name.to_owned() } else { label },
        // Kept as written: issuers must match exactly (RFC 8414, section 3.3).
        issuer: section.text("issuer")?,
        client_id: section.required("client_id")?,
        client_auth,
        scopes,
        email,
        groups,
        auth_time: section.rule("auth_time", &AUTH_TIME_RULES)?,
        acr: section.words("acr")?,
        amr: section.words("amr")?,
        through: section.origins("through")?,
        mark: section.mark()?,
        paths,
        requests,
        quirks: section.all("quirks", &QUIRKS)?,
        several_audiences: section.rule("audiences", &[("one", false), ("several", true)])?,
        private_network: section.rule("private_network", &[("false", false), ("true", true)])?,
        http_proxy: section.proxy("http_proxy")?,
        protocol,
    })
}

/// Refuses sections that are valid alone but not safe: two with one issuer that find users' ids in different places,
/// so that one user's id could be another's, and http URLs with a proxy.
pub fn refuse_unsafe(all: &[ProviderConfig]) -> Result<(), ConfigError> {
    for (n, first) in all.iter().enumerate() {
        if first.http_proxy.is_some()
            && first.configured_urls().iter().any(|it| it.scheme() == "http")
        {
            return Err(ConfigError(format!(
                "social.{0}.http_proxy would get secrets in the clear: social.{0} has an http URL",
                first.name
            )));
        }
        let clashes = |it: &&ProviderConfig| {
            it.issuer == first.issuer
                && (it.paths.subject != first.paths.subject
                    || matches!(it.protocol, Protocol::Oidc)
                        != matches!(first.protocol, Protocol::Oidc))
        };
        if let Some(second) = all[n + 1..].iter().find(clashes) {
            return Err(ConfigError(format!(
                "social.{} and social.{} have the same issuer but find the user's id in different places; \
                 make subject_path and the protocol the same, or set another issuer",
                first.name, second.name
            )));
        }
    }
    Ok(())
}

fn paths(section: &Section<'_>, rule: EmailRule) -> Result<Paths, ConfigError> {
    let email = section.path("email_path")?;
    if rule == EmailRule::VerifiedClaim && email.has_alternatives() {
        let why = "can't have alternatives with email = \"verified-claim\": the claim is about one address";
        return Err(section.refuse_because("email_path", why));
    }
    Ok(Paths {
        subject: section.path("subject_path")?,
        name: section.path("name_path")?,
        email,
        email_verified: section.path("email_verified_path")?,
        emails: section.path("emails_path")?,
        groups: section.path("groups_path")?,
    })
}

#[cfg(test)]
mod tests;
