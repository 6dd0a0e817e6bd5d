//! The connection to a mail server, with the guards that lettre lacks: a reply has a bounded length, and data
//! received before TLS does not count after it.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::io;
use lettre::transport::smtp::Error as SmtpError;
#[expect(deprecated, reason = "lettre upgrades no other stream")]
use lettre::transport::smtp::client::AsyncNetworkStream;
use lettre::transport::smtp::client::{AsyncTokioStream, TlsParameters};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The longest line, in bytes. RFC 5321, section 4.5.3.1.5 allows 512.
const MAX_LINE: usize = 4096;

/// The most bytes that a server may send between two of our writes, TLS included.
const MAX_REPLY: usize = 256 * 1024;

/// The first byte of a TLS handshake (RFC 8446, section 5.1). No command begins with it.
const HANDSHAKE: u8 = 0x16;

/// A stream that passes on plain text line by line and holds back the rest.
#[derive(Debug)]
pub struct GuardedStream {
    stream: TcpStream,
    is_plain: bool,
    /// Bytes received but not yet requested.
    held: Vec<u8>,
    /// The number of bytes received since the last write.
    received: usize,
}

impl GuardedStream {
    pub const fn new(stream: TcpStream) -> Self {
        Self { stream, is_plain: true, held: Vec::new(), received: 0 }
    }

    fn count(&mut self, bytes: usize) -> Result<()> {
        self.received += bytes;
        if self.received > MAX_REPLY {
            return Err(Error::new(ErrorKind::InvalidData, "the reply is too long"));
        }
        Ok(())
    }

    /// Passes on the rest of a line. Returns false if it has not arrived yet.
    fn hand_on(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let Some(end) = self.held.iter().position(|b| *b == b'\n') else { return false };
        let length = (end + 1).min(buf.remaining());
        buf.put_slice(&self.held[..length]);
        self.held.drain(..length);
        true
    }
}

impl AsyncRead for GuardedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        if !self.is_plain {
            let before = buf.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
            let bytes = buf.filled().len() - before;
            return Poll::Ready(self.count(bytes));
        }
        while !self.hand_on(buf) {
            if self.held.len() > MAX_LINE {
                let why = "a line of the reply is too long";
                return Poll::Ready(Err(Error::new(ErrorKind::InvalidData, why)));
            }
            let mut space = [0; 1024];
            let mut more = ReadBuf::new(&mut space);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut more))?;
            if more.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
            let bytes = more.filled().len();
            self.held.extend_from_slice(more.filled());
            self.count(bytes)?;
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for GuardedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        if self.is_plain {
            // A reply to an unsent command. Before TLS, an attacker in between may send one (CVE-2011-0411).
            if !self.held.is_empty() {
                let why = "the server sent more than its reply";
                return Poll::Ready(Err(Error::new(ErrorKind::InvalidData, why)));
            }
            self.is_plain = bytes.first() != Some(&HANDSHAKE);
        }
        self.received = 0;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for GuardedStream {
    fn peer_addr(&self) -> Result<SocketAddr> {
        self.stream.peer_addr()
    }
}

/// A connection that uses TLS from the first byte, over a guarded stream.
#[derive(Debug)]
pub struct Tls(
    #[expect(deprecated, reason = "lettre upgrades no other stream")] AsyncNetworkStream,
);

impl Tls {
    #[expect(deprecated, reason = "lettre upgrades no other stream")]
    pub async fn begin(
        stream: GuardedStream,
        tls: TlsParameters,
    ) -> std::result::Result<Self, SmtpError> {
        let mut stream = AsyncNetworkStream::use_existing_tokio1(Box::new(stream));
        stream.upgrade_tls(tls).await?;
        Ok(Self(stream))
    }
}

impl AsyncRead for Tls {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        let space = buf.initialize_unfilled();
        let bytes = ready!(io::AsyncRead::poll_read(Pin::new(&mut self.0), cx, space))?;
        buf.advance(bytes);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Tls {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        io::AsyncWrite::poll_write(Pin::new(&mut self.0), cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        io::AsyncWrite::poll_flush(Pin::new(&mut self.0), cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        io::AsyncWrite::poll_close(Pin::new(&mut self.0), cx)
    }
}

impl AsyncTokioStream for Tls {
    fn peer_addr(&self) -> Result<SocketAddr> {
        self.0.peer_addr()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
    use tokio::net::TcpListener;

    use super::*;

    /// Reads the first of the lines that a server sends at once, then writes `bytes`.
    async fn after_the_first_line(sent: &'static str, bytes: &[u8]) -> Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let stream = TcpStream::connect(listener.local_addr()?).await?;
        let (mut server, _) = listener.accept().await?;
        server.write_all(sent.as_bytes()).await?;
        server.flush().await?;
        let mut client = BufReader::new(GuardedStream::new(stream));
        let mut line = String::new();
        client.read_line(&mut line).await?;
        assert_eq!(line, "220 go ahead\r\n");
        client.write_all(bytes).await
    }

    #[tokio::test]
    async fn v5_0_0__12_3_1__a_reply_injected_before_tls_is_refused() {
        let injected = "220 go ahead\r\n250-injected\r\n250 AUTH PLAIN\r\n";
        for bytes in [&[HANDSHAKE, 3, 1][..], b"EHLO x\r\n"] {
            let error = after_the_first_line(injected, bytes).await.unwrap_err();
            assert_eq!(error.to_string(), "the server sent more than its reply");
            assert!(after_the_first_line("220 go ahead\r\n", bytes).await.is_ok());
        }
    }
}
