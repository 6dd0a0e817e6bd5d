//! The headers of every response (ASVS 5.0, chapter 3.4), all set here.

use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, SET_COOKIE, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::server::App;

const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");
const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");
const OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

const PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), \
    geolocation=(), gyroscope=(), magnetometer=(), microphone=(), midi=(), payment=(), \
    publickey-credentials-create=(self), publickey-credentials-get=(self), usb=()";

/// Two years, as preload lists require.
const HSTS: &str = "max-age=63072000; includeSubDomains";

/// Returns the Content-Security-Policy of one response. A page's own scripts carry its nonce. The only other
/// permission is compiling WebAssembly. Nothing inline, no `eval`, no other host.
#[must_use]
pub fn policy(app: &App, nonce: Option<&str>) -> String {
    let nonce = nonce.map(|it| format!(" 'nonce-{it}'")).unwrap_or_default();
    let form_actions = app.providers.form_actions();
    format!(
        "default-src 'none'; script-src 'self'{nonce} 'wasm-unsafe-eval'; style-src 'self'; \
         img-src 'self'; connect-src 'self'; form-action 'self' {form_actions}; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

/// Tells a browser whose session has ended to delete what pages stored in it (ASVS 5.0, 14.3.1). Keeps the
/// cookies, some of which outlive a session, and the cache (decision 38).
pub fn clear_site_data(headers: &mut HeaderMap) {
    headers.insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"storage\""));
}

/// Adds the headers that a response lacks.
pub fn complete(app: &App, headers: &mut HeaderMap) {
    let mut set = |name: HeaderName, value: &'static str| {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    };
    set(X_CONTENT_TYPE_OPTIONS, "nosniff");
    // For browsers too old for frame-ancestors.
    set(X_FRAME_OPTIONS, "DENY");
    // Not no-referrer: a form that is posted without scripts returns to its page by `Referer`.
    set(REFERRER_POLICY, "same-origin");
    set(PERMISSIONS_POLICY, PERMISSIONS);
    set(OPENER_POLICY, "same-origin");
    set(RESOURCE_POLICY, "same-origin");
    set(CACHE_CONTROL, "no-store");
    if app.config.site.is_https() {
        set(STRICT_TRANSPORT_SECURITY, HSTS);
        secure_cookies(headers);
    }
    if !headers.contains_key(CONTENT_SECURITY_POLICY)
        && let Ok(policy) = HeaderValue::from_str(&policy(app, None))
    {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
}

/// Adds `Secure` to headers that remove a `__Host-` cookie. tower-cookies omits it, so browsers would ignore
/// the header and keep the cookie.
fn secure_cookies(headers: &mut HeaderMap) {
    for (name, value) in headers.iter_mut() {
        if *name != SET_COOKIE || !value.as_bytes().starts_with(b"__Host-") {
            continue;
        }
        let text = value.to_str().unwrap_or_default();
        if !text.split(';').any(|it| it.trim().eq_ignore_ascii_case("secure"))
            && let Ok(secured) = HeaderValue::from_str(&format!("{text}; Secure"))
        {
            *value = secured;
        }
    }
}
