//! What a provider publishes: its metadata (OpenID Connect Discovery 1.0) and its keys. Only the members that
//! are needed are read.

use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use oauth2::http::header::ACCEPT;
use oauth2::http::{HeaderValue, Request};
use tokio::sync::Mutex;
use url::Url;

use super::Provider;
use super::failure::ProviderError;
use super::userinfo::malformed;
use crate::server::error::chain;
use crate::server::json::Json;
use crate::server::jws::KeySet;

/// How long metadata and keys are used before they are fetched again.
const FRESH: Duration = Duration::from_hours(1);

/// How often keys are fetched again because a token names an unknown one.
const SEARCH_INTERVAL: Duration = Duration::from_mins(1);

/// The ways in which a client can authenticate (Discovery 1.0, section 3).
const METHODS: &str = "token_endpoint_auth_methods_supported";

/// How long to wait before asking a failed provider again.
const BACKOFF: Duration = Duration::from_secs(1);

/// The metadata of a provider.
#[derive(Debug)]
pub(super) struct Metadata {
    /// As published; for several tenants a template.
    pub issuer: String,
    pub authorize: Url,
    pub token: Url,
    pub userinfo: Option<Url>,
    keys: Url,
    /// Whether it takes the client's secret only in the body.
    pub basic_is_refused: bool,
    /// Whether ID tokens can say when the user authenticated.
    pub promises_auth_time: bool,
    /// Whether every authorization response will carry `iss` (RFC 9207, section 3).
    pub promises_issuer: bool,
}

#[derive(Debug, Default)]
pub(super) struct Discovery {
    metadata: Cached<Metadata>,
    keys: Cached<KeySet>,
    /// When the keys were last searched for an unknown one.
    searched_at: Mutex<Option<Instant>>,
}

impl Discovery {
    /// Returns the metadata, if it is known yet.
    pub fn known(&self) -> Option<Arc<Metadata>> {
        self.metadata.known().map(|(it, _)| it)
    }
}

/// A document of a provider, fetched by one request for all visitors. If the provider is down, the known one
/// stays in use.
#[derive(Debug)]
struct Cached<T> {
    known: RwLock<Option<(Arc<T>, Instant)>>,
    /// Locked during a fetch, so that other requests wait for its result. Holds the last failure: its time,
    /// its cause, and whether it may pass.
    last_failure: Mutex<Option<(Instant, String, bool)>>,
}

impl<T> Default for Cached<T> {
    fn default() -> Self {
        Self { known: RwLock::default(), last_failure: Mutex::default() }
    }
}

impl<T> Cached<T> {
    fn known(&self) -> Option<(Arc<T>, Instant)> {
        self.known.read().ok()?.clone()
    }

    fn within(&self, age: Duration) -> Option<Arc<T>> {
        self.known().filter(|(_, fetched_at)| fetched_at.elapsed() < age).map(|(it, _)| it)
    }

    /// Returns the document, fetched unless it is younger than `age`. `log` gets a failure that the caller does not,
    /// because the known document stays in use.
    async fn get(
        &self,
        age: Duration,
        fetch: impl Future<Output = Result<T, ProviderError>>,
        log: impl Fn(&ProviderError),
    ) -> Result<Arc<T>, ProviderError> {
        if let Some(known) = self.within(age) {
            return Ok(known);
        }
        let mut failed = self.last_failure.lock().await;
        if let Some(known) = self.within(age) {
            return Ok(known);
        }
        if let Some((_, why, is_transient)) =
            failed.as_ref().filter(|(at, ..)| at.elapsed() < BACKOFF)
        {
            let error = ProviderError::BackingOff { why: why.clone(), is_transient: *is_transient };
            return self.known().map(|(it, _)| it).ok_or(error);
        }
        match fetch.await {
            Ok(fetched) => {
                *failed = None;
                let fetched = Arc::new(fetched);
                if let Ok(mut known) = self.known.write() {
                    *known = Some((Arc::clone(&fetched), Instant::now()));
                }
                Ok(fetched)
            }
            Err(error) => {
                *failed = Some((Instant::now(), chain(&error), error.is_transient()));
                let Some((known, _)) = self.known() else { return Err(error) };
                log(&error);
                Ok(known)
            }
        }
    }
}

