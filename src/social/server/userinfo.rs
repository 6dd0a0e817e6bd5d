//! Requests with an access token: the user's data, and a list of email addresses.

use oauth2::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use oauth2::http::{HeaderValue, Method, Request};
use url::{Position, Url, form_urlencoded};

use super::Provider;
use super::failure::ProviderError;
use crate::secret::Secret;
use crate::server::config::provider::ACCESS_TOKEN;
use crate::server::json::Json;

impl Provider {
    /// Requests the user's data, as the provider's row says.
    pub(super) async fn userinfo(
        &self,
        url: &Url,
        token: &Secret,
    ) -> Result<String, ProviderError> {
        let body = self.config.requests.userinfo_body.as_deref();
        self.request(url, body, token).await
    }

    /// Returns the verified email address from the endpoint for email addresses.
    pub(super) async fn listed_email(
        &self,
        url: &Url,
        token: &Secret,
    ) -> Result<Option<String>, ProviderError> {
        let text = self.request(url, None, token).await?;
        let json = Json::parse(&text).map_err(|it| malformed(url, it))?;
        Ok(self.config.paths.emails.text(json))
    }

    /// Returns the user's groups from the endpoint for groups.
    pub(super) async fn listed_groups(
        &self,
        url: &Url,
        token: &Secret,
    ) -> Result<Vec<String>, ProviderError> {
        let text = self.request(url, None, token).await?;
        let json = Json::parse(&text).map_err(|it| malformed(url, it))?;
        Ok(self.config.paths.groups.texts(json))
    }

    async fn request(
        &self,
        url: &Url,
        body: Option<&str>,
        token: &Secret,
    ) -> Result<String, ProviderError> {
        let rules = &self.config.requests;
        let invalid = |it: oauth2::http::Error| ProviderError::Userinfo(Box::new(it));
        let mut authorization =
            HeaderValue::try_from(format!("{} {}", rules.token_scheme, token.expose()))
                .map_err(|it| invalid(it.into()))?;
        authorization.set_sensitive(true);
        let mut request = Request::builder()
            .method(if body.is_some() { Method::POST } else { Method::GET })
            .uri(with_token(url, token))
            .body(body.map(|it| body_with_token(it, token)).unwrap_or_default().into_bytes())
            .map_err(invalid)?;
        let headers = request.headers_mut();
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(AUTHORIZATION, authorization);
        if let Some(kind) = body.and_then(content_type) {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        }
        for (name, value) in &rules.headers {
            headers.insert(name, value.clone());
        }
        let response = self.http.send(request).await?;
        if !response.status().is_success() {
            let status = response.status().as_u16();
            return Err(ProviderError::Status { address: shown(url), status });
        }
        String::from_utf8(response.into_body()).map_err(|it| malformed(url, it))
    }
}

/// Wraps the reason why the response of a URL can't be read.
pub(super) fn malformed(
    url: &Url,
    source: impl std::error::Error + Send + Sync + 'static,
) -> ProviderError {
    ProviderError::Response { address: shown(url), source: Box::new(source) }
}

/// Returns a URL for the log: without the query, which is for the provider alone.
fn shown(url: &Url) -> String {
    url[..Position::AfterPath].to_owned()
}

/// Fills in the access token. URLs keep braces in a query and encode them in a path.
fn with_token(url: &Url, token: &Secret) -> String {
    let encoded: String = form_urlencoded::byte_serialize(token.expose().as_bytes()).collect();
    url.as_str().replace("%7Baccess_token%7D", &encoded).replace(ACCESS_TOKEN, &encoded)
}

fn body_with_token(body: &str, token: &Secret) -> String {
    let encoded = if body.starts_with('{') {
        let quoted = serde_json::Value::from(token.expose()).to_string();
        quoted[1..quoted.len() - 1].to_owned()
    } else {
        form_urlencoded::byte_serialize(token.expose().as_bytes()).collect()
    };
    body.replace(ACCESS_TOKEN, &encoded)
}

/// Returns the type of a configured body. An empty one has none: Dropbox refuses it otherwise.
fn content_type(body: &str) -> Option<&'static str> {
    match body.chars().next()? {
        '{' => Some("application/json"),
        _ => Some("application/x-www-form-urlencoded"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_can_be_part_of_an_address_and_of_a_body() {
        let token = Secret::from("a/b&c\"".to_owned());
        for (url, expected) in [
            ("https://x.example/t/{access_token}", "https://x.example/t/a%2Fb%26c%22"),
            ("https://x.example/?t={access_token}", "https://x.example/?t=a%2Fb%26c%22"),
        ] {
            let url: Url = url.parse().unwrap();
            assert_eq!(with_token(&url, &token), expected);
            assert!(!shown(&url).contains("a%2F"));
        }
        assert_eq!(body_with_token("t={access_token}&u=v", &token), "t=a%2Fb%26c%22&u=v");
        assert_eq!(body_with_token(r#"{"t": "{access_token}"}"#, &token), r#"{"t": "a/b&c\""}"#);
        assert_eq!(content_type(""), None);
    }
}
