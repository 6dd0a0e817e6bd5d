//! OpenID Connect with discovery (OpenID Connect Core 1.0 and Discovery 1.0).

use std::time::Duration;

use url::Url;

use super::super::SocialProblem;
use super::authorize::Challenge;
use super::failure::ProviderError;
use super::id_token::{Expected, IdToken};
use super::linking::Membership;
use super::userinfo::malformed;
use super::{Grant, Identity, Provider};
use crate::secret::Secret;
use crate::server::config::ProviderConfig;
use crate::server::config::provider::{AuthTimeRule, Quirk};
use crate::server::json::Json;
use crate::text::unicode::clean;
use crate::user::DisplayName;

/// Longer than any user stays signed in at a provider.
const MAX_AUTH_AGE: Duration = Duration::from_hours(24 * 365);

/// Requires `auth_time` (OpenID Connect Core 1.0, section 5.5).
const AUTH_TIME_CLAIMS: &str = r#"{"id_token":{"auth_time":{"essential":true}}}"#;

/// An authentication time that is never fresh.
const LONG_AGO: i64 = 0;

impl Provider {
    /// Returns the address at which the user signs in.
    pub(super) async fn oidc_authorize_url(
        &self,
        challenge: Challenge,
    ) -> Result<Url, ProviderError> {
        let metadata = self.metadata().await?;
        // A provider whose keys can't be read signs nobody in: this is known before the visitor leaves.
        self.keys().await?;
        let mut params = vec![("nonce", challenge.nonce.clone())];
        match (challenge.force_reauthentication, self.requires_auth_time()) {
            // Providers that don't know one of these may know the other.
            (true, _) => {
                params.push(("max_age", "0".to_owned()));
                params.push(("prompt", self.prompt().to_owned()));
            }
            // Some send `auth_time` only if `max_age` is set (OpenID Connect Core 1.0, section 2).
            (false, true) => params.push(("max_age", MAX_AUTH_AGE.as_secs().to_string())),
            (false, false) => {}
        }
        if self.config.auth_time == AuthTimeRule::Required {
            params.push(("claims", AUTH_TIME_CLAIMS.to_owned()));
        }
        if !self.config.acr.is_empty() {
            params.push(("acr_values", self.config.acr.join(" ")));
        }
        Ok(self.authorize_address(&metadata.authorize, challenge, &params))
    }

