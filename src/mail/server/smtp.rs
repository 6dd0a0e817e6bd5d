//! One connection for each mail, and each step of it by itself: a refusal means something else at
//! each step, and all steps together end at one deadline, whatever the server does.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, MailParameter};
use tokio::time::{Instant, timeout, timeout_at};

use super::config::{Security, SmtpConfig};
use crate::server::Error;
use crate::server::config::ConfigError;
use crate::server::files::{self, FileError};

/// How long the server may take to say goodbye. By then the mail is sent, or it is not.
const GOODBYE: Duration = Duration::from_secs(2);

const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// An SMTP server, and how we reach it.
#[derive(Clone)]
pub struct Smtp {
    server: SmtpConfig,
    tls: Option<TlsParameters>,
    hello: ClientId,
    /// For all steps together.
    timeout: Duration,
}

impl fmt::Debug for Smtp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Smtp").field("server", &self.server).finish_non_exhaustive()
    }
}

impl Smtp {
    pub fn new(server: &SmtpConfig, hello_name: &str, timeout: Duration) -> Result<Self, Error> {
        let tls = match server.security {
            Security::Plain => None,
            Security::Tls | Security::StartTls => Some(tls(server)?),
        };
        Ok(Self { server: server.clone(), tls, hello: client_id(hello_name), timeout })
    }

    /// Connects and signs in, as before a mail.
    pub async fn check(&self) -> Result<(), Error> {
        let mut connection = self.connect(Instant::now() + self.timeout).await?;
        hang_up(&mut connection).await;
        Ok(())
    }

    /// Hands a mail over.
    pub async fn send(&self, message: &lettre::Message) -> Result<(), Error> {
        let deadline = Instant::now() + self.timeout;
        let mut connection = self.connect(deadline).await?;
        let sent = self.hand_over(&mut connection, message, deadline).await;
        hang_up(&mut connection).await;
        sent
    }

    async fn connect(&self, deadline: Instant) -> Result<AsyncSmtpConnection, Error> {
        let server = (self.server.host.as_str(), self.server.port);
        let (at_once, later) = match self.server.security {
            Security::StartTls => (None, self.tls.clone()),
            Security::Tls | Security::Plain => (self.tls.clone(), None),
        };
        let connecting = AsyncSmtpConnection::connect_tokio1(
            server,
            // A host may have many IP addresses: one that is silent must not keep the others from a try.
            Some(self.timeout / 4),
            &self.hello,
            at_once,
            None,
        );
        let mut connection = self.step("connection", deadline, connecting).await?;
        if let Some(tls) = later {
            self.step("STARTTLS", deadline, connection.starttls(tls, &self.hello)).await?;
        }
        if let Some((name, password)) = &self.server.credentials {
            let credentials = Credentials::new(name.clone(), password.expose().to_owned());
            self.step("AUTH", deadline, connection.auth(&MECHANISMS, &credentials)).await?;
        }
        Ok(connection)
    }

    /// From the sender on. What is refused from the recipient on is refused for this mail alone.
    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        message: &lettre::Message,
        deadline: Instant,
    ) -> Result<(), Error> {
        let envelope = message.envelope();
        let is_ascii = envelope.from().is_none_or(|it| it.to_string().is_ascii());
        // RFC 6531; a server without it refuses the command.
        let beyond = if is_ascii { Vec::new() } else { vec![MailParameter::SmtpUtfEight] };
        let sender = Mail::new(envelope.from().cloned(), beyond);
        self.step("MAIL", deadline, connection.command(sender)).await?;
        for recipient in envelope.to() {
            let recipient = Rcpt::new(recipient.clone(), Vec::new());
            let refused = self.step("RCPT", deadline, connection.command(recipient)).await;
            refused.map_err(of_this_mail)?;
        }
        self.step("DATA", deadline, connection.command(Data)).await.map_err(of_this_mail)?;
        let formatted = message.formatted();
        let taken = self.step("the mail", deadline, connection.message(&formatted)).await;
        taken.map(drop).map_err(of_this_mail)
    }

    async fn step<T>(
        &self,
        step: &'static str,
        deadline: Instant,
        doing: impl Future<Output = Result<T, SmtpError>>,
    ) -> Result<T, Error> {
        match timeout_at(deadline, doing).await {
            Ok(done) => done.map_err(|source| Error::Smtp { step, source }),
            Err(_) => Err(Error::SmtpTimeout { step, seconds: self.timeout.as_secs() }),
        }
    }
}

async fn hang_up(connection: &mut AsyncSmtpConnection) {
    // The mail's fate is known: a server that says no goodbye changes nothing.
    let _ = timeout(GOODBYE, connection.abort()).await;
}

/// Marks a permanent refusal as final, unless the server refuses us rather than the mail: then
/// mending the settings, or the domain's records, delivers it.
fn of_this_mail(error: Error) -> Error {
    match error {
        Error::Smtp { step, source } if source.is_permanent() && !is_about_us(&source) => {
            Error::MailRefused { step, source }
        }
        other => other,
    }
}

/// Replies about authentication (RFC 4954, section 6) and policy (RFC 3463, section 3.8), such as
/// "relay access denied" or a signature that is missing.
fn is_about_us(error: &SmtpError) -> bool {
    let code = error.status().map(u16::from);
    let text = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    matches!(code, Some(530 | 534 | 535 | 538)) || text.trim_start().starts_with("5.7.")
}

fn tls(server: &SmtpConfig) -> Result<TlsParameters, Error> {
    let mut tls = TlsParameters::builder(server.host.clone());
    if let Some(path) = &server.ca_file {
        let refuse = |why: String| {
            ConfigError(format!("mail.ca_file: {} can't be used: {why}", path.display()))
        };
        let unreadable = |it: FileError| ConfigError(format!("mail.ca_file: {}", it.line()));
        let pem = files::read(path).map_err(unreadable)?;
        let certificate = Certificate::from_pem(&pem).map_err(|it| refuse(it.to_string()))?;
        tls = tls.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    tls.build().map_err(|source| Error::Smtp { step: "TLS", source })
}

/// A host name, or an IP address as RFC 5321, section 4.1.3 writes it.
fn client_id(name: &str) -> ClientId {
    match name.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(ip)) => ClientId::Ipv4(ip),
        Ok(IpAddr::V6(ip)) => ClientId::Ipv6(ip),
        Err(_) => ClientId::Domain(name.to_owned()),
    }
}
