//! A real SMTP server (`scripts/smtp-server`) that a test starts, kills and starts again.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::app::Folder;
use super::mailbox::{self, ReceivedMail};
use super::process::free_port;

#[derive(Debug)]
pub struct Smtp {
    pub port: u16,
    inbox: Folder,
    certificate: Option<[String; 2]>,
    child: Option<Child>,
}

impl Smtp {
    /// Chooses a free port; the server is not started yet.
    pub fn new() -> Self {
        Self { port: free_port(), inbox: Folder::new(), certificate: None, child: None }
    }

    /// Creates a server with a certificate for `localhost`; also returns the file to trust it by.
    pub fn with_tls(folder: &Path) -> (Self, String) {
        let path = |name: &str| folder.join(name).display().to_string();
        let (certificate, key) = (path("certificate.pem"), path("key.pem"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .args(["-keyout", &key, "-out", &certificate])
            .stderr(Stdio::null())
            .status();
        assert!(made.unwrap().success());
        let mut smtp = Self::new();
        smtp.certificate = Some([certificate.clone(), key]);
        (smtp, certificate)
    }

    pub fn start(&mut self) {
        let mut child = Command::new("scripts/smtp-server")
            .arg(self.port.to_string())
            .arg(self.inbox.path())
            .args(self.certificate.iter().flatten())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        self.child = Some(child);
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Returns and removes the received mails, with the recipients of each.
    pub fn inbox(&self) -> Vec<(String, ReceivedMail)> {
        let mut paths: Vec<_> =
            std::fs::read_dir(self.inbox.path()).unwrap().map(|it| it.unwrap().path()).collect();
        paths.sort();
        let read = |path: &std::path::PathBuf| {
            let text = std::fs::read_to_string(path).unwrap();
            std::fs::remove_file(path).unwrap();
            let (recipients, source) = text.split_once('\n').unwrap();
            (recipients.to_owned(), mailbox::read(source))
        };
        paths.iter().map(read).collect()
    }
}

impl Drop for Smtp {
    fn drop(&mut self) {
        self.kill();
    }
}
