//! Validates ID tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{
    CoreIdToken, CoreIdTokenClaims, CoreJwsSigningAlgorithm, CoreTokenResponse,
};
use openidconnect::{AccessTokenHash, Nonce, OAuth2TokenResponse as _, TokenResponse as _};
use serde::Deserialize;

use super::CLOCK_SKEW;
use super::failure::ProviderError;
use super::oidc::OidcClient;

/// Asymmetric algorithms only: neither signatures made with the client secret nor `none`.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 9] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha384,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::RsaSsaPssSha384,
    CoreJwsSigningAlgorithm::RsaSsaPssSha512,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// The claim that the library does not read (RFC 7519, section 4.1.5).
#[derive(Deserialize)]
struct NotBefore {
    nbf: Option<f64>,
}

/// Refuses an ID token that is not valid yet: its issuer has a wrong clock or stores tokens for
/// later.
#[expect(clippy::cast_possible_truncation, reason = "what is too large is in the future")]
fn check_not_before(
    claims: &CoreIdTokenClaims,
    id_token: &CoreIdToken,
    now: i64,
) -> Result<(), ProviderError> {
    let refused = |why: &'static str| ProviderError::IdToken(why.into());
    let latest = now + CLOCK_SKEW;
    if claims.issue_time().timestamp() > latest {
        return Err(refused("it was issued in the future"));
    }
    let token = id_token.to_string();
    let payload = token.split('.').nth(1).and_then(|it| URL_SAFE_NO_PAD.decode(it).ok());
    let read = serde_json::from_slice::<NotBefore>(&payload.unwrap_or_default());
    let NotBefore { nbf } = read.map_err(|it| ProviderError::IdToken(Box::new(it)))?;
    if nbf.is_some_and(|it| it.floor() as i64 > latest) {
        return Err(refused("it is not valid yet"));
    }
    Ok(())
}

/// Checks the ID token: signature, issuer, audience, expiry, start of validity, nonce, and the hash
/// of the access token if it has one (OpenID Connect Core 1.0, section 3.1.3.7).
pub fn verified_claims(
    client: &OidcClient,
    tokens: &CoreTokenResponse,
    nonce: &Nonce,
    now: i64,
) -> Result<CoreIdTokenClaims, ProviderError> {
    let refused = |error| ProviderError::IdToken(error);
    let id_token = tokens.id_token().ok_or(ProviderError::MissingField("an ID token"))?;
    let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
    let claims = id_token.claims(&verifier, nonce)?;
    // Step 5: the token was issued to us. The library does not check this.
    if claims.authorized_party().is_some_and(|it| it != client.client_id()) {
        return Err(refused("it was issued to another party".into()));
    }
    check_not_before(claims, id_token, now)?;
    if let Some(expected) = claims.access_token_hash() {
        let algorithm = id_token.signing_alg().map_err(|it| refused(Box::new(it)))?;
        let key = id_token.signing_key(&verifier).map_err(|it| refused(Box::new(it)))?;
        let actual = AccessTokenHash::from_token(tokens.access_token(), algorithm, key)
            .map_err(|it| refused(Box::new(it)))?;
        if actual != *expected {
            return Err(refused("the access token is not the one that was signed for".into()));
        }
    }
    Ok(claims.clone())
}
