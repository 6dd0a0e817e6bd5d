//! How requests to a provider differ from the standard ones.

use oauth2::http::{HeaderName, HeaderValue};
use url::{Url, form_urlencoded};

use super::super::ConfigError;
use super::section::Section;
use super::template::ACCESS_TOKEN;

/// Where the user's data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserSource {
    /// OpenID Connect: in the ID token, and what it lacks in the userinfo response. OAuth 2.0: there alone.
    Userinfo,
    /// In the response of the token endpoint.
    TokenResponse,
}

/// The parts of requests that a provider prescribes.
#[derive(Clone, Debug)]
pub struct RequestRules {
    pub authorize_params: Vec<(String, String)>,
    pub token_params: Vec<(String, String)>,
    /// Added to every request that this server sends.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The scheme before the access token, `Bearer` in RFC 6750.
    pub token_scheme: String,
    pub scope_separator: &'static str,
    pub user_source: UserSource,
    /// Set for OpenID Connect only if it replaces the discovered one.
    pub userinfo_url: Option<Url>,
    /// The body of a POST, JSON or a form; `None` for a GET. May contain [`ACCESS_TOKEN`].
    pub userinfo_body: Option<String>,
    pub emails_url: Option<Url>,
    pub groups_url: Option<Url>,
    /// Whether the authorization request has a code challenge (RFC 7636).
    pub pkce: bool,
}

/// Parameters that belong to one sign-in or to the client. No setting replaces them.
const RESERVED_PARAMS: [&str; 13] = [
    "client_id",
    "client_secret",
    "client_assertion",
    "client_assertion_type",
    "redirect_uri",
    "response_type",
    "response_mode",
    "state",
    "nonce",
    "scope",
    "code",
    "code_verifier",
    "grant_type",
];

const RESERVED_HEADERS: [&str; 7] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "transfer-encoding",
];

/// Reads these rules from a section.
pub fn read(section: &Section<'_>) -> Result<RequestRules, ConfigError> {
    let token_scheme = section.text("token_scheme")?;
    let is_word = token_scheme.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'-');
    if token_scheme.is_empty() || !is_word {
        return Err(section.refuse("token_scheme"));
    }
    Ok(RequestRules {
        authorize_params: params(section, "authorize_params")?,
        token_params: params(section, "token_params")?,
        headers: headers(section)?,
        token_scheme,
        scope_separator: section.rule("scope_separator", &[("space", " "), ("comma", ",")])?,
        user_source: section.rule(
            "user_source",
            &[("userinfo", UserSource::Userinfo), ("token-response", UserSource::TokenResponse)],
        )?,
        userinfo_url: section.url("userinfo_url")?,
        userinfo_body: match section.rule("userinfo_method", &[("get", false), ("post", true)])? {
            true => Some(with_client(section, "userinfo_body")?),
            false if section.is_set("userinfo_body") => return Err(section.refuse("userinfo_body")),
            false => None,
        },
        emails_url: section.url("emails_url")?,
        groups_url: section.url("groups_url")?,
        pkce: section.rule("pkce", &[("s256", true), ("none", false)])?,
    })
}

/// Returns the setting with the client's id filled in.
fn with_client(section: &Section<'_>, key: &str) -> Result<String, ConfigError> {
    let text = section.text(key)?;
    Ok(text.replace("{client_id}", &section.text("client_id")?))
}

fn params(section: &Section<'_>, key: &str) -> Result<Vec<(String, String)>, ConfigError> {
    let text = with_client(section, key)?;
    let all: Vec<_> = form_urlencoded::parse(text.as_bytes()).into_owned().collect();
    let is_reserved = |name: &str| {
        RESERVED_PARAMS.contains(&name) || name.starts_with("code_challenge") || name.is_empty()
    };
    match all.iter().find(|(name, _)| is_reserved(name)) {
        Some((name, _)) => Err(section.refuse_because(key, &format!("{name:?} can't be set"))),
        None => Ok(all),
    }
}

/// Reads headers like `Accept: application/json | Notion-Version: 2022-06-28`.
fn headers(section: &Section<'_>) -> Result<Vec<(HeaderName, HeaderValue)>, ConfigError> {
    let text = with_client(section, "headers")?;
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let name: HeaderName = name.trim().parse().ok()?;
        let is_free = !RESERVED_HEADERS.contains(&name.as_str()) && !value.contains(ACCESS_TOKEN);
        is_free.then_some((name, value.trim().parse().ok()?))
    };
    let lines = text.split('|').filter(|it| !it.trim().is_empty());
    let all: Option<_> = lines.map(header).collect();
    all.ok_or_else(|| section.refuse("headers"))
}
