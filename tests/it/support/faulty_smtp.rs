//! An SMTP server that misbehaves at one step of every conversation.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Kinds of misbehaviour.
#[derive(Clone, Copy, Debug)]
pub enum SmtpFault {
    /// Keeps the connection open and sends nothing more.
    Silent,
    /// Sends one byte per second.
    Drips,
    Replies(&'static str),
    /// Sends a line that never ends.
    Endless,
}

/// The steps in order; `END` is the end of the mail.
pub const STEPS: [&str; 6] = ["GREETING", "EHLO", "MAIL", "RCPT", "DATA", "END"];

#[derive(Clone, Debug)]
pub struct FaultySmtp {
    pub port: u16,
    received: Arc<Mutex<Vec<String>>>,
}

impl FaultySmtp {
    pub async fn start(step: &'static str, fault: SmtpFault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let rude = Self { port, received: Arc::default() };
        let received = Arc::clone(&rude.received);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let received = Arc::clone(&received);
                // A client that disconnects ends the conversation.
                tokio::spawn(async move { converse(stream, &received, step, fault).await });
            }
        });
        rude
    }

    pub fn settings(&self) -> String {
        format!("[mail]\nsmtp_url = \"smtp://127.0.0.1:{}\"\ntimeout = \"1s\"\n", self.port)
    }

    /// Returns the lines of all conversations; a whole mail is one line, `END`.
    pub fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }

    pub fn accepted(&self) -> usize {
        self.received().iter().filter(|it| *it == "END").count()
    }
}

async fn converse(
    stream: TcpStream,
    received: &Mutex<Vec<String>>,
    bad: &str,
    fault: SmtpFault,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = "GREETING".to_owned();
    loop {
        let step = line.split([' ', ':']).next().unwrap_or_default().to_uppercase();
        let usual = match step.as_str() {
            "GREETING" => "220 rude",
            "EHLO" => "250-rude\r\n250 AUTH PLAIN",
            "AUTH" => "235 welcome",
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 well",
        };
        let (reply, each) = match fault {
            _ if step != bad => (usual, Duration::ZERO),
            SmtpFault::Replies(reply) => (reply, Duration::ZERO),
            SmtpFault::Drips => (usual, Duration::from_secs(1)),
            SmtpFault::Endless => loop {
                stream.write_all(&[b'2'; 4096]).await?;
            },
            SmtpFault::Silent => {
                stream.read_to_end(&mut Vec::new()).await?;
                return Ok(());
            }
        };
        for byte in format!("{reply}\r\n").bytes() {
            tokio::time::sleep(each).await;
            stream.write_all(&[byte]).await?;
        }
        stream.flush().await?;
        if step == "QUIT" {
            return Ok(());
        }
        line = if reply.starts_with("354") {
            until_dot(&mut stream).await?;
            "END".to_owned()
        } else {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            line.trim_end().to_owned()
        };
        received.lock().unwrap().push(line.clone());
    }
}

async fn until_dot(stream: &mut BufReader<TcpStream>) -> std::io::Result<()> {
    let mut line = String::new();
    while line != ".\r\n" {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}
