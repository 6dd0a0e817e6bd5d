//! Settings that are valid but protect less than they should. Startup, `config check` and `doctor` warn about
//! them. Values that are never right are refused when they are read.

use std::fmt;
use std::time::Duration;

use ipnet::IpNet;
use sqlx::postgres::PgSslMode;
use tracing::Level;
use tracing_subscriber::filter::Targets;

use super::{Config, DatabaseUrl, PasswordConfig, Rate, SignUpMode, settings};
use crate::server::limits::{LimitedAction, Scope};

/// A weak setting and the reason.
#[derive(Clone, Debug)]
pub struct Weakness {
    pub key: &'static str,
    pub reason: String,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.reason)
    }
}

/// The least Argon2id memory in KiB for a number of iterations (OWASP, Password Storage Cheat Sheet).
const MIN_COSTS: [(u32, u32); 5] = [(47104, 1), (19456, 2), (12288, 3), (9216, 4), (7168, 5)];

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// The most tries of mailed codes a day. There are a million codes, each valid for ten minutes.
const MAX_CODES_PER_DAY: u128 = 1000;

/// The most mails a day that strangers can cause for one mailbox.
const MAX_MAILS_PER_DAY: u128 = 500;

/// The most actions a day that a limit may allow.
const MAX_ACTIONS_PER_DAY: u128 = 100_000_000;

/// The least length of a password that is the only factor (NIST SP 800-63B-4, section 3.1.1.2).
const MIN_PASSWORD_LENGTH: u16 = 15;

/// The most memory for all concurrent hashes, in KiB.
const MAX_HASHING_MEMORY: u64 = 4 * 1024 * 1024;

/// The shortest IPv4 and IPv6 prefixes that a single operator's public network can have.
const MIN_PUBLIC_PREFIX: (u8, u8) = (12, 28);

/// Networks that are not public (RFC 1918, RFC 6598, RFC 4193, RFC 4291).
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

#[derive(Debug, Default)]
struct Weaknesses(Vec<Weakness>);

impl Weaknesses {
    fn add(&mut self, key: &'static str, reason: impl Into<String>) {
        self.0.push(Weakness { key, reason: reason.into() });
    }

    fn at_most(&mut self, key: &'static str, value: Duration, most: Duration, reason: &str) {
        if value > most {
            self.add(key, format!("{reason}; the maximum is {}", super::in_words(most)));
        }
    }

    fn at_least(&mut self, key: &'static str, value: Duration, least: Duration, reason: &str) {
        if value < least {
            self.add(key, format!("{reason}; the minimum is {}", super::in_words(least)));
        }
    }
}

impl Config {
    /// Returns the weak settings. Most checks skip a site on plain http, which is for trying out.
    #[must_use]
    pub fn weaknesses(&self) -> Vec<Weakness> {
        self.find_weaknesses(self.site.is_https())
    }

    /// Returns them as of a site on https, or of one for trying out.
    pub(super) fn find_weaknesses(&self, is_production: bool) -> Vec<Weakness> {
        let mut found = Weaknesses::default();
        for net in &self.http.trusted_proxies {
            if is_wide(net) {
                let reason =
                    format!("{net} is too wide: any client in it can choose its IP address");
                found.add("http.trusted_proxies", reason);
            }
        }
        if lacks_verified_tls(self.database.url.expose()) {
            found.add("database.url", "the server is not verified; add ?sslmode=verify-full");
        }
        if is_production {
            self.passwords(&mut found);
            self.limits(&mut found);
            self.lifetimes(&mut found);
            self.monitoring(&mut found);
        }
        if !logs_warnings(&self.log.filter) {
            found.add("log.filter", "warnings and errors are not logged; the minimum is warn");
        }
        found.0
    }

    fn passwords(&self, found: &mut Weaknesses) {
        let password = &self.password;
        if is_weak_hashing(password) {
            found.add(
                "password.memory_kib",
                "passwords are guessed fast if the database is stolen; the minimum is 19456 with password.iterations = 2",
            );
        }
        let memory = u64::from(password.memory_kib) * password.hashers.get() as u64;
        if memory > MAX_HASHING_MEMORY {
            found.add(
                "password.hashers",
                format!(
                    "concurrent hashes use up to {} MiB of memory; the maximum is 4096",
                    memory / 1024
                ),
            );
        }
        if !self.second_factor.is_always_needed() && password.min_length < MIN_PASSWORD_LENGTH {
            found.add(
                "password.min_length",
                format!("too short as the only factor; the minimum is {MIN_PASSWORD_LENGTH}"),
            );
        }
        if password.free_failures > 20 {
            found.add(
                "password.free_failures",
                "passwords are guessed without a delay; the maximum is 20",
            );
        }
        if password.max_failures < 10 {
            found.add("password.max_failures", "anyone can lock an account; the minimum is 10");
        }
        let reason = "passwords are guessed almost without a delay";
        found.at_least("password.max_delay", password.max_delay, MINUTE, reason);
    }

