//! The settings for requests and connections.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::HeaderName;
use ipnet::IpNet;

use super::{ConfigError, RawConfig};

/// The limits on incoming and outgoing requests.
#[derive(Clone, Debug)]
pub struct HttpConfig {
    /// In bytes.
    pub body_limit: usize,
    /// The largest request head, in bytes.
    pub header_limit: usize,
    pub header_timeout: Duration,
    pub request_timeout: Duration,
    /// How long a client may take to read more of a response.
    pub write_timeout: Duration,
    pub shutdown_timeout: Duration,
    /// The most connections at once; if 0, as many as the limit of open files leaves.
    pub connections: usize,
    /// The most connections at once from one IP address; if 0, a share of all.
    pub connections_per_address: usize,
    pub provider_timeout: Duration,
    /// In bytes.
    pub provider_limit: usize,
    /// The peers whose `forwarded_header` is trusted.
    pub trusted_proxies: Vec<IpNet>,
    pub forwarded_header: ForwardedHeader,
}

/// The header that names the client. Only one is read: a proxy forwards a header that it doesn't know
/// unchanged, so a client could forge it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardedHeader {
    XForwardedFor,
    /// RFC 7239.
    Forwarded,
}

impl ForwardedHeader {
    #[must_use]
    pub const fn name(self) -> HeaderName {
        match self {
            Self::XForwardedFor => HeaderName::from_static("x-forwarded-for"),
            Self::Forwarded => HeaderName::from_static("forwarded"),
        }
    }
}

impl HttpConfig {
    /// Reads the `http` section.
    pub fn read(raw: &RawConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            body_limit: raw.number("http.body_limit", 1024..=16_777_216)?,
            header_limit: raw.number("http.header_limit", 8192..=1_048_576)?,
            header_timeout: raw.duration("http.header_timeout")?,
            request_timeout: raw.duration("http.request_timeout")?,
            write_timeout: raw.duration("http.write_timeout")?,
            shutdown_timeout: raw.duration("http.shutdown_timeout")?,
            connections: raw.number("http.connections", 0..=1_000_000)?,
            connections_per_address: raw.number("http.connections_per_address", 0..=1_000_000)?,
            provider_timeout: raw.duration("http.provider_timeout")?,
            provider_limit: raw.number("http.provider_limit", 1024..=16_777_216)?,
            trusted_proxies: trusted_proxies(raw)?,
            forwarded_header: raw.one_of(
                "http.forwarded_header",
                &[
                    ("x-forwarded-for", ForwardedHeader::XForwardedFor),
                    ("forwarded", ForwardedHeader::Forwarded),
                ],
            )?,
        })
    }
}

/// Parses networks and IP addresses (networks of one). Refuses a network too wide for one owner: a client in
/// it could choose its own IP address.
fn trusted_proxies(raw: &RawConfig) -> Result<Vec<IpNet>, ConfigError> {
    let words = raw.text("http.trusted_proxies").split_whitespace();
    let net = |it: &str| it.parse().or_else(|_| it.parse::<IpAddr>().map(IpNet::from)).ok();
    let nets: Option<Vec<IpNet>> = words.map(net).collect();
    let is_narrow_enough = |it: &IpNet| match it {
        IpNet::V4(it) => it.prefix_len() >= 8,
        IpNet::V6(it) => it.prefix_len() >= 7,
    };
    nets.filter(|all| all.iter().all(is_narrow_enough))
        .ok_or_else(|| raw.refuse("http.trusted_proxies"))
}
