//! Where a request comes from.

use std::net::{IpAddr, SocketAddr};

use axum::extract::{ConnectInfo, Request};
use axum::http::header::USER_AGENT;
use axum::http::{HeaderMap, HeaderName};
use ipnet::IpNet;

use crate::server::{App, Client};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The visitor: the peer, unless that is a proxy of ours.
#[must_use]
pub fn of(app: &App, request: &Request) -> Client {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|it| it.0.ip());
    let proxies = &app.config.http.trusted_proxies;
    let ip = peer.map(|it| visitor(it, request.headers(), proxies));
    Client {
        ip,
        address: ip.map(|it| it.to_string()).unwrap_or_default(),
        user_agent: user_agent(request.headers()),
    }
}

/// Reads `X-Forwarded-For` from its end, where each proxy adds whom it was asked by: the first that
/// is no proxy of ours is the visitor. What stands before that anyone can have written.
fn visitor(peer: IpAddr, headers: &HeaderMap, proxies: &[IpNet]) -> IpAddr {
    let is_proxy = |ip: &IpAddr| proxies.iter().any(|it| it.contains(ip));
    let values = headers.get_all(FORWARDED_FOR).iter().rev();
    let named = values
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.rsplit(','))
        .map(|it| it.trim().parse::<IpAddr>().ok().map(|it| it.to_canonical()));
    let mut visitor = peer.to_canonical();
    for ip in named {
        let Some(ip) = ip.filter(|_| is_proxy(&visitor)) else { break };
        visitor = ip;
    }
    visitor
}

fn user_agent(headers: &HeaderMap) -> String {
    let text = headers.get(USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    text.chars().filter(|it| !it.is_control()).take(256).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn seen(peer: &str, forwarded: &[&str], proxies: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let proxies: Vec<IpNet> = proxies.iter().map(|it| it.parse().unwrap()).collect();
        visitor(peer.parse().unwrap(), &headers, &proxies).to_string()
    }

    #[test]
    fn v5_0_0__4_1_3__only_proxies_of_ours_say_who_asks() {
        let ours = ["10.0.0.0/8", "::1/128"];
        for (peer, forwarded, expected) in [
            ("192.0.2.1", &[][..], "192.0.2.1"),
            ("192.0.2.1", &["198.51.100.9"], "192.0.2.1"),
            ("10.0.0.1", &["198.51.100.9"], "198.51.100.9"),
            ("10.0.0.1", &["203.0.113.5, 198.51.100.9"], "198.51.100.9"),
            ("10.0.0.1", &["203.0.113.5, 198.51.100.9, 10.0.0.2"], "198.51.100.9"),
            ("10.0.0.1", &["203.0.113.5", "198.51.100.9"], "198.51.100.9"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", &["198.51.100.9, nonsense"], "10.0.0.1"),
            ("10.0.0.1", &["nonsense, 198.51.100.9"], "198.51.100.9"),
            ("10.0.0.1", &["::ffff:198.51.100.9"], "198.51.100.9"),
            ("::ffff:10.0.0.1", &["2001:db8::1"], "2001:db8::1"),
            ("::1", &["2001:db8::1"], "2001:db8::1"),
            ("10.0.0.1", &[], "10.0.0.1"),
        ] {
            assert_eq!(seen(peer, forwarded, &ours), expected, "{peer} {forwarded:?}");
        }
        assert_eq!(seen("10.0.0.1", &["198.51.100.9"], &[]), "10.0.0.1");
    }

    proptest! {
        #[test]
        fn whatever_a_stranger_writes_the_address_is_the_peers(text in "[ -~]{0,40}") {
            prop_assert_eq!(seen("192.0.2.1", &[&text], &["10.0.0.0/8"]), "192.0.2.1");
        }

        #[test]
        fn what_stands_before_the_visitor_changes_nothing(text in "[ -~]{0,40}") {
            let forwarded = format!("{text}, 198.51.100.9");
            prop_assert_eq!(seen("10.0.0.1", &[&forwarded], &["10.0.0.0/8"]), "198.51.100.9");
        }
    }
}
