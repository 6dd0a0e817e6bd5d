//! Flashes: an outcome carried over a redirect, sealed in a cookie for one minute.

use crate::outcome::Flash;
use crate::server::clock::SKEW;
use crate::server::feature::AppCookie;
use crate::server::{App, Context};

/// The cookie that carries the outcome of a form to the next page.
pub static COOKIE: AppCookie = AppCookie {
    name: "portcullis-flash",
    is_well_formed: |_| true,
    is_ours: |app, sealed| Box::pin(async move { Ok(open(app, sealed).is_some()) }),
    ends_with_session: false,
};

/// In seconds.
const LIFETIME: i64 = 60;

const SEAL_CONTEXT: &str = "flash";

/// The most bytes that a flash keeps of one field: no valid field is longer, and a cookie holds 4096 in all
/// (RFC 6265, section 6.1).
pub const MAX_FIELD: usize = 512;

/// Stores a flash for the next page.
pub fn set(cx: &Context, flash: &Flash) {
    let expires_at = cx.app.clock.now() + LIFETIME;
    let sealed = serde_json::to_vec(&(expires_at, flash))
        .map_err(Into::into)
        .and_then(|text| cx.app.seal.seal(SEAL_CONTEXT, &text));
    match sealed {
        Ok(sealed) => cx.set(&COOKIE, sealed, LIFETIME),
        Err(error) => tracing::error!(error = error.chain(), "can't store a flash message"),
    }
}

/// Takes the flash, if it is one of ours. The server enforces its lifetime and does not rely on the browser.
#[must_use]
pub fn take(cx: &Context) -> Option<Flash> {
    let sealed = cx.get(&COOKIE)?;
    cx.clear(&COOKIE);
    open(&cx.app, &sealed)
}

fn open(app: &App, sealed: &str) -> Option<Flash> {
    let text = app.seal.open(SEAL_CONTEXT, sealed)?;
    let (expires_at, flash): (i64, Flash) = serde_json::from_slice(&text).ok()?;
    let now = app.clock.now();
    (now + 1..=now + LIFETIME + SKEW).contains(&expires_at).then_some(flash)
}
