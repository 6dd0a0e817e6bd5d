//! The `unfinished_sign_ups` table: visitors whom a provider identified, while a form asks them for what the
//! provider did not say. Only the browser that began can finish.

use serde::{Deserialize, Serialize};

use super::Identity;
use super::linking::Membership;
use crate::args;
use crate::error::AppError;
use crate::linked_account::server::ProviderAccount;
use crate::server::clock::SKEW;
use crate::server::db::Tx;
use crate::server::digest::{digest, random_token};
use crate::server::feature::AppCookie;
use crate::server::timekeeper::TimeRange;
use crate::server::{App, Context, Error};
use crate::sign_in::server::Intent;
use crate::social::SocialProblem;

/// Binds an unfinished sign-up to this browser.
pub static UNFINISHED: AppCookie =
    AppCookie::for_token("portcullis-sign-up", |app, key| Box::pin(is_waiting(app, key)));

/// How long the form waits, in seconds.
const LIFETIME: i64 = 3600;

const INSERT: &str = "
    INSERT INTO unfinished_sign_ups (browser_digest, sealed, expires_at)
    VALUES ($1, $2, $3)";

const FIND: &str = "
    SELECT sealed
    FROM unfinished_sign_ups
    WHERE browser_digest = $1 AND expires_at > $2 AND expires_at <= $3";

/// Of several concurrent requests, one gets it.
const TAKE: &str = "
    DELETE FROM unfinished_sign_ups
    WHERE browser_digest = $1 AND expires_at > $2 AND expires_at <= $3
    RETURNING sealed";

const DELETE: &str = "
    DELETE FROM unfinished_sign_ups
    WHERE browser_digest = $1";

const COUNT: &str = "
    SELECT COUNT(*)
    FROM unfinished_sign_ups
    WHERE browser_digest = $1";

const DELETE_EXPIRED: &str = "
    DELETE FROM unfinished_sign_ups
    WHERE expires_at <= $1 OR expires_at > $2";

/// A visitor who has yet to finish signing up.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Unfinished {
    account: ProviderAccount,
    /// Set if the provider vouches for it.
    email: Option<String>,
    membership: Membership,
    display_name: String,
    /// When the user authenticated there, in Unix seconds.
    authenticated_at: i64,
    is_multi_factor: bool,
    pub intent: Intent,
}

impl Unfinished {
    /// Creates it from an identity that was read in full.
    pub fn new(identity: &Identity, at: i64, intent: &Intent) -> Result<Self, AppError> {
        let email = identity.verified_email.as_ref().map_err(|it| AppError::Social(*it))?;
        Ok(Self {
            account: identity.account.clone(),
            email: email.as_ref().map(|it| it.as_str().to_owned()),
            membership: identity.membership.map_err(AppError::Social)?,
            display_name: identity.display_name.clone(),
            authenticated_at: at,
            is_multi_factor: identity.is_multi_factor,
            intent: intent.clone(),
        })
    }

    /// Returns the identity that the provider's responses had.
    pub fn identity(&self) -> Identity {
        Identity {
            account: self.account.clone(),
            verified_email: Ok(self.email.as_ref().and_then(|it| it.parse().ok())),
            membership: Ok(self.membership),
            display_name: self.display_name.clone(),
            authenticated_at: Some(self.authenticated_at),
            is_multi_factor: self.is_multi_factor,
        }
    }

    /// Stores it in place of an earlier one of this browser.
    pub async fn store(&self, cx: &Context) -> Result<(), Error> {
        let key = random_token()?;
        let digest_of_key = digest(&key);
        let sealed = cx.app.seal.seal(&context(&digest_of_key), &serde_json::to_vec(self)?)?;
        let expires_at = cx.app.clock.now() + LIFETIME;
        let mut tx = cx.app.db.begin().await?;
        if let Some(earlier) = cx.get(&UNFINISHED) {
            tx.execute(DELETE, args![digest(&earlier)]).await?;
        }
        tx.execute(INSERT, args![digest_of_key, sealed, expires_at]).await?;
        tx.commit().await?;
        cx.set(&UNFINISHED, key, LIFETIME);
        Ok(())
    }

    /// Returns this browser's sign-up. It stays stored.
    pub async fn find(cx: &Context) -> Result<Self, Error> {
        let digest = digest(cx.get(&UNFINISHED).unwrap_or_default());
        let now = cx.app.clock.now();
        let sealed: Option<String> =
            cx.app.db.scalar_optional(FIND, args![&digest, now, latest(now)]).await?;
        Self::open(&cx.app, &digest, sealed)
    }

    /// Takes this browser's sign-up, once.
    pub async fn take(cx: &Context, tx: &mut Tx) -> Result<Self, Error> {
        let digest = digest(cx.get(&UNFINISHED).unwrap_or_default());
        let now = cx.app.clock.now();
        let sealed: Option<String> =
            tx.scalar_optional(TAKE, args![&digest, now, latest(now)]).await?;
        Self::open(&cx.app, &digest, sealed)
    }

    /// Fails if it was finished, has expired, or its provider is no longer configured.
    fn open(app: &App, digest: &str, sealed: Option<String>) -> Result<Self, Error> {
        let opened = sealed.and_then(|it| app.seal.open(&context(digest), &it));
        let found: Option<Self> = opened.and_then(|it| serde_json::from_slice(&it).ok());
        let is_configured = |it: &Self| {
            let ProviderAccount { provider, issuer, .. } = &it.account;
            app.config.provider(provider).is_some_and(|it| it.owns(issuer))
        };
        found.filter(is_configured).ok_or_else(|| AppError::Social(SocialProblem::Expired).into())
    }
}

async fn is_waiting(app: &App, key: &str) -> Result<bool, Error> {
    let count: i64 = app.db.scalar(COUNT, args![digest(key)]).await?;
    Ok(count > 0)
}

/// Returns the latest possible expiry. A later one was written before a clock was set back.
const fn latest(now: i64) -> i64 {
    now + LIFETIME + SKEW
}

fn context(digest: &str) -> String {
    format!("unfinished sign-up {digest}")
}

/// Deletes what was never finished.
pub async fn sweep(app: &App, time: TimeRange) -> Result<(), Error> {
    app.db.execute(DELETE_EXPIRED, args![time.earliest, latest(time.latest)]).await?;
    Ok(())
}
