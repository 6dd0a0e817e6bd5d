//! Parses the elements of `X-Forwarded-For` and `Forwarded` (RFC 7239) as proxies write them.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv6Addr};

/// Returns the elements of a list from last to first, without empty ones (RFC 9110, section 5.6.1). A comma
/// within quotes is no separator. Quotes are paired from the end, so that a quote opened by a stranger does
/// not include what a proxy appended.
pub fn elements_from_end(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let whole = rest?;
        let comma = last_outside_quotes(whole, b',');
        rest = comma.map(|at| &whole[..at]);
        Some(whole[comma.map_or(0, |at| at + 1)..].trim_ascii())
    })
    .filter(|it| !it.is_empty())
}

/// Returns the IP address in an element of `X-Forwarded-For`, with or without a port,
/// brackets, quotes or a zone.
#[must_use]
pub fn node(element: &[u8]) -> Option<IpAddr> {
    let text = unquoted(std::str::from_utf8(element).ok()?.trim());
    let text = text.trim();
    if let Ok(ip) = without_zone(text).parse::<IpAddr>() {
        return is_zone_allowed(text, ip).then(|| ip.to_canonical());
    }
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        (IpAddr::V6(without_zone(host).parse::<Ipv6Addr>().ok()?), port)
    } else {
        let (host, _) = text.split_once(':')?;
        (IpAddr::V4(host.parse().ok()?), &text[host.len()..])
    };
    (port.is_empty() || port.strip_prefix(':').is_some_and(is_port)).then(|| host.to_canonical())
}

/// Returns the IP address in the `for` of an element of `Forwarded`.
#[must_use]
pub fn for_node(element: &[u8]) -> Option<IpAddr> {
    let mut rest = Some(element);
    let pairs = std::iter::from_fn(move || {
        let whole = rest?;
        let semicolon = last_outside_quotes(whole, b';');
        rest = semicolon.map(|at| &whole[..at]);
        Some(&whole[semicolon.map_or(0, |at| at + 1)..])
    });
    let mut named = pairs.filter_map(|pair| {
        let equals = pair.iter().position(|b| *b == b'=')?;
        let (name, value) = (pair[..equals].trim_ascii(), &pair[equals + 1..]);
        name.eq_ignore_ascii_case(b"for").then_some(value)
    });
    match (named.next(), named.next()) {
        (Some(value), None) => node(value),
        // No `for`, or two that may contradict each other.
        _ => None,
    }
}

/// Returns the position of the last such separator outside quotes.
fn last_outside_quotes(text: &[u8], separator: u8) -> Option<usize> {
    let mut is_quoted = false;
    for at in (0..text.len()).rev() {
        // Counted only for quotes, so that each run of backslashes is walked once.
        let is_escaped = || text[..at].iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1;
        match text[at] {
            b'"' if !is_escaped() => is_quoted = !is_quoted,
            b if b == separator && !is_quoted => return Some(at),
            _ => {}
        }
    }
    None
}

/// Removes the quotes and escapes of a quoted string (RFC 9110, section 5.6.4).
fn unquoted(text: &str) -> Cow<'_, str> {
    let quoted = text.strip_prefix('"').and_then(|it| it.strip_suffix('"'));
    match quoted {
        Some(inner) if inner.contains('\\') => Cow::Owned(unescaped(inner)),
        Some(inner) => Cow::Borrowed(inner),
        None => Cow::Borrowed(text),
    }
}

fn unescaped(text: &str) -> String {
    let mut chars = text.chars();
    std::iter::from_fn(|| match chars.next() {
        Some('\\') => chars.next(),
        other => other,
    })
    .collect()
}

/// Removes the zone: a network interface, named after a percent sign (RFC 4007, section 11).
fn without_zone(text: &str) -> &str {
    text.split('%').next().unwrap_or(text)
}

fn is_zone_allowed(text: &str, ip: IpAddr) -> bool {
    ip.is_ipv6() || !text.contains('%')
}

