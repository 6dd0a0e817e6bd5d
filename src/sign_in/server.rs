//! The only door: whoever was proven comes in here.

use crate::audit::Kind;
use crate::audit::server::{note, note_about};
use crate::error::AppError;
use crate::form::Notice;
use crate::mail::server::Mail;
use crate::password::server::failures;
use crate::recovery::server::tell;
use crate::server::clock::SKEW;
use crate::server::context::{Jar, YEAR};
use crate::server::db::Tx;
use crate::server::digest::{digest, is_token, random_token};
use crate::server::limits::{self, Act};
use crate::server::timekeeper::Range;
use crate::server::{App, Context, Error};
use crate::session::server::Beginning;
use crate::user::Email;
use crate::user::server::{Method, Proven, UserId, find_contact, keep, mark_used};
use crate::{in_tx, on};

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

/// Begins a session for a user that a method has proven. What is to be told of it is returned.
pub async fn sign_in(
    cx: &Context,
    proven: &Proven,
    remembered: bool,
) -> Result<Option<Notice>, Error> {
    let app = &cx.app;
    let user_id = &proven.user_id;
    // Every browser has one key for all who sign in with it.
    let browser = match cx.read(Jar::Browser).filter(|it| is_token(it)) {
        Some(key) => key,
        None => random_token()?,
    };
    let mut tx = app.db.begin().await?;
    mark_used(&mut tx, user_id, app.clock.now()).await?;
    let is_news = learn_places(cx, &mut tx, user_id, &browser).await?;
    if cx.session.make_room(&mut tx, user_id).await? {
        note_about(cx, &mut tx, Kind::SessionEnded, user_id, "too many").await?;
    }
    let beginning = Beginning { proven, remembered, client: &cx.client };
    let Some(session) = cx.session.prepare(&mut tx, &beginning).await? else {
        drop(tx);
        return Err(refuse(cx, user_id).await?.into());
    };
    if let Method::Password { account } = &proven.method {
        failures::clear(&mut tx, account).await?;
    }
    note_about(cx, &mut tx, Kind::SignedIn, user_id, proven.method.as_str()).await?;
    if is_news {
        tell(cx, &mut tx, user_id, |event, not_me| Mail::NewSignIn { event, not_me }).await?;
    }
    let is_back = keep(&mut tx, user_id, proven.epoch).await?;
    if is_back {
        note(cx, &mut tx, Kind::DeletionUndone, user_id).await?;
    }
    tx.commit().await?;
    cx.session.begin(session, remembered).await?;
    cx.keep(Jar::Browser, browser, YEAR);
    Ok(is_back.then_some(Notice::DeletionUndone))
}

/// Why somebody was not let in who had proven who they are.
async fn refuse(cx: &Context, user_id: &UserId) -> Result<AppError, Error> {
    let mut tx = cx.app.db.begin().await?;
    let contact = find_contact(&mut tx, user_id).await?;
    note_about(cx, &mut tx, Kind::SignInRefused, user_id, "disabled").await?;
    tx.commit().await?;
    Ok(AppError::Disabled { until: contact.disabled_until })
}

/// Whether the account of this address has been signed in to from a browser, by its digest.
pub async fn knows_browser(app: &App, email: &Email, browser: &str) -> Result<bool, Error> {
    let places: i64 = on!(&app.db, db => sqlx::query_scalar(IS_KNOWN)
        .bind(email.key())
        .bind(browser)
        .fetch_one(db)
        .await)?;
    Ok(places > 0)
}

/// Which acts on an account are counted together: those of a browser that the account knows, and those
/// of all others by the place that they come from, so that strangers use up no owner's. All others have
/// a limit of their own as well.
#[derive(Clone, Debug)]
pub struct Share {
    /// Begins with the account.
    pub subject: String,
    /// The account, if it does not know the browser.
    unknown_to: Option<String>,
}

impl Share {
    /// The share of this request in the account of this address. It takes the same time whether there is
    /// one.
    pub async fn of(cx: &Context, email: &Email) -> Result<Self, Error> {
        let account = limits::account(email);
        let browser = cx.read(Jar::Browser).map(digest).unwrap_or_default();
        if knows_browser(&cx.app, email, &browser).await? {
            return Ok(Self { subject: format!("{account} {browser}"), unknown_to: None });
        }
        let network = cx.client.ip.map(limits::network).unwrap_or_default();
        Ok(Self { subject: format!("{account} {network}"), unknown_to: Some(account) })
    }

    /// Counts one act. Refused where any of its limits is reached.
    pub async fn take_in(&self, cx: &Context, tx: &mut Tx, act: Act) -> Result<(), Error> {
        limits::take_in(&cx.app, tx, act, &cx.client, Some(&self.subject)).await?;
        match &self.unknown_to {
            Some(account) => limits::take_unknown_in(&cx.app, tx, act, account).await,
            None => Ok(()),
        }
    }
}

/// Remembers where a user signs in from, and says whether it is a place that they would want to hear
/// of: one that is new beside others.
async fn learn_places(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    browser: &str,
) -> Result<bool, Error> {
    let now = cx.app.clock.now();
    let known: Vec<(String, String, i64)> = in_tx!(tx, c => sqlx::query_as(LIST)
        .bind(user_id.as_str())
        .fetch_all(c)
        .await)?;
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
        // Before anything is written that names the user: of two who learn, neither waits for what
        // the other holds, and whoever deletes what is unused waits for us.
        find_contact(tx, user_id).await?;
        in_tx!(tx, c => sqlx::query(LEARN)
            .bind(user_id.as_str())
            .bind(browser)
            .bind(network)
            .bind(now)
            .execute(c)
            .await
            .map(drop))?;
        let most = cx.app.config.sign_in.known_places;
        for kind in ["browser", "network"] {
            in_tx!(tx, c => sqlx::query(FORGET_SOME)
                .bind(user_id.as_str())
                .bind(kind)
                .bind(i64::from(most))
                .execute(c)
                .await
                .map(drop))?;
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

/// Forgets all places of a user: who has come so far may have been somebody else.
pub async fn forget_places(tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
    in_tx!(tx, c => sqlx::query(FORGET_ALL).bind(user_id.as_str()).execute(c).await.map(drop))?;
    Ok(())
}

/// Forgets places that nobody comes from any more.
pub async fn sweep(app: &App, time: Range) -> Result<(), Error> {
    let before = time.earliest - KEEP;
    on!(&app.db, db => sqlx::query(FORGET).bind(before).execute(db).await.map(drop))?;
    on!(&app.db, db => sqlx::query(MEND_FUTURE)
        .bind(time.latest)
        .bind(time.latest + SKEW)
        .execute(db)
        .await
        .map(drop))?;
    Ok(())
}
