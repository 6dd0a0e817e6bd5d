//! Settings that can be used but protect less than they should. The start, `config check` and `doctor` warn
//! of them; what is never right is refused when it is read.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use sqlx::postgres::{PgConnectOptions, PgSslMode};

use super::{Config, PasswordConfig, Rate};
use crate::server::files::{OpenTo, open_to};
use crate::server::limits::{Act, Scope};

/// A setting that is weak, and why.
#[derive(Clone, Debug)]
pub struct Weakness {
    pub key: &'static str,
    pub why: String,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.why)
    }
}

/// The least of Argon2id's memory in KiB for so many iterations: OWASP, Password Storage Cheat Sheet.
const LEAST_COSTS: [(u32, u32); 5] = [(47104, 1), (19456, 2), (12288, 3), (9216, 4), (7168, 5)];

const DAY: Duration = Duration::from_hours(24);

/// Of a million codes, each good for ten minutes.
const MOST_CODES: u128 = 1000;

/// A network of public addresses with a shorter prefix is more than one operator has.
const SHORTEST_PUBLIC: (u8, u8) = (12, 28);

/// Networks that nobody has in public (RFC 1918, RFC 6598, RFC 4193, RFC 4291).
const PRIVATE: [&str; 8] = [
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "fc00::/7",
    "fe80::/10",
];

impl Config {
    /// What is weak of a site that others can open. One on loopback is for trying.
    #[must_use]
    pub fn weaknesses(&self) -> Vec<Weakness> {
        let mut found = Vec::new();
        let mut add = |key, why: &str| found.push(Weakness { key, why: why.to_owned() });
        for net in &self.http.trusted_proxies {
            if is_wide(net) {
                add(
                    "http.trusted_proxies",
                    &format!(
                        "{net} is more than anybody's proxies: name theirs alone, or visitors choose the address that they have"
                    ),
                );
            }
        }
        if is_trusted_unseen(self.database.url.expose()) {
            add("database.url", "another machine is trusted unseen; add ?sslmode=verify-full");
        }
        if !self.site.is_https() {
            return found;
        }
        if is_cheap(&self.password) {
            add(
                "password.memory_kib",
                "hashes are guessed fast if the database is stolen; 19456 with password.iterations = 2 is the least",
            );
        }
        if self.mail.smtp.is_none() {
            add("mail.smtp_url", "nobody gets any mail: mails become files in site.data");
        }
        for (scope, key) in
            [(Scope::Account, "limit.code_account"), (Scope::Unknown, "limit.code_unknown")]
        {
            let a_day = self.limits.find(Act::Code, scope).map(a_day);
            if a_day.is_none_or(|it| it > MOST_CODES) {
                add(key, &format!("mailed codes can be guessed; {MOST_CODES}/1d is the most"));
            }
        }
        for (key, value, most) in [
            ("ticket.recovery", self.tickets.recovery, DAY),
            ("ticket.sign_in", self.tickets.sign_in, Duration::from_hours(1)),
            ("ticket.set_up", self.tickets.set_up, DAY),
            ("session.reauthentication", self.account.reauthentication, DAY),
            ("session.absolute", self.session.brief.absolute, 31 * DAY),
            ("session.remembered_absolute", self.session.remembered.absolute, 366 * DAY),
        ] {
            if value > most {
                let most = super::in_words(most);
                add(key, &format!("what is stolen is of use for too long; {most} is the most"));
            }
        }
        found
    }
}

/// How often a rate lets something happen in a day.
fn a_day(rate: Rate) -> u128 {
    u128::from(rate.count) * DAY.as_millis() / rate.per.as_millis().max(1)
}

/// ASVS 5.0, 12.3.1: what leaves this machine is encrypted, and the other end has proven its name.
fn is_trusted_unseen(database: &str) -> bool {
    let is_postgres = ["postgres:", "postgresql:"].iter().any(|it| database.starts_with(it));
    // With what the environment says, as the driver reads it.
    let Ok(options) = database.parse::<PgConnectOptions>() else { return false };
    let is_here = options.get_socket().is_some()
        || matches!(options.get_host(), "localhost" | "127.0.0.1" | "::1" | "[::1]")
        || options.get_host().starts_with('/');
    let is_proven = matches!(options.get_ssl_mode(), PgSslMode::VerifyFull);
    is_postgres && !is_here && !is_proven
}