    fn limits(&self, found: &mut Weaknesses) {
        for (scope, key) in
            [(Scope::Account, "limit.code_account"), (Scope::Unknown, "limit.code_unknown")]
        {
            let per_day = self.limits.find(LimitedAction::Code, scope).map(per_day);
            if per_day.is_none_or(|it| it > MAX_CODES_PER_DAY) {
                found.add(
                    key,
                    format!("mailed codes can be guessed; the maximum is {MAX_CODES_PER_DAY}/1d"),
                );
            }
        }
        for (name, rate) in self.limits.all() {
            let Some(key) = settings::find(&format!("limit.{name}")).map(|it| it.key) else {
                continue;
            };
            if found.0.iter().any(|it| it.key == key) || name == "sign_in_account" {
                // `sign_in_account` only adds to the delay after each wrong password.
                continue;
            }
            let causes_mail = name.ends_with("_recipient")
                || ["sign_up", "recovery", "resend", "mailed_sign_in"].iter().any(|it| {
                    name.strip_prefix(it).is_some_and(|it| it == "_account" || it == "_unknown")
                });
            match rate {
                None => found.add(key, "there is no limit"),
                Some(rate) if causes_mail && per_day(rate) > MAX_MAILS_PER_DAY => {
                    found.add(
                        key,
                        format!("mailboxes can be flooded; the maximum is {MAX_MAILS_PER_DAY}/1d"),
                    );
                }
                Some(rate) if rate.per > 7 * DAY => {
                    let reason = "clients over the limit wait too long; the maximum is 7 days";
                    found.add(key, reason);
                }
                Some(rate) if per_day(rate) > MAX_ACTIONS_PER_DAY => {
                    found.add(
                        key,
                        format!("it limits nothing; the maximum is {MAX_ACTIONS_PER_DAY}/1d"),
                    );
                }
                Some(_) => {}
            }
        }
        if self.http.connections_per_address > 1024 {
            let reason = "one IP address can use all connections; the maximum is 1024";
            found.add("http.connections_per_address", reason);
        }
    }

    fn lifetimes(&self, found: &mut Weaknesses) {
        let Self { tickets, account, session, http, .. } = self;
        for (key, value, most) in [
            ("ticket.recovery", tickets.recovery, DAY),
            ("ticket.sign_in", tickets.sign_in, HOUR),
            ("ticket.set_up", tickets.set_up, DAY),
            ("ticket.verification", tickets.verification, 7 * DAY),
            ("ticket.invitation", tickets.invitation, 31 * DAY),
            ("ticket.not_me", tickets.not_me, 31 * DAY),
            ("admin.impersonation", self.admin.impersonation, 8 * HOUR),
            ("session.reauthentication", account.reauthentication, DAY),
            ("session.absolute", session.brief.absolute, 31 * DAY),
            ("session.remembered_absolute", session.remembered.absolute, 366 * DAY),
        ] {
            found.at_most(key, value, most, "a stolen link or session stays usable too long");
        }
        for (key, value, least) in [
            ("ticket.recovery", tickets.recovery, 5 * MINUTE),
            ("ticket.sign_in", tickets.sign_in, 5 * MINUTE),
            ("ticket.set_up", tickets.set_up, 5 * MINUTE),
            ("ticket.verification", tickets.verification, HOUR),
            ("ticket.invitation", tickets.invitation, DAY),
            ("ticket.not_me", tickets.not_me, DAY),
        ] {
            found.at_least(key, value, least, "the link expires before it is opened");
        }
        let reason = "an account that a thief deletes is gone before its owner notices";
        found.at_least("account.deletion_grace", account.deletion_grace, DAY, reason);
        let reason = "new accounts are deleted before their users verify the email address";
        found.at_least("account.unproven", account.unproven, DAY, reason);
        let reason = "accounts that strangers created are kept too long";
        found.at_most("account.unproven", account.unproven, 366 * DAY, reason);
        for (key, value, most) in [
            ("http.header_timeout", http.header_timeout, MINUTE),
            ("http.request_timeout", http.request_timeout, 5 * MINUTE),
            ("http.write_timeout", http.write_timeout, 5 * MINUTE),
            ("http.provider_timeout", http.provider_timeout, MINUTE),
            ("http.shutdown_timeout", http.shutdown_timeout, 10 * MINUTE),
            ("database.busy_timeout", self.database.busy_timeout, MINUTE),
            ("password.max_wait", self.password.max_wait, MINUTE),
        ] {
            found.at_most(key, value, most, "slow requests hold up others");
        }
    }

