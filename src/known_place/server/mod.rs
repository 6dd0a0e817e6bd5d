//! The `known_places` table: the browsers and networks from which a user signs in.

mod bucket;

use crate::args;
use crate::server::clock::SKEW;
use crate::server::db::Tx;
use crate::server::digest::{digest, is_token};
use crate::server::feature::AppCookie;
use crate::server::timekeeper::TimeRange;
use crate::server::{App, Context, Error};
use crate::user::Email;
use crate::user::server::UserId;

pub use bucket::AttemptBucket;

/// Identifies a browser. Only accounts know their browsers and none is named yet, so any token passes.
pub static BROWSER: AppCookie = AppCookie {
    ends_with_session: false,
    ..AppCookie::for_token("portcullis-browser", |_, key| {
        Box::pin(async move { Ok(is_token(key)) })
    })
};

const LIST: &str = "
    SELECT kind, place, seen_at
    FROM known_places
    WHERE user_id = $1";

/// Stores the browser and the network, except if empty.
const UPSERT: &str = "
    INSERT INTO known_places (user_id, kind, place, created_at, seen_at)
    SELECT u.id, p.kind, p.place, $4, $4
    FROM users u, (SELECT 'browser' AS kind, CAST($2 AS TEXT) AS place
        UNION ALL SELECT 'network', CAST($3 AS TEXT)) p
    WHERE u.id = $1 AND p.place <> ''
    ON CONFLICT (user_id, kind, place) DO UPDATE SET seen_at = excluded.seen_at";

const IS_KNOWN: &str = "
    SELECT COUNT(*)
    FROM users u
    JOIN known_places k ON k.user_id = u.id
    WHERE u.email_key = $1 AND k.kind = 'browser' AND k.place = $2";

/// Deletes places over the limit, least recently used first.
const DELETE_EXCESS: &str = "
    DELETE FROM known_places
    WHERE user_id = $1 AND kind = $2 AND place NOT IN (
        SELECT p.place
        FROM known_places p
        WHERE p.user_id = $1 AND p.kind = $2
        ORDER BY p.seen_at DESC, p.place
        LIMIT $3)";

const DELETE_ALL: &str = "
    DELETE FROM known_places
    WHERE user_id = $1";

const DELETE_OLD: &str = "
    DELETE FROM known_places
    WHERE seen_at <= $1";

/// A `seen_at` in the future is from a clock that was ahead; the place ages from now on.
const REDATE_FUTURE: &str = "
    UPDATE known_places
    SET seen_at = $1
    WHERE seen_at > $2";

/// A place is forgotten after this time without a sign-in, in seconds.
const RETENTION: i64 = 180 * 86400;

/// How often `seen_at` is updated for a place in use, in seconds.
const SEEN_EVERY: i64 = 86400;

/// Returns whether the account of this email address knows a browser, given the browser's digest.
pub async fn knows_browser(app: &App, email: &Email, browser: &str) -> Result<bool, Error> {
    let places: i64 = app.db.scalar(IS_KNOWN, args![email.key(), browser]).await?;
    Ok(places > 0)
}

/// Stores the places of a sign-in by a user whose row is locked. Returns whether to tell the user:
/// a place is new and others of its kind are known.
pub async fn remember_places(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    browser: &str,
) -> Result<bool, Error> {
    let now = cx.app.clock.now();
    let known: Vec<(String, String, i64)> = tx.fetch_all(LIST, args![user_id.as_str()]).await?;
    let has = |kind: &str, place: &str| known.iter().any(|it| it.0 == kind && it.1 == place);
    let places =
        [("browser", Some(digest(browser))), ("network", cx.client.ip.map(network_prefix))];
    let places = places.map(|(kind, place)| Some((kind, place?)));
    let is_new_place =
        |(kind, place): &(&str, String)| !has(kind, place) && known.iter().any(|it| it.0 == *kind);
    let was_seen = |(kind, place): &(&str, String)| {
        known.iter().any(|it| {
            it.0 == *kind
                && it.1 == *place
                && now.saturating_sub(it.2).saturating_abs() < SEEN_EVERY
        })
    };
    let [browser, network] = places.each_ref().map(|it| match it {
        Some(it) if !was_seen(it) => it.1.as_str(),
        _ => "",
    });
    if !(browser.is_empty() && network.is_empty()) {
        tx.execute(UPSERT, args![user_id.as_str(), browser, network, now]).await?;
        let most = cx.app.config.sign_in.known_places;
        for (kind, place) in places.iter().flatten() {
            let others = known.iter().filter(|it| it.0 == *kind && it.1 != *place).count();
            if others >= most as usize {
                tx.execute(DELETE_EXCESS, args![user_id.as_str(), *kind, i64::from(most)]).await?;
            }
        }
    }
    Ok(places.iter().flatten().any(is_new_place))
}

/// Returns the network that stays the same around a user's home: the /24 of IPv4, the /48 of IPv6.
fn network_prefix(ip: std::net::IpAddr) -> String {
    let bits = if ip.to_canonical().is_ipv4() { 24 } else { 48 };
    // Fails only for more bits than an IP address has.
    ipnet::IpNet::new(ip.to_canonical(), bits)
        .map_or_else(|_| ip.to_string(), |it| it.trunc().to_string())
}

/// Forgets all places of a user: earlier sign-ins may have been someone else's.
pub async fn forget_all(tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
    tx.execute(DELETE_ALL, args![user_id.as_str()]).await?;
    Ok(())
}

/// Forgets places that are no longer used.
pub async fn sweep(app: &App, time: TimeRange) -> Result<(), Error> {
    let before = time.earliest - RETENTION;
    app.db.execute(DELETE_OLD, args![before]).await?;
    app.db.execute(REDATE_FUTURE, args![time.latest, time.latest + SKEW]).await?;
    Ok(())
}
