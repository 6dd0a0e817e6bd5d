//! Listening, and stopping without dropping requests.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::signal::unix::{SignalKind, signal};

use crate::server::config::{Config, ConfigError, Weakness, exposed};
use crate::server::http::connections::Connections;
use crate::server::{App, Error, database_lock, jobs};
use crate::set_up;

/// Serves until a stop signal, then finishes the requests in flight.
pub async fn serve(app: Arc<App>) -> Result<(), Error> {
    // First, so that nothing works on records that are about to be replaced.
    let _shared = database_lock::lock_shared(&app.db).await?;
    warn(&app);
    let router = super::router(&app);
    let address = app.config.site.listen;
    let listener = std::net::TcpListener::bind(address)
        .map_err(|error| ConfigError(format!("site.listen: can't listen on {address}: {error}")))?;
    let failed = |source| Error::Listen { address, source };
    listener.set_nonblocking(true).map_err(failed)?;
    let handle = Handle::new();
    tokio::spawn(stop_on_signal(handle.clone(), app.config.http.shutdown_timeout));
    jobs::start(&app);
    let discovering = Arc::clone(&app);
    tokio::spawn(async move { discovering.providers.discover().await });
    set_up::server::print_set_up_link(&app).await?;
    tracing::info!(url = %app.config.site.url, listen = %app.config.site.listen, "serving");
    server(listener, &app.config)
        .map_err(failed)?
        .handle(handle)
        .serve(router.into_make_service_with_connect_info::<SocketAddr>())
        .await
        .map_err(failed)?;
    app.db.close().await;
    tracing::info!("stopped");
    Ok(())
}

/// Logs settings and files that protect less than they should.
fn warn(app: &App) {
    let shortfalls = app.config.shortfalls();
    for Weakness { key, reason } in app.config.weaknesses().into_iter().chain(shortfalls) {
        tracing::warn!(setting = key, "{reason}");
    }
    for (path, _) in exposed(&app.config) {
        let path = path.display();
        tracing::warn!(%path, "other system users can use it; run: chmod go= {path}");
    }
}

/// The kernel's buffer for a response that the client has not read yet, in bytes.
const SEND_BUFFER: usize = 128 * 1024;

/// Builds the server on a socket: what its connections may do and for how long.
pub fn server(
    listener: std::net::TcpListener,
    config: &Config,
) -> std::io::Result<Server<SocketAddr, Connections>> {
    // HTTP/1 only, as proxies speak it: until a connection's protocol is known no timeout runs, and a silent
    // connection would stay forever.
    let connections = Connections::new(config);
    // Accepted connections inherit it. Without a bound, a client that reads nothing would hold megabytes, and
    // the progress of one that reads slowly would show minutes late.
    set_socket_send_buffer_size(&listener, SEND_BUFFER)?;
    let mut server = axum_server::from_tcp(listener)?.acceptor(connections).http1_only();
    server
        .http_builder()
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(config.http.header_timeout)
        .max_buf_size(config.http.header_limit);
    Ok(server)
}

async fn stop_on_signal(handle: Handle<SocketAddr>, time_limit: Duration) {
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::warn!("can't listen for stop signals");
        return;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    handle.graceful_shutdown(Some(time_limit));
}
