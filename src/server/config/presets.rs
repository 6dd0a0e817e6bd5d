//! Providers as data: the presets, and what the configuration says about each provider.

use url::Url;

use crate::secret::Secret;
use crate::server::config::{ConfigError, RawConfig, settings};
use crate::server::provider_http::is_trustworthy;

/// How a verified email address is obtained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmailRule {
    /// From `email` if `email_verified` is true (OpenID Connect Core 1.0, section 5.1).
    VerifiedClaim,
    /// From a list of `{email, primary, verified}`: the entry that is both primary and verified.
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

/// The defaults for a provider. If a URL is empty, discovery provides it.
struct Preset {
    name: &'static str,
    label: &'static str,
    issuer: &'static str,
    authorize_url: &'static str,
    token_url: &'static str,
    userinfo_url: &'static str,
    emails_url: &'static str,
    scopes: &'static str,
    email: &'static str,
    auth_time: &'static str,
    through: &'static str,
    /// The provider's mark in one colour, as an SVG path on a 24-unit grid.
    mark: &'static str,
}

const GENERIC: Preset = Preset {
    name: "",
    label: "",
    issuer: "",
    authorize_url: "",
    token_url: "",
    userinfo_url: "",
    emails_url: "",
    scopes: "openid email profile",
    email: "verified-claim",
    auth_time: "promised",
    through: "",
    mark: "",
};

const PRESETS: &[Preset] = &[
    Preset {
        name: "google",
        label: "Google",
        issuer: "https://accounts.google.com",
        mark: "M21.600 12.200c0-.7-.1-1.400-.2-2H12v3.900h5.400a4.600 4.600 0 01-2 3v2.500h3.200c1.900-1.700 3-4.300 3-7.400zM12 22c2.700 0 5-.9 6.600-2.400l-3.200-2.500a6 6 0 01-9-3.100H3.100v2.600A10 10 0 0012 22zM6.400 14a6 6 0 010-3.900V7.500H3.100a10 10 0 000 9zM12 6c1.500 0 2.800.5 3.800 1.500l2.900-2.900A10 10 0 003.100 7.500l3.300 2.600A6 6 0 0112 6z",
        ..GENERIC
    },
    Preset {
        name: "github",
        label: "GitHub",
        // GitHub's name for itself in callbacks (RFC 9207).
        issuer: "https://github.com/login/oauth",
        authorize_url: "https://github.com/login/oauth/authorize",
        token_url: "https://github.com/login/oauth/access_token",
        userinfo_url: "https://api.github.com/user",
        emails_url: "https://api.github.com/user/emails",
        scopes: "read:user user:email",
        email: "emails-endpoint",
        mark: "M12 2a10 10 0 00-3.2 19.5c.5.1.7-.2.7-.5v-1.7c-2.8.6-3.4-1.3-3.4-1.3-.4-1.2-1.1-1.5-1.1-1.5-.9-.6.1-.6.1-.6 1 .1 1.5 1 1.5 1 .9 1.5 2.3 1.1 2.9.8.1-.6.3-1.1.6-1.3-2.2-.3-4.6-1.1-4.6-5 0-1.1.4-2 1-2.7-.1-.2-.4-1.3.1-2.6 0 0 .8-.3 2.7 1a9.500 9.500 0 015 0c1.900-1.300 2.700-1 2.700-1 .5 1.300.200 2.400.1 2.600.6.7 1 1.600 1 2.700 0 3.900-2.300 4.700-4.600 5 .4.300.7.900.7 1.900V21c0 .300.200.600.7.500A10 10 0 0012 2z",
        ..GENERIC
    },
    // GitLab's `auth_time` belongs to the account, not the browser, and is updated at most once an hour.
    Preset {
        name: "gitlab",
        label: "GitLab",
        issuer: "https://gitlab.com",
        auth_time: "ignored",
        mark: "M12 21.500l3.700-11.300H8.300zM3.500 10.200l-1.100 3.400a.8.8 0 00.3.900L12 21.500zM3.500 10.200h4.800L6.200 3.800a.4.4 0 00-.7 0zM20.500 10.200l1.100 3.400a.8.8 0 01-.3.900L12 21.500zM20.500 10.200h-4.800l2.100-6.400a.4.4 0 01.7 0z",
        ..GENERIC
    },
    // For personal accounts; for an organisation, set `issuer` to its tenant's. A tenant's administrator can
    // set email addresses to anything, so they are not verified. Discovery names `auth_time`, but tokens
    // carry it only if the application's registration asks for it.
    Preset {
        name: "microsoft",
        label: "Microsoft",
        issuer: "https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0",
        email: "never",
        auth_time: "optional",
        through: "https://login.live.com",
        mark: "M3 3h8.500v8.500H3zM12.500 3H21v8.500h-8.500zM3 12.500h8.500V21H3zM12.500 12.500H21V21h-8.500z",
        ..GENERIC
    },
];

