//! Determines where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::HeaderMap;
use axum::http::header::USER_AGENT;
use ipnet::IpNet;

use super::forwarded;
use crate::server::config::{ForwardedHeader, HttpConfig};
use crate::server::{App, Client};
use crate::text::unicode::clean;

/// Returns the client: the peer, unless that is a trusted proxy.
#[must_use]
pub fn from_request(app: &App, request: &Request) -> Client {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip());
    let ip = peer.map(|it| client_ip(it, request.headers(), &app.config.http));
    Client {
        ip,
        ip_text: ip.map(|it| it.to_string()).unwrap_or_default(),
        user_agent: user_agent(request.headers()),
    }
}

/// Returns whether this is the IP address of a trusted proxy.
#[must_use]
pub fn is_trusted_proxy(ip: IpAddr, proxies: &[IpNet]) -> bool {
    let ip = ip.to_canonical();
    proxies.iter().any(|it| it.contains(&ip))
}

/// Returns the client's IP address. Reads the configured header from its end, where each proxy appends the IP
/// address that the request came from: the first that is not a trusted proxy is the client. Anyone can have
/// written the part before it. If a trusted proxy names no IP address, the client is unknown and that proxy
/// stands for it, because reading on would trust a stranger.
fn client_ip(peer: IpAddr, headers: &HeaderMap, config: &HttpConfig) -> IpAddr {
    let name_of = match config.forwarded_header {
        ForwardedHeader::XForwardedFor => forwarded::node,
        ForwardedHeader::Forwarded => forwarded::for_node,
    };
    let mut client_ip = peer.to_canonical();
    if !is_trusted_proxy(client_ip, &config.trusted_proxies) {
        return client_ip;
    }
    let values = headers.get_all(config.forwarded_header.name()).iter().rev();
    let named = values.flat_map(|it| forwarded::elements_from_end(it.as_bytes())).map(name_of);
    for ip in named {
        let Some(ip) = ip.filter(|_| is_trusted_proxy(client_ip, &config.trusted_proxies)) else {
            break;
        };
        client_ip = ip;
    }
    client_ip
}