    /// Returns the prompt that makes the provider ask again.
    fn prompt(&self) -> &'static str {
        if self.config.has(Quirk::SelectAccount) { "select_account" } else { "login" }
    }

    /// Reads the user's identity from the ID token, and from the userinfo endpoint what that lacks.
    pub(super) async fn oidc_identify(&self, grant: &Grant<'_>) -> Result<Identity, ProviderError> {
        let metadata = self.metadata().await?;
        let endpoint = &metadata.token;
        let tokens = self.exchange(endpoint, grant, metadata.basic_is_refused).await?;
        let token = tokens.id_token.as_ref().ok_or(ProviderError::MissingField("an ID token"))?;
        let expected = Expected {
            issuer: &metadata.issuer,
            nonce: &grant.pending.nonce,
            access_token: &tokens.access_token,
            now: grant.now,
        };
        let IdToken { claims, issuer } = self.verified(token, &expected).await?;
        let claims = Json::parse(&claims).map_err(|it| malformed(endpoint, it))?;
        let subject = claims.member("sub").and_then(Json::id);
        let subject = subject.ok_or(ProviderError::MissingField("the user's id"))?;
        let url = self.config.requests.userinfo_url.as_ref().or(metadata.userinfo.as_ref());
        let url = url.filter(|_| self.needs_more(claims));
        let more = match url {
            Some(url) => self.more_claims(url, &tokens.access_token, &subject).await?,
            None => Ok(None),
        };
        let text = more.as_ref().ok().cloned().flatten();
        let userinfo = text.as_deref().and_then(|it| Json::parse(it).ok());
        let documents: Vec<_> = [claims].into_iter().chain(userinfo).collect();
        let mut identity = self.identity(issuer, &documents, &tokens.access_token).await?;
        identity.authenticated_at = self.authenticated_at(claims);
        identity.is_multi_factor = self.is_multi_factor(claims);
        if identity.display_name.is_empty() {
            identity.display_name = clean(&grant.callback.name, DisplayName::MAX_LENGTH);
        }
        if let Err(problem) = more {
            // What the response would have said is unknown, unless the ID token says it too.
            if self.config.paths.email.text(claims).is_none() {
                identity.verified_email = Err(problem);
            }
            if identity.membership == Ok(Membership::Outsider) {
                identity.membership = Err(problem);
            }
        }
        Ok(identity)
    }

    /// Returns whether the ID token lacks what is wanted of the user.
    fn needs_more(&self, claims: Json<'_>) -> bool {
        let ProviderConfig { paths, groups, requests, .. } = &self.config;
        let is_in_claims = groups.is_empty() || requests.groups_url.is_some();
        paths.email.text(claims).is_none() || !is_in_claims && paths.groups.texts(claims).is_empty()
    }

    /// Returns the userinfo response as JSON. It is only wanted, but one about another user refuses the sign-in
    /// (OpenID Connect Core 1.0, section 5.3.2). One without a subject is not used.
    async fn more_claims(
        &self,
        url: &Url,
        access_token: &Secret,
        subject: &str,
    ) -> Result<Result<Option<String>, SocialProblem>, ProviderError> {
        let text = match self.optional(self.userinfo(url, access_token).await) {
            Ok(Some(text)) => text,
            other => return Ok(other),
        };
        // A signed response is a JWT (section 5.3.2).
        let text = match text.trim() {
            it if it.starts_with("eyJ") => match self.verify_signature(it).await {
                Ok(verified) if self.is_for_us(&verified.payload) => verified.payload,
                Ok(_) => {
                    let other = ProviderError::MissingField(
                        "this site in the audience of the signed userinfo",
                    );
                    return Ok(self.optional(Err(other)));
                }
                Err(error) => return Ok(self.optional(Err(error))),
            },
            _ => text,
        };
        let found = match Json::parse(&text) {
            Ok(json) => json.member("sub").and_then(Json::id),
            Err(error) => return Ok(self.optional(Err(malformed(url, error)))),
        };
        match found {
            Some(found) if found == subject => Ok(Ok(Some(text))),
            Some(_) => Err(ProviderError::OtherUser),
            None => {
                let lacks = ProviderError::MissingField("the user's id, so it is not used");
                Ok(self.optional(Err(lacks)))
            }
        }
    }

    /// Returns whether a signed userinfo response names no other issuer or audience (OpenID Connect Core 1.0, section
    /// 5.3.2).
    fn is_for_us(&self, payload: &str) -> bool {
        let Ok(claims) = Json::parse(payload) else { return false };
        let issuer = claims.member("iss").map(|it| it.text().unwrap_or_default());
        let audience = claims.member("aud").map(Json::texts);
        issuer.is_none_or(|it| self.config.owns(&it))
            && audience.is_none_or(|it| it.contains(&self.config.client_id))
    }

    /// Returns whether a missing `auth_time` counts as long ago.
    fn requires_auth_time(&self) -> bool {
        match self.config.auth_time {
            AuthTimeRule::Promised => {
                self.discovery.known().is_some_and(|it| it.promises_auth_time)
            }
            AuthTimeRule::Required => true,
            AuthTimeRule::Optional | AuthTimeRule::Ignored => false,
        }
    }

    /// Returns when the provider authenticated the user, if it says so and the settings trust it.
    fn authenticated_at(&self, claims: Json<'_>) -> Option<i64> {
        if self.config.auth_time == AuthTimeRule::Ignored {
            return None;
        }
        let said = claims.member("auth_time").and_then(Json::seconds);
        if said.is_none() && self.requires_auth_time() {
            let provider = &self.config.name;
            tracing::warn!(provider, "no auth_time, which social.NAME.auth_time requires");
            return Some(LONG_AGO);
        }
        said
    }

    /// Returns whether the provider says that it checked several factors. A missing claim says nothing.
    fn is_multi_factor(&self, claims: Json<'_>) -> bool {
        let class = claims.member("acr").and_then(Json::id);
        let methods = claims.member("amr").map(Json::texts);
        if self.config.can_prove_two_factors() && class.is_none() && methods.is_none() {
            let provider = &self.config.name;
            tracing::warn!(provider, "neither acr nor amr, so a sign-in there is one factor");
        }
        class.is_some_and(|it| self.config.acr.contains(&it))
            || methods.into_iter().flatten().any(|it| self.config.amr.contains(&it))
    }
}
