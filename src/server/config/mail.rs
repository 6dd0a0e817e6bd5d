//! The mail settings.

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;
use url::{Host, Url};

use crate::secret::Secret;
use crate::server::config::{ConfigError, RawConfig, SiteConfig};
use crate::server::provider_http::is_loopback;

/// How mail is sent.
#[derive(Clone, Debug)]
pub struct MailConfig {
    /// If `None`, mails become files in the data folder.
    pub smtp: Option<SmtpConfig>,
    pub from: Mailbox,
    /// Templates that replace the built-in ones.
    pub templates: Option<PathBuf>,
    /// Our name in EHLO (RFC 5321, section 4.1.1.1).
    pub hello_name: String,
    /// The time limit for handing over one mail, from the connection to the server's last reply.
    pub timeout: Duration,
    pub give_up_after: Duration,
    /// How long the outbox lists mail that was sent or given up.
    pub keep: Duration,
}

/// The server that accepts our mail.
#[derive(Clone, Debug)]
pub struct SmtpConfig {
    pub host: String,
    pub port: u16,
    pub security: Security,
    /// User name and password.
    pub credentials: Option<(String, Secret)>,
    /// PEM certificates that are trusted instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// How the connection is encrypted. There is no opportunistic mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// TLS from the first byte (RFC 8314, section 3.3).
    Tls,
    /// STARTTLS before anything else (RFC 3207). Without TLS nothing is sent.
    StartTls,
    /// No encryption; only for a server on this machine.
    Plain,
}

/// Reads the settings that begin with `mail.`.
pub fn read(raw: &RawConfig, site: &SiteConfig) -> Result<MailConfig, ConfigError> {
    let host = site.url.host_str().unwrap_or("localhost");
    let from = match raw.text("mail.from") {
        "" => {
            let address = format!("no-reply@{host}").parse();
            let address = address.map_err(|_| raw.refuse("mail.from"))?;
            Mailbox::new(Some(site.name.clone()), address)
        }
        text => text.parse().map_err(|_| raw.refuse("mail.from"))?,
    };
    let folder = raw.text("mail.templates");
    Ok(MailConfig {
        smtp: smtp(raw)?,
        from,
        templates: (!folder.is_empty()).then(|| folder.into()),
        hello_name: hello_name(raw, host)?,
        timeout: timeout(raw)?,
        give_up_after: raw.duration("mail.give_up_after")?,
        keep: raw.duration("mail.keep")?,
    })
}

/// The longest allowed `mail.timeout`.
pub const MAX_TIMEOUT: Duration = Duration::from_mins(4);

fn timeout(raw: &RawConfig) -> Result<Duration, ConfigError> {
    let timeout = raw.duration("mail.timeout")?;
    Some(timeout).filter(|it| *it <= MAX_TIMEOUT).ok_or_else(|| raw.refuse("mail.timeout"))
}

fn hello_name(raw: &RawConfig, site: &str) -> Result<String, ConfigError> {
    let text = match raw.text("mail.hello_name") {
        "" => site,
        text => text,
    };
    let host = Host::parse(text).map_err(|_| raw.refuse("mail.hello_name"))?;
    Ok(host.to_string())
}

fn smtp(raw: &RawConfig) -> Result<Option<SmtpConfig>, ConfigError> {
    let text = raw.text("mail.smtp_url");
    if text.is_empty() {
        return Ok(None);
    }
    let refuse = || raw.refuse("mail.smtp_url");
    let url = Url::parse(text).map_err(|_| refuse())?;
    let is_bare =
        matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    let host = url.host_str().filter(|it| is_bare && !it.is_empty()).ok_or_else(refuse)?;
    // The URL's scheme is not one of the web's, so its host is unparsed text.
    let host = Host::parse(host).map_err(|_| refuse())?;
    let is_local = is_loopback_host(&host);
    let (security, port) = match url.scheme() {
        "smtps" => (Security::Tls, 465),
        "smtp" if is_local => (Security::Plain, 25),
        "smtp" => (Security::StartTls, 587),
        _ => return Err(refuse()),
    };
    let decode = |text: &str| {
        let text = percent_encoding::percent_decode_str(text).decode_utf8();
        text.map(std::borrow::Cow::into_owned).map_err(|_| refuse())
    };
    let credentials = match (url.username(), url.password()) {
        ("", None) => None,
        (name, Some(password)) if !name.is_empty() => {
            Some((decode(name)?, decode(password)?.into()))
        }
        _ => return Err(refuse()),
    };
    let ca_file = raw.text("mail.ca_file");
    Ok(Some(SmtpConfig {
        host: host.to_string().trim_matches(['[', ']']).to_owned(),
        port: url.port().unwrap_or(port),
        security,
        credentials,
        ca_file: (!ca_file.is_empty()).then(|| ca_file.into()),
    }))
}