    /// Finds settings that hide problems from operators.
    fn monitoring(&self, found: &mut Weaknesses) {
        if self.mail.smtp.is_none() {
            found.add("mail.smtp_url", "no mail is sent: mails become files in site.data");
        }
        let reason = "mails are lost if the mail server is down for a while";
        found.at_least("mail.give_up_after", self.mail.give_up_after, HOUR, reason);
        if self.sign_up.mode != SignUpMode::Domains && !self.sign_up.domains.is_empty() {
            found.add("sign_up.domains", "it has no effect unless sign_up.mode is domains");
        }
        if let Some(keep) = self.audit.keep {
            let reason = "an attacker's traces are deleted before anyone looks";
            found.at_least("audit.keep", keep, 90 * DAY, reason);
        }
    }
}

/// Returns whether a log filter lets our warnings through.
fn logs_warnings(filter: &str) -> bool {
    let targets = filter.parse::<Targets>();
    targets.is_ok_and(|it| it.would_enable("portcullis::server", &Level::WARN))
}

/// Returns how many times a day a rate allows.
fn per_day(rate: Rate) -> u128 {
    u128::from(rate.count) * DAY.as_millis() / rate.per.as_millis().max(1)
}

/// Returns whether a remote database is used without TLS that verifies its name (ASVS 5.0, 12.3.1).
fn lacks_verified_tls(database: &str) -> bool {
    // The options include what the driver reads from the environment.
    let Some(DatabaseUrl::Postgres(options)) = DatabaseUrl::parse(database) else { return false };
    let is_here = options.get_socket().is_some()
        || matches!(options.get_host(), "localhost" | "127.0.0.1" | "::1" | "[::1]")
        || options.get_host().starts_with('/');
    let is_verified = matches!(options.get_ssl_mode(), PgSslMode::VerifyFull);
    !is_here && !is_verified
}

fn is_wide(net: &IpNet) -> bool {
    let shortest = match net {
        IpNet::V4(_) => MIN_PUBLIC_PREFIX.0,
        IpNet::V6(_) => MIN_PUBLIC_PREFIX.1,
    };
    let mut private = PRIVATE.iter().filter_map(|it| it.parse::<IpNet>().ok());
    net.prefix_len() < shortest && !private.any(|it| it.contains(net))
}

fn is_weak_hashing(password: &PasswordConfig) -> bool {
    let PasswordConfig { memory_kib, iterations, .. } = *password;
    !MIN_COSTS.iter().any(|(memory, passes)| memory_kib >= *memory && iterations >= *passes)
}

#[cfg(test)]
mod tests {
    use super::super::RawConfig;
    use super::*;

