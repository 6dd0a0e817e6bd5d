//! Sends each mail over its own connection, step by step: a refusal means something different at each step.
//! All steps together end at one deadline, whatever the server does.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, AsyncTokioStream, Certificate, CertificateStore, TlsParameters,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, MailParameter};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};

use super::wire::{GuardedStream, Tls};
use crate::server::Error;
use crate::server::config::ConfigError;
use crate::server::config::mail::{Security, SmtpConfig};
use crate::server::files::{self, FileError};

/// The time limit for the server's goodbye. By then the mail is sent or refused.
const GOODBYE: Duration = Duration::from_secs(2);

/// The reply to DATA that accepts the start of the mail (RFC 5321, section 4.3.2).
const START_MAIL_INPUT: u16 = 354;

/// The reply to AUTH that accepts our sign-in (RFC 4954, section 4).
const AUTH_SUCCEEDED: u16 = 235;

const MECHANISMS: [Mechanism; 2] = [Mechanism::Plain, Mechanism::Login];

/// An SMTP server, and the settings to reach it.
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

    /// Connects and signs in, as before sending a mail.
    pub async fn check(&self) -> Result<(), Error> {
        let mut connection = self.connect(Instant::now() + self.timeout).await?;
        hang_up(&mut connection).await;
        Ok(())
    }

    /// Sends a mail.
    pub async fn send(&self, message: &lettre::Message) -> Result<(), Error> {
        let deadline = Instant::now() + self.timeout;
        let mut connection = self.connect(deadline).await?;
        let sent = self.transmit(&mut connection, message, deadline).await;
        hang_up(&mut connection).await;
        sent
    }

    async fn connect(&self, deadline: Instant) -> Result<AsyncSmtpConnection, Error> {
        let dialled = timeout_at(deadline, self.dial()).await;
        let wire = GuardedStream::new(dialled.map_err(|_| self.timed_out("connection"))??);
        let is_later = self.server.security == Security::StartTls;
        let stream: Box<dyn AsyncTokioStream> = match self.tls.clone().filter(|_| !is_later) {
            Some(tls) => Box::new(self.step("TLS", deadline, Tls::begin(wire, tls)).await?),
            None => Box::new(wire),
        };
        let greeted = AsyncSmtpConnection::connect_with_transport(stream, &self.hello);
        let mut connection = self.step("connection", deadline, greeted).await?;
        if let Some(tls) = self.tls.clone().filter(|_| is_later) {
            self.step("STARTTLS", deadline, connection.starttls(tls, &self.hello)).await?;
        }
        if let Some((name, password)) = &self.server.credentials {
            let credentials = Credentials::new(name.clone(), password.expose().to_owned());
            let auth = connection.auth(&MECHANISMS, &credentials);
            self.step("AUTH", deadline, auth).await.map_err(without_reply_text)?;
        }
        Ok(connection)
    }

    /// Returns the time limit for each IP address of the host: one without a reply must not block the others.
    fn time_limit(&self) -> Duration {
        self.timeout / 4
    }

    async fn dial(&self) -> Result<TcpStream, Error> {
        let host = (self.server.host.as_str(), self.server.port);
        let mut last = std::io::ErrorKind::AddrNotAvailable.into();
        for address in tokio::net::lookup_host(host).await.map_err(Error::SmtpUnreachable)? {
            match timeout(self.time_limit(), TcpStream::connect(address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = error,
                Err(_) => last = std::io::ErrorKind::TimedOut.into(),
            }
        }
        Err(Error::SmtpUnreachable(last))
    }

    const fn timed_out(&self, step: &'static str) -> Error {
        Error::SmtpTimeout { step, seconds: self.timeout.as_secs() }
    }

    /// Sends the envelope and the mail. A refusal from the recipient on concerns this mail alone.
    async fn transmit(
        &self,
        connection: &mut AsyncSmtpConnection,
        message: &lettre::Message,
        deadline: Instant,
    ) -> Result<(), Error> {
        let envelope = message.envelope();
        let is_ascii = envelope.from().is_none_or(|it| it.to_string().is_ascii());
        // RFC 6531. A server without it refuses the command.
        let parameters = if is_ascii { Vec::new() } else { vec![MailParameter::SmtpUtfEight] };
        let sender = Mail::new(envelope.from().cloned(), parameters);
        self.step("MAIL", deadline, connection.command(sender)).await?;
        for recipient in envelope.to() {
            let recipient = Rcpt::new(recipient.clone(), Vec::new());
            let refused = self.step("RCPT", deadline, connection.command(recipient)).await;
            refused.map_err(as_mail_refusal)?;
        }
        let data = self.step("DATA", deadline, connection.command(Data)).await;
        let code = u16::from(data.map_err(as_mail_refusal)?.code());
        if code != START_MAIL_INPUT {
            return Err(Error::SmtpReply { step: "DATA", code, expected: START_MAIL_INPUT });
        }
        let formatted = message.formatted();
        let taken = self.step("the mail", deadline, connection.message(&formatted)).await;
        taken.map(drop).map_err(as_mail_refusal)
    }

    async fn step<T>(
        &self,
        step: &'static str,
        deadline: Instant,
        doing: impl Future<Output = Result<T, SmtpError>>,
    ) -> Result<T, Error> {
        match timeout_at(deadline, doing).await {
            Ok(done) => done.map_err(|source| Error::Smtp { step, source }),
            Err(_) => Err(self.timed_out(step)),
        }
    }
}

