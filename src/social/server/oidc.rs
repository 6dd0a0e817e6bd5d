//! OpenID Connect with discovery (OpenID Connect Core 1.0 and Discovery 1.0).

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use oauth2::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, PkceCodeVerifier, Scope,
};
use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreAuthenticationFlow, CoreClaimName, CoreClaimType,
    CoreClient, CoreClientAuthMethod, CoreGrantType, CoreIdTokenClaims, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm, CoreResponseMode,
    CoreResponseType, CoreSubjectIdentifierType, CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AdditionalProviderMetadata, AuthenticationContextClass, EndUserEmail, EndUserName,
    EndpointMaybeSet, EndpointNotSet, EndpointSet, IssuerUrl, LocalizedClaim, Nonce,
    OAuth2TokenResponse, ProviderMetadata, SubjectIdentifier,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use url::Url;

use super::failure::{ProviderError, token_error};
use super::id_token::verified_claims;
use super::{Callback, Challenge, Identity, Provider};
use crate::linked_account::server::ProviderAccount;
use crate::server::config::presets::AuthTimeRule;
use crate::server::error::chain;

/// The provider metadata that RFC 9207, section 3, adds.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct IssuerParameter {
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for IssuerParameter {}

type Metadata = ProviderMetadata<
    IssuerParameter,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

pub(super) type OidcClient = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// The discovered metadata and when it was fetched.
#[derive(Debug, Default)]
pub(super) struct Discovery {
    known: RwLock<Option<(Arc<Metadata>, Instant)>>,
    /// Locked during a fetch, so that other requests wait for its result. Holds the last failure:
    /// its time, its cause, and whether it may pass.
    last_failure: Mutex<Option<(Instant, String, bool)>>,
}

/// How long metadata is used before it is fetched again; providers rotate keys.
const FRESH: Duration = Duration::from_hours(1);

/// Metadata younger than this is not fetched again because of one visitor.
const RECENT: Duration = Duration::from_mins(1);

/// How long to wait before asking a failed provider again.
const BACKOFF: Duration = Duration::from_secs(1);

/// Longer than any user stays signed in at a provider.
const MAX_AUTH_AGE: Duration = Duration::from_hours(24 * 365);

/// Requires `auth_time` (OpenID Connect Core 1.0, section 5.5).
const AUTH_TIME_CLAIMS: &str = r#"{"id_token":{"auth_time":{"essential":true}}}"#;

/// An authentication time that is never fresh.
const LONG_AGO: i64 = 0;

impl Discovery {
    fn known(&self) -> Option<(Arc<Metadata>, Instant)> {
        self.known.read().ok()?.clone()
    }

    fn metadata_within(&self, age: Duration) -> Option<Arc<Metadata>> {
        self.known()
            .filter(|(_, fetched_at)| fetched_at.elapsed() < age)
            .map(|(metadata, _)| metadata)
    }

    fn store(&self, metadata: Arc<Metadata>) {
        if let Ok(mut known) = self.known.write() {
            *known = Some((metadata, Instant::now()));
        }
    }

    /// Returns the authorization endpoint, if it is known yet.
    pub fn authorize_url(&self) -> Option<Url> {
        self.known().map(|(it, _)| it.authorization_endpoint().url().clone())
    }

    /// Returns whether ID tokens can say when the user authenticated.
    fn promises_auth_time(&self) -> bool {
        self.known().is_some_and(|(it, _)| {
            let mut claims = it.claims_supported().into_iter().flatten();
            claims.any(|it| it.as_str() == "auth_time")
        })
    }

    /// Returns whether every authorization response will carry `iss`.
    pub fn promises_issuer(&self) -> bool {
        self.known().is_some_and(|(it, _)| {
            it.additional_metadata().authorization_response_iss_parameter_supported
        })
    }
}

