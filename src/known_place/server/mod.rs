//! The `known_places` table: the browsers and the networks that a user signs in from.

mod share;

use crate::args;
use crate::server::clock::SKEW;
use crate::server::db::Tx;
use crate::server::digest::{digest, is_token};
use crate::server::feature::AppCookie;
use crate::server::timekeeper::Range;
use crate::server::{App, Context, Error};
use crate::user::Email;
use crate::user::server::UserId;

pub use share::Share;

/// Tells a user's own browsers from others. Known to an account, if at all, and no account is named yet.
pub static BROWSER: AppCookie = AppCookie {
    ends_with_session: false,
    ..AppCookie::of_token("portcullis-browser", |_, key| Box::pin(async move { Ok(is_token(key)) }))
};

const LIST: &str = "
    SELECT kind, place, seen_at
    FROM known_places
    WHERE user_id = $1";

/// Those of both that are not empty.
const LEARN: &str = "
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

/// Those that are too many, first the one that was not signed in from for the longest time.
const FORGET_SOME: &str = "
    DELETE FROM known_places
    WHERE user_id = $1 AND kind = $2 AND place NOT IN (
        SELECT p.place
        FROM known_places p
        WHERE p.user_id = $1 AND p.kind = $2
        ORDER BY p.seen_at DESC, p.place
        LIMIT $3)";

const FORGET_ALL: &str = "
    DELETE FROM known_places
    WHERE user_id = $1";

const FORGET: &str = "
    DELETE FROM known_places
    WHERE seen_at <= $1";

/// What was seen in the future was seen while a clock was ahead; it grows old from now on.
const MEND_FUTURE: &str = "
    UPDATE known_places
    SET seen_at = $1
    WHERE seen_at > $2";

/// A place that was not signed in from for so long is not known any more, in seconds.
const KEEP: i64 = 180 * 86400;

/// How often it is written that a place is still signed in from, in seconds.
const SEEN_EVERY: i64 = 86400;

/// Whether the account of this address has been signed in to from a browser, by its digest.
pub async fn knows_browser(app: &App, email: &Email, browser: &str) -> Result<bool, Error> {
    let places: i64 = app.db.scalar(IS_KNOWN, args![email.key(), browser]).await?;
    Ok(places > 0)
}

/// Remembers where a user, whose row is locked, signs in from, and says whether it is a place that they
/// would want to hear of: one that is new beside others.
pub async fn learn(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    browser: &str,
) -> Result<bool, Error> {
    let now = cx.app.clock.now();
    let known: Vec<(String, String, i64)> = tx.fetch_all(LIST, args![user_id.as_str()]).await?;
    let has = |kind: &str, place: &str| known.iter().any(|it| it.0 == kind && it.1 == place);
    let places = [("browser", Some(digest(browser))), ("network", cx.client.ip.map(neighbourhood))];
    let places = places.map(|(kind, place)| Some((kind, place?)));
    let is_news =
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
        tx.execute(LEARN, args![user_id.as_str(), browser, network, now]).await?;
        let most = cx.app.config.sign_in.known_places;
        for kind in ["browser", "network"] {
            tx.execute(FORGET_SOME, args![user_id.as_str(), kind, i64::from(most)]).await?;
        }
    }
    Ok(places.iter().flatten().any(is_news))
}

/// What stays the same while people move about at home: the /24 of IPv4, the /48 of IPv6.
fn neighbourhood(ip: std::net::IpAddr) -> String {
    let bits = if ip.to_canonical().is_ipv4() { 24 } else { 48 };
    // Fails only for more bits than an address has.
    ipnet::IpNet::new(ip.to_canonical(), bits)
        .map_or_else(|_| ip.to_string(), |it| it.trunc().to_string())
}

/// Forgets all places of a user: until now it may have been somebody else who signed in.
pub async fn forget_all(tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
    tx.execute(FORGET_ALL, args![user_id.as_str()]).await?;
    Ok(())
}

/// Forgets places that nobody comes from any more.
pub async fn sweep(app: &App, time: Range) -> Result<(), Error> {
    let before = time.earliest - KEEP;
    app.db.execute(FORGET, args![before]).await?;
    app.db.execute(MEND_FUTURE, args![time.latest, time.latest + SKEW]).await?;
    Ok(())
}
