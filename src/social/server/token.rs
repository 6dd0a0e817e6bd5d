//! The token request (RFC 6749, section 4.1.3). Responses in forms that no standard allows are brought into
//! the standard form first, of the members that are needed.

use std::future::Future;
use std::pin::Pin;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse,
    BasicTokenType,
};
use oauth2::http::header::{AUTHORIZATION, CONTENT_TYPE};
use oauth2::http::{HeaderValue, StatusCode};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, ClientId, ClientSecret, ExtraTokenFields,
    HttpRequest, HttpResponse, PkceCodeVerifier, StandardRevocableToken, StandardTokenResponse,
    TokenResponse as _, TokenUrl,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::{Url, form_urlencoded};

use super::failure::{ProviderError, token_error};
use super::{Grant, Provider};
use crate::secret::Secret;
use crate::server::config::provider::{AssertionAudience, ClientAuth, Quirk};
use crate::server::digest::random_token;
use crate::server::json::Json;
use crate::server::jws::SigningKey;
use crate::server::provider_http::ProviderHttpError;

/// What a provider's token response is kept for.
pub(super) struct Tokens {
    pub access_token: Secret,
    pub id_token: Option<Secret>,
    /// The whole response, which is the user's data at some providers.
    pub response: Secret,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Extra {
    id_token: Option<Secret>,
    response: Secret,
}

impl ExtraTokenFields for Extra {}

type Client = oauth2::Client<
    BasicErrorResponse,
    StandardTokenResponse<Extra, BasicTokenType>,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
>;

/// How long the client's assertion is valid, in seconds.
const ASSERTION_LIFETIME: i64 = 120;

/// The kind of the client's assertion (RFC 7523, section 2.2).
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

impl Provider {
    /// Exchanges the callback's code for tokens. `basic_is_refused` is what discovery says.
    pub(super) async fn exchange(
        &self,
        endpoint: &Url,
        grant: &Grant<'_>,
        basic_is_refused: bool,
    ) -> Result<Tokens, ProviderError> {
        let config = &self.config;
        let client = self.client(basic_is_refused, grant.now)?;
        let client = client.set_token_uri(TokenUrl::from_url(endpoint.clone()));
        let code = AuthorizationCode::new(grant.callback.code.clone());
        let mut request = client.exchange_code(code);
        if config.requests.pkce {
            let verifier = grant.pending.verifier.expose().to_owned();
            request = request.set_pkce_verifier(PkceCodeVerifier::new(verifier));
        }
        for (name, value) in &config.requests.token_params {
            request = request.add_extra_param(name.as_str(), value.as_str());
        }
        if let ClientAuth::PrivateKeyJwt { key, audience } = &config.client_auth {
            let audience = match audience {
                AssertionAudience::TokenEndpoint => endpoint.as_str(),
                AssertionAudience::Issuer => &config.issuer,
            };
            request = request
                .add_extra_param("client_assertion_type", ASSERTION_TYPE)
                .add_extra_param("client_assertion", self.assertion(key, audience, grant.now)?);
        }
        if config.has(Quirk::DeviceId) {
            request = request
                .add_extra_param("device_id", grant.callback.device_id.clone())
                .add_extra_param("state", grant.callback.state.clone());
        }
        let tokens = request.request_async(&TokenHttp(self)).await.map_err(token_error)?;
        Ok(Tokens {
            access_token: tokens.access_token().secret().clone().into(),
            id_token: tokens.extra_fields().id_token.clone(),
            response: tokens.extra_fields().response.clone(),
        })
    }

    /// Returns the client with its secret, where that is sent in a standard way.
    fn client(&self, basic_is_refused: bool, now: i64) -> Result<Client, ProviderError> {
        let config = &self.config;
        let client = Client::new(ClientId::new(config.client_id.clone()))
            .set_redirect_uri(self.redirect.clone())
            .set_auth_type(AuthType::RequestBody);
        let secret = |it: &Secret| ClientSecret::new(it.expose().to_owned());
        Ok(match &config.client_auth {
            ClientAuth::Discovered(it) if basic_is_refused => client.set_client_secret(secret(it)),
            // Sent by `TokenHttp`.
            ClientAuth::Discovered(_) | ClientAuth::Basic(_) if config.has(Quirk::PlainBasic) => {
                client
            }
            ClientAuth::Discovered(it) | ClientAuth::Basic(it) => {
                client.set_client_secret(secret(it)).set_auth_type(AuthType::BasicAuth)
            }
            ClientAuth::Post(it) => client.set_client_secret(secret(it)),
            ClientAuth::Apple { key, team_id } => {
                let secret = sign(
                    key,
                    &json!({
                        "iss": team_id, "sub": config.client_id, "aud": config.issuer,
                        "iat": now, "exp": now + ASSERTION_LIFETIME,
                    }),
                )?;
                client.set_client_secret(ClientSecret::new(secret))
            }
            ClientAuth::None | ClientAuth::PrivateKeyJwt { .. } => client,
        })
    }

