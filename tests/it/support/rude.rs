//! An SMTP server that misbehaves at one step of every conversation.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Kinds of misbehaviour.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
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
pub struct Rude {
    pub port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Rude {
    pub async fn start(step: &'static str, fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let rude = Self { port, heard: Arc::default() };
        let heard = Arc::clone(&rude.heard);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let heard = Arc::clone(&heard);
                // A client that disconnects ends the conversation.
                tokio::spawn(async move { converse(stream, &heard, step, fault).await });
            }
        });
        rude
    }

    pub fn settings(&self) -> String {
        format!("[mail]\nsmtp_url = \"smtp://127.0.0.1:{}\"\ntimeout = \"1s\"\n", self.port)
    }

    /// Returns the lines of all conversations; a whole mail is one line, `END`.
    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    pub fn taken(&self) -> usize {
        self.heard().iter().filter(|it| *it == "END").count()
    }
}

async fn converse(
    stream: TcpStream,
    heard: &Mutex<Vec<String>>,
    bad: &str,
    fault: Fault,
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
            Fault::Replies(reply) => (reply, Duration::ZERO),
            Fault::Drips => (usual, Duration::from_secs(1)),
            Fault::Endless => loop {
                stream.write_all(&[b'2'; 4096]).await?;
            },
            Fault::Silent => {
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
        heard.lock().unwrap().push(line.clone());
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
