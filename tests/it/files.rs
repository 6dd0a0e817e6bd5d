//! The site's files are served, and nothing else is.

use axum::body::Body;
use axum::http::Request;
use portcullis::server::assets;

use crate::support::TestApp;
use crate::web::assert_common_headers;

on_both!(hashed_files_are_immutable_and_compressed);
async fn hashed_files_are_immutable_and_compressed(app: TestApp) {
    let Some(entry) = assets::entry() else { return report_not_run(NO_SITE) };
    if !is_hashed(&entry.script) {
        return report_not_run("development builds neither hash nor compress files");
    }
    let mut browser = app.browser();
    let mut fetch = async |path: &str, accept: &str| {
        let request = Request::get(path).header("accept-encoding", accept).body(Body::empty());
        browser.send(request.unwrap()).await
    };
    let style = assets::style().unwrap();
    for (path, kind) in [
        (entry.script.as_str(), "text/javascript"),
        (entry.wasm.as_str(), "application/wasm"),
        (style, "text/css; charset=utf-8"),
    ] {
        let plain = fetch(path, "").await;
        let brotli = fetch(path, "gzip, deflate, br").await;
        let gzip = fetch(path, "gzip;q=1.0, br;q=0").await;
        for (answer, coding) in [(&plain, ""), (&brotli, "br"), (&gzip, "gzip")] {
            assert_eq!(answer.status, 200);
            assert_eq!(answer.header("content-encoding"), coding, "{path}");
            assert_eq!(answer.header("content-type"), kind);
            assert_eq!(answer.header("vary"), "accept-encoding");
            assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
        }
        assert!(
            brotli.body.len() < gzip.body.len() && gzip.body.len() < plain.body.len(),
            "{path}"
        );
    }
    // Pages refer to these files.
    let page = browser.get("/sign-in").await.text();
    for path in [&entry.script, &entry.wasm, style] {
        assert!(page.contains(path), "{path}");
    }
}

on_both!(a_file_without_a_hash_is_not_cached);
async fn a_file_without_a_hash_is_not_cached(app: TestApp) {
    if assets::find("/favicon.svg").is_none() {
        return report_not_run(NO_SITE);
    }
    let icon = app.browser().get("/favicon.svg").await;
    assert_eq!((icon.status.as_u16(), icon.header("content-type")), (200, "image/svg+xml"));
    assert_eq!(icon.header("cache-control"), "no-store");
    assert_common_headers(&icon, "an icon");
}

/// Returns whether a file's folder is named after a hash: `/pkg/HASH/FILE`.
pub fn is_hashed(path: &str) -> bool {
    path.split('/').count() == 4
}

const NO_SITE: &str = "the site was not built";

#[expect(clippy::print_stderr, reason = "a test that did not run must say so")]
fn report_not_run(why: &str) {
    eprintln!("NOT RUN: {why}");
}

on_both!(v5_0_0__13_4_1__nothing_but_the_site_is_served);
async fn v5_0_0__13_4_1__nothing_but_the_site_is_served(app: TestApp) {
    for path in [
        "/.git/config",
        "/.env",
        "/Cargo.toml",
        "/pkg",
        "/pkg/",
        "/pkg/../Cargo.toml",
        "/pkg/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/portcullis.toml",
        "/portcullis-data/key",
        "/metrics",
        "/_leptos",
    ] {
        let answer = app.browser().get(path).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}
