//! The two ways out: an SMTP server, or a folder for those who try the app without one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};

use super::config::{Security, SmtpConfig};
use crate::server::Error;
use crate::server::config::{Config, ConfigError};
use crate::server::files::{self, Draft, FileError};

/// Where mails go.
#[derive(Clone, Debug)]
pub enum Transport {
    Smtp(AsyncSmtpTransport<Tokio1Executor>),
    /// The folder `mails` of the data folder.
    Folder(PathBuf),
}

impl Transport {
    pub fn open(config: &Config) -> Result<Self, Error> {
        let mail = &config.mail;
        match &mail.smtp {
            Some(smtp) => Ok(Self::Smtp(connect(smtp, mail.timeout)?)),
            None => Ok(Self::Folder(config.site.data.join("mails"))),
        }
    }

    /// Whether an SMTP server lets us in, or none is asked; else why not.
    pub async fn check(&self) -> Result<(), Error> {
        if let Self::Smtp(smtp) = self
            && !smtp.test_connection().await?
        {
            return Err(Error::Mail("the mail server hung up".into()));
        }
        Ok(())
    }

    /// Hands a mail over. `name` begins the name of a file.
    pub async fn send(&self, message: &lettre::Message, name: &str) -> Result<(), Error> {
        match self {
            Self::Smtp(smtp) => {
                smtp.send(message.clone()).await?;
            }
            Self::Folder(folder) => {
                let path = folder.join(format!("{name}.eml"));
                write(folder, &path, &message.formatted())?;
            }
        }
        Ok(())
    }
}

fn connect(
    config: &SmtpConfig,
    timeout: Duration,
) -> Result<AsyncSmtpTransport<Tokio1Executor>, Error> {
    let tls = || -> Result<TlsParameters, Error> {
        let mut tls = TlsParameters::builder(config.host.clone());
        if let Some(path) = &config.ca_file {
            let refuse = |why: String| {
                ConfigError(format!("mail.ca_file: {} can't be used: {why}", path.display()))
            };
            let unreadable = |it: FileError| ConfigError(format!("mail.ca_file: {}", it.line()));
            let pem = files::read(path).map_err(unreadable)?;
            let certificate = Certificate::from_pem(&pem).map_err(|it| refuse(it.to_string()))?;
            tls = tls.certificate_store(CertificateStore::None).add_root_certificate(certificate);
        }
        Ok(tls.build()?)
    };
    let security = match config.security {
        Security::Tls => Tls::Wrapper(tls()?),
        Security::StartTls => Tls::Required(tls()?),
        Security::Plain => Tls::None,
    };
    let mut smtp = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(config.host.clone())
        .port(config.port)
        .tls(security)
        .timeout(Some(timeout));
    if let Some((name, password)) = &config.credentials {
        let password = password.expose().to_owned();
        smtp = smtp.credentials(Credentials::new(name.clone(), password));
    }
    Ok(smtp.build())
}

fn write(folder: &Path, path: &Path, message: &[u8]) -> Result<(), Error> {
    files::create_folder(folder, 0o700)?;
    let mut draft = Draft::private(path)?;
    draft.add(message)?;
    Ok(draft.replace()?)
}