fn is_wide(net: &IpNet) -> bool {
    let shortest = match net {
        IpNet::V4(_) => SHORTEST_PUBLIC.0,
        IpNet::V6(_) => SHORTEST_PUBLIC.1,
    };
    let mut private = PRIVATE.iter().filter_map(|it| it.parse::<IpNet>().ok());
    net.prefix_len() < shortest && !private.any(|it| it.contains(net))
}

fn is_cheap(password: &PasswordConfig) -> bool {
    let PasswordConfig { memory_kib, iterations, .. } = *password;
    !LEAST_COSTS.iter().any(|(memory, passes)| memory_kib >= *memory && iterations >= *passes)
}

/// Paths of the data folder that others than its owner may use, and who they are.
#[must_use]
pub fn exposed(data: &Path) -> Vec<(PathBuf, OpenTo)> {
    let paths = [data.to_owned(), data.join("key"), data.join("portcullis.sqlite")];
    paths.into_iter().filter_map(|it| open_to(&it).map(|to| (it, to))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Raw;
    use super::*;

    fn weak(toml: &str) -> Vec<&'static str> {
        let mut raw = Raw::default();
        raw.add_file("test", toml).unwrap();
        Config::from_raw(&raw).unwrap().weaknesses().iter().map(|it| it.key).collect()
    }

    #[test]
    fn v5_0_0__13_2_6__what_is_weak_of_a_public_site_is_named() {
        let public = "[site]\nurl = \"https://id.example.com\"\n[mail]\nsmtp_url = \"smtps://x\"\n";
        assert_eq!(weak(""), [""; 0]);
        assert_eq!(weak("[password]\nmemory_kib = 8\n"), [""; 0], "this is for trying");
        assert_eq!(weak(public), [""; 0]);
        for (row, key) in [
            ("[password]\nmemory_kib = 8\n", "password.memory_kib"),
            ("[password]\niterations = 1\n", "password.memory_kib"),
            ("[http]\ntrusted_proxies = \"8.0.0.0/8\"\n", "http.trusted_proxies"),
            ("[http]\ntrusted_proxies = \"2000::/12\"\n", "http.trusted_proxies"),
            ("[database]\nurl = \"postgres://db.example/x\"\n", "database.url"),
            ("[database]\nurl = \"postgres:///x?host=db.example\"\n", "database.url"),
            ("[database]\nurl = \"postgres://localhost/x?host=db.example\"\n", "database.url"),
            (
                "[database]\nurl = \"postgres://db.example/x?sslmode=verify-full&sslmode=disable\"\n",
                "database.url",
            ),
            ("[limit]\ncode_account = \"none\"\n", "limit.code_account"),
            ("[limit]\ncode_unknown = \"1000000/1s\"\n", "limit.code_unknown"),
            ("[ticket]\nrecovery = \"30d\"\n", "ticket.recovery"),
            ("[session]\nremembered_absolute = \"1000d\"\n", "session.remembered_absolute"),
        ] {
            assert_eq!(weak(&format!("{public}{row}")), [key], "{row}");
        }
        for row in [
            "[password]\nmemory_kib = 47104\niterations = 1\n",
            "[password]\nmemory_kib = 7168\niterations = 5\n",
            "[database]\nurl = \"postgres://db.example/x?sslmode=verify-full\"\n",
            "[database]\nurl = \"postgres://127.0.0.1/x\"\n",
            "[http]\ntrusted_proxies = \"10.0.0.0/8 fc00::/7 104.16.0.0/13 2606:4700::/32 ::1\"\n",
        ] {
            assert_eq!(weak(&format!("{public}{row}")), [""; 0], "{row}");
        }
        assert_eq!(weak("[site]\nurl = \"https://id.example.com\"\n"), ["mail.smtp_url"]);
    }
}