fn is_loopback_host(host: &Host) -> bool {
    Url::parse(&format!("http://{host}/")).is_ok_and(|it| is_loopback(&it))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Config;

    fn read(toml: &str) -> Result<MailConfig, String> {
        let mut raw = RawConfig::default();
        raw.add_file("test", toml).map_err(|it| it.to_string())?;
        Config::from_raw(&raw).map(|it| it.mail).map_err(|it| it.to_string())
    }

    fn smtp(url: &str) -> Result<SmtpConfig, String> {
        Ok(read(&format!("[mail]\nsmtp_url = \"{url}\"\n"))?.smtp.unwrap())
    }

    #[test]
    fn v5_0_0__12_3_1__only_loopback_is_used_without_tls() {
        for (url, security, port) in [
            ("smtps://mail.example.com", Security::Tls, 465),
            ("smtp://mail.example.com", Security::StartTls, 587),
            ("smtp://mail.example.com:25", Security::StartTls, 25),
            ("smtp://192.0.2.1", Security::StartTls, 587),
            ("smtp://127.0.0.1:2525", Security::Plain, 2525),
            ("smtp://[::1]:2525", Security::Plain, 2525),
            ("smtp://localhost", Security::Plain, 25),
            ("smtps://localhost:2465", Security::Tls, 2465),
        ] {
            let config = smtp(url).unwrap();
            assert_eq!((config.security, config.port), (security, port), "{url}");
        }
        let named = smtp("smtps://ada:p%40ss@mail.example.com").unwrap();
        let (name, password) = named.credentials.unwrap();
        assert_eq!((name.as_str(), password.expose()), ("ada", "p@ss"));
    }

    #[test]
    fn an_invalid_smtp_url_is_refused_and_not_shown() {
        for url in [
            "mail.example.com",
            "http://mail.example.com",
            "smtps://",
            "smtps://x/path",
            "smtps://ada@x",
            "smtps://:hunter2@x",
            "smtps://x?tls=none",
            "smtp://exa mple",
            "smtps://ada:hunter2/x@mail.example.com",
            "smtps://ada:hunter2#x@mail.example.com",
            "smtps://ada:hunter2?x@mail.example.com",
            "smtps://ada:hunter2%ff@mail.example.com",
        ] {
            let error = smtp(url).unwrap_err();
            assert!(error.starts_with("mail.smtp_url (test line 2) must be "), "{url}: {error}");
            assert!(!error.contains("hunter2"), "{error}");
            // The hint about special characters in a password.
            assert!(error.contains("%2F for /"), "{error}");
        }
    }

    #[test]
    fn every_character_of_a_password_can_be_written() {
        for (written, password) in [
            ("%2F%3F%23%40%3A%25%20%5B", "/?#@:% ["),
            ("100%25", "100%"),
            ("p@ss:word", "p@ss:word"),
            ("%C3%A9", "é"),
        ] {
            let (_, read) =
                smtp(&format!("smtps://ada:{written}@x.example")).unwrap().credentials.unwrap();
            assert_eq!(read.expose(), password, "{written}");
        }
    }

    #[test]
    fn the_hello_name_defaults_to_the_host_of_the_site() {
        let name = |toml: &str| read(toml).map(|it| it.hello_name);
        let site = "[site]\nurl = \"https://id.example.com\"\n";
        assert_eq!(name(site).unwrap(), "id.example.com");
        for (written, expected) in [
            ("mx.example.com", "mx.example.com"),
            ("192.0.2.7", "192.0.2.7"),
            ("[2001:db8::7]", "[2001:db8::7]"),
        ] {
            let own = format!("{site}[mail]\nhello_name = \"{written}\"\n");
            assert_eq!(name(&own).unwrap(), expected);
        }
        for wrong in ["two words", "x\\u000ay", "a/b"] {
            let own = format!("{site}[mail]\nhello_name = \"{wrong}\"\n");
            assert!(name(&own).unwrap_err().starts_with("mail.hello_name "), "{wrong}");
        }
    }

    #[test]
    fn a_mail_timeout_longer_than_a_claim_allows_is_refused() {
        assert_eq!(read("[mail]\ntimeout = \"4m\"\n").unwrap().timeout, MAX_TIMEOUT);
        let error = read("[mail]\ntimeout = \"5m\"\n").unwrap_err();
        assert!(error.starts_with("mail.timeout (test line 2) must be "), "{error}");
    }

    #[test]
    fn the_sender_defaults_to_the_site() {
        let config = read("[site]\nname = \"Gate\"\nurl = \"https://id.example.com\"\n").unwrap();
        assert_eq!(config.from.to_string(), "Gate <no-reply@id.example.com>");
        let config = read("[mail]\nfrom = \"Help Desk <help@example.com>\"\n").unwrap();
        assert_eq!(config.from.email.to_string(), "help@example.com");
        assert!(read("[mail]\nfrom = \"help\"\n").unwrap_err().starts_with("mail.from (test"));
    }
}
