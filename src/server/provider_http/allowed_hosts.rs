//! Limits the hosts that a provider may name: none on an internal network, unless the provider is on one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, LazyLock};

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::ProviderHttpError;

/// Networks that are not public unicast, from the registries of special-purpose addresses (RFC 6890).
static SPECIAL_NETWORKS: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    const NETS: &str = "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 \
        192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 \
        203.0.113.0/24 224.0.0.0/3 ::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 fc00::/7 \
        fe80::/10 fec0::/10 ff00::/8";
    NETS.split_whitespace().filter_map(|it| it.parse().ok()).collect()
});

/// A provider's own hosts, from the settings.
#[derive(Clone, Debug)]
pub(super) struct AllowedHosts {
    hosts: Arc<[String]>,
    /// Whether plain http to this machine is allowed.
    is_local: bool,
}

impl AllowedHosts {
    pub fn new(configured_urls: &[Url]) -> Self {
        Self {
            hosts: configured_urls.iter().filter_map(host).collect(),
            is_local: configured_urls.iter().any(|it| it.scheme() == "http"),
        }
    }

    /// Returns whether the provider may name this URL, as far as can be told without resolving the host.
    pub async fn allows(&self, url: &Url) -> bool {
        let ip = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::from(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::from(ip)),
            Some(Host::Domain(_)) | None => None,
        };
        let is_allowed = ip.is_none_or(is_public)
            || self.is_own_host(host(url).as_ref())
            || self.is_internal().await.unwrap_or(false);
        is_allowed && (self.is_local || url.scheme() == "https")
    }

    /// Returns whether this is one of the provider's own hosts. Always true for a provider on this machine.
    fn is_own_host(&self, host: Option<&String>) -> bool {
        self.is_local || self.hosts.iter().any(|it| Some(it) == host)
    }

    /// Returns whether the provider is on an internal network itself, by its IP address or its name.
    async fn is_internal(&self) -> Result<bool, ProviderHttpError> {
        for home in self.hosts.iter() {
            if is_any_internal(&look_up(home).await?) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Resolves a host; fails if the host is internal and the provider is not.
    async fn resolve_name(&self, name: &str) -> Result<Vec<SocketAddr>, ProviderHttpError> {
        let found = look_up(name).await?;
        if self.is_own_host(Some(&name.to_owned()))
            || !is_any_internal(&found)
            || self.is_internal().await?
        {
            return Ok(found);
        }
        Err(ProviderHttpError::Internal(name.to_owned()))
    }
}

impl Resolve for AllowedHosts {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed_hosts = self.clone();
        Box::pin(async move {
            let found = allowed_hosts.resolve_name(name.as_str()).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

fn host(url: &Url) -> Option<String> {
    url.host_str().map(|it| it.trim_matches(['[', ']']).to_ascii_lowercase())
}

async fn look_up(name: &str) -> Result<Vec<SocketAddr>, ProviderHttpError> {
    let found = tokio::net::lookup_host((name, 0)).await;
    Ok(found.map_err(|it| ProviderHttpError::Unresolved(name.to_owned(), it))?.collect())
}

fn is_any_internal(all: &[SocketAddr]) -> bool {
    all.iter().any(|it| !is_public(it.ip()))
}

/// Returns whether an IP address is public. One that embeds an IPv4 address is as public as that.
fn is_public(ip: IpAddr) -> bool {
    let ip = match ip.to_canonical() {
        IpAddr::V6(it) => embedded_ipv4(it).map_or(IpAddr::V6(it), IpAddr::V4),
        ip @ IpAddr::V4(_) => ip,
    };
    !SPECIAL_NETWORKS.iter().any(|it| it.contains(&ip))
}

/// Returns the IPv4 address embedded in a NAT64 (RFC 6052) or 6to4 (RFC 3056) address.
fn embedded_ipv4(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let from = |high: u16, low: u16| Ipv4Addr::from(u32::from(high) << 16 | u32::from(low));
    match ip.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => Some(from(high, low)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed_hosts(configured_urls: &[&str]) -> AllowedHosts {
        let configured_urls: Vec<_> =
            configured_urls.iter().map(|it| Url::parse(it).unwrap()).collect();
        AllowedHosts::new(&configured_urls)
    }

    #[test]
    fn every_special_network_is_parsed() {
        assert_eq!(SPECIAL_NETWORKS.len(), 23);
    }

    #[test]
    fn v5_0_0__13_2_4__an_internal_ip_address_is_recognised_in_any_form() {
        for ip in [
            "127.0.0.1",
            "10.1.2.3",
            "172.31.255.255",
            "192.168.0.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "::7f00:1",
            "::ffff:10.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::",
            "fd00::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert!(!is_public(ip.parse().unwrap()), "{ip}");
        }
        for ip in ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::808:808"] {
            assert!(is_public(ip.parse().unwrap()), "{ip}");
        }
    }

    #[tokio::test]
    async fn v5_0_0__13_2_4__only_an_internal_provider_may_name_internal_urls() {
        let elsewhere = allowed_hosts(&["https://id.example.com"]);
        let by_name = allowed_hosts(&["https://localhost"]);
        let inside = allowed_hosts(&["https://10.0.0.5"]);
        for (address, from_elsewhere, from_inside) in [
            ("https://id.example.com/token", true, true),
            ("https://8.8.8.8/token", true, true),
            ("https://10.0.0.5/jwks", false, true),
            ("https://10.0.0.6/jwks", false, true),
            ("https://169.254.169.254/", false, true),
            ("https://[::1]/", false, true),
            ("https://[::ffff:127.0.0.1]/", false, true),
            ("https://2130706433/", false, true),
            ("http://10.0.0.5/jwks", false, false),
        ] {
            let url = Url::parse(address).unwrap();
            assert_eq!(elsewhere.allows(&url).await, from_elsewhere, "{address}");
            assert_eq!(inside.allows(&url).await, from_inside, "{address}");
            assert_eq!(by_name.allows(&url).await, from_inside, "{address}");
        }
    }

    #[tokio::test]
    async fn v5_0_0__13_2_4__a_host_name_is_checked_by_what_it_resolves_to() {
        for (configured_urls, may) in [
            (&["https://8.8.8.8"][..], false),
            (&["https://10.0.0.5"], true),
            (&["https://localhost"], true),
            (&["http://127.0.0.1:8080"], true),
        ] {
            // Resolves to this machine without a DNS query.
            let found = allowed_hosts(configured_urls).resolve_name("localhost").await;
            assert_eq!(found.is_ok(), may, "{configured_urls:?}: {found:?}");
        }
    }
}