/// A configured provider.
#[derive(Clone, Debug)]
pub struct ProviderConfig {
    pub name: String,
    pub label: String,
    /// The URL where discovery starts; for OAuth 2.0, the issuer that its subjects belong to.
    pub issuer: String,
    pub client_id: String,
    pub client_secret: Secret,
    pub scopes: Vec<String>,
    pub email: EmailRule,
    pub auth_time: AuthTimeRule,
    /// The values of `acr` and of `amr` with which a sign-in counts as two factors (OpenID Connect Core 1.0,
    /// section 2).
    pub acr: Vec<String>,
    pub amr: Vec<String>,
    /// Other origins that its sign-in redirects through.
    pub through: Vec<String>,
    /// Its mark as an SVG path on a 24-unit grid; empty if it has none.
    pub mark: &'static str,
    pub protocol: Protocol,
}

impl ProviderConfig {
    /// Returns whether a sign-in there can count as two factors.
    #[must_use]
    pub fn can_prove_two_factors(&self) -> bool {
        !(self.acr.is_empty() && self.amr.is_empty())
    }

    /// Returns the configured URLs. They tell which network the provider is on.
    #[must_use]
    pub fn configured_urls(&self) -> Vec<Url> {
        match &self.protocol {
            Protocol::Oidc => Url::parse(&self.issuer).into_iter().collect(),
            Protocol::OAuth2(it) => {
                let own = [&it.authorize, &it.token, &it.userinfo];
                own.into_iter().chain(&it.emails).cloned().collect()
            }
        }
    }
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
    pub userinfo: Url,
    pub emails: Option<Url>,
}

/// Builds a provider from its section and its preset.
pub fn provider(raw: &RawConfig, name: &str) -> Result<ProviderConfig, ConfigError> {
    let section = Section { raw, name, preset: preset(raw, name)? };
    let protocol = match section.url("authorize_url", section.preset.authorize_url)? {
        None => Protocol::Oidc,
        Some(authorize) => Protocol::OAuth2(Box::new(Endpoints {
            authorize,
            token: section.required_url("token_url", section.preset.token_url)?,
            userinfo: section.required_url("userinfo_url", section.preset.userinfo_url)?,
            emails: section.url("emails_url", section.preset.emails_url)?,
        })),
    };
    let email = section.rule("email", section.preset.email, &EMAIL_RULES)?;
    // These are claims of ID tokens, which OAuth 2.0 does not have.
    let claims = ["auth_time", "acr", "amr"];
    if matches!(protocol, Protocol::OAuth2(_))
        && let Some(claim) = claims.into_iter().find(|it| !section.text(it, "").is_empty())
    {
        return Err(section.refuse(claim));
    }
    let lists_emails = matches!(&protocol, Protocol::OAuth2(it) if it.emails.is_some());
    if email == EmailRule::EmailsEndpoint && !lists_emails {
        return Err(section.refuse("emails_url"));
    }
    let label = section.text("label", section.preset.label);
    Ok(ProviderConfig {
        name: name.to_owned(),
        label: if label.is_empty() { name.to_owned() } else { label },
        // Kept as written: issuers must match exactly (RFC 8414, section 3.3).
        issuer: section
            .required_url("issuer", section.preset.issuer)
            .map(|_| section.text("issuer", section.preset.issuer))?,
        client_id: section.required("client_id")?,
        client_secret: section.required("client_secret")?.into(),
        scopes: section.words("scopes", section.preset.scopes),
        email,
        auth_time: section.rule("auth_time", section.preset.auth_time, &AUTH_TIME_RULES)?,
        acr: section.words("acr", ""),
        amr: section.words("amr", ""),
        through: section.origins("through", section.preset.through)?,
        mark: section.preset.mark,
        protocol,
    })
}