fn user_agent(headers: &HeaderMap) -> String {
    let text = headers.get(USER_AGENT).map(|it| String::from_utf8_lossy(it.as_bytes()));
    clean(&text.unwrap_or_default(), 256)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;
    use proptest::prelude::*;

    use super::*;
    use crate::server::config::RawConfig;

    fn http_config() -> HttpConfig {
        HttpConfig::read(&RawConfig::default()).unwrap()
    }

    /// Returns the client's IP address for these lines of a header.
    fn seen(header: ForwardedHeader, peer: &str, lines: &[&[u8]], proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in lines {
            headers.append(header.name(), HeaderValue::from_bytes(value).unwrap());
        }
        let config = HttpConfig {
            forwarded_header: header,
            trusted_proxies: proxies.iter().map(|it| it.parse().unwrap()).collect(),
            ..http_config()
        };
        client_ip(peer.parse().unwrap(), &headers, &config).to_string()
    }

    fn by_list(peer: &str, lines: &[&str], proxies: &[&str]) -> String {
        let lines: Vec<_> = lines.iter().map(|it| it.as_bytes()).collect();
        seen(ForwardedHeader::XForwardedFor, peer, &lines, proxies)
    }

    const OURS: [&str; 2] = ["10.0.0.0/8", "::1/128"];

    #[test]
    fn v5_0_0__4_1_3__only_trusted_proxies_can_name_the_client() {
        for (peer, lines, expected) in [
            ("192.0.2.1", &[][..], "192.0.2.1"),
            ("192.0.2.1", &["198.51.100.9"], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.9"], "198.51.100.9"),
            ("10.0.0.1", &["203.0.113.5, 198.51.100.9"], "198.51.100.9"),
            ("10.0.0.1", &["203.0.113.5, 198.51.100.9, 10.0.0.2"], "198.51.100.9"),
            ("10.0.0.1", &["203.0.113.5", "198.51.100.9"], "198.51.100.9"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["198.51.100.9, nonsense"], "10.0.0.1"),
            ("10.0.0.1", &["198.51.100.9, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &["nonsense, 198.51.100.9"], "198.51.100.9"),
            ("10.0.0.1", &["::ffff:198.51.100.9"], "198.51.100.9"),
            ("10.0.0.1", &["198.51.100.9:4711, [::ffff:10.0.0.2]:443"], "198.51.100.9"),
            ("10.0.0.1", &["203.0.113.5, 198.51.100.9, , ", "", " , "], "198.51.100.9"),
            ("::ffff:10.0.0.1", &["2001:db8::1"], "2001:db8::1"),
            ("::1", &["2001:db8::1"], "2001:db8::1"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ] {
            assert_eq!(by_list(peer, lines, &OURS), expected, "{peer} {lines:?}");
        }
        assert_eq!(by_list("10.0.0.1", &["198.51.100.9"], &[]), "10.0.0.1");
    }

    #[test]
    fn v5_0_0__4_1_3__the_forwarded_header_is_read_from_its_end() {
        for (lines, expected) in [
            (&["for=198.51.100.9"][..], "198.51.100.9"),
            (&["For=\"[2001:db8::1]:4711\";proto=https;by=10.0.0.1"], "2001:db8::1"),
            (&["for=203.0.113.5, for=198.51.100.9;proto=http, for=10.0.0.2"], "198.51.100.9"),
            (&["for=203.0.113.5", "for=198.51.100.9"], "198.51.100.9"),
            // A quote that a stranger opens does not include what a proxy appends.
            (&["for=\", for=198.51.100.9;host=\"a,b\""], "198.51.100.9"),
            (&["for=\"\\", "for=198.51.100.9"], "198.51.100.9"),
            (&["for=198.51.100.9, for=_hidden"], "10.0.0.1"),
            (&["for=198.51.100.9, for=unknown;proto=https"], "10.0.0.1"),
            (&["for=198.51.100.9, proto=https"], "10.0.0.1"),
            (&["198.51.100.9"], "10.0.0.1"),
        ] {
            let bytes: Vec<_> = lines.iter().map(|it| it.as_bytes()).collect();
            let seen = seen(ForwardedHeader::Forwarded, "10.0.0.1", &bytes, &OURS);
            assert_eq!(seen, expected, "{lines:?}");
        }
    }

    #[test]
    fn v5_0_0__4_1_3__the_header_that_proxies_do_not_set_is_ignored() {
        let named = [
            (ForwardedHeader::XForwardedFor, ("forwarded", "for=203.0.113.5")),
            (ForwardedHeader::Forwarded, ("x-forwarded-for", "203.0.113.5")),
        ];
        for (header, (other, value)) in named {
            let mut headers = HeaderMap::new();
            headers.insert(other, value.parse().unwrap());
            let config = HttpConfig {
                forwarded_header: header,
                trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
                ..http_config()
            };
            let seen = client_ip("10.0.0.1".parse().unwrap(), &headers, &config);
            assert_eq!(seen.to_string(), "10.0.0.1", "{other}");
        }
    }

    #[test]
    fn invalid_bytes_affect_only_their_own_element() {
        let lines: [&[u8]; 1] = [b"\xff\xfe, 203.0.113.5, 198.51.100.9, 10.0.0.2"];
        let header = ForwardedHeader::XForwardedFor;
        assert_eq!(seen(header, "10.0.0.1", &lines, &OURS), "198.51.100.9");
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, HeaderValue::from_bytes(b"Caf\xe9/1.0 (X11)\x09").unwrap());
        assert_eq!(user_agent(&headers), "Caf\u{fffd}/1.0 (X11)");
    }

    /// Generates a value that HTTP allows in a header.
    fn line() -> impl Strategy<Value = Vec<u8>> {
        let byte = any::<u8>().prop_filter("no control character", |b| *b >= 32 && *b != 127);
        proptest::collection::vec(byte, 0..40)
    }

    proptest! {
        #[test]
        fn an_untrusted_peer_cannot_change_its_ip_address(text in line(), list in any::<bool>()) {
            let header = if list { ForwardedHeader::XForwardedFor } else { ForwardedHeader::Forwarded };
            prop_assert_eq!(seen(header, "192.0.2.1", &[&text], &["10.0.0.0/8"]), "192.0.2.1");
        }

        #[test]
        fn text_before_the_clients_element_changes_nothing(text in line(), apart in any::<bool>()) {
            for (header, added) in [
                (ForwardedHeader::XForwardedFor, "198.51.100.9, \"[::ffff:10.0.0.2]:80\""),
                (ForwardedHeader::Forwarded, "for=\"198.51.100.9:80\";host=\"a,b\", for=10.0.0.2"),
            ] {
                let together = [&text[..], b", ", added.as_bytes()].concat();
                let lines: &[&[u8]] =
                    if apart { &[&text, added.as_bytes()] } else { &[&together] };
                prop_assert_eq!(seen(header, "10.0.0.1", lines, &["10.0.0.0/8"]), "198.51.100.9");
            }
        }
    }
}
