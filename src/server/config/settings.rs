//! Every setting, its default, what it accepts and what it is for: the one list behind reading, checking,
//! `config example` and the tables in `docs/`.

use super::account_settings::ACCOUNT_SETTINGS;
pub use super::example::example;
use super::limit_settings::LIMIT_SETTINGS;
pub use super::provider::PROVIDER_SETTINGS;
pub use super::setting::Setting;
use super::setting::{secret, setting};

pub(super) const fn duration(
    key: &'static str,
    default: &'static str,
    about: &'static str,
) -> Setting {
    let wants = "a duration like \"90s\", \"15m\", \"12h\" or \"7d\", of one second or more";
    setting(key, default, wants, about)
}

/// Returns all settings but those of providers.
pub fn all() -> impl Iterator<Item = &'static Setting> {
    SETTINGS.iter().chain(ACCOUNT_SETTINGS).chain(LIMIT_SETTINGS)
}

const SETTINGS: &[Setting] = &[
    setting(
        "profile",
        "default",
        "default, asvs-l2 or aal3",
        "Sets every limit of a standard: OWASP ASVS 5.0 level 2, or NIST SP 800-63B-4 AAL3. A setting of your own wins; `portcullis doctor` compares.",
    ),
    setting("site.name", "Portcullis", "text without <", "The site's name on pages and in mails."),
    setting(
        "site.url",
        "http://localhost:3000",
        "an https URL without a path, or an http URL on loopback",
        "The URL that users open. Redirect URLs are built from it, never from a header.",
    ),
    setting(
        "site.listen",
        "127.0.0.1:3000",
        "an IP address and a port, like 127.0.0.1:3000 or [::1]:3000",
        "The IP address and port that the server listens on.",
    ),
    setting("site.data", "portcullis-data", "a folder", "Holds the embedded database and the key."),
    secret(
        "site.key",
        "32 random bytes as base64url (43 characters), or several such keys separated by spaces",
        "Encrypts cookies, pending sign-ins and queued mails. If empty, a key is created in site.data; replicas share one. The first key encrypts, all keys decrypt.",
    ),
    setting(
        "site.contact",
        "",
        "text, such as an email address",
        "Where users can ask for help. Mails end with it.",
    ),
    secret(
        "database.url",
        "a URL that begins with sqlite: or postgres: and has only supported parameters",
        "The database. If empty: sqlite:portcullis.sqlite in site.data.",
    ),
    setting(
        "database.connections",
        "8",
        "a whole number from 1 to 1000",
        "The maximum number of connections to the database.",
    ),
    duration(
        "database.busy_timeout",
        "5s",
        "How long a request waits for a connection or a lock before it fails with 503.",
    ),
    setting(
        "database.durability",
        "full",
        "full or normal",
        "SQLite: with full, writes survive a power cut; with normal, only the end of the process.",
    ),
    duration("session.idle", "12h", "A session ends after this time without a request."),
    duration("session.absolute", "24h", "A session ends this long after it began."),
    duration("session.remembered_idle", "7d", "Like session.idle, with \"Keep me signed in\"."),
    duration(
        "session.remembered_absolute",
        "30d",
        "Like session.absolute, with \"Keep me signed in\".",
    ),
    duration(
        "session.reauthentication",
        "10m",
        "Risky actions require users to confirm their identity if they last did so longer ago than this.",
    ),
    setting(
        "session.most_per_user",
        "50",
        "a whole number from 1 to 1000",
        "The maximum number of sessions per user. A new one ends the one unused for the longest time.",
    ),
    setting(
        "sign_in.by_mail",
        "off",
        "off or on",
        "Whether users can sign in with a mailed code or link.",
    ),
    setting(
        "sign_in.known_places",
        "100",
        "a whole number from 1 to 1000",
        "How many browsers, and how many networks, an account remembers. A new one replaces the one unused for the longest time.",
    ),
    setting(
        "second_factor.require",
        "none",
        "none, administrators, roles or everyone",
        "The users who must have a second factor. A user who has one always needs it to sign in.",
    ),
    setting(
        "second_factor.roles",
        "",
        "names of roles separated by spaces, like \"support billing\"",
        "With second_factor.require = \"roles\": the roles whose users need a second factor.",
    ),
    setting(
        "second_factor.grace",
        "7d",
        "a duration like \"12h\" or \"7d\", or none",
        "How long users can sign in without a required second factor, from their first sign-in under the policy. With none, they set one up at that sign-in.",
    ),
    setting(
        "second_factor.accept",
        "any",
        "any, passkeys or device-bound-passkeys",
        "The second factors that count. With passkeys, no codes do; with device-bound-passkeys, only passkeys that can't be copied, such as those on security keys.",
    ),
    setting(
        "second_factor.by_mail",
        "off",
        "off or on",
        "Whether a mailed code can replace a second factor. It is weaker: access to the mailbox is enough.",
    ),
    setting(
        "second_factor.trust",
        "30d",
        "a duration like \"12h\" or \"30d\", or none",
        "How long signing in needs no second factor in a browser that the user trusts.",
    ),
    setting(
        "second_factor.recovery_wait",
        "24h",
        "a duration like \"12h\" or \"30d\", or none",
        "How long a user who lost all second factors waits until a mailed link removes them. With none, only administrators remove them.",
    ),
    setting(
        "totp.drift",
        "1",
        "0 or 1",
        "The accepted clock drift of authenticator apps, in steps of 30 seconds. 0 accepts only the current code.",
    ),
    setting(
        "totp.most_per_user",
        "10",
        "a whole number from 1 to 100",
        "The maximum number of authenticator apps per user.",
    ),
    setting(
        "passkey.related_origins",
        "",
        "https origins separated by spaces, like \"https://example.org https://example.net\"",
        "Other origins of yours whose pages may ask for this site's passkeys. They can sign in as its users, so list only origins that you control. /.well-known/webauthn publishes them.",
    ),
    setting(
        "passkey.automatic",
        "on",
        "off or on",
        "Whether a browser or password manager that supports it may create a passkey automatically after a sign-in with a password.",
    ),
    setting(
        "passkey.most_per_user",
        "20",
        "a whole number from 1 to 100",
        "The maximum number of passkeys per user.",
    ),
    duration("ticket.verification", "1d", "How long a link to verify an email address works."),
    duration("ticket.recovery", "30m", "How long a link to reset a password works."),
    duration("ticket.not_me", "7d", "How long a link that secures an account works."),
    duration("ticket.invitation", "7d", "How long an invitation works."),
    duration("ticket.sign_in", "10m", "How long a mailed code or link to sign in works."),
    duration("ticket.set_up", "1h", "How long the link for the first administrator works."),
    duration("admin.impersonation", "30m", "The maximum duration of an impersonation."),
    setting(
        "audit.keep",
        "365d",
        "a duration like \"365d\", or forever",
        "How long events stay in the audit log.",
    ),
    setting(
        "password.min_length",
        "15",
        "a whole number from 8 to 128",
        "The minimum length of new passwords, in characters. The maximum is 256.",
    ),
    setting(
        "password.memory_kib",
        "19456",
        "a whole number from 8 to 4194304, at least 8 times password.parallelism",
        "Argon2id memory (m), in KiB.",
    ),
    setting(
        "password.iterations",
        "2",
        "a whole number from 1 to 1000",
        "Argon2id iterations (t).",
    ),
    setting(
        "password.parallelism",
        "1",
        "a whole number from 1 to 64",
        "Argon2id parallelism (p).",
    ),
    setting(
        "password.hashers",
        "0",
        "a whole number from 0 to 256",
        "The maximum number of concurrent hashes; 0 is one per core. Each uses password.memory_kib.",
    ),
    duration(
        "password.max_wait",
        "2s",
        "While sign-ins wait longer than this for a hash, further ones get 503.",
    ),
    setting(
        "password.context_words",
        "",
        "words separated by spaces, like \"acme rocket\"",
        "Names of products, departments and systems. A new password of only such words, the site's and the user's is rejected.",
    ),
    setting(
        "password.breached_filter",
        "",
        "a file created by `portcullis breach build`",
        "Passwords to reject, in addition to the built-in common ones.",
    ),
    setting(
        "password.breached_range_url",
        "",
        "an https URL that ends with /, or an http URL on loopback",
        "Also checks new passwords there, by five digits of a SHA-1 hash. If that fails, the password is accepted.",
    ),
    setting(
        "password.free_failures",
        "5",
        "a whole number from 1 to 50",
        "Consecutive wrong passwords without a delay. Each further one doubles the delay, from one second.",
    ),
    duration(
        "password.max_delay",
        "15m",
        "The longest delay after wrong passwords. Browsers that the account knows have none.",
    ),
    setting(
        "password.max_failures",
        "100",
        "a whole number from 1 to 100",
        "Consecutive wrong passwords that lock the password until it is reset by email.",
    ),
    setting(
        "http.body_limit",
        "65536",
        "a whole number from 1024 to 16777216",
        "The largest request body, in bytes.",
    ),
    setting(
        "http.header_limit",
        "131072",
        "a whole number from 8192 to 1048576",
        "The largest request head, cookies included, in bytes.",
    ),
    duration("http.header_timeout", "10s", "How long a request's head may take to arrive."),
    duration("http.request_timeout", "30s", "How long a request may take."),
    duration("http.write_timeout", "30s", "How long a client may take to read more of a response."),
    duration("http.shutdown_timeout", "30s", "How long requests in flight may take at shutdown."),
    setting(
        "http.connections",
        "0",
        "a whole number from 0 to 1000000",
        "The maximum number of connections; 0 is as many as the limit of open files allows.",
    ),
    setting(
        "http.connections_per_address",
        "0",
        "a whole number from 0 to 1000000",
        "The maximum number of connections per IP address (or IPv6 /64), trusted proxies excepted; 0 is a quarter of all, at most 256.",
    ),
    duration("http.provider_timeout", "5s", "How long a request to a provider may take."),
    setting(
        "http.provider_limit",
        "1048576",
        "a whole number from 1024 to 16777216",
        "The largest response of a provider, in bytes.",
    ),
    setting(
        "http.trusted_proxies",
        "",
        "IP addresses and networks separated by spaces, no wider than 10.0.0.0/8 or fc00::/7",
        "The proxies whose http.forwarded_header is trusted to name the client.",
    ),
    setting(
        "http.forwarded_header",
        "x-forwarded-for",
        "\"x-forwarded-for\" or \"forwarded\"",
        "The header in which the proxies name the client. The other one is ignored.",
    ),
    secret(
        "mail.smtp_url",
        "smtps://USER:PASSWORD@HOST, or smtp:// for STARTTLS or a server on this machine; in USER and PASSWORD special characters are percent-encoded, such as %2F for /, %3F for ?, %23 for # and %25 for %",
        "The server that sends mail. If empty, mails become files in site.data.",
    ),
    setting(
        "mail.ca_file",
        "",
        "a file of PEM certificates",
        "Trusted for the mail server, instead of the system's certificates.",
    ),
    setting(
        "mail.from",
        "",
        "an email address, or a name and an email address like Gate <gate@example.com>",
        "The sender. If empty: site.name and no-reply at the host of site.url.",
    ),
    setting(
        "mail.templates",
        "",
        "a folder",
        "Its files replace the built-in templates of the same name.",
    ),
    setting(
        "mail.hello_name",
        "",
        "a host name or an IP address",
        "The name in EHLO. If empty: the host of site.url.",
    ),
    setting(
        "mail.timeout",
        "60s",
        "a duration of 4m or less",
        "How long the handover of one mail may take, from the connection to the mail server's last reply.",
    ),
    duration("mail.give_up_after", "1d", "How long a mail is retried before it is given up."),
    duration("mail.keep", "30d", "How long the outbox lists mails that were sent or given up."),
    setting("log.format", "text", "text or json", "The format of the log's lines."),
    setting(
        "log.filter",
        "info",
        "a filter like info or portcullis=debug,warn",
        "Which events are logged.",
    ),
];

/// Finds the row of a full key like `site.url` or `social.github.client_id`.
#[must_use]
pub fn find(key: &str) -> Option<&'static Setting> {
    if let Some(rest) = key.strip_prefix("social.") {
        let (_, key) = rest.split_once('.')?;
        return PROVIDER_SETTINGS.iter().find(|it| it.key == key);
    }
    all().find(|it| it.key == key)
}

/// Returns the NAME in a provider's key.
#[must_use]
pub fn provider_name(key: &str) -> Option<&str> {
    key.strip_prefix("social.")?.split_once('.').map(|(name, _)| name)
}

/// Returns whether a text can be a provider's name, which is part of a URL and of a variable's name.
#[must_use]
pub fn is_provider_name(name: &str) -> bool {
    (1..=32).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}
