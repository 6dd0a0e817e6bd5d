//! OAuth 2.0 with a userinfo address (RFC 6749, RFC 7636).

use oauth2::basic::BasicClient;
use oauth2::http::header::{ACCEPT, AUTHORIZATION};
use oauth2::http::{Method, Request};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, PkceCodeVerifier,
    Scope, TokenResponse, TokenUrl,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::presets::{EmailRule, Endpoints};
use super::{Callback, Challenge, Identity, Provider, ProviderError, token_error};

/// What providers call the user: `sub` by OpenID Connect, `id` by most others.
#[derive(Debug, Deserialize)]
struct Userinfo {
    #[serde(alias = "sub")]
    id: Option<Value>,
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
        let subject = match &userinfo.id {
            Some(Value::String(id)) if !id.is_empty() => id.clone(),
            Some(Value::Number(id)) => id.to_string(),
            _ => return Err(ProviderError::Lacks("the user's id")),
        };
        let vouched = self.vouched_email(endpoints, &userinfo, token).await?;
        let names = [vouched.clone(), userinfo.login, userinfo.email, userinfo.name.clone()];
        Ok(Identity {
            provider: self.config.name.clone(),
            issuer: self.config.issuer.clone(),
            account: names.into_iter().flatten().next().unwrap_or_else(|| subject.clone()),
            subject,
            verified_email: vouched.and_then(|it| it.parse().ok()),
            display_name: userinfo.name.unwrap_or_default(),
            authenticated_at: None,
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
        if !response.status().is_success() {
            return Err(ProviderError::Status(response.status().as_u16()));
        }
        serde_json::from_slice(response.body()).map_err(|it| ProviderError::Userinfo(Box::new(it)))
    }
}
