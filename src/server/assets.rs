//! The site, inside the binary: scripts, WebAssembly, styles and icons, compressed beforehand.

use std::sync::LazyLock;

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, Response};

/// One file, in the encodings that there are.
#[derive(Debug)]
pub struct Asset {
    /// From the site's root, with a leading slash.
    pub path: &'static str,
    pub identity: &'static [u8],
    pub brotli: Option<&'static [u8]>,
    pub gzip: Option<&'static [u8]>,
}

static ASSETS: &[Asset] = &include!(concat!(env!("OUT_DIR"), "/site.rs"));

/// The files that a page begins with.
#[derive(Debug)]
pub struct Entry {
    pub script: &'static str,
    pub wasm: &'static str,
}

static ENTRY: LazyLock<Option<Entry>> = LazyLock::new(|| {
    Some(Entry { script: named("portcullis", ".js")?, wasm: named("portcullis", ".wasm")? })
});

static STYLE: LazyLock<Option<&'static str>> = LazyLock::new(|| named("portcullis", ".css"));

/// The scripts, or none where the browser half was not built: pages work without.
#[must_use]
pub fn entry() -> Option<&'static Entry> {
    ENTRY.as_ref()
}

#[must_use]
pub fn style() -> Option<&'static str> {
    *STYLE
}

/// The file under `/pkg/` of this stem, with or without a hash in its name.
fn named(stem: &str, extension: &str) -> Option<&'static str> {
    ASSETS.iter().map(|it| it.path).find(|path| {
        let file = path.rsplit('/').next().unwrap_or_default();
        path.starts_with("/pkg/") && file.starts_with(stem) && file.ends_with(extension)
    })
}

#[must_use]
pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|it| it.path == path)
}

impl Asset {
    /// The file in the best encoding that the request takes. What lies under a hash never changes.
    #[must_use]
    pub fn respond(&self, request: &HeaderMap) -> Response<Body> {
        let accepts = |coding: &str| {
            request.get_all(ACCEPT_ENCODING).iter().filter_map(|it| it.to_str().ok()).any(|it| {
                it.split(',').any(|one| {
                    let mut parts = one.split(';').map(str::trim);
                    parts.next() == Some(coding) && !parts.any(|it| matches!(it, "q=0" | "q=0.0"))
                })
            })
        };
        let (body, coding) = match (self.brotli, self.gzip) {
            (Some(body), _) if accepts("br") => (body, Some("br")),
            (_, Some(body)) if accepts("gzip") => (body, Some("gzip")),
            _ => (self.identity, None),
        };
        let mut response = Response::new(Body::from(body));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type()));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        if let Some(coding) = coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        if self.is_hashed() {
            let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
            headers.insert(CACHE_CONTROL, forever);
        }
        response
    }

    /// Whether it lies in a folder that is named after what is in it.
    fn is_hashed(&self) -> bool {
        let folder = self.path.strip_prefix("/pkg/").and_then(|it| it.split_once('/'));
        folder.is_some_and(|(it, _)| it.len() == 16 && it.bytes().all(|b| b.is_ascii_hexdigit()))
    }

    fn content_type(&self) -> &'static str {
        match self.path.rsplit('.').next() {
            Some("js") => "text/javascript",
            Some("wasm") => "application/wasm",
            Some("css") => "text/css; charset=utf-8",
            Some("svg") => "image/svg+xml",
            Some("png") => "image/png",
            Some("ico") => "image/x-icon",
            Some("json") => "application/json",
            Some("txt") => "text/plain; charset=utf-8",
            _ => "application/octet-stream",
        }
    }
}
