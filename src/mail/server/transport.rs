//! Sends mails through an SMTP server, or into a folder for trying the app without one.

use std::path::{Path, PathBuf};

use super::smtp::Smtp;
use crate::server::Error;
use crate::server::config::Config;
use crate::server::files::{self, AtomicFile};

/// The destination of mails.
#[derive(Clone, Debug)]
pub enum Transport {
    Smtp(Box<Smtp>),
    /// The `mails` folder in the data folder.
    Folder(PathBuf),
}

impl Transport {
    pub fn open(config: &Config) -> Result<Self, Error> {
        let mail = &config.mail;
        match &mail.smtp {
            Some(smtp) => {
                Ok(Self::Smtp(Box::new(Smtp::new(smtp, &mail.hello_name, mail.timeout)?)))
            }
            None => Ok(Self::Folder(config.site.data.join("mails"))),
        }
    }

    /// Checks that the SMTP server accepts our sign-in. Succeeds if none is configured.
    pub async fn check(&self) -> Result<(), Error> {
        match self {
            Self::Smtp(smtp) => smtp.check().await,
            Self::Folder(_) => Ok(()),
        }
    }

    /// Sends a mail. `name` is the name of its file, without the extension.
    pub async fn send(&self, message: &lettre::Message, name: &str) -> Result<(), Error> {
        match self {
            Self::Smtp(smtp) => smtp.send(message).await?,
            Self::Folder(folder) => {
                let path = folder.join(format!("{name}.eml"));
                write(folder, &path, &message.formatted())?;
            }
        }
        Ok(())
    }
}

/// Writes a file whole or not at all.
fn write(folder: &Path, path: &Path, message: &[u8]) -> Result<(), Error> {
    files::create_folder(folder, 0o700)?;
    let mut draft = AtomicFile::private(path)?;
    draft.add(message)?;
    Ok(draft.replace()?)
}
