//! Starts sign-ins at providers and validates their callbacks.

mod authorize;
mod check;
mod completion;
mod discovery;
mod failure;
mod id_token;
mod identity;
mod linked;
mod linking;
mod oauth;
mod oidc;
pub mod pending;
mod posted;
mod token;
mod unfinished;
mod userinfo;

use futures_util::future::join_all;
use oauth2::RedirectUrl;
use serde::Serialize;
use url::Url;

use super::{ProviderButton, SocialProblem};
use crate::error::{AppError, RequestProblem};
use crate::linked_account::server::count_of;
use crate::server::config::provider::Protocol;
use crate::server::config::{Config, ConfigError, ProviderConfig};
use crate::server::feature::AppCookie;
use crate::server::limits::{self, LimitedAction};
use crate::server::provider_http::{Network, ProviderHttp};
use crate::server::{App, Context, Error, error::chain};
use crate::sign_in::server::{Attempt, Intent, has_attempt};
use authorize::Challenge;
use discovery::Discovery;
use failure::{ProviderError, problem_of_code};

pub use check::{ProviderCheck, check_provider};
pub use completion::{complete_attempt, finish, unfinished};
pub use identity::Identity;
pub use linked::{list, unlink};
pub use pending::PendingAuthorization;
pub use posted::{POSTED_LIMIT, PostedCallback};
pub use unfinished::{UNFINISHED, sweep};

/// Binds attempts that wait for a provider to this browser.
pub static AUTHORIZATION: AppCookie =
    AppCookie::for_token("portcullis-authorization", |app, key| Box::pin(has_attempt(app, key)));

/// The page to which the last used callback led. Sealed for that callback, which is not known to
/// `is_ours`.
pub static CALLBACK: AppCookie = AppCookie {
    name: "portcullis-callback",
    is_well_formed: |_| true,
    is_ours: |_, _| Box::pin(async { Ok(false) }),
    ends_with_session: false,
};

/// How far a provider's clock may differ from ours, in seconds.
const CLOCK_SKEW: i64 = 60;

/// The configured providers.
#[derive(Debug)]
pub struct Providers(Vec<Provider>);

/// A provider and its discovered metadata.
#[derive(Debug)]
pub struct Provider {
    pub config: ProviderConfig,
    http: ProviderHttp,
    redirect: RedirectUrl,
    discovery: Discovery,
}

/// The query of a callback (RFC 6749, section 4.1.2; RFC 9207, section 2).
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Callback {
    pub state: String,
    pub code: String,
    pub iss: Option<String>,
    pub error: Option<String>,
    /// VK's own parameter, which its token endpoint wants back.
    pub device_id: String,
    /// The key to a posted callback.
    pub posted: String,
    /// The user's name, if a posted callback had it.
    #[serde(skip)]
    name: String,
}

/// A callback, and the secrets of the attempt that it completes.
struct Grant<'a> {
    callback: &'a Callback,
    pending: &'a PendingAuthorization,
    now: i64,
}

impl Providers {
    pub fn new(config: &Config) -> Result<Self, Error> {
        if config.social.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let mut providers = Vec::new();
        for provider in &config.social {
            // From the configured URL, never from a header.
            let redirect = format!("{}social/{}/callback", config.site.url, provider.name);
            providers.push(Provider {
                config: provider.clone(),
                http: ProviderHttp::new(
                    &config.http,
                    &Network {
                        urls: &provider.configured_urls(),
                        is_private: provider.private_network,
                        proxy: provider.http_proxy.as_ref(),
                    },
                )?,
                redirect: RedirectUrl::new(redirect)
                    .map_err(|_| ConfigError("site.url gives no valid redirect URL".to_owned()))?,
                discovery: Discovery::default(),
            });
        }
        Ok(Self(providers))
    }

    #[must_use]
    pub fn find(&self, name: &str) -> Option<&Provider> {
        self.0.iter().find(|it| it.config.name == name)
    }

    #[must_use]
    pub fn buttons(&self) -> Vec<ProviderButton> {
        let button = |it: &Provider| ProviderButton {
            name: it.config.name.clone(),
            label: it.config.label.clone(),
            mark: it.config.mark.clone(),
        };
        self.0.iter().map(button).collect()
    }

    /// Returns whether a provider posts to this path.
    #[must_use]
    pub fn takes_post(&self, path: &str) -> bool {
        let parts = path.strip_prefix("/social/").and_then(|it| it.strip_suffix("/callback"));
        parts.and_then(|name| self.find(name)).is_some_and(Provider::takes_posts)
    }

    /// Returns the origins to which a form may lead without scripts: browsers apply `form-action`
    /// to redirects after a post too (CSP 3, section 6.4.1).
    #[must_use]
    pub fn form_actions(&self) -> String {
        let origins: Vec<_> = self.0.iter().flat_map(Provider::origins).collect();
        origins.join(" ")
    }

    /// Fetches the metadata of each provider before the first visitor needs it.
    pub async fn discover(&self) {
        // All at once: one that is down delays no other.
        let problems = join_all(self.0.iter().map(Provider::ensure_metadata)).await;
        for (provider, problem) in self.0.iter().zip(problems) {
            if let Err(error) = problem {
                provider.log(&error);
            }
        }
    }
}

/// A provider as shown to operators.
#[derive(Clone, Debug, Serialize)]
pub struct ProviderState {
    pub name: String,
    pub label: String,
    pub protocol: &'static str,
    pub issuer: String,
    /// The URL to which it redirects visitors.
    pub callback: String,
    /// The number of its accounts that are linked.
    pub linked: i64,
    /// Why it can't be used right now.
    pub problem: Option<String>,
}