fn preset(raw: &RawConfig, name: &str) -> Result<&'static Preset, ConfigError> {
    let key = format!("social.{name}.preset");
    let (wanted, is_named) = match raw.text(&key) {
        "" => (name, false),
        word => (word, true),
    };
    match PRESETS.iter().find(|it| it.name == wanted) {
        Some(preset) => Ok(preset),
        None if is_named => Err(raw.refuse(&key)),
        None => Ok(&GENERIC),
    }
}

struct Section<'a> {
    raw: &'a RawConfig,
    name: &'a str,
    preset: &'static Preset,
}

impl Section<'_> {
    fn text(&self, key: &str, default: &str) -> String {
        match self.raw.text(&format!("social.{}.{key}", self.name)) {
            "" => default.to_owned(),
            text => text.to_owned(),
        }
    }

    fn words(&self, key: &str, default: &str) -> Vec<String> {
        self.text(key, default).split_whitespace().map(str::to_owned).collect()
    }

    fn rule<T: Copy>(
        &self,
        key: &str,
        default: &str,
        rules: &[(&str, T)],
    ) -> Result<T, ConfigError> {
        let text = self.text(key, default);
        let rule = rules.iter().find(|(word, _)| *word == text).map(|(_, rule)| *rule);
        rule.ok_or_else(|| self.refuse(key))
    }

    fn origins(&self, key: &str, default: &str) -> Result<Vec<String>, ConfigError> {
        let origin = |word: String| {
            let url = Url::parse(&word).ok().filter(is_trustworthy)?;
            Some(url.origin().ascii_serialization())
        };
        let all: Option<Vec<_>> = self.words(key, default).into_iter().map(origin).collect();
        all.ok_or_else(|| self.refuse(key))
    }

    fn required(&self, key: &str) -> Result<String, ConfigError> {
        Some(self.text(key, "")).filter(|it| !it.is_empty()).ok_or_else(|| self.missing(key))
    }

    fn url(&self, key: &str, default: &str) -> Result<Option<Url>, ConfigError> {
        let text = self.text(key, default);
        if text.is_empty() {
            return Ok(None);
        }
        let url = Url::parse(&text).ok().filter(is_trustworthy);
        url.map(Some).ok_or_else(|| self.refuse(key))
    }

    fn required_url(&self, key: &str, default: &str) -> Result<Url, ConfigError> {
        self.url(key, default)?.ok_or_else(|| self.missing(key))
    }

    fn missing(&self, key: &str) -> ConfigError {
        let name = self.name;
        let full = format!("social.{name}.{key}");
        let wants = settings::find(&full).map_or("", |row| row.wants);
        ConfigError(format!(
            "{full} is missing; set it in the section [social.{name}] or the variable {}: it must be {wants}",
            RawConfig::variable(&full)
        ))
    }

    fn refuse(&self, key: &str) -> ConfigError {
        self.raw.refuse(&format!("social.{}.{key}", self.name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::server::config::settings::PROVIDER_SETTINGS;

    fn read(toml: &str) -> Result<ProviderConfig, String> {
        let mut raw = RawConfig::default();
        raw.add_file("portcullis.toml", toml).map_err(|it| it.to_string())?;
        let name = raw.providers().next().unwrap().to_owned();
        provider(&raw, &name).map_err(|it| it.to_string())
    }

    const SECRETS: &str = "client_id = \"id\"\nclient_secret = \"hunter2\"\n";

    #[test]
    fn a_preset_requires_only_its_id_and_secret() {
        for (name, email, auth_time) in [
            ("google", EmailRule::VerifiedClaim, AuthTimeRule::Promised),
            ("github", EmailRule::EmailsEndpoint, AuthTimeRule::Promised),
            ("gitlab", EmailRule::VerifiedClaim, AuthTimeRule::Ignored),
            ("microsoft", EmailRule::Never, AuthTimeRule::Optional),
        ] {
            let provider = read(&format!("[social.{name}]\n{SECRETS}")).unwrap();
            assert_eq!((provider.email, provider.auth_time), (email, auth_time), "{name}");
            assert_eq!(matches!(provider.protocol, Protocol::OAuth2(_)), name == "github");
        }
    }

    #[test]
    fn a_missing_or_insecure_provider_setting_is_named() {
        let missing = read("[social.google]\nclient_id = \"id\"\n").unwrap_err();
        assert!(missing.starts_with("social.google.client_secret is missing; "), "{missing}");
        let none = read(&format!("[social.work]\n{SECRETS}")).unwrap_err();
        assert!(none.starts_with("social.work.issuer is missing; "), "{none}");
        let plain = read(&format!("[social.work]\n{SECRETS}issuer = \"http://idp.example\"\n"))
            .unwrap_err();
        assert!(plain.contains("social.work.issuer (portcullis.toml line 4) must be"), "{plain}");
        for claim in ["auth_time = \"required\"", "acr = \"mfa\"", "amr = \"mfa\""] {
            let refused = read(&format!("[social.github]\n{SECRETS}{claim}\n")).unwrap_err();
            let key = format!("social.github.{}", claim.split(' ').next().unwrap());
            assert!(refused.contains(&key), "OAuth 2.0 has none: {refused}");
        }
        let preset = read(&format!("[social.work]\n{SECRETS}preset = \"nope\"\n")).unwrap_err();
        assert!(preset.contains("social.work.preset"), "{preset}");
    }

    fn keys() -> Vec<&'static str> {
        PROVIDER_SETTINGS.iter().map(|it| it.key).collect()
    }

    proptest! {
        #[test]
        fn no_section_panics_and_accepted_urls_are_trustworthy(
            name in "google|github|gitlab|microsoft|[a-z0-9-]{1,32}",
            rows in prop::collection::hash_map(
                prop::sample::select(keys()),
                "https://[a-z.]{1,12}[!-~]{0,8}|http://127\\.0\\.0\\.1:[0-9]{1,5}/?|never|[ -~é]{0,16}",
                0..12,
            ),
        ) {
            // A JSON string is also a TOML string.
            let row = |(key, value): (&&str, &String)| {
                format!("{key} = {}\n", serde_json::to_string(value).unwrap())
            };
            let rows: Vec<_> =
                rows.iter().filter(|(key, _)| !key.starts_with("client_")).map(row).collect();
            let toml = format!("[social.{name}]\n{SECRETS}{}", rows.concat());
            let Ok(provider) = read(&toml) else { return Ok(()) };
            let issuer = Url::parse(&provider.issuer).unwrap();
            prop_assert!(is_trustworthy(&issuer), "{}", issuer);
            if let Protocol::OAuth2(it) = &provider.protocol {
                for url in [Some(&it.authorize), Some(&it.token), Some(&it.userinfo), it.emails.as_ref()] {
                    prop_assert!(url.is_none_or(is_trustworthy), "{:?}", url);
                }
            }
            for origin in &provider.through {
                let url = Url::parse(origin).unwrap();
                prop_assert!(is_trustworthy(&url), "{}", url);
                prop_assert_eq!(&url.origin().ascii_serialization(), origin);
            }
        }
    }
}
