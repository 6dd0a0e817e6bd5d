//! Limits the hosts that a provider may name: none on a private network, unless the provider may be on one.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, LazyLock};

use ipnet::IpNet;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::{Network, ProviderHttpError, is_loopback};

/// Networks that are not public unicast, from the registries of special-purpose addresses (RFC 6890).
static SPECIAL_NETWORKS: LazyLock<Vec<IpNet>> = LazyLock::new(|| {
    const NETS: &str = "0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 \
        192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 \
        203.0.113.0/24 224.0.0.0/3 ::/96 64:ff9b:1::/48 100::/64 2001::/23 2001:db8::/32 3fff::/20 fc00::/7 \
        fe80::/10 fec0::/10 ff00::/8";
    NETS.split_whitespace().filter_map(|it| it.parse().ok()).collect()
});

/// Which networks a provider may be on, from its settings.
#[derive(Clone, Debug)]
pub(super) struct AllowedHosts {
    /// Whether it may be on a private network. Always true for a provider on this machine.
    is_private: bool,
    /// Whether plain http to this machine is allowed.
    is_local: bool,
    /// The host of its proxy, which the operator alone names.
    proxy: Option<Arc<str>>,
}

impl AllowedHosts {
    pub fn new(network: &Network<'_>) -> Self {
        Self {
            is_private: network.is_private || network.urls.iter().any(is_loopback),
            is_local: network.urls.iter().any(|it| it.scheme() == "http"),
            proxy: network
                .proxy
                .and_then(|it| Url::parse(it.expose()).ok())
                .and_then(|it| it.host_str().map(Arc::from)),
        }
    }

    /// Returns whether the provider may name this URL, as far as can be told without resolving the host.
    pub fn allows(&self, url: &Url) -> bool {
        let ip = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::from(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::from(ip)),
            Some(Host::Domain(_)) | None => None,
        };
        (self.is_private || ip.is_none_or(is_public)) && (self.is_local || url.scheme() == "https")
    }

    /// Resolves a host for a connection; fails if it is on a private network and may not be.
    async fn resolve_name(&self, name: &str) -> Result<Vec<SocketAddr>, ProviderHttpError> {
        let found = look_up(name).await?;
        let is_allowed = self.is_private
            || self.proxy.as_deref() == Some(name)
            || found.iter().all(|it| is_public(it.ip()));
        if is_allowed { Ok(found) } else { Err(ProviderHttpError::Private(name.to_owned())) }
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

async fn look_up(name: &str) -> Result<Vec<SocketAddr>, ProviderHttpError> {
    let found = tokio::net::lookup_host((name, 0)).await;
    Ok(found.map_err(|it| ProviderHttpError::Unresolved(name.to_owned(), it))?.collect())
}

/// Returns whether an IP address is public. One that embeds an IPv4 address is as public as that.
fn is_public(ip: IpAddr) -> bool {
    let ip = match ip.to_canonical() {
        IpAddr::V6(it) => embedded_ipv4(it).map_or(IpAddr::V6(it), IpAddr::V4),
        ip @ IpAddr::V4(_) => ip,
    };
    // Nothing else of IPv6 is global unicast (RFC 4291, section 2.4).
    let is_unicast = match ip {
        IpAddr::V4(_) => true,
        IpAddr::V6(it) => it.segments()[0] >> 13 == 1,
    };
    is_unicast && !SPECIAL_NETWORKS.iter().any(|it| it.contains(&ip))
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

    fn allowed_hosts(url: &str, is_private: bool) -> AllowedHosts {
        let urls = [Url::parse(url).unwrap()];
        AllowedHosts::new(&Network { urls: &urls, is_private, proxy: None })
    }

    #[test]
    fn every_special_network_is_parsed() {
        assert_eq!(SPECIAL_NETWORKS.len(), 24);
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

    #[test]
    fn v5_0_0__13_2_4__only_the_setting_admits_private_networks() {
        let elsewhere = allowed_hosts("https://id.example.com", false);
        // A provider that is configured by a private address needs the setting too.
        let inside = allowed_hosts("https://10.0.0.5", false);
        let allowed = allowed_hosts("https://10.0.0.5", true);
        for (address, is_public, is_https) in [
            ("https://id.example.com/token", true, true),
            ("https://8.8.8.8/token", true, true),
            ("https://10.0.0.5/jwks", false, true),
            ("https://10.0.0.6/jwks", false, true),
            ("https://169.254.169.254/", false, true),
            ("https://[::1]/", false, true),
            ("https://[::ffff:127.0.0.1]/", false, true),
            ("https://2130706433/", false, true),
            ("http://10.0.0.5/jwks", false, false),
            ("http://id.example.com/token", true, false),
        ] {
            let url = Url::parse(address).unwrap();
            assert_eq!(elsewhere.allows(&url), is_public && is_https, "{address}");
            assert_eq!(inside.allows(&url), is_public && is_https, "{address}");
            assert_eq!(allowed.allows(&url), is_https, "{address}");
        }
    }

    #[tokio::test]
    async fn v5_0_0__13_2_4__a_host_name_is_checked_by_what_it_resolves_to() {
        for (url, is_private, may) in [
            ("https://8.8.8.8", false, false),
            ("https://10.0.0.5", false, false),
            ("https://10.0.0.5", true, true),
            ("https://localhost", false, true),
            ("http://127.0.0.1:8080", false, true),
        ] {
            // Resolves to this machine without a DNS query.
            let found = allowed_hosts(url, is_private).resolve_name("localhost").await;
            assert_eq!(found.is_ok(), may, "{url}: {found:?}");
        }
    }
}
