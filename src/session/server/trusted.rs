//! The `trusted_browsers` table: browsers in which a user's sign-in needs no second factor for a while.
//!
//! Trust is bound to the user and to the browser's key, and ends with every event that ends all sessions or
//! changes the factors.

use std::time::Duration;

use super::{SignedIn, lock_signed_in};
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::{record_event, record_event_about};
use crate::device::Device;
use crate::known_place::server::BROWSER;
use crate::record;
use crate::server::clock::SKEW;
use crate::server::config::seconds;
use crate::server::db::Tx;
use crate::server::device;
use crate::server::digest::{digest, is_token};
use crate::server::timekeeper::TimeRange;
use crate::server::{App, Context, Error};
use crate::session::TrustedBrowserView;
use crate::user::server::{UserId, lock_user};

// An expiry further ahead than any trust lasts was written before a clock was set back or the setting was lowered. Such a
// browser is neither trusted nor shown.

const IS_TRUSTED: &str = "
    SELECT COUNT(*)
    FROM trusted_browsers
    WHERE user_id = $1 AND expires_at > $2 AND expires_at <= $3 AND browser_digest = $4";

const COUNT: &str = "
    SELECT COUNT(*)
    FROM trusted_browsers
    WHERE user_id = $1 AND expires_at > $2 AND expires_at <= $3";

const UPSERT: &str = "
    INSERT INTO trusted_browsers
        (id, user_id, browser_digest, address, browser, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (user_id, browser_digest) DO UPDATE
    SET address = excluded.address, browser = excluded.browser, created_at = excluded.created_at,
        expires_at = excluded.expires_at";

/// Deletes browsers over the limit, the longest trusted first.
const DELETE_EXCESS: &str = "
    DELETE FROM trusted_browsers
    WHERE user_id = $1 AND id NOT IN (
        SELECT t.id
        FROM trusted_browsers t
        WHERE t.user_id = $1
        ORDER BY t.created_at DESC, t.id DESC
        LIMIT $2)";

const LIST: &str = "
    SELECT id, address, browser, created_at, expires_at
    FROM trusted_browsers
    WHERE user_id = $1 AND expires_at > $2 AND expires_at <= $3
    ORDER BY created_at DESC, id DESC";

const DELETE_ONE: &str = "
    DELETE FROM trusted_browsers
    WHERE user_id = $1 AND id = $2";

const DELETE_ALL: &str = "
    DELETE FROM trusted_browsers
    WHERE user_id = $1";

const DELETE_EXPIRED: &str = "
    DELETE FROM trusted_browsers
    WHERE expires_at <= $1 OR expires_at > $2";

record! {
    struct Row {
        id: String,
        address: String,
        browser: String,
        created_at: i64,
        expires_at: i64,
    }
}

/// How long a browser is trusted; `None` if the site trusts none. Where only passkeys count, trust could be older than
/// that policy.
#[must_use]
pub fn trust_period(app: &App) -> Option<Duration> {
    let policy = &app.config.second_factor;
    policy.trust.filter(|_| policy.accept.includes_codes())
}

/// The same in seconds.
fn lifetime(app: &App) -> Option<i64> {
    trust_period(app).map(seconds)
}

/// Returns the digest of this browser's key.
fn browser_digest(cx: &Context) -> Option<String> {
    cx.get(&BROWSER).filter(|it| is_token(it)).map(digest)
}

/// Returns whether the user trusts this browser.
pub async fn is_trusted(cx: &Context, tx: &mut Tx, user_id: &UserId) -> Result<bool, Error> {
    let (Some(lifetime), Some(browser)) = (lifetime(&cx.app), browser_digest(cx)) else {
        return Ok(false);
    };
    let now = cx.app.clock.now();
    let found: i64 =
        tx.scalar(IS_TRUSTED, args![user_id.as_str(), now, now + lifetime + SKEW, browser]).await?;
    Ok(found > 0)
}

/// Returns how many browsers a user trusts, given the site's [`trust_period`].
pub async fn count(
    app: &App,
    tx: &mut Tx,
    user_id: &UserId,
    period: Duration,
) -> Result<i64, Error> {
    let now = app.clock.now();
    tx.scalar(COUNT, args![user_id.as_str(), now, now + seconds(period) + SKEW]).await
}

/// Trusts this browser, in which the user has just signed in with a second factor.
pub async fn trust(cx: &Context, user_id: &UserId) -> Result<(), Error> {
    let app = &cx.app;
    let (Some(lifetime), Some(browser)) = (lifetime(app), browser_digest(cx)) else {
        return Ok(());
    };
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    lock_user(&mut tx, user_id).await?;
    tx.execute(
        UPSERT,
        args![
            uuid::Uuid::now_v7().to_string(),
            user_id.as_str(),
            browser,
            &cx.client.ip_text,
            &cx.client.user_agent,
            now,
            now + lifetime
        ],
    )
    .await?;
    let most = i64::from(app.config.sign_in.known_places);
    tx.execute(DELETE_EXCESS, args![user_id.as_str(), most]).await?;
    record_event(cx, &mut tx, EventKind::BrowserTrusted, user_id).await?;
    tx.commit().await
}

/// Returns the browsers that a user trusts, the latest first.
pub async fn list(app: &App, user_id: &UserId) -> Result<Vec<TrustedBrowserView>, Error> {
    let Some(lifetime) = lifetime(app) else { return Ok(Vec::new()) };
    let now = app.clock.now();
    let args = args![user_id.as_str(), now, now + lifetime + SKEW];
    let rows: Vec<Row> = app.db.fetch_all(LIST, args).await?;
    let view = |row: Row| {
        let Device { browser, system } = device::describe(&row.browser);
        TrustedBrowserView {
            id: row.id,
            device: Device { browser, system },
            address: row.address,
            created_at: row.created_at,
            expires_at: row.expires_at,
        }
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Stops trusting one of the user's browsers, or all if `id` is `None`. Does nothing if it is not one of theirs.
pub async fn revoke(cx: &Context, user: &SignedIn, id: Option<&str>) -> Result<(), Error> {
    let user_id = &user.user_id;
    let mut tx = cx.app.db.begin().await?;
    lock_signed_in(&cx.app, &mut tx, user).await?;
    let revoked = match id {
        Some(id) => tx.execute(DELETE_ONE, args![user_id.as_str(), id]).await?,
        None => tx.execute(DELETE_ALL, args![user_id.as_str()]).await?,
    };
    if revoked > 0 {
        let about = if id.is_some() { "" } else { "all" };
        record_event_about(cx, &mut tx, EventKind::TrustRevoked, user_id, about).await?;
    }
    tx.commit().await
}

/// Stops trusting all of a user's browsers, as part of a larger change.
pub async fn revoke_all_in(tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
    tx.execute(DELETE_ALL, args![user_id.as_str()]).await?;
    Ok(())
}

/// Deletes what has expired.
pub async fn sweep(app: &App, time: TimeRange) -> Result<(), Error> {
    let longest = lifetime(app).unwrap_or(0);
    app.db
        .execute(DELETE_EXPIRED, args![time.earliest, time.latest.saturating_add(longest + SKEW)])
        .await?;
    Ok(())
}
