//! Validates ID tokens (OpenID Connect Core 1.0, section 3.1.3.7). Only the claims that decide are read.

use super::failure::ProviderError;
use super::{CLOCK_SKEW, Provider};
use crate::secret::Secret;
use crate::server::config::provider::Quirk;
use crate::server::json::Json;
use crate::server::jws::{self, Algorithm, JwsError, Verified};

/// Why an ID token is refused. Text from the token is quoted and short.
#[derive(Debug, thiserror::Error)]
pub enum IdTokenError {
    #[error(transparent)]
    Jws(#[from] JwsError),
    #[error("its claim {0} is missing or malformed")]
    Claim(&'static str),
    #[error("its issuer is {0:?}")]
    Issuer(String),
    #[error("its audience is {0:?}")]
    Audience(String),
    #[error("it was issued to another party, {0:?}")]
    Party(String),
    #[error("it expired {0} s ago; the clock here or there may be wrong")]
    Expired(i64),
    #[error("its claim {0} is {1} s in the future; the clock here or there may be wrong")]
    Future(&'static str, i64),
    #[error("its nonce is not the one of this sign-in")]
    Nonce,
    #[error("it was issued with another access token")]
    AccessToken,
}

impl IdTokenError {
    /// Returns whether the next ID token may be right.
    pub const fn is_stale(&self) -> bool {
        matches!(self, Self::Expired(_) | Self::Nonce)
    }
}

/// What an ID token must match.
pub(super) struct Expected<'a> {
    /// The issuer that discovery names; for several tenants a template.
    pub issuer: &'a str,
    pub nonce: &'a Secret,
    pub access_token: &'a Secret,
    pub now: i64,
}

/// A valid ID token.
pub(super) struct IdToken {
    /// The claims as JSON.
    pub claims: String,
    pub issuer: String,
}

impl Provider {
    /// Checks an ID token: signature, issuer, audience, times, nonce, and the hash of the access token if it
    /// has one.
    pub(super) async fn verified(
        &self,
        token: &Secret,
        expected: &Expected<'_>,
    ) -> Result<IdToken, ProviderError> {
        let Verified { payload, algorithm } = self.verify_signature(token.expose()).await?;
        let json = Json::parse(&payload).map_err(|_| JwsError::Malformed("its payload"));
        let issuer = self.check_claims(json.map_err(IdTokenError::from)?, algorithm, expected)?;
        Ok(IdToken { claims: payload, issuer })
    }

    /// Checks a signature with the provider's keys, and with newer ones if the key is unknown: that is at most
    /// once a minute.
    pub(super) async fn verify_signature(&self, token: &str) -> Result<Verified, ProviderError> {
        let keys = self.keys().await?;
        match jws::verify(token, &keys) {
            Err(error) if error.may_be_new_key() => {
                let newer = self.newer_keys().await?;
                Ok(jws::verify(token, &newer).map_err(IdTokenError::from)?)
            }
            verified => Ok(verified.map_err(IdTokenError::from)?),
        }
    }

    /// Checks the claims and returns the issuer.
    fn check_claims(
        &self,
        claims: Json<'_>,
        algorithm: Algorithm,
        expected: &Expected<'_>,
    ) -> Result<String, IdTokenError> {
        let issuer = self.issuer_of(claims, expected.issuer)?;
        self.check_audience(claims)?;
        check_times(claims, expected.now)?;
        match claims.member("nonce") {
            None if self.config.has(Quirk::NoNonce) => {}
            Some(nonce) if nonce.text().as_deref() == Some(expected.nonce.expose()) => {}
            _ => return Err(IdTokenError::Nonce),
        }
        // Optional in this flow (section 3.1.3.8).
        if let Some(hash) = claims.member("at_hash")
            && hash.text() != Some(algorithm.half_hash(expected.access_token.expose()))
        {
            return Err(IdTokenError::AccessToken);
        }
        Ok(issuer)
    }

    /// Step 2: exactly the discovered issuer, or for several tenants the one of the token's tenant.
    fn issuer_of(&self, claims: Json<'_>, discovered: &str) -> Result<String, IdTokenError> {
        let text = |name| claims.member(name).and_then(Json::text);
        let issuer = text("iss").ok_or(IdTokenError::Claim("iss"))?;
        let is_short = self.config.has(Quirk::IssuerWithoutScheme)
            && discovered.split_once("://").is_some_and(|(_, it)| it == issuer);
        let is_template = discovered.contains(TENANT);
        if !is_template && (issuer == discovered || is_short) {
            return Ok(discovered.to_owned());
        }
        match self.config.tenant_of(&issuer) {
            // The tenant must also be the one that the token names.
            Some(tenant) if is_template && text("tid").as_deref() == Some(tenant) => Ok(issuer),
            _ => Err(IdTokenError::Issuer(short(&issuer))),
        }
    }

    /// Returns whether a discovered issuer is the configured one with its tenant's id, or the template for the
    /// issuers of several tenants.
    pub(super) fn is_issuer_of_tenants(&self, discovered: &str) -> bool {
        let with_id = discovered.replacen(TENANT, NO_TENANT, 1);
        self.config.tenant_of(discovered).is_some()
            || self.config.has_several_tenants() && self.config.tenant_of(&with_id).is_some()
    }

    /// Steps 3 to 5: the token is for this site, and for others only if the row allows that and `azp` is this
    /// site.
    fn check_audience(&self, claims: Json<'_>) -> Result<(), IdTokenError> {
        let us = &self.config.client_id;
        let audience = claims.member("aud").ok_or(IdTokenError::Claim("aud"))?.texts();
        let party = claims.member("azp").map(|it| it.text().unwrap_or_default());
        if let Some(party) = party.as_ref().filter(|it| *it != us) {
            return Err(IdTokenError::Party(short(party)));
        }
        let has_others = audience.iter().any(|it| it != us);
        let others_are_right = self.config.several_audiences && party.is_some();
        if !audience.contains(us) || has_others && !others_are_right {
            return Err(IdTokenError::Audience(short(&audience.join(" "))));
        }
        Ok(())
    }
}

/// Stands for the tenant in the issuer that discovery names for several tenants.
const TENANT: &str = "{tenantid}";

/// An id that no tenant has.
const NO_TENANT: &str = "00000000-0000-0000-0000-000000000000";

/// Steps 9 and 10, and `nbf` (RFC 7519, section 4.1.5).
fn check_times(claims: Json<'_>, now: i64) -> Result<(), IdTokenError> {
    let expires = claims.member("exp").and_then(Json::seconds).ok_or(IdTokenError::Claim("exp"))?;
    if expires.saturating_add(CLOCK_SKEW) <= now {
        return Err(IdTokenError::Expired(now.saturating_sub(expires)));
    }
    for name in ["iat", "nbf"] {
        let Some(time) = claims.member(name) else { continue };
        let at = time.seconds().ok_or(IdTokenError::Claim(name))?;
        let ahead = at.saturating_sub(now);
        if ahead > CLOCK_SKEW {
            return Err(IdTokenError::Future(name, ahead));
        }
    }
    Ok(())
}

/// Cuts foreign text for the log.
fn short(text: &str) -> String {
    text.chars().take(128).collect()
}
