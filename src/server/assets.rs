//! The site's static files: scripts, WebAssembly, styles and icons.

use std::borrow::Cow;
use std::path::{Component, Path};
use std::sync::LazyLock;

use axum::body::Body;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue, Response};

use super::files;

/// A file in each available encoding.
#[derive(Clone, Debug)]
pub struct Asset {
    /// The path from the site's root, with a leading slash.
    pub path: Cow<'static, str>,
    pub identity: Cow<'static, [u8]>,
    pub brotli: Option<&'static [u8]>,
    pub gzip: Option<&'static [u8]>,
}

/// The place where the static files are stored.
#[derive(Debug)]
pub enum AssetSource {
    /// In the binary, precompressed.
    Binary(&'static [Asset]),
    /// In a folder, for development: the browser half can change without rebuilding the server.
    Folder(&'static str),
}

static ASSETS: AssetSource = include!(concat!(env!("OUT_DIR"), "/site.rs"));

/// The number of digits in a folder name that is the hash of its content.
const HASH_LENGTH: usize = 16;

/// The script and the WebAssembly file that a page loads.
#[derive(Debug)]
pub struct EntryFiles {
    pub script: String,
    pub wasm: String,
}

static ENTRY: LazyLock<Option<EntryFiles>> = LazyLock::new(|| {
    Some(EntryFiles {
        script: ASSETS.find_by_stem("portcullis", ".js")?,
        wasm: ASSETS.find_by_stem("portcullis", ".wasm")?,
    })
});

static STYLE: LazyLock<Option<String>> =
    LazyLock::new(|| ASSETS.find_by_stem("portcullis", ".css"));

/// Returns the entry files, or `None` if the browser half was not built. Pages work without them.
#[must_use]
pub fn entry() -> Option<&'static EntryFiles> {
    ENTRY.as_ref()
}

#[must_use]
pub fn style() -> Option<&'static str> {
    STYLE.as_deref()
}

#[must_use]
pub fn find(path: &str) -> Option<Asset> {
    ASSETS.find(path)
}

impl AssetSource {
    /// Returns the path of the file under `/pkg/` with this stem, with or without a hash in the path.
    fn find_by_stem(&self, stem: &str, extension: &str) -> Option<String> {
        match self {
            Self::Binary(assets) => {
                let mut paths = assets.iter().map(|it| it.path.as_ref());
                let found = paths.find(|path| {
                    let file = path.rsplit('/').next().unwrap_or_default();
                    path.starts_with("/pkg/") && file.starts_with(stem) && file.ends_with(extension)
                });
                found.map(str::to_owned)
            }
            Self::Folder(_) => {
                let path = format!("/pkg/{stem}{extension}");
                self.find(&path).map(|_| path)
            }
        }
    }

    fn find(&self, path: &str) -> Option<Asset> {
        match self {
            Self::Binary(assets) => assets.iter().find(|it| it.path == path).cloned(),
            Self::Folder(folder) => {
                let relative = Path::new(path.strip_prefix('/')?);
                let is_below = relative.components().all(|it| matches!(it, Component::Normal(_)));
                let identity = is_below.then(|| files::read(&Path::new(folder).join(relative)))?;
                Some(Asset {
                    path: path.to_owned().into(),
                    identity: identity.ok()?.into(),
                    brotli: None,
                    gzip: None,
                })
            }
        }
    }
}

