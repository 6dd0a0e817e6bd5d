//! Every setting, its default, what it wants and what it is for: the one list behind reading, checking,
//! `config example` and the tables in `docs/`.

pub use super::example::example;
pub use super::provider_settings::PROVIDER_SETTINGS;
pub use super::setting::Setting;
use super::setting::{secret, setting};

/// The `wants` text of durations.
const DURATION: &str = "a duration like \"90s\", \"15m\", \"12h\" or \"7d\", of one second or more";

/// The `wants` text of rate limits.
const RATE: &str = "a number and a duration like \"10/1h\", or none";
const UNKNOWN: &str = "The same on one account by all browsers that it does not know.";

pub const SETTINGS: &[Setting] = &[
    setting("site.name", "Portcullis", "a text without <", "What the pages call this site."),
    setting(
        "site.url",
        "http://localhost:3000",
        "an https address without a path, or an http address on loopback",
        "Where people open the site. Redirect addresses are built from it, never from a header.",
    ),
    setting(
        "site.listen",
        "127.0.0.1:3000",
        "an IP address and a port, like 127.0.0.1:3000 or [::1]:3000",
        "Where the server listens.",
    ),
    setting("site.data", "portcullis-data", "a folder", "Holds the embedded database and the key."),
    secret(
        "site.key",
        "32 random octets as base64url (43 characters), or more such keys with spaces between",
        "Seals cookies and pending sign-ins. Made in site.data where none is set; replicas share one. Of several the first seals, and all open.",
    ),
    setting(
        "site.contact",
        "",
        "a text, such as an address",
        "Where people ask for help. Mails end with it.",
    ),
    secret(
        "database.url",
        "an address that begins with sqlite: or postgres:, with parameters that these know",
        "Empty: sqlite:portcullis.sqlite in site.data.",
    ),
    setting(
        "database.connections",
        "8",
        "a whole number from 1 to 1000",
        "The most connections to the database.",
    ),
    setting(
        "database.busy_timeout",
        "5s",
        DURATION,
        "How long a request waits for a connection or a lock before it answers 503.",
    ),
    setting(
        "database.durability",
        "full",
        "full or normal",
        "SQLite: full survives a power cut, normal the end of the process only.",
    ),
    setting("session.idle", "12h", DURATION, "A session ends when it was not seen for so long."),
    setting("session.absolute", "24h", DURATION, "A session ends so long after it began."),
    setting("session.remembered_idle", "7d", DURATION, "The same with \"Keep me signed in\"."),
    setting("session.remembered_absolute", "30d", DURATION, "The same with \"Keep me signed in\"."),
    setting(
        "session.reauthentication",
        "10m",
        DURATION,
        "Risky acts ask again who it is when that was proven longer ago.",
    ),
    setting(
        "session.most_per_user",
        "50",
        "a whole number from 1 to 1000",
        "One more ends the user's session that was not seen for the longest time.",
    ),
    setting(
        "sign_in.by_mail",
        "off",
        "off or on",
        "Whether people can sign in with a code or a link that is mailed to them.",
    ),
    setting(
        "sign_in.known_places",
        "100",
        "a whole number from 1 to 1000",
        "How many browsers, and how many networks, are kept as known to an account. One more replaces the one not used for the longest time.",
    ),
    setting("sign_up.mode", "open", "open, invited, domains or closed", "Who may sign up."),
    setting(
        "sign_up.domains",
        "",
        "domains with spaces between, like \"example.com example.org\"",
        "With sign_up.mode = \"domains\": what addresses end with.",
    ),
    setting(
        "sign_up.verification",
        "banner",
        "banner or required",
        "Whether the dashboard waits until the e-mail address is proven, or only says so. With domains it waits.",
    ),
    setting(
        "account.deletion_grace",
        "14d",
        DURATION,
        "How long a deleted account comes back by signing in.",
    ),
    setting(
        "account.unproven",
        "30d",
        DURATION,
        "An account whose address nobody proves goes so long after its sign-up, and after the longest session since it was last signed in to.",
    ),
    setting("ticket.verification", "1d", DURATION, "How long a link to confirm an address works."),
    setting("ticket.recovery", "30m", DURATION, "How long a link to choose a new password works."),
    setting(
        "ticket.not_me",
        "7d",
        DURATION,
        "How long a link that says \"this was not me\" works.",
    ),
    setting("ticket.invitation", "7d", DURATION, "How long an invitation works."),
    setting("ticket.sign_in", "10m", DURATION, "How long a link or a code to sign in works."),
    setting(
        "ticket.set_up",
        "1h",
        DURATION,
        "How long the link for the first administrator works.",
    ),
    setting(
        "admin.impersonation",
        "30m",
        DURATION,
        "How long an administrator uses the site as another user at most.",
    ),
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
        "Of new passwords, in characters. The most is 256.",
    ),
    setting(
        "password.memory_kib",
        "19456",
        "a whole number from 8 to 4194304, at least 8 for each of password.parallelism",
        "Argon2id m.",
    ),
    setting("password.iterations", "2", "a whole number from 1 to 1000", "Argon2id t."),
    setting("password.parallelism", "1", "a whole number from 1 to 64", "Argon2id p."),
    setting(
        "password.hashers",
        "0",
        "a whole number from 0 to 256",
        "Hashes at once; 0 is one for each core. Each takes password.memory_kib.",
    ),
    setting(
        "password.max_wait",
        "2s",
        DURATION,
        "When sign-ins wait longer than this for a hash, more are answered 503.",
    ),
    setting(
        "password.breached_filter",
        "",
        "a file that portcullis breach build has made",
        "Passwords that are refused, beside the common ones inside.",
    ),
    setting(
        "password.breached_range_url",
        "",
        "an https address that ends with /, or an http address on loopback",
        "Also asks there, by five digits of a SHA-1 hash. Its failure refuses nobody.",
    ),
    setting(
        "password.free_failures",
        "5",
        "a whole number from 1 to 50",
        "Wrong passwords in a row that cost no wait. From then on each doubles it, from one second.",
    ),
    setting(
        "password.max_delay",
        "15m",
        DURATION,
        "The longest of these waits. Browsers that the account knows don't wait.",
    ),
    setting(
        "password.max_failures",
        "100",
        "a whole number from 1 to 100",
        "Wrong passwords in a row that lock the password until a new one is chosen by mail.",
    ),
    setting(
        "http.body_limit",
        "65536",
        "a whole number from 1024 to 16777216",
        "The largest request body, in octets.",
    ),
    setting(
        "http.header_limit",
        "131072",
        "a whole number from 8192 to 1048576",
        "The largest request head, cookies included, in bytes.",
    ),
    setting("http.header_timeout", "10s", DURATION, "For a request's head to arrive."),
    setting("http.request_timeout", "30s", DURATION, "For a request to be answered."),
    setting("http.write_timeout", "30s", DURATION, "For a client to take more of a response."),
    setting("http.shutdown_timeout", "30s", DURATION, "For requests in flight when stopping."),
    setting(
        "http.connections",
        "0",
        "a whole number from 0 to 1000000",
        "The most connections at once; 0 is as many as the limit of open files leaves.",
    ),
    setting(
        "http.connections_per_address",
        "0",
        "a whole number from 0 to 1000000",
        "The most of one IP address (or IPv6 /64), trusted proxies excepted; 0 is a quarter of all, at most 256.",
    ),
    setting("http.provider_timeout", "5s", DURATION, "For a provider to answer."),
    setting(
        "http.provider_limit",
        "1048576",
        "a whole number from 1024 to 16777216",
        "The largest answer of a provider that is read, in octets.",
    ),
    setting(
        "http.trusted_proxies",
        "",
        "IP addresses and networks, no wider than 10.0.0.0/8 or fc00::/7, with spaces between",
        "The proxies whose http.forwarded_header names the client. Nobody else's counts.",
    ),
    setting(
        "http.forwarded_header",
        "x-forwarded-for",
        "\"x-forwarded-for\" or \"forwarded\"",
        "The header in which the proxies name the client. The other one is not read.",
    ),
    setting(
        "limit.sign_in_account",
        "none",
        RATE,
        "Sign-ins by password on one account, beside password.max_delay.",
    ),
    setting(
        "limit.sign_in_address",
        "100/10m",
        RATE,
        "Sign-ins by password or at a provider from one address, or one /64 of IPv6.",
    ),
    setting("limit.sign_in_overall", "10000/10m", RATE, "The same of all together."),
    setting("limit.sign_up_account", "5/1h", RATE, "Sign-ups with one e-mail address."),
    setting("limit.sign_up_address", "30/1h", RATE, "Sign-ups from one address."),
    setting("limit.sign_up_overall", "2000/1h", RATE, "Sign-ups of all together."),
    setting(
        "limit.recovery_account",
        "5/1h",
        RATE,
        "Requests for a new password of one account, by one browser that it knows or from one network.",
    ),
    setting("limit.recovery_address", "30/1h", RATE, "The same from one address."),
    setting("limit.recovery_overall", "2000/1h", RATE, "The same of all together."),
    setting("limit.recovery_unknown", "20/1h", RATE, UNKNOWN),
    setting("limit.verification_account", "20/1h", RATE, "Uses of mailed links of one account."),
    setting("limit.verification_address", "100/1h", RATE, "Uses of mailed links from one address."),
    setting("limit.verification_overall", "10000/1h", RATE, "The same of all together."),
    setting(
        "limit.resend_account",
        "5/1h",
        RATE,
        "Mails that one account asks for to confirm an address.",
    ),
    setting("limit.resend_address", "30/1h", RATE, "The same from one address."),
    setting("limit.resend_overall", "2000/1h", RATE, "The same of all together."),
    setting(
        "limit.mailed_sign_in_account",
        "5/1h",
        RATE,
        "Requests of one account to sign in by mail, by one browser that it knows or from one network.",
    ),
    setting("limit.mailed_sign_in_address", "30/1h", RATE, "The same from one address."),
    setting("limit.mailed_sign_in_overall", "2000/1h", RATE, "The same of all together."),
    setting("limit.mailed_sign_in_unknown", "20/1h", RATE, UNKNOWN),
    setting(
        "limit.code_account",
        "5/1d",
        RATE,
        "Tries of mailed codes on one account, by one browser that it knows or from one network, however \
         many are sent. A right one ends the count.",
    ),
    setting("limit.code_address", "30/1h", RATE, "The same from one address."),
    setting("limit.code_overall", "2000/1h", RATE, "The same of all together."),
    setting("limit.code_unknown", "20/1d", RATE, UNKNOWN),
    setting(
        "limit.mail_recipient",
        "10/1h",
        RATE,
        "Mails to one recipient that strangers can cause: sign-ups, changed addresses, invitations.",
    ),
    setting(
        "limit.notice_recipient",
        "10/1h",
        RATE,
        "Security notices to one recipient who has not verified the email address.",
    ),
    secret(
        "mail.smtp_url",
        "smtps://USER:PASSWORD@HOST, or smtp:// for STARTTLS and for this machine; in USER and PASSWORD \
         special characters are percent-encoded, such as %2F for /, %3F for ?, %23 for # and %25 for %",
        "The server that sends mail. Without one mails become files in site.data.",
    ),
    setting(
        "mail.ca_file",
        "",
        "a file of certificates in PEM",
        "Trusted for the mail server, instead of what the system trusts.",
    ),
    setting(
        "mail.from",
        "",
        "an address, or a name and an address like Gate <gate@example.com>",
        "Empty: site.name and no-reply at the host of site.url.",
    ),
    setting(
        "mail.templates",
        "",
        "a folder",
        "Its files stand in for the templates inside, by name.",
    ),
    setting(
        "mail.hello_name",
        "",
        "a host name, or an IP address",
        "The name in EHLO. Empty: the host of site.url.",
    ),
    setting(
        "mail.timeout",
        "60s",
        "a duration of 4m or less",
        "How long the handover of one mail may take, from the connection to the mail server's last reply.",
    ),
    setting(
        "mail.give_up_after",
        "1d",
        DURATION,
        "How long a mail is retried before it is given up.",
    ),
    setting("mail.keep", "30d", DURATION, "How long the outbox lists what was sent or given up."),
    setting("log.format", "text", "text or json", "One line an event either way."),
    setting("log.filter", "info", "a filter like info or portcullis=debug,warn", "What is logged."),
];

/// Finds the row of a full key like `site.url` or `social.github.client_id`.
#[must_use]
pub fn find(key: &str) -> Option<&'static Setting> {
    if let Some(rest) = key.strip_prefix("social.") {
        let (_, key) = rest.split_once('.')?;
        return PROVIDER_SETTINGS.iter().find(|it| it.key == key);
    }
    SETTINGS.iter().find(|it| it.key == key)
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