async fn hang_up(connection: &mut AsyncSmtpConnection) {
    // The mail is already sent or refused, so a missing goodbye changes nothing.
    let _ = timeout(GOODBYE, connection.abort()).await;
}

/// Removes the reply's text: a server may repeat what it received, including the password.
fn without_reply_text(error: Error) -> Error {
    match error {
        Error::Smtp { step, source } => match source.status() {
            Some(code) => Error::SmtpReply { step, code: code.into(), expected: AUTH_SUCCEEDED },
            None => Error::Smtp { step, source },
        },
        other => other,
    }
}

/// Marks a permanent refusal as final, unless the server refuses us rather than the mail: then fixing the
/// settings, or the domain's records, delivers it.
fn as_mail_refusal(error: Error) -> Error {
    match error {
        Error::Smtp { step, source } if source.is_permanent() && !concerns_sender(&source) => {
            Error::MailRefused { step, source }
        }
        other => other,
    }
}

/// Returns whether a reply concerns us: authentication (RFC 4954, section 6), a missing signature (RFC 7372),
/// relaying, or commands that the server does not accept from us now (RFC 5321, section 4.2.2). Other policy
/// replies (RFC 3463, section 3.8) concern the recipient or the mail.
fn concerns_sender(error: &SmtpError) -> bool {
    const ENHANCED: [&str; 11] = [
        "5.7.0 ", "5.7.3 ", "5.7.8 ", "5.7.9 ", "5.7.20 ", "5.7.21 ", "5.7.22 ", "5.7.23 ",
        "5.7.24 ", "5.7.25 ", "5.7.26 ",
    ];
    let code = error.status().map(u16::from);
    let text = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    let text = text.trim_start();
    matches!(code, Some(500 | 502 | 503 | 530 | 534 | 535 | 538))
        || ENHANCED.iter().any(|it| text.starts_with(it))
        || text.to_ascii_lowercase().contains("relay")
}

fn tls(server: &SmtpConfig) -> Result<TlsParameters, Error> {
    let mut tls = TlsParameters::builder(server.host.clone());
    if let Some(path) = &server.ca_file {
        let refuse = |why: String| {
            ConfigError(format!("mail.ca_file: {} can't be used: {why}", path.display()))
        };
        let unreadable = |it: FileError| ConfigError(format!("mail.ca_file: {}", it.chain()));
        let pem = files::read(path).map_err(unreadable)?;
        let certificate = Certificate::from_pem(&pem).map_err(|it| refuse(it.to_string()))?;
        tls = tls.certificate_store(CertificateStore::None).add_root_certificate(certificate);
    }
    tls.build().map_err(|source| Error::Smtp { step: "TLS", source })
}

/// Parses a host name, or an IP address as RFC 5321, section 4.1.3 writes it.
fn client_id(name: &str) -> ClientId {
    match name.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(ip)) => ClientId::Ipv4(ip),
        Ok(IpAddr::V6(ip)) => ClientId::Ipv6(ip),
        Err(_) => ClientId::Domain(name.to_owned()),
    }
}
