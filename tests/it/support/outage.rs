//! Ways to make a database fail and recover.

use sqlx::{Connection as _, Executor as _, SqliteConnection};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::process::free_port;

/// A proxy to a server that can be closed and opened again.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    server: String,
    task: JoinHandle<()>,
}

impl Proxy {
    /// Opens a proxy to the server at this address.
    pub async fn open(server: &str) -> Self {
        let port = free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let server = server.to_owned();
        Self { port, task: forward(listener, server.clone()), server }
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Breaks every connection and accepts no more.
    pub async fn close(&mut self) {
        self.task.abort();
        // The listener and the connections are dropped with the task.
        assert!((&mut self.task).await.unwrap_err().is_cancelled());
    }

    pub async fn reopen(&mut self) {
        let listener = TcpListener::bind(("127.0.0.1", self.port)).await.unwrap();
        self.task = forward(listener, self.server.clone());
    }
}

fn forward(listener: TcpListener, server: String) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut connections = tokio::task::JoinSet::new();
        loop {
            let (mut near, _) = listener.accept().await.unwrap();
            let mut far = TcpStream::connect(&server).await.unwrap();
            connections.spawn(async move {
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    })
}

/// The write lock of a SQLite file, held until released or dropped.
#[derive(Debug)]
pub struct WriteLock(SqliteConnection);

impl WriteLock {
    pub async fn take(url: &str) -> Self {
        let mut connection = SqliteConnection::connect(url).await.unwrap();
        connection.execute("BEGIN IMMEDIATE").await.unwrap();
        Self(connection)
    }

    pub async fn release(mut self) {
        self.0.execute("ROLLBACK").await.unwrap();
    }
}
