//! Sign-ins that are under way at a provider: each bound to the browser that began it, used once,
//! gone after ten minutes.

use oauth2::PkceCodeChallenge;
use serde::{Deserialize, Serialize};

use super::Challenge;
use crate::on;
use crate::secret::Secret;
use crate::server::clock::SKEW;
use crate::server::context::Jar;
use crate::server::digest::{digest, is_token, random_token};
use crate::server::timekeeper::Range;
use crate::server::{App, Context, Error};
use crate::session::server::SignedIn;
use crate::sign_in::Next;
use crate::user::server::UserId;

/// In seconds.
const LIFETIME: i64 = 600;

/// What a sign-in at a provider is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Purpose {
    /// To sign in here, and go on to a path of this site.
    SignIn { next: String },
    /// To link the account there to this user, who must still be signed in.
    Link { user_id: UserId },
    /// To prove again who is signed in, and go on to a path of this site.
    Reauthenticate { user_id: UserId, next: String },
}

impl Purpose {
    #[must_use]
    pub fn sign_in(next: &str) -> Self {
        Self::SignIn { next: Next::from_query(next).into_string() }
    }

    #[must_use]
    pub fn reauthenticate(user: &SignedIn, next: &str) -> Self {
        let next = Next::from_query(next).into_string();
        Self::Reauthenticate { user_id: user.user_id.clone(), next }
    }

    #[must_use]
    pub fn link(user: &SignedIn) -> Self {
        Self::Link { user_id: user.user_id.clone() }
    }
}

/// What must fit when the visitor comes back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Pending {
    pub provider: String,
    pub nonce: Secret,
    pub verifier: Secret,
    pub purpose: Purpose,
}

const INSERT: &str = "
    INSERT INTO authorization_requests (state_digest, browser_digest, sealed, expires_at)
    VALUES ($1, $2, $3, $4)";

/// None that would live longer than any: that one is from before a clock was set back.
const TAKE: &str = "
    DELETE FROM authorization_requests
    WHERE state_digest = $1 AND browser_digest = $2 AND expires_at > $3 AND expires_at <= $4
    RETURNING sealed";

const DELETE_EXPIRED: &str = "
    DELETE FROM authorization_requests
    WHERE expires_at <= $1 OR expires_at > $2";

impl Pending {
    /// Fresh secrets for one sign-in (RFC 9700, section 2.1: state, nonce and PKCE S256 together).
    pub(super) fn begin(provider: &str, purpose: Purpose) -> Result<(Self, Challenge), Error> {
        let (pkce, verifier) = PkceCodeChallenge::new_random_sha256();
        let nonce = random_token()?;
        let asks_again = matches!(purpose, Purpose::Reauthenticate { .. });
        let pending = Self {
            provider: provider.to_owned(),
            nonce: nonce.clone().into(),
            verifier: verifier.into_secret().into(),
            purpose,
        };
        Ok((pending, Challenge { state: random_token()?, nonce, pkce, asks_again }))
    }

    /// Writes it down for this browser. A browser has one key for all its tabs, so that two at
    /// once both come back.
    pub(super) async fn keep(&self, cx: &Context, state: &str) -> Result<(), Error> {
        let browser = match cx.read(Jar::Authorization) {
            Some(key) if is_token(&key) => key,
            _ => random_token()?,
        };
        let state_digest = digest(state);
        let sealed = cx.app.seal.seal(&bound_to(&state_digest), &serde_json::to_vec(self)?)?;
        on!(&cx.app.db, db => sqlx::query(INSERT)
            .bind(state_digest)
            .bind(digest(&browser))
            .bind(sealed)
            .bind(cx.app.clock.now() + LIFETIME)
            .execute(db)
            .await
            .map(drop))?;
        cx.keep(Jar::Authorization, browser, LIFETIME);
        Ok(())
    }

    /// Takes it, once; `None` where it is foreign, used, expired or unreadable.
    pub(super) async fn take(cx: &Context, state: &str) -> Result<Option<Self>, Error> {
        let Some(browser) = cx.read(Jar::Authorization) else { return Ok(None) };
        let state_digest = digest(state);
        let now = cx.app.clock.now();
        let sealed: Option<String> = on!(&cx.app.db, db => sqlx::query_scalar(TAKE)
            .bind(&state_digest)
            .bind(digest(&browser))
            .bind(now)
            .bind(now + LIFETIME + SKEW)
            .fetch_optional(db)
            .await)?;
        let opened = sealed.and_then(|it| cx.app.seal.open(&bound_to(&state_digest), &it));
        Ok(opened.and_then(|it| serde_json::from_slice(&it).ok()))
    }
}

/// Remembers in the browser where a callback led.
pub fn note_used(cx: &Context, state: &str, page: &str) {
    match cx.app.seal.seal(&used_by(state), page.as_bytes()) {
        Ok(sealed) => cx.keep(Jar::Callback, sealed, LIFETIME),
        Err(error) => tracing::error!(error = error.chain(), "a callback is not remembered"),
    }
}

/// Where the callback led that this browser loads again, as long as its user is signed in: that
/// sign-in is used, and nothing is wrong with it.
pub async fn reloaded(cx: &Context, state: &str) -> Result<Option<String>, Error> {
    let opened = cx.read(Jar::Callback).and_then(|it| cx.app.seal.open(&used_by(state), &it));
    let Some(page) = opened.and_then(|it| String::from_utf8(it).ok()) else { return Ok(None) };
    Ok(cx.find_user().await?.map(|_| page))
}

fn used_by(state: &str) -> String {
    format!("used callback {}", digest(state))
}

fn bound_to(state_digest: &str) -> String {
    format!("authorization request {state_digest}")
}

/// Drops what has expired.
pub async fn sweep(app: &App, time: Range) -> Result<(), Error> {
    on!(&app.db, db => sqlx::query(DELETE_EXPIRED)
        .bind(time.earliest)
        .bind(time.latest + LIFETIME + SKEW)
        .execute(db)
        .await
        .map(drop))?;
    Ok(())
}
