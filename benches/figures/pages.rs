//! The router in this process, compared with a handler that does nothing.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::process::{Command, Stdio};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::http::header::ACCEPT;
use axum::response::Html;
use axum::routing::get;
use leptos::prelude::*;
use portcullis::server::config::LogConfig;
use portcullis::server::{Config, telemetry};
use tokio::runtime::Runtime;
use tower::ServiceExt as _;

use crate::folder::Folder;
use crate::{Result, client};

/// A site served as the binary does it, including the log filter.
pub struct Site {
    pub address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Drop for Site {
    /// Ends as the binary does, without waiting for pending work.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// The path of a response that is ready.
pub const STATIC_PAGE: &str = "/static";

/// The path of a page of Leptos without a router, data or our layers.
pub const BARE_PAGE: &str = "/bare";

/// The number of elements of the dashboard, each with two attributes.
const ELEMENTS: usize = 75;

const ENCODINGS: &str = "Accept-Encoding: gzip, deflate, br, zstd";

impl Site {
    pub fn start(folder: &Folder) -> Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let config = folder.config(address)?;
        // Logs as the binary does, except for this process' own database work between the rows.
        let filter = format!("{},portcullis::audit=warn,sqlx=error", config.log.filter);
        telemetry::start(&LogConfig { filter, ..config.log.clone() })?;
        let settings = config.clone();
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let router = runtime.block_on(router(config))?;
        runtime.spawn(async move {
            let server = portcullis::site::serve::server(listener, &settings)?;
            server.serve(router.into_make_service_with_connect_info::<SocketAddr>()).await
        });
        Ok(Self { address, runtime: Some(runtime) })
    }

    /// Returns the requests per second. Any response but the page itself is an error.
    pub fn load(&self, path: &str, cookie: &str, seconds: u64) -> Result<f64> {
        let page =
            client::get(self.address, path, &format!("{ENCODINGS}\r\nCookie: {cookie}\r\n"))?;
        if page.status != 200 {
            return Err(format!("{path} has status {}", page.status).into());
        }
        let run = Command::new(concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/wrk"))
            .args(["-t1", "-c32", &format!("-d{seconds}s")])
            .args(["-H", &format!("Accept: {}", client::ACCEPT), "-H", ENCODINGS])
            .args(["-H", &format!("Cookie: {cookie}"), &format!("http://{}{path}", self.address)])
            .stderr(Stdio::inherit())
            .output()?;
        if !run.status.success() {
            return Err("wrk failed".into());
        }
        let text = String::from_utf8(run.stdout)?;
        let found = Load::read(&text).ok_or_else(|| format!("wrk said:\n{text}"))?;
        // wrk counts a redirect as a success, but it is shorter, as is a head on a persistent connection.
        let expected = (page.head.len() + page.body.len()) as f64;
        if found.failed || !(0.9..1.1).contains(&(found.bytes / found.requests / expected)) {
            return Err(format!("{path} did not always return its page:\n{text}").into());
        }
        Ok(found.per_second)
    }
}

async fn router(config: Config) -> Result<Router> {
    let app = Box::pin(portcullis::site::start(config)).await?;
    let router = portcullis::site::router(&app);
    let request = Request::get("/sign-in").header(ACCEPT, client::ACCEPT).body(Body::empty())?;
    let page = router.clone().oneshot(request).await?;
    let length = to_bytes(page.into_body(), usize::MAX).await?.len();
    let page: &'static str = "x".repeat(length).leak();
    // Outside all layers.
    let outside = Router::new()
        .route(STATIC_PAGE, get(async move || Html(page)))
        .route(BARE_PAGE, get(leptos_axum::render_app_async(bare_page)));
    Ok(router.merge(outside))
}

fn bare_page() -> impl IntoView {
    let row = |n| view! { <li id=format!("row-{n}") class="row">{format!("Row {n}")}</li> };
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head><meta charset="utf-8"/></head>
            <body><ul>{(0..ELEMENTS).map(row).collect_view()}</ul></body>
        </html>
    }
}

/// What wrk reports.
struct Load {
    requests: f64,
    bytes: f64,
    per_second: f64,
    failed: bool,
}

impl Load {
    fn read(text: &str) -> Option<Self> {
        let line = text.lines().find(|it| it.contains(" requests in "))?;
        let requests = line.trim().split(' ').next()?.parse().ok()?;
        let bytes = bytes(line.rsplit(", ").next()?.strip_suffix(" read")?)?;
        let rate = text.lines().find_map(|it| it.strip_prefix("Requests/sec:"))?;
        let failed = text.contains("Non-2xx") || text.contains("Socket errors");
        Some(Self { requests, bytes, per_second: rate.trim().parse().ok()?, failed })
    }
}

/// Parses bytes as wrk prints them: `1.23GB`.
fn bytes(text: &str) -> Option<f64> {
    let number = text.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let factor = match &text[number.len()..] {
        "B" => 1.0,
        "KB" => 1024.0,
        "MB" => 1024.0 * 1024.0,
        "GB" => 1024.0 * 1024.0 * 1024.0,
        _ => return None,
    };
    Some(number.parse::<f64>().ok()? * factor)
}