    /// Signs an assertion that this is the client (RFC 7523, section 3; OpenID Connect Core 1.0, section 9).
    fn assertion(
        &self,
        key: &SigningKey,
        audience: &str,
        now: i64,
    ) -> Result<String, ProviderError> {
        let id = random_token().map_err(|it| ProviderError::Assertion(Box::new(it)))?;
        let us = &self.config.client_id;
        sign(
            key,
            &json!({
                "iss": us, "sub": us, "aud": audience, "iat": now, "exp": now + ASSERTION_LIFETIME, "jti": id,
            }),
        )
    }
}

fn sign(key: &SigningKey, claims: &serde_json::Value) -> Result<String, ProviderError> {
    let no_randomness = || ProviderError::Assertion("the system has no randomness".into());
    key.sign(claims).ok_or_else(no_randomness)
}

/// Sends token requests as the provider wants them, and returns its responses as the library wants them.
struct TokenHttp<'p>(&'p Provider);

impl TokenHttp<'_> {
    fn adapt(&self, mut request: HttpRequest) -> HttpRequest {
        let config = &self.0.config;
        for (name, value) in &config.requests.headers {
            request.headers_mut().insert(name, value.clone());
        }
        if config.has(Quirk::PlainBasic)
            && let ClientAuth::Discovered(secret) | ClientAuth::Basic(secret) = &config.client_auth
        {
            let plain = STANDARD.encode(format!("{}:{}", config.client_id, secret.expose()));
            if let Ok(mut value) = HeaderValue::try_from(format!("Basic {plain}")) {
                value.set_sensitive(true);
                request.headers_mut().insert(AUTHORIZATION, value);
            }
        }
        if config.has(Quirk::ClientKey) {
            let renamed = form_urlencoded::parse(request.body()).map(|(name, value)| {
                (if name == "client_id" { "client_key".into() } else { name }, value)
            });
            let body =
                form_urlencoded::Serializer::new(String::new()).extend_pairs(renamed).finish();
            *request.body_mut() = body.into_bytes();
        }
        request
    }
}

impl<'c> AsyncHttpClient<'c> for TokenHttp<'_> {
    type Error = ProviderHttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Self::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { Ok(regular(self.0.http.send(self.adapt(request)).await?)) })
    }
}

/// Brings a token response into the form of RFC 6749, sections 5.1 and 5.2. What can't be read stays as it is.
fn regular(mut response: HttpResponse) -> HttpResponse {
    let Ok(text) = String::from_utf8(response.body().clone()) else { return response };
    let Some(members) = Members::read(&text) else { return response };
    let body = match members.get("access_token") {
        Some(access_token) if response.status().is_success() => {
            *response.status_mut() = StatusCode::OK;
            json!({
                "access_token": access_token,
                // The scheme is a setting, so the type is not needed.
                "token_type": "bearer",
                "id_token": members.get("id_token"),
                "response": text,
            })
        }
        _ => {
            let Some(code) = members.error() else { return response };
            if response.status().is_success() {
                *response.status_mut() = StatusCode::BAD_REQUEST;
            }
            json!({ "error": code, "error_description": members.description() })
        }
    };
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *response.body_mut() = body.to_string().into_bytes();
    response
}

/// A response as JSON or as a form.
enum Members<'a> {
    Json(Json<'a>),
    Form(Vec<(String, String)>),
}

impl<'a> Members<'a> {
    fn read(text: &'a str) -> Option<Self> {
        if let Ok(json) = Json::parse(text) {
            return json.is_object().then_some(Self::Json(json));
        }
        let form: Vec<_> = form_urlencoded::parse(text.trim().as_bytes()).into_owned().collect();
        let is_known = |name: &str| matches!(name, "access_token" | "error");
        form.iter().any(|(name, _)| is_known(name)).then_some(Self::Form(form))
    }

