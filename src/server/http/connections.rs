//! Limits how many connections there are, and how long a client may stall a response.
//!
//! Each connection is an open file, and a process that runs out of files serves nobody. So there are fewer
//! connections than the system allows files, and no client can hold most of them.

use std::collections::HashMap;
use std::future::{Ready, ready};
use std::io::{self, ErrorKind, IoSlice};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum_server::accept::Accept;
use ipnet::IpNet;
use rustix::process::{Resource, getrlimit};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::client::is_trusted_proxy;
use crate::server::config::Config;
use crate::server::limits::network;

/// The most connections if the setting is 0 and the limit of open files allows as many.
const MAX_CONNECTIONS: usize = 16_384;

/// Open files for everything else: the listener, the log, mail, providers, the runtime.
const OTHER_FILES: usize = 64;

/// An embedded database, its log and its index are one file each.
const FILES_PER_DATABASE_CONNECTION: usize = 3;

/// The least ceiling, so that the site can be reached whatever the limit of open files.
const MIN_CONNECTIONS: usize = 8;

/// How often the log says that connections are refused.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// Admits connections. axum-server passes it each connection that it has accepted.
#[derive(Clone, Debug)]
pub struct Connections {
    max_total: usize,
    max_per_address: usize,
    write_timeout: Duration,
    proxies: Arc<[IpNet]>,
    open: Arc<Mutex<OpenConnections>>,
}

/// The open connections.
#[derive(Debug, Default)]
struct OpenConnections {
    all: usize,
    by_network: HashMap<String, usize>,
    logged_at: Option<Instant>,
}

/// A connection's place, released when dropped.
#[derive(Debug)]
struct Slot {
    open: Arc<Mutex<OpenConnections>>,
    /// `None` for a trusted proxy.
    network: Option<String>,
}

impl Connections {
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let http = &config.http;
        let files = getrlimit(Resource::Nofile).current;
        let database = FILES_PER_DATABASE_CONNECTION * config.database.connections as usize;
        let max_connections = max_connections(http.connections, files, OTHER_FILES + database);
        Self {
            max_total: max_connections,
            max_per_address: match http.connections_per_address {
                0 => (max_connections / 4).clamp(1, 256),
                set => set,
            },
            write_timeout: http.write_timeout,
            proxies: http.trusted_proxies.clone().into(),
            open: Arc::default(),
        }
    }

    /// Reserves a place for a connection from this IP address; `None` if there are too many.
    fn admit(&self, ip: IpAddr) -> Option<Slot> {
        let network = (!is_trusted_proxy(ip, &self.proxies)).then(|| network(ip.to_canonical()));
        let mut open = lock(&self.open);
        let of_network = network.as_ref().and_then(|it| open.by_network.get(it)).copied();
        let is_over = of_network.unwrap_or(0) >= self.max_per_address;
        if open.all >= self.max_total || is_over {
            if open.logged_at.is_none_or(|it| it.elapsed() >= LOG_INTERVAL) {
                open.logged_at = Some(Instant::now());
                let (all, most) = (open.all, self.max_total);
                tracing::warn!(%ip, all, most, per_address = is_over, "too many connections: closed");
            }
            return None;
        }
        open.all += 1;
        if let Some(network) = &network {
            *open.by_network.entry(network.clone()).or_default() += 1;
        }
        drop(open);
        Some(Slot { open: Arc::clone(&self.open), network })
    }
}

/// Returns the most connections that both the setting and the limit of open files allow.
fn max_connections(setting: usize, files: Option<u64>, reserved: usize) -> usize {
    let files = files.and_then(|it| usize::try_from(it).ok()).unwrap_or(usize::MAX);
    let left = files.saturating_sub(reserved).max(MIN_CONNECTIONS);
    if setting == 0 { left.min(MAX_CONNECTIONS) } else { left.min(setting) }
}

fn lock(open: &Mutex<OpenConnections>) -> MutexGuard<'_, OpenConnections> {
    open.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = lock(&self.open);
        open.all -= 1;
        let Some(network) = self.network.take() else { return };
        if let Some(count) = open.by_network.get_mut(&network) {
            *count -= 1;
            if *count == 0 {
                open.by_network.remove(&network);
            }
        }
    }
}

impl<S> Accept<TcpStream, S> for Connections {
    type Stream = Connection;
    type Service = S;
    type Future = Ready<io::Result<(Connection, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let admitted = || {
            let slot = self.admit(stream.peer_addr()?.ip());
            let slot = slot.ok_or_else(|| io::Error::from(ErrorKind::QuotaExceeded))?;
            // Otherwise a page sent in two writes would wait 40 ms for the first to be acknowledged.
            stream.set_nodelay(true)?;
            Ok::<_, io::Error>(slot)
        };
        ready(admitted().map(|slot| {
            let write_timeout = self.write_timeout;
            (Connection { stream, write_timeout, stall_timer: None, _slot: slot }, service)
        }))
    }
}

/// A connection that ends if its client reads nothing for too long.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    write_timeout: Duration,
    /// Runs while the client does not read data that is ready to send.
    stall_timer: Option<Pin<Box<Sleep>>>,
    _slot: Slot,
}

impl Connection {
    /// Starts or stops the timer after a write; fails if the client stalled for too long.
    fn check_stall(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stall_timer = None;
            return written;
        }
        let write_timeout = self.write_timeout;
        let stall_timer = self.stall_timer.get_or_insert_with(|| Box::pin(sleep(write_timeout)));
        stall_timer.as_mut().poll(cx).map(|()| Err(ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.check_stall(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.check_stall(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn v5_0_0__15_2_2__the_connection_limit_leaves_open_files_for_everything_else() {
        for (setting, files, expected) in [
            (0, Some(1024), 924),
            (500, Some(1024), 500),
            (5000, Some(1024), 924),
            (0, Some(1_048_576), MAX_CONNECTIONS),
            (50_000, Some(1_048_576), 50_000),
            (0, None, MAX_CONNECTIONS),
            (0, Some(128), 28),
            (0, Some(16), MIN_CONNECTIONS),
        ] {
            assert_eq!(max_connections(setting, files, 100), expected, "{setting} {files:?}");
        }
    }

    proptest! {
        #[test]
        fn connection_slots_are_limited_and_released(visits in proptest::collection::vec((0_u8..4, any::<bool>()), 0..80)) {
            let connections = Connections {
                max_total: 10,
                max_per_address: 3,
                write_timeout: Duration::from_secs(1),
                proxies: Arc::new(["192.0.2.0/32".parse().unwrap()]),
                open: Arc::default(),
            };
            let mut places: Vec<(u8, Slot)> = Vec::new();
            for (client, leaves) in visits {
                if leaves {
                    places.pop();
                    continue;
                }
                let of_client = places.iter().filter(|(it, _)| *it == client).count();
                let may = places.len() < 10 && (client == 0 || of_client < 3);
                let slot = connections.admit(IpAddr::from([192, 0, 2, client]));
                prop_assert_eq!(slot.is_some(), may);
                places.extend(slot.map(|it| (client, it)));
            }
            places.clear();
            let open = lock(&connections.open);
            prop_assert!(open.all == 0 && open.by_network.is_empty());
        }
    }
}