    fn weak(toml: &str) -> Vec<&'static str> {
        let mut raw = RawConfig::default();
        raw.add_file("test", toml).unwrap();
        Config::from_raw(&raw).unwrap().weaknesses().iter().map(|it| it.key).collect()
    }

    /// Settings that are weak on their own, with their keys.
    const WEAK: &[(&str, &str)] = &[
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
        ("[password]\nmin_length = 14\n", "password.min_length"),
        ("[password]\nmax_delay = \"1s\"\n", "password.max_delay"),
        ("[password]\nfree_failures = 50\n", "password.free_failures"),
        ("[password]\nmemory_kib = 65536\nhashers = 256\n", "password.hashers"),
        ("[audit]\nkeep = \"1s\"\n", "audit.keep"),
        ("[admin]\nimpersonation = \"30d\"\n", "admin.impersonation"),
        ("[account]\ndeletion_grace = \"1s\"\n", "account.deletion_grace"),
        ("[account]\nunproven = \"1s\"\n", "account.unproven"),
        ("[account]\nunproven = \"4000d\"\n", "account.unproven"),
        ("[ticket]\nsign_in = \"1s\"\n", "ticket.sign_in"),
        ("[ticket]\nrecovery = \"1s\"\n", "ticket.recovery"),
        ("[ticket]\nset_up = \"1s\"\n", "ticket.set_up"),
        ("[ticket]\nverification = \"1m\"\n", "ticket.verification"),
        ("[ticket]\nverification = \"30d\"\n", "ticket.verification"),
        ("[ticket]\ninvitation = \"1h\"\n", "ticket.invitation"),
        ("[ticket]\ninvitation = \"365d\"\n", "ticket.invitation"),
        ("[ticket]\nnot_me = \"1h\"\n", "ticket.not_me"),
        ("[ticket]\nnot_me = \"365d\"\n", "ticket.not_me"),
        ("[http]\nheader_timeout = \"1h\"\n", "http.header_timeout"),
        ("[http]\nrequest_timeout = \"1h\"\n", "http.request_timeout"),
        ("[http]\nwrite_timeout = \"1h\"\n", "http.write_timeout"),
        ("[http]\nprovider_timeout = \"1h\"\n", "http.provider_timeout"),
        ("[http]\nconnections_per_address = 1000000\n", "http.connections_per_address"),
        ("[limit]\nsign_in_address = \"none\"\n", "limit.sign_in_address"),
        ("[limit]\nsign_in_overall = \"none\"\n", "limit.sign_in_overall"),
        ("[limit]\nmail_recipient = \"none\"\n", "limit.mail_recipient"),
        ("[limit]\nnotice_recipient = \"1000/1h\"\n", "limit.notice_recipient"),
        ("[limit]\nrecovery_unknown = \"1000/1m\"\n", "limit.recovery_unknown"),
        ("[log]\nfilter = \"off\"\n", "log.filter"),
        ("[log]\nfilter = \"error\"\n", "log.filter"),
        ("[log]\nfilter = \"wran\"\n", "log.filter"),
        ("[log]\nfilter = \"portcullis=off,warn\"\n", "log.filter"),
        ("[log]\nfilter = \"off,hyper=trace\"\n", "log.filter"),
        ("[log]\nfilter = \"[x]=trace\"\n", "log.filter"),
        ("[password]\nmax_failures = 1\n", "password.max_failures"),
        ("[password]\nmax_wait = \"1d\"\n", "password.max_wait"),
        ("[database]\nbusy_timeout = \"1d\"\n", "database.busy_timeout"),
        ("[http]\nshutdown_timeout = \"1d\"\n", "http.shutdown_timeout"),
        ("[sign_up]\ndomains = \"example.com\"\n", "sign_up.domains"),
        ("[limit]\nsign_in_address = \"4294967295/1s\"\n", "limit.sign_in_address"),
        ("[limit]\nsign_in_overall = \"1/1000d\"\n", "limit.sign_in_overall"),
    ];

    #[test]
    fn v5_0_0__13_2_6__weak_settings_of_a_public_site_are_reported() {
        let public = "mail.smtp_url = \"smtps://x\"\n[site]\nurl = \"https://id.example.com\"\n";
        assert_eq!(weak(""), [""; 0]);
        assert_eq!(weak("[password]\nmemory_kib = 8\n"), [""; 0], "this is for trying");
        assert_eq!(weak(public), [""; 0]);
        for (row, key) in WEAK {
            assert_eq!(weak(&format!("{public}{row}")), [*key], "{row}");
        }
        for row in [
            "[password]\nmemory_kib = 47104\niterations = 1\n",
            "[password]\nmemory_kib = 7168\niterations = 5\n",
            "[database]\nurl = \"postgres://db.example/x?sslmode=verify-full\"\n",
            "[database]\nurl = \"postgres://127.0.0.1/x\"\n",
            "[log]\nfilter = \"portcullis=debug,warn\"\n",
            "[log]\nfilter = \"warn,[x]=trace\"\n",
            "[audit]\nkeep = \"forever\"\n",
            "[http]\ntrusted_proxies = \"10.0.0.0/8 fc00::/7 104.16.0.0/13 2606:4700::/32 ::1\"\n",
        ] {
            assert_eq!(weak(&format!("{public}{row}")), [""; 0], "{row}");
        }
        assert_eq!(weak("[site]\nurl = \"https://id.example.com\"\n"), ["mail.smtp_url"]);
        let hasty = format!("mail.give_up_after = \"1s\"\n{public}");
        assert_eq!(weak(&hasty), ["mail.give_up_after"]);
    }
}