    fn get(&self, name: &str) -> Option<String> {
        match self {
            Self::Json(json) => json.member(name)?.text(),
            Self::Form(form) => form
                .iter()
                .find(|(it, value)| it == name && !value.is_empty())
                .map(|(_, value)| value.clone()),
        }
    }

    /// Returns the error's code. Some providers send an object in its place.
    fn error(&self) -> Option<String> {
        let inner = match self {
            Self::Json(json) => json.member("error"),
            Self::Form(_) => None,
        };
        let named = ["code", "type", "message"];
        let found = self
            .get("error")
            .or_else(|| named.into_iter().find_map(|it| inner?.member(it)?.text()));
        found.map(|it| it.chars().take(64).collect())
    }

    fn description(&self) -> Option<String> {
        let nested = match self {
            Self::Json(json) => json.member("error").and_then(|it| it.member("message")?.text()),
            Self::Form(_) => None,
        };
        let found = self.get("error_description").or(nested);
        found.map(|it| it.chars().take(200).collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(status: u16, kind: &str, body: &str) -> HttpResponse {
        let response = oauth2::http::Response::builder().status(status);
        response.header(CONTENT_TYPE, kind).body(body.as_bytes().to_vec()).unwrap()
    }

    fn read(status: u16, kind: &str, body: &str) -> (u16, serde_json::Value) {
        let response = regular(answer(status, kind, body));
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json", "{body}");
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
    }

    #[test]
    fn a_token_response_in_any_known_form_is_read() {
        for (status, kind, body) in [
            (
                200,
                "application/json",
                r#"{"access_token": "a", "token_type": "BEARER", "expires_in": "3599"}"#,
            ),
            (
                201,
                "text/plain;charset=UTF-8",
                r#"{"access_token": "a", "expires_in": [], "scope": ["b", "c"]}"#,
            ),
            (
                200,
                "text/javascript",
                "\u{feff} {\"access_token\": \"a\", \"token_type\": 7, \"scope\": \"b,c\"}",
            ),
            (200, "text/html", r#"{"access_token": "a", "refresh_token": null, "error": ""}"#),
            (
                200,
                "application/x-www-form-urlencoded",
                "access_token=a&token_type=bearer&scope=b%2Cc\n",
            ),
        ] {
            let (status, json) = read(status, kind, body);
            assert_eq!((status, &json["access_token"]), (200, &json!("a")), "{body}");
            assert_eq!((&json["token_type"], &json["response"]), (&json!("bearer"), &json!(body)));
        }
    }

    #[test]
    fn a_refusal_in_any_known_form_is_read() {
        for (status, body, code) in [
            (400, r#"{"error": "invalid_grant"}"#, "invalid_grant"),
            (200, r#"{"error": "bad_verification_code"}"#, "bad_verification_code"),
            (200, r#"{"ok": false, "error": "invalid_code"}"#, "invalid_code"),
            (200, "error=bad_verification_code&error_description=x", "bad_verification_code"),
            (
                400,
                r#"{"error": {"message": "No", "type": "OAuthException", "code": 100}}"#,
                "OAuthException",
            ),
            // Not a success, whatever else it has.
            (401, r#"{"error": "invalid_client", "access_token": "a"}"#, "invalid_client"),
        ] {
            let (status, json) = read(status, "text/html", body);
            assert!(status >= 400, "{body}");
            assert_eq!(json["error"], code, "{body}");
        }
    }

    #[test]
    fn anything_else_stays_as_it_is() {
        for body in
            ["", "<html>", "[]", "7", "{}", r#"{"access_token": 7}"#, "a=b", "access_token="]
        {
            let response = regular(answer(200, "text/html", body));
            assert_eq!(response.body(), body.as_bytes());
            assert_eq!(response.headers()[CONTENT_TYPE], "text/html", "{body}");
        }
    }

    proptest! {
        #[test]
        fn no_response_panics(status in 200u16..600, body in any::<Vec<u8>>()) {
            let response = oauth2::http::Response::builder().status(status).body(body).unwrap();
            let _ = regular(response);
        }
    }
}
