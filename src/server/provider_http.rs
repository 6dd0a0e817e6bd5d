//! Requests to providers: no redirect followed, a short wait, a bounded answer, TLS or loopback.

use std::pin::Pin;
use std::time::Duration;

use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use url::{Host, Url};

use super::Error;
use super::config::HttpConfig;

/// The one HTTP client that speaks to the outside.
#[derive(Clone, Debug)]
pub struct ProviderHttp {
    client: reqwest::Client,
    /// The largest answer that is read, in octets.
    limit: usize,
}

/// Why a provider's answer could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ProviderHttpError {
    #[error("the address is neither https nor on loopback")]
    Insecure,
    #[error("the answer is longer than {0} octets")]
    TooLong(usize),
    #[error("the request failed")]
    Request(#[from] reqwest::Error),
    #[error("the answer is malformed")]
    Malformed(#[from] oauth2::http::Error),
}

impl ProviderHttp {
    pub fn new(config: &HttpConfig) -> Result<Self, Error> {
        // A process has one; whoever was first chose the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(config.provider_timeout)
            .connect_timeout(config.provider_timeout)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, limit: config.provider_limit })
    }

    /// Sends one request and reads its answer whole.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ProviderHttpError> {
        let request = reqwest::Request::try_from(request)?;
        if !is_trustworthy(request.url()) {
            return Err(ProviderHttpError::Insecure);
        }
        let mut response = self.client.execute(request).await?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > self.limit {
                return Err(ProviderHttpError::TooLong(self.limit));
            }
            body.extend_from_slice(&chunk);
        }
        let mut answer = oauth2::http::Response::builder().status(response.status());
        for (name, value) in response.headers() {
            answer = answer.header(name, value);
        }
        Ok(answer.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for ProviderHttp {
    type Error = ProviderHttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Self::Error>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// An https address, or an http one on loopback.
#[must_use]
pub fn is_trustworthy(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(url),
        _ => false,
    }
}

/// Whether an address stays on this machine (RFC 6761, section 6.3; RFC 1122, section 3.2.1.3).
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}