impl Provider {
    /// Returns the provider's metadata and keys, fetched once an hour by one request for all. If
    /// the provider is down, the known metadata stays in use.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, ProviderError> {
        self.metadata_within(FRESH).await
    }

    async fn metadata_within(&self, age: Duration) -> Result<Arc<Metadata>, ProviderError> {
        if let Some(metadata) = self.discovery.metadata_within(age) {
            return Ok(metadata);
        }
        let mut failed = self.discovery.last_failure.lock().await;
        if let Some(metadata) = self.discovery.metadata_within(age) {
            return Ok(metadata);
        }
        let asked = match failed.as_ref().filter(|(at, ..)| at.elapsed() < BACKOFF) {
            Some((_, why, is_transient)) => {
                Err(ProviderError::BackingOff { why: why.clone(), is_transient: *is_transient })
            }
            None => self.discover().await,
        };
        match &asked {
            Ok(_) => *failed = None,
            Err(ProviderError::BackingOff { .. }) => {}
            Err(error) => *failed = Some((Instant::now(), chain(error), error.is_transient())),
        }
        match (asked, self.discovery.known()) {
            (Err(error), Some((metadata, _))) => {
                self.log(&error);
                Ok(metadata)
            }
            (asked, _) => asked,
        }
    }

    async fn discover(&self) -> Result<Arc<Metadata>, ProviderError> {
        let failed = |error| ProviderError::Discovery(error);
        let issuer = IssuerUrl::new(self.config.issuer.clone()).map_err(|it| failed(it.into()))?;
        let metadata = Metadata::discover_async(issuer, &self.http)
            .await
            .map_err(|it| failed(Box::new(it)))?;
        // Other endpoints are checked when the server calls them; the browser calls this one.
        if !self.http.may_request(metadata.authorization_endpoint().url()).await {
            return Err(ProviderError::ForbiddenEndpoint("authorization_endpoint"));
        }
        let metadata = Arc::new(metadata);
        self.discovery.store(Arc::clone(&metadata));
        Ok(metadata)
    }

    fn oidc_client(&self, metadata: &Metadata) -> OidcClient {
        let auth = metadata.token_endpoint_auth_methods_supported();
        let basic_is_refused =
            auth.is_some_and(|all| !all.contains(&CoreClientAuthMethod::ClientSecretBasic));
        OidcClient::from_provider_metadata(
            metadata.clone(),
            ClientId::new(self.config.client_id.clone()),
            Some(ClientSecret::new(self.config.client_secret.expose().to_owned())),
        )
        .set_redirect_uri(self.redirect.clone())
        .set_auth_type(if basic_is_refused {
            AuthType::RequestBody
        } else {
            AuthType::BasicAuth
        })
    }

    pub(super) async fn oidc_authorize_url(
        &self,
        challenge: Challenge,
    ) -> Result<Url, ProviderError> {
        let Challenge { state, nonce, pkce, force_reauthentication } = challenge;
        let client = self.oidc_client(&*self.metadata().await?);
        let scopes =
            self.config.scopes.iter().filter(|it| *it != "openid").cloned().map(Scope::new);
        let request = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new(state),
                || Nonce::new(nonce),
            )
            .add_scopes(scopes)
            .set_pkce_challenge(pkce);
        let request = match (force_reauthentication, self.requires_auth_time()) {
            // Providers that don't know one of these may know the other.
            (true, _) => request.set_max_age(Duration::ZERO).add_prompt(self.prompt()),
            // Some send `auth_time` only if `max_age` is set (OpenID Connect Core 1.0, section 2).
            (false, true) => request.set_max_age(MAX_AUTH_AGE),
            (false, false) => request,
        };
        let request = match self.config.auth_time {
            AuthTimeRule::Required => request.add_extra_param("claims", AUTH_TIME_CLAIMS),
            _ => request,
        };
        let request = self.config.acr.iter().fold(request, |request, it| {
            request.add_auth_context_value(AuthenticationContextClass::new(it.clone()))
        });
        Ok(request.url().0)
    }

    pub(super) async fn oidc_identify(
        &self,
        callback: &Callback,
        verifier: PkceCodeVerifier,
        nonce: &str,
        now: i64,
    ) -> Result<Identity, ProviderError> {
        let client = self.oidc_client(&*self.metadata().await?);
        let tokens = client
            .exchange_code(AuthorizationCode::new(callback.code.clone()))
            .map_err(|_| ProviderError::MissingField("a token address"))?
            .set_pkce_verifier(verifier)
            .request_async(&self.http)
            .await
            .map_err(token_error)?;
        let nonce = Nonce::new(nonce.to_owned());
        let claims = match verified_claims(&client, &tokens, &nonce, now) {
            Ok(claims) => claims,
            // The key may be newer than the metadata: fetch that again, at most once a minute.
            Err(error) => {
                let metadata = self.metadata_within(RECENT).await.map_err(|_| error)?;
                verified_claims(&self.oidc_client(&metadata), &tokens, &nonce, now)?
            }
        };
        self.oidc_identity(&client, &tokens, &claims).await
    }

    /// Returns whether a missing `auth_time` counts as long ago.
    fn requires_auth_time(&self) -> bool {
        match self.config.auth_time {
            AuthTimeRule::Promised => self.discovery.promises_auth_time(),
            AuthTimeRule::Required => true,
            AuthTimeRule::Optional | AuthTimeRule::Ignored => false,
        }
    }

    /// Returns when the provider authenticated the user, if it says so and the settings trust it.
    fn authenticated_at(&self, claims: &CoreIdTokenClaims) -> Option<i64> {
        if self.config.auth_time == AuthTimeRule::Ignored {
            return None;
        }
        let said = claims.auth_time().map(|it| it.timestamp());
        if said.is_none() && self.requires_auth_time() {
            let provider = &self.config.name;
            tracing::warn!(provider, "no auth_time, which social.NAME.auth_time requires");
            return Some(LONG_AGO);
        }
        said
    }

    /// Returns whether the provider says that it checked several factors. A missing claim says nothing.
    fn is_multi_factor(&self, claims: &CoreIdTokenClaims) -> bool {
        let class = claims.auth_context_ref();
        if self.config.can_prove_two_factors()
            && class.is_none()
            && claims.auth_method_refs().is_none()
        {
            let provider = &self.config.name;
            tracing::warn!(provider, "neither acr nor amr, so a sign-in there is one factor");
        }
        let mut methods = claims.auth_method_refs().into_iter().flatten();
        class.is_some_and(|it| self.config.acr.iter().any(|accepted| accepted == it.as_str()))
            || methods.any(|it| self.config.amr.iter().any(|accepted| accepted == it.as_str()))
    }

    /// Returns the prompt that makes a provider ask again. Google refuses unknown prompts.
    fn prompt(&self) -> CoreAuthPrompt {
        match self.config.issuer.as_str() {
            "https://accounts.google.com" => CoreAuthPrompt::SelectAccount,
            _ => CoreAuthPrompt::Login,
        }
    }

    /// Reads the user's identity, from the userinfo endpoint if the ID token has no email address.
    async fn oidc_identity(
        &self,
        client: &OidcClient,
        tokens: &CoreTokenResponse,
        claims: &CoreIdTokenClaims,
    ) -> Result<Identity, ProviderError> {
        if claims.email().is_some() || client.user_info_url().is_none() {
            return Ok(self.identity_of(&IdentityClaims {
                subject: claims.subject(),
                email: claims.email(),
                is_verified: claims.email_verified(),
                name: claims.name(),
                authenticated_at: self.authenticated_at(claims),
                is_multi_factor: self.is_multi_factor(claims),
            }));
        }
        let userinfo: CoreUserInfoClaims = client
            // Its subject must be the ID token's (OpenID Connect Core 1.0, section 5.3.2).
            .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
            .map_err(|it| ProviderError::Userinfo(Box::new(it)))?
            .request_async(&self.http)
            .await
            .map_err(|it| ProviderError::Userinfo(Box::new(it)))?;
        Ok(self.identity_of(&IdentityClaims {
            subject: userinfo.subject(),
            email: userinfo.email(),
            is_verified: userinfo.email_verified(),
            name: userinfo.name(),
            authenticated_at: self.authenticated_at(claims),
            is_multi_factor: self.is_multi_factor(claims),
        }))
    }

    fn identity_of(&self, said: &IdentityClaims<'_>) -> Identity {
        let subject = said.subject.to_string();
        let email = said.email.map(|it| it.as_str().to_owned());
        let is_verified = self.trusts_email() && said.is_verified == Some(true);
        let name = said.name.and_then(|it| it.get(None)).map(|it| it.as_str().to_owned());
        Identity {
            account: ProviderAccount {
                provider: self.config.name.clone(),
                // Equal to the token's issuer, which was compared exactly.
                issuer: self.config.issuer.clone(),
                account: email.clone().or_else(|| name.clone()).unwrap_or_else(|| subject.clone()),
                subject,
            },
            verified_email: email.filter(|_| is_verified).and_then(|it| it.parse().ok()),
            display_name: name.unwrap_or_default(),
            authenticated_at: said.authenticated_at,
            is_multi_factor: said.is_multi_factor,
        }
    }
}

/// The claims that both an ID token and a userinfo response can have.
struct IdentityClaims<'a> {
    subject: &'a SubjectIdentifier,
    email: Option<&'a EndUserEmail>,
    is_verified: Option<bool>,
    name: Option<&'a LocalizedClaim<EndUserName>>,
    authenticated_at: Option<i64>,
    is_multi_factor: bool,
}