impl Providers {
    /// Returns the state of all providers, after discovery for those that have it.
    pub async fn states(&self, app: &App) -> Result<Vec<ProviderState>, Error> {
        let problems = join_all(self.0.iter().map(Provider::ensure_metadata)).await;
        let mut states = Vec::new();
        for (provider, problem) in self.0.iter().zip(problems) {
            let ProviderConfig { name, label, issuer, .. } = &provider.config;
            states.push(ProviderState {
                name: name.clone(),
                label: label.clone(),
                protocol: match provider.config.protocol {
                    Protocol::Oidc => "OpenID Connect",
                    Protocol::OAuth2(_) => "OAuth 2.0",
                },
                issuer: issuer.clone(),
                callback: provider.redirect.as_str().to_owned(),
                linked: count_of(app, name).await?,
                problem: problem.err().map(|error| chain(&error)),
            });
        }
        Ok(states)
    }
}

impl Provider {
    fn origins(&self) -> Vec<String> {
        let origin = |url: &Url| url.origin().ascii_serialization();
        let mut all: Vec<_> = match &self.config.protocol {
            Protocol::OAuth2(endpoints) => vec![origin(&endpoints.authorize)],
            Protocol::Oidc => {
                let issuer = Url::parse(&self.config.issuer).ok();
                let known = self.discovery.known().map(|it| it.authorize.clone());
                issuer.iter().chain(&known).map(origin).collect()
            }
        };
        all.dedup();
        all.extend(self.config.through.iter().cloned());
        all
    }

    async fn authorize_url(&self, challenge: Challenge) -> Result<Url, ProviderError> {
        match &self.config.protocol {
            Protocol::Oidc => self.oidc_authorize_url(challenge).await,
            Protocol::OAuth2(it) => Ok(self.authorize_address(&it.authorize, challenge, &[])),
        }
    }

    async fn identify(&self, grant: &Grant<'_>) -> Result<Identity, ProviderError> {
        match &self.config.protocol {
            Protocol::Oidc => self.oidc_identify(grant).await,
            Protocol::OAuth2(it) => self.oauth_identify(it, grant).await,
        }
    }

    async fn ensure_metadata(&self) -> Result<(), ProviderError> {
        match self.config.protocol {
            Protocol::Oidc => self.keys().await.map(drop),
            Protocol::OAuth2(_) => Ok(()),
        }
    }

    /// Refuses a callback that names another provider, or none although it must (RFC 9207, section 2.4).
    fn check_issuer(&self, callback: &Callback) -> Result<(), ProviderError> {
        let is_promised = || self.discovery.known().is_some_and(|it| it.promises_issuer);
        let is_right = match &callback.iss {
            Some(issuer) => self.config.owns(issuer),
            None => !is_promised(),
        };
        if is_right {
            return Ok(());
        }
        let found = callback.iss.clone().unwrap_or_default();
        Err(ProviderError::Issuer { expected: self.config.issuer.clone(), found })
    }

    /// Logs an error, cut: it can contain text of the provider.
    fn log(&self, error: &ProviderError) {
        let error: String = chain(error).chars().take(1000).collect();
        tracing::warn!(provider = self.config.name, error, "provider unusable");
    }
}

/// Stores the secrets of the attempt and returns the provider's URL for the visitor.
pub async fn begin(cx: &Context, provider: &str, attempt: &Attempt) -> Result<String, Error> {
    let provider = cx.app.providers.find(provider).ok_or(RequestProblem::NotFound)?;
    // Each sign-in is a row until it is completed or expires.
    limits::take(&cx.app, LimitedAction::SignIn, &cx.client, None).await?;
    let force_reauthentication = matches!(attempt.intent, Intent::Reauthenticate { .. });
    let (pending, challenge) =
        PendingAuthorization::begin(&provider.config.name, force_reauthentication)?;
    let state = challenge.state.clone();
    let url = provider.authorize_url(challenge).await.map_err(|error| {
        provider.log(&error);
        AppError::Social(error.problem())
    })?;
    pending.store(cx, attempt, &state).await?;
    Ok(url.into())
}

/// Validates a callback. Also returns the attempt if the state is ours.
pub async fn validate_callback(
    cx: &Context,
    provider: &str,
    callback: &Callback,
) -> (Option<Attempt>, Result<Identity, Error>) {
    let refused = |problem| Err(AppError::Social(problem).into());
    let (pending, attempt) = match PendingAuthorization::take(cx, callback).await {
        Ok(Some((pending, attempt))) if pending.provider == provider => (pending, attempt),
        Ok(_) => return (None, refused(SocialProblem::Expired)),
        Err(error) => return (None, Err(error)),
    };
    let Some(provider) = cx.app.providers.find(provider) else {
        // The provider is no longer configured.
        return (Some(attempt), refused(SocialProblem::Expired));
    };
    let posted = pending.posted.as_ref().filter(|_| provider.takes_posts());
    let callback = posted.unwrap_or(callback);
    // Discovery says whether the provider promises to name itself.
    if let Err(error) = provider.ensure_metadata().await {
        provider.log(&error);
        return (Some(attempt), refused(error.problem()));
    }
    let failed = |error: ProviderError| {
        provider.log(&error);
        AppError::Social(error.problem()).into()
    };
    if let Err(error) = provider.check_issuer(callback) {
        return (Some(attempt), Err(failed(error)));
    }
    if let Some(code) = &callback.error {
        // Untrusted text: quoted and truncated, so that it can't forge a log line.
        let error: String = code.chars().take(64).collect();
        let provider = &provider.config.name;
        tracing::info!(provider, ?error, "sign-in refused by the provider");
        return (Some(attempt), refused(problem_of_code(code)));
    }
    let grant = Grant { callback, pending: &pending, now: cx.app.clock.now() };
    let identity = provider.identify(&grant).await;
    (Some(attempt), identity.map_err(failed))
}
