//! The subjects that limits are counted by.

use std::net::IpAddr;

use super::{MAIL_RECIPIENT, NOTICE_RECIPIENT};
use crate::server::digest::digest;
use crate::user::Email;

/// Returns whether a limit is counted by mailbox.
#[must_use]
pub fn is_recipient_limit(name: &str) -> bool {
    [MAIL_RECIPIENT, NOTICE_RECIPIENT].contains(&name)
}

/// Returns the subject of an account, which need not exist: the digest of its email address.
#[must_use]
pub fn account_subject(email: &Email) -> String {
    digest(email.key())
}

/// Returns the subject of a mailbox. Most providers ignore what follows a plus, and some ignore dots, so one
/// mailbox has any number of email addresses.
#[must_use]
pub fn mailbox_subject(email: &Email) -> String {
    let (local, host) = email.key().rsplit_once('@').unwrap_or_default();
    let local = local.split('+').next().unwrap_or_default().replace('.', "");
    // Two domains of one provider.
    let host = if host == "googlemail.com" { "gmail.com" } else { host };
    digest(format!("{local}@{host}"))
}

/// Returns the subject of an IP address: an IPv4 address, or the /64 of an IPv6 address, since one customer
/// has all of it (RFC 6177; CVE-2026-45364). An IPv4 address written as IPv6 counts as IPv4.
#[must_use]
pub fn network(ip: IpAddr) -> String {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn v5_0_0__6_3_1__an_ip_address_is_counted_as_its_network() {
        for (address, expected) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("2001:db8:1:2::", "2001:db8:1:2::/64"),
            ("2001:db8:1:3::", "2001:db8:1:3::/64"),
        ] {
            assert_eq!(network(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn emails_of_one_mailbox_are_one_recipient() {
        let of = |text: &str| mailbox_subject(&text.parse().unwrap());
        for other in ["adal@example.com", "A.da.L@Example.com", "adal+shop@example.com"] {
            assert_eq!(of(other), of("ada.l+x@example.com"), "{other}");
        }
        for other in ["adal@mail.example.com", "adam@example.com"] {
            assert_ne!(of(other), of("adal@example.com"), "{other}");
        }
    }

    proptest! {
        #[test]
        fn ipv6_addresses_in_one_64_network_are_one_subject(high in any::<u64>(), a in any::<u64>(), b in any::<u64>()) {
            let ip = |low: u64| {
                IpAddr::from(std::net::Ipv6Addr::from(u128::from(high) << 64 | u128::from(low)))
            };
            prop_assume!(high != 0);
            prop_assert_eq!(network(ip(a)), network(ip(b)));
        }
    }
}