impl Provider {
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, ProviderError> {
        self.discovery.metadata.get(FRESH, self.discover(), |it| self.log(it)).await
    }

    pub(super) async fn keys(&self) -> Result<Arc<KeySet>, ProviderError> {
        self.keys_within(FRESH).await
    }

    /// Fetches the keys again for a token with an unknown one, unless that was done within the last minute.
    pub(super) async fn newer_keys(&self) -> Result<Arc<KeySet>, ProviderError> {
        // Others wait for the result of the first.
        let mut searched_at = self.discovery.searched_at.lock().await;
        let is_recent = searched_at.is_some_and(|it| it.elapsed() < SEARCH_INTERVAL);
        if !is_recent {
            *searched_at = Some(Instant::now());
        }
        self.keys_within(if is_recent { FRESH } else { Duration::ZERO }).await
    }

    async fn keys_within(&self, age: Duration) -> Result<Arc<KeySet>, ProviderError> {
        let metadata = self.metadata().await?;
        let fetch = async {
            let text = self.document(&metadata.keys).await?;
            KeySet::parse(&text).map_err(|it| ProviderError::Discovery(Box::new(it)))
        };
        self.discovery.keys.get(age, fetch, |it| self.log(it)).await
    }

    async fn document(&self, url: &Url) -> Result<String, ProviderError> {
        let failed = |it: ProviderError| ProviderError::Discovery(Box::new(it));
        let mut request = Request::get(url.as_str())
            .body(Vec::new())
            .map_err(|it| ProviderError::Discovery(Box::new(it)))?;
        request.headers_mut().insert(ACCEPT, HeaderValue::from_static("application/json"));
        let response = self.http.send(request).await.map_err(|it| failed(it.into()))?;
        if response.status().is_success() {
            return String::from_utf8(response.into_body())
                .map_err(|it| failed(malformed(url, it)));
        }
        let (address, status) = (url.to_string(), response.status().as_u16());
        Err(failed(ProviderError::Status { address, status }))
    }

    async fn discover(&self) -> Result<Metadata, ProviderError> {
        let issuer = &self.config.issuer;
        let address = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let url = Url::parse(&address).map_err(|it| ProviderError::Discovery(Box::new(it)))?;
        let text = self.document(&url).await?;
        let failed = |it| ProviderError::Discovery(Box::new(malformed(&url, it)));
        let json = Json::parse(&text).map_err(failed)?;
        let metadata = self.read_metadata(json)?;
        // Other endpoints are checked when the server calls them; the browser calls this one.
        if !self.http.may_request(&metadata.authorize) {
            return Err(ProviderError::ForbiddenEndpoint("authorization_endpoint"));
        }
        Ok(metadata)
    }

    fn read_metadata(&self, json: Json<'_>) -> Result<Metadata, ProviderError> {
        let text = |name: &str| json.member(name).and_then(Json::text);
        let lacks = |name| ProviderError::Discovery(Box::new(ProviderError::MissingField(name)));
        let url = |name| text(name)?.parse().ok();
        let needed = |name: &'static str| url(name).ok_or_else(|| lacks(name));
        let lists = |name: &str, word: &str| {
            json.member(name).is_some_and(|it| it.texts().iter().any(|it| it == word))
        };
        let issuer = text("issuer").ok_or_else(|| lacks("issuer"))?;
        // Discovery 1.0, section 4.3.
        if issuer != self.config.issuer && !self.is_issuer_of_tenants(&issuer) {
            let expected = self.config.issuer.clone();
            return Err(ProviderError::Issuer { expected, found: issuer });
        }
        Ok(Metadata {
            issuer,
            authorize: needed("authorization_endpoint")?,
            token: needed("token_endpoint")?,
            userinfo: url("userinfo_endpoint"),
            keys: needed("jwks_uri")?,
            basic_is_refused: json.member(METHODS).is_some_and(|it| !it.items().is_empty())
                && !lists(METHODS, "client_secret_basic"),
            promises_auth_time: lists("claims_supported", "auth_time"),
            promises_issuer: json
                .member("authorization_response_iss_parameter_supported")
                .is_some_and(Json::is_true),
        })
    }
}
