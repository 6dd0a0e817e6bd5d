//! OAuth 2.0 with a userinfo endpoint (RFC 6749, RFC 7636).

use oauth2::basic::BasicClient;
use oauth2::http::header::{ACCEPT, AUTHORIZATION};
use oauth2::http::{Method, Request};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, PkceCodeVerifier,
    Scope, TokenResponse, TokenUrl,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use url::{Position, Url};

use super::failure::{Cause, ProviderError, token_error};
use super::{Callback, Challenge, Identity, Provider};
use crate::linked_account::server::ProviderAccount;
use crate::server::config::presets::{EmailRule, Endpoints};

/// A userinfo response. OpenID Connect names the id `sub`, most other providers `id`.
#[derive(Debug, Deserialize)]
struct Userinfo {
    #[serde(alias = "sub")]
    id: Option<Box<RawValue>>,
    login: Option<String>,
    name: Option<String>,
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
}

#[derive(Debug, Deserialize)]
struct ListedEmail {
    email: String,
    #[serde(default)]
    primary: bool,
    #[serde(default)]
    verified: bool,
}

/// Reads an id from its JSON: a string, or a whole number with all its digits. Read as floats, the
/// ids of two users could become equal.
fn read_id(json: &str) -> Option<String> {
    let is_whole = !json.is_empty() && json.bytes().all(|it| it.is_ascii_digit());
    let text = if is_whole { json.to_owned() } else { serde_json::from_str(json).ok()? };
    Some(text).filter(|it| !it.is_empty())
}

/// Reads JSON; an error names the field.
fn read_json<T: DeserializeOwned>(text: &[u8]) -> Result<T, Cause> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = serde_path_to_error::deserialize(&mut json)?;
    json.end()?;
    Ok(read)
}

impl Provider {
    pub(super) fn oauth_authorize_url(&self, endpoints: &Endpoints, challenge: Challenge) -> Url {
        let Challenge { state, pkce, .. } = challenge;
        let (url, _) = BasicClient::new(ClientId::new(self.config.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(endpoints.authorize.clone()))
            .set_redirect_uri(self.redirect.clone())
            .authorize_url(|| CsrfToken::new(state))
            .add_scopes(self.config.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(pkce)
            .url();
        url
    }

    pub(super) async fn oauth_identify(
        &self,
        endpoints: &Endpoints,
        callback: &Callback,
        verifier: PkceCodeVerifier,
    ) -> Result<Identity, ProviderError> {
        let tokens = BasicClient::new(ClientId::new(self.config.client_id.clone()))
            .set_client_secret(ClientSecret::new(self.config.client_secret.expose().to_owned()))
            .set_auth_type(AuthType::RequestBody)
            .set_token_uri(TokenUrl::from_url(endpoints.token.clone()))
            .set_redirect_uri(self.redirect.clone())
            .exchange_code(AuthorizationCode::new(callback.code.clone()))
            .set_pkce_verifier(verifier)
            .request_async(&self.http)
            .await
            .map_err(token_error)?;
        let token = tokens.access_token().secret();
        let userinfo: Userinfo = self.read(&endpoints.userinfo, token).await?;
        let subject = userinfo.id.as_deref().and_then(|it| read_id(it.get()));
        let subject = subject.ok_or(ProviderError::MissingField("the user's id"))?;
        let vouched = self.vouched_email(endpoints, &userinfo, token).await?;
        let names = [vouched.clone(), userinfo.login, userinfo.email, userinfo.name.clone()];
        Ok(Identity {
            account: ProviderAccount {
                provider: self.config.name.clone(),
                issuer: self.config.issuer.clone(),
                account: names.into_iter().flatten().next().unwrap_or_else(|| subject.clone()),
                subject,
            },
            verified_email: vouched.and_then(|it| it.parse().ok()),
            display_name: userinfo.name.unwrap_or_default(),
            authenticated_at: None,
            is_multi_factor: false,
        })
    }

    async fn vouched_email(
        &self,
        endpoints: &Endpoints,
        user: &Userinfo,
        token: &str,
    ) -> Result<Option<String>, ProviderError> {
        match (self.config.email, &endpoints.emails) {
            (EmailRule::VerifiedClaim, _) => Ok(user.email.clone().filter(|_| user.email_verified)),
            (EmailRule::EmailsEndpoint, Some(url)) => {
                let listed: Vec<ListedEmail> = self.read(url, token).await?;
                Ok(listed.into_iter().find(|it| it.primary && it.verified).map(|it| it.email))
            }
            (EmailRule::EmailsEndpoint, None) | (EmailRule::Never, _) => Ok(None),
        }
    }

    async fn read<T: DeserializeOwned>(&self, url: &Url, token: &str) -> Result<T, ProviderError> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(url.as_str())
            .header(ACCEPT, "application/json")
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .body(Vec::new())
            .map_err(|it| ProviderError::Userinfo(Box::new(it)))?;
        let response = self.http.send(request).await?;
        // Without the query, which is for the provider alone.
        let address = url[..Position::AfterPath].to_owned();
        if !response.status().is_success() {
            let status = response.status().as_u16();
            return Err(ProviderError::Status { address, status });
        }
        read_json(response.body()).map_err(|source| ProviderError::Response { address, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_field_of_a_malformed_response() {
        let read = |json: &str| read_json::<Vec<ListedEmail>>(json.as_bytes());
        assert_eq!(read(r#"[{"email": "ada@example.com"}]"#).unwrap().len(), 1);
        for (json, begins) in [
            (r#"[{"email": "ada@example.com"}, {"email": 7}]"#, "[1].email: invalid type"),
            (r#"[{"email": "a@b.example", "verified": "yes"}]"#, "[0].verified: invalid type"),
            (r#"[{"primary": true}]"#, "[0]: missing field `email`"),
            ("[] 7", "trailing characters"),
        ] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.starts_with(begins), "{error}");
        }
    }

    #[test]
    fn a_numeric_id_keeps_every_digit() {
        for (json, id) in [
            ("4711", Some("4711")),
            ("9007199254740993", Some("9007199254740993")),
            ("18446744073709551617", Some("18446744073709551617")),
            ("123456789012345678901234567890", Some("123456789012345678901234567890")),
            (r#""4711""#, Some("4711")),
            (r#""a\u0062""#, Some("ab")),
            ("-1", None),
            ("4711.0", None),
            ("1e3", None),
            (r#""""#, None),
            ("null", None),
            ("[1]", None),
            ("{}", None),
            ("true", None),
        ] {
            assert_eq!(read_id(json).as_deref(), id, "{json}");
        }
    }
}
