//! Requests to providers: no redirects, a short timeout, a bounded response, TLS or loopback.

mod allowed_hosts;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use url::{Host, Url};

use super::Error;
use super::config::HttpConfig;
use crate::secret::Secret;
use allowed_hosts::AllowedHosts;

/// The HTTP client of one provider.
#[derive(Clone, Debug)]
pub struct ProviderHttp {
    client: reqwest::Client,
    /// The largest response that is read, in bytes.
    limit: usize,
    allowed_hosts: AllowedHosts,
}

/// Where a provider is.
#[derive(Clone, Copy, Debug)]
pub struct Network<'a> {
    /// Its configured URLs. If one is on loopback, the provider is on this machine.
    pub urls: &'a [Url],
    /// Whether it may be on a private network.
    pub is_private: bool,
    pub proxy: Option<&'a Secret>,
}

/// Why a request to a provider failed.
#[derive(Debug, thiserror::Error)]
pub enum ProviderHttpError {
    #[error(
        "a URL is not https, or it is on a private network; for a provider on one set private_network"
    )]
    Insecure,
    #[error("{0} is on a private network; for a provider on one set private_network")]
    Private(String),
    #[error("{0} has no IP address")]
    Unresolved(String, #[source] std::io::Error),
    #[error("the response is longer than {0} bytes")]
    TooLong(usize),
    #[error("the request failed")]
    Request(#[source] reqwest::Error),
    #[error("the provider responded with {0}")]
    Down(reqwest::StatusCode),
    #[error("the response is malformed")]
    Malformed(#[from] oauth2::http::Error),
}

/// The URL can contain an access token.
impl From<reqwest::Error> for ProviderHttpError {
    fn from(error: reqwest::Error) -> Self {
        Self::Request(error.without_url())
    }
}

impl ProviderHttpError {
    /// Returns whether a later request may succeed.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unresolved(..) | Self::Request(_) | Self::Down(_))
    }
}

/// How long a connection waits for the next request of the same sign-in. Servers close connections that are
/// idle for two seconds or more, and a connection closed during a request wastes a code.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

impl ProviderHttp {
    /// Creates the client of a provider. URLs that a remote provider names must not lead to services of this
    /// machine or of the networks behind it.
    pub fn new(config: &HttpConfig, network: &Network<'_>) -> Result<Self, Error> {
        let allowed_hosts = AllowedHosts::new(network);
        // A process has one crypto provider. If one is installed already, it is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(config.provider_timeout)
            .connect_timeout(config.provider_timeout)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(allowed_hosts.clone()));
        let client = match network.proxy {
            Some(proxy) => client.proxy(reqwest::Proxy::all(proxy.expose())?),
            // Only settings name a proxy; variables of the environment are meant for other programs.
            None => client.no_proxy(),
        };
        let client = client.build()?;
        Ok(Self { client, limit: config.provider_limit, allowed_hosts })
    }

    /// Returns whether this provider may name the URL. A host name is checked again when it is
    /// resolved for a request.
    #[must_use]
    pub fn may_request(&self, url: &Url) -> bool {
        is_trustworthy(url) && self.allowed_hosts.allows(url)
    }

    /// Sends one request and reads its whole response.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ProviderHttpError> {
        let request = reqwest::Request::try_from(request)?;
        if !self.may_request(request.url()) {
            return Err(ProviderHttpError::Insecure);
        }
        let mut response = self.client.execute(request).await?;
        let status = response.status();
        if status.is_server_error() || status == reqwest::StatusCode::TOO_MANY_REQUESTS {
            return Err(ProviderHttpError::Down(status));
        }
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

/// Returns whether a URL is https, or http on loopback, and has no user. Its host must be plain, since it is
/// written into headers, where a semicolon would start another directive.
#[must_use]
pub fn is_trustworthy(url: &Url) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user || !url.host_str().is_some_and(|it| it.bytes().all(is_plain)) {
        return false;
    }
    match url.scheme() {
        "https" => true,
        "http" => is_loopback(url),
        _ => false,
    }
}

/// Returns whether a URL stays on this machine (RFC 6761, section 6.3; RFC 1122, section 3.2.1.3).
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::{TcpListener, TcpStream};

    use super::*;
    use crate::server::config::RawConfig;

    fn http(home: &str) -> ProviderHttp {
        let limits = HttpConfig::read(&RawConfig::default()).unwrap();
        let urls = [Url::parse(home).unwrap()];
        ProviderHttp::new(&limits, &Network { urls: &urls, is_private: false, proxy: None })
            .unwrap()
    }

    #[tokio::test]
    async fn v5_0_0__16_5_2__an_idle_connection_is_not_reused() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/token", listener.local_addr().unwrap());
        // Each connection serves one response and closes when another request arrives on it.
        let answer = |mut stream: TcpStream| {
            let mut buffer = [0; 1024];
            let _ = stream.read(&mut buffer);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
            let _ = stream.read(&mut buffer);
        };
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                std::thread::spawn(move || answer(stream.unwrap()));
            }
        });
        let http = http("http://127.0.0.1");
        for _ in 0..2 {
            let request = oauth2::http::Request::post(&address).body(Vec::new()).unwrap();
            assert_eq!(http.send(request).await.unwrap().status(), 200);
            tokio::time::sleep(IDLE_TIMEOUT + Duration::from_millis(100)).await;
        }
    }

    #[tokio::test]
    async fn the_proxy_of_the_settings_is_used_with_its_password() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = Secret::from(format!("http://me:hunter2@{}", listener.local_addr().unwrap()));
        let seen = std::thread::spawn(move || {
            let (mut stream, mut buffer) = (listener.accept().unwrap().0, [0; 1024]);
            let length = stream.read(&mut buffer).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
            String::from_utf8_lossy(&buffer[..length]).into_owned()
        });
        let limits = HttpConfig::read(&RawConfig::default()).unwrap();
        // Nothing listens there.
        let urls = [Url::parse("http://127.0.0.1:9/token").unwrap()];
        let network = Network { urls: &urls, is_private: false, proxy: Some(&proxy) };
        let http = ProviderHttp::new(&limits, &network).unwrap();
        let request = oauth2::http::Request::get(urls[0].as_str()).body(Vec::new()).unwrap();
        assert_eq!(http.send(request).await.unwrap().status(), 200);
        let seen = seen.join().unwrap().to_ascii_lowercase();
        assert!(seen.starts_with("get http://127.0.0.1:9/token "), "{seen}");
        assert!(seen.contains("proxy-authorization: basic "), "{seen}");
        assert!(!format!("{http:?}").contains("hunter2"));
    }

    #[test]
    fn v5_0_0__13_2_4__only_a_provider_on_this_machine_may_name_local_urls() {
        let (elsewhere, here) = (http("https://id.example.com"), http("http://127.0.0.1"));
        for (address, from_elsewhere, from_here) in [
            ("https://id.example.com/token", true, true),
            ("http://127.0.0.1:8080/jwks", false, true),
            ("http://localhost/jwks", false, true),
            ("http://[::1]/jwks", false, true),
            ("http://id.example.com/token", false, false),
            ("https://a;sandbox/", false, false),
            ("ftp://127.0.0.1/", false, false),
            ("javascript:alert(1)", false, false),
        ] {
            let Ok(url) = Url::parse(address) else { continue };
            assert_eq!(elsewhere.may_request(&url), from_elsewhere, "{address}");
            assert_eq!(here.may_request(&url), from_here, "{address}");
        }
    }
}