/// Returns whether a text is a port number, or a name that stands for one (RFC 7239, section 6).
fn is_port(text: &str) -> bool {
    let is_name = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    match text.strip_prefix('_') {
        Some(name) => !name.is_empty() && name.bytes().all(is_name),
        None => (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn valid_elements_give_their_ip_address_and_invalid_ones_none() {
        for (element, expected) in [
            ("198.51.100.9", Some("198.51.100.9")),
            ("\t198.51.100.9  ", Some("198.51.100.9")),
            ("198.51.100.9:4711", Some("198.51.100.9")),
            ("\"198.51.100.9\"", Some("198.51.100.9")),
            ("\"198.51.100.9:4711\"", Some("198.51.100.9")),
            ("\"198.51.100\\.9\"", Some("198.51.100.9")),
            ("198.51.100.9:_secret", Some("198.51.100.9")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("2001:DB8:0:0:0:0:0:1", Some("2001:db8::1")),
            ("[2001:db8::1]", Some("2001:db8::1")),
            ("[2001:db8::1]:4711", Some("2001:db8::1")),
            ("\"[2001:db8::1]:4711\"", Some("2001:db8::1")),
            ("::ffff:198.51.100.9", Some("198.51.100.9")),
            ("[::ffff:c633:6409]:80", Some("198.51.100.9")),
            ("fe80::1%eth0", Some("fe80::1")),
            ("[fe80::1%25eth0]:80", Some("fe80::1")),
            ("unknown", None),
            ("_hidden", None),
            ("unix:", None),
            ("localhost", None),
            ("198.51.100", None),
            ("198.51.100.9%eth0", None),
            ("198.51.100.9:", None),
            ("198.51.100.9:http", None),
            ("198.51.100.9:123456", None),
            ("198.51.100.9 203.0.113.5", None),
            ("[198.51.100.9]", None),
            ("[2001:db8::1", None),
            ("[2001:db8::1]4711", None),
            ("\"198.51.100.9", None),
            ("", None),
        ] {
            let expected = expected.map(|it| it.parse::<IpAddr>().unwrap());
            assert_eq!(node(element.as_bytes()), expected, "{element:?}");
            let named = format!("proto=https; FOR = {element} ;by=\"10.0.0.1\"");
            assert_eq!(for_node(named.as_bytes()), expected, "{named:?}");
        }
        assert_eq!(node(b"198.51.100.9\xff"), None);
        assert_eq!(for_node(b"for=198.51.100.9;for=203.0.113.5"), None);
    }

    /// Would not finish in a day if parsing took quadratic time.
    #[test]
    fn v5_0_0__2_4_1__a_long_header_is_parsed_in_linear_time() {
        for unit in ["\\", "\"", "\\\"", ",", "a,\"", ";\\"] {
            let text = unit.repeat(4_000_000 / unit.len());
            assert!(elements_from_end(text.as_bytes()).all(|it| for_node(it).is_none()), "{unit}");
        }
    }

    proptest! {
        #[test]
        fn parsing_never_panics_or_splits_at_a_quoted_comma(text in any::<Vec<u8>>()) {
            for element in elements_from_end(&text) {
                let _ = (node(element), for_node(element));
            }
            let quoted = format!("\"{}\"", "a,b");
            prop_assert_eq!(elements_from_end(quoted.as_bytes()).count(), 1);
        }

        #[test]
        fn an_ip_address_is_parsed_in_every_notation(bits in any::<u128>(), v4 in any::<u32>(), port in any::<u16>()) {
            let (v6, v4) = (Ipv6Addr::from(bits), std::net::Ipv4Addr::from(v4));
            for (text, ip) in [
                (v6.to_string(), IpAddr::V6(v6)),
                (format!("[{v6}]:{port}"), IpAddr::V6(v6)),
                (format!("\"[{v6}]:{port}\""), IpAddr::V6(v6)),
                (format!("{v4}:{port}"), IpAddr::V4(v4)),
                (v4.to_ipv6_mapped().to_string(), IpAddr::V4(v4)),
            ] {
                prop_assert_eq!(node(text.as_bytes()), Some(ip.to_canonical()), "{}", text);
            }
        }
    }
}
