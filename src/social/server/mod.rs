//! Starts sign-ins at providers and validates their callbacks.

mod completion;
mod failure;
mod id_token;
mod linked;
mod oauth;
mod oidc;
pub mod pending;

use oauth2::{PkceCodeChallenge, PkceCodeVerifier, RedirectUrl};
use serde::Serialize;
use url::Url;

use super::{ProviderButton, SocialProblem};
use crate::error::{AppError, RequestProblem};
use crate::linked_account::server::{ProviderAccount, count_of};
use crate::server::config::presets::{EmailRule, Protocol};
use crate::server::config::{Config, ConfigError, ProviderConfig};
use crate::server::feature::AppCookie;
use crate::server::limits::{self, LimitedAction};
use crate::server::provider_http::ProviderHttp;
use crate::server::{App, Context, Error, error::chain};
use crate::sign_in::server::{Attempt, Intent, has_attempt};
use crate::text::unicode::clean;
use crate::user::{DisplayName, Email};
use failure::{ProviderError, problem_of_code};
use oidc::Discovery;

pub use completion::complete_attempt;
pub use linked::{list, unlink};
pub use pending::PendingAuthorization;

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

/// The user as identified by a provider.
#[derive(Clone, Debug)]
pub struct Identity {
    pub account: ProviderAccount,
    /// Set only if the provider vouches for it, by its `EmailRule`.
    pub verified_email: Option<Email>,
    pub display_name: String,
    /// When the provider authenticated the user, in Unix seconds, if it says so; 0 if it must say
    /// so and does not.
    pub authenticated_at: Option<i64>,
    /// Whether the provider says that it checked several factors, in a way that its settings accept.
    pub is_multi_factor: bool,
}

impl Identity {
    /// Requires a subject that can be stored (at most 255 bytes: OpenID Connect Core 1.0, section
    /// 2), and cleans the names for display.
    fn validate(mut self) -> Result<Self, ProviderError> {
        let subject = &self.account.subject;
        let is_plain = (1..=255).contains(&subject.len()) && !subject.contains(char::is_control);
        if !is_plain {
            return Err(ProviderError::MissingField("a usable subject"));
        }
        self.account.account = clean(&self.account.account, 254);
        self.display_name = clean(&self.display_name, DisplayName::MAX_LENGTH);
        Ok(self)
    }
}

/// The parameters of a request to a provider, which its response must match.
pub(super) struct Challenge {
    pub state: String,
    pub nonce: String,
    pub pkce: PkceCodeChallenge,
    /// Whether the provider must authenticate the user again, even if they are signed in there.
    pub force_reauthentication: bool,
}

/// The query of a callback (RFC 6749, section 4.1.2; RFC 9207, section 2).
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub struct Callback {
    pub state: String,
    pub code: String,
    pub iss: Option<String>,
    pub error: Option<String>,
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
                http: ProviderHttp::new(&config.http, &provider.configured_urls())?,
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
            mark: it.config.mark.to_owned(),
        };
        self.0.iter().map(button).collect()
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
        for provider in &self.0 {
            if let Err(error) = provider.ensure_metadata().await {
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
        let mut states = Vec::new();
        for provider in &self.0 {
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
                linked: count_of(app, issuer).await?,
                problem: provider.ensure_metadata().await.err().map(|error| chain(&error)),
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
                issuer.iter().chain(&self.discovery.authorize_url()).map(origin).collect()
            }
        };
        all.dedup();
        all.extend(self.config.through.iter().cloned());
        all
    }

    async fn authorize_url(&self, challenge: Challenge) -> Result<Url, ProviderError> {
        match &self.config.protocol {
            Protocol::Oidc => self.oidc_authorize_url(challenge).await,
            Protocol::OAuth2(endpoints) => Ok(self.oauth_authorize_url(endpoints, challenge)),
        }
    }

    async fn identify(
        &self,
        callback: &Callback,
        pending: &PendingAuthorization,
        now: i64,
    ) -> Result<Identity, ProviderError> {
        let verifier = PkceCodeVerifier::new(pending.verifier.expose().to_owned());
        match &self.config.protocol {
            Protocol::Oidc => {
                self.oidc_identify(callback, verifier, pending.nonce.expose(), now).await
            }
            Protocol::OAuth2(endpoints) => self.oauth_identify(endpoints, callback, verifier).await,
        }
    }

    async fn ensure_metadata(&self) -> Result<(), ProviderError> {
        match self.config.protocol {
            Protocol::Oidc => self.metadata().await.map(drop),
            Protocol::OAuth2(_) => Ok(()),
        }
    }

    /// Returns whether a callback names this provider, if it must name one (RFC 9207, section 2.4).
    fn matches_issuer(&self, callback: &Callback) -> bool {
        match &callback.iss {
            Some(issuer) => *issuer == self.config.issuer,
            None => !self.discovery.promises_issuer(),
        }
    }

    fn trusts_email(&self) -> bool {
        self.config.email != EmailRule::Never
    }

    fn log(&self, error: &ProviderError) {
        tracing::warn!(provider = self.config.name, error = chain(error), "provider unusable");
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
    let (pending, attempt) = match PendingAuthorization::take(cx, &callback.state).await {
        Ok(Some((pending, attempt))) if pending.provider == provider => (pending, attempt),
        Ok(_) => return (None, refused(SocialProblem::Expired)),
        Err(error) => return (None, Err(error)),
    };
    let Some(provider) = cx.app.providers.find(provider) else {
        // The provider is no longer configured.
        return (Some(attempt), refused(SocialProblem::Expired));
    };
    // Discovery says whether the provider promises to name itself.
    if let Err(error) = provider.ensure_metadata().await {
        provider.log(&error);
        return (Some(attempt), refused(error.problem()));
    }
    let identity = match (&callback.error, provider.matches_issuer(callback)) {
        (_, false) => {
            provider.log(&ProviderError::Issuer);
            refused(ProviderError::Issuer.problem())
        }
        (Some(code), _) => {
            // Untrusted text: quoted and truncated, so that it can't forge a log line.
            let error: String = code.chars().take(64).collect();
            let provider = &provider.config.name;
            tracing::info!(provider, ?error, "sign-in refused by the provider");
            refused(problem_of_code(code))
        }
        (None, true) => {
            let identity = provider.identify(callback, &pending, cx.app.clock.now()).await;
            identity.and_then(Identity::validate).map_err(|error| {
                provider.log(&error);
                AppError::Social(error.problem()).into()
            })
        }
    };
    (Some(attempt), identity)
}