impl Asset {
    /// Responds with the best encoding that the request accepts. A file under a hash never changes.
    #[must_use]
    pub fn respond(self, request: &HeaderMap) -> Response<Body> {
        let content_type = self.content_type();
        let (body, coding) = match (self.brotli, self.gzip) {
            (Some(body), _) if accepts(request, "br") => (body.into(), Some("br")),
            (_, Some(body)) if accepts(request, "gzip") => (body.into(), Some("gzip")),
            _ => (self.identity, None),
        };
        let mut response = Response::new(Body::from(body));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        if let Some(coding) = coding {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        if is_hashed(&self.path) {
            let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
            headers.insert(CACHE_CONTROL, forever);
        }
        response
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

/// Returns whether a path contains the hash of its content: `/pkg/HASH/NAME`.
fn is_hashed(path: &str) -> bool {
    path.strip_prefix("/pkg/").and_then(|it| it.split_once('/')).is_some_and(|(folder, _)| {
        folder.len() == HASH_LENGTH && folder.bytes().all(|b| b.is_ascii_hexdigit())
    })
}

/// Returns whether a request names this coding and does not refuse it (RFC 9110, section 12.5.3).
fn accepts(request: &HeaderMap, coding: &str) -> bool {
    let values =
        request.get_all(ACCEPT_ENCODING).iter().flat_map(|it| it.as_bytes().split(|b| *b == b','));
    values.filter_map(|it| std::str::from_utf8(it).ok()).any(|one| {
        let mut parts = one.split(';').map(str::trim);
        parts.next().is_some_and(|it| it.eq_ignore_ascii_case(coding)) && !parts.any(is_zero)
    })
}

/// Returns whether a parameter is a weight of zero: `q=0`, with up to three more digits.
fn is_zero(parameter: &str) -> bool {
    let weight = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="));
    weight.is_some_and(|it| it.starts_with('0') && it.bytes().all(|b| matches!(b, b'0' | b'.')))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SCRIPT: Asset = Asset {
        path: Cow::Borrowed("/pkg/0123456789abcdef/portcullis.js"),
        identity: Cow::Borrowed(b"identity"),
        brotli: Some(b"br"),
        gzip: Some(b"gzip"),
    };

    /// Returns the chosen coding.
    fn choose(accept: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_bytes(accept.as_bytes()).ok()?);
        let response = SCRIPT.respond(&headers);
        let coding = response.headers().get(CONTENT_ENCODING);
        Some(coding.map_or("identity", |it| it.to_str().unwrap()).to_owned())
    }

    #[test]
    fn the_best_accepted_encoding_is_chosen() {
        for (accept, expected) in [
            ("", "identity"),
            ("gzip, deflate, br", "br"),
            ("BR;q=0.001", "br"),
            ("gzip;q=1.0, br;q=0", "gzip"),
            ("gzip, br; Q=0.000", "gzip"),
            ("gzip;q=0.00,br ;q=0.0", "identity"),
            ("brotli, x-gzip", "identity"),
            ("*", "identity"),
        ] {
            assert_eq!(choose(accept).as_deref(), Some(expected), "{accept}");
        }
    }

    #[test]
    fn v5_0_0__5_3_2__a_site_folder_serves_only_its_own_files() {
        let site = AssetSource::Folder(concat!(env!("CARGO_MANIFEST_DIR"), "/public"));
        let icon = site.find("/favicon.svg").unwrap();
        assert_eq!(*icon.identity, *include_bytes!("../../public/favicon.svg"));
        assert_eq!(icon.respond(&HeaderMap::new()).headers()[CONTENT_TYPE], "image/svg+xml");
        let elsewhere = concat!("/", env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        for path in [elsewhere, "/../Cargo.toml", "/./favicon.svg", "/x", "/", "", "favicon.svg"] {
            assert!(site.find(path).is_none(), "{path}");
        }
    }

    #[test]
    fn entry_files_are_found_in_a_folder_and_in_the_binary() {
        let folder = std::env::temp_dir().join(format!("portcullis-site-{}", std::process::id()));
        std::fs::create_dir_all(folder.join("pkg")).unwrap();
        std::fs::write(folder.join("pkg/portcullis.js"), "").unwrap();
        let beside = AssetSource::Folder(folder.to_string_lossy().into_owned().leak());
        assert_eq!(beside.find_by_stem("portcullis", ".js").as_deref(), Some("/pkg/portcullis.js"));
        assert_eq!(beside.find_by_stem("portcullis", ".css"), None);
        std::fs::remove_dir_all(folder).unwrap();

        let inside = AssetSource::Binary(&[SCRIPT]);
        assert_eq!(inside.find_by_stem("portcullis", ".js").as_deref(), Some(&*SCRIPT.path));
        assert_eq!(inside.find_by_stem("portcullis", ".css"), None);
    }

    #[test]
    fn only_files_in_a_hashed_folder_are_cached_forever() {
        for (path, expected) in [
            ("/pkg/0123456789abcdef/portcullis.js", true),
            ("/pkg/portcullis.js", false),
            ("/pkg/0123456789abcde/portcullis.js", false),
            ("/pkg/0123456789abcdeg/portcullis.js", false),
            ("/0123456789abcdef/portcullis.js", false),
            ("/favicon.svg", false),
        ] {
            let response = Asset { path: path.into(), ..SCRIPT }.respond(&HeaderMap::new());
            let is_kept = response.headers().contains_key(CACHE_CONTROL);
            assert_eq!(is_kept, expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn an_encoding_that_was_not_requested_is_never_sent(accept in "((br|gzip|BR|\\*|[a-z]{1,4})(;q=[0-9.]{0,4})?[, ]{0,2}){0,4}|\\PC{0,20}") {
            let coding = choose(&accept).unwrap_or("identity".to_owned());
            prop_assert!(coding == "identity" || accept.to_ascii_lowercase().contains(&coding));
        }

        #[test]
        fn a_refused_encoding_is_never_sent(zeros in "(\\.0{0,3})?", others in "x[a-z]{0,3}") {
            let coding = choose(&format!("{others}, br;q=0{zeros}, gzip; q=0{zeros}"));
            prop_assert_eq!(coding.as_deref(), Some("identity"));
        }
    }
}
