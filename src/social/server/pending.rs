//! The `authorization_requests` table: the secrets of attempts that wait for a provider. Each row
//! is deleted with its attempt.

use oauth2::PkceCodeChallenge;
use serde::{Deserialize, Serialize};

use super::authorize::Challenge;
use super::posted::PostedCallback;
use super::{AUTHORIZATION, CALLBACK, Callback};
use crate::args;
use crate::secret::Secret;
use crate::server::digest::{digest, is_token, random_token};
use crate::server::{Context, Error};
use crate::sign_in::server::{Attempt, LIFETIME};

/// The values that the visitor's callback must match.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PendingAuthorization {
    pub provider: String,
    pub nonce: Secret,
    pub verifier: Secret,
    /// The callback, if the provider's page posted it.
    #[serde(skip)]
    pub(super) posted: Option<Callback>,
}

const INSERT: &str = "
    INSERT INTO authorization_requests (state_digest, attempt_id, sealed)
    VALUES ($1, $2, $3)";

const FIND: &str = "
    SELECT attempt_id, sealed, posted_digest, posted
    FROM authorization_requests
    WHERE state_digest = $1";

impl PendingAuthorization {
    /// Creates the secrets of one sign-in (RFC 9700, section 2.1: state, nonce and PKCE S256 together).
    pub(super) fn begin(
        provider: &str,
        force_reauthentication: bool,
    ) -> Result<(Self, Challenge), Error> {
        let (pkce, verifier) = PkceCodeChallenge::new_random_sha256();
        let nonce = random_token()?;
        let pending = Self {
            provider: provider.to_owned(),
            nonce: nonce.clone().into(),
            verifier: verifier.into_secret().into(),
            posted: None,
        };
        Ok((pending, Challenge { state: random_token()?, nonce, pkce, force_reauthentication }))
    }

    /// Stores the secrets with their attempt. All tabs of a browser share one key, so that two
    /// sign-ins at once both succeed.
    pub(super) async fn store(
        &self,
        cx: &Context,
        attempt: &Attempt,
        state: &str,
    ) -> Result<(), Error> {
        let browser = match cx.get(&AUTHORIZATION) {
            Some(key) if is_token(&key) => key,
            _ => random_token()?,
        };
        let state_digest = digest(state);
        let sealed = cx.app.seal.seal(&seal_context(&state_digest), &serde_json::to_vec(self)?)?;
        let mut tx = cx.app.db.begin().await?;
        let attempt_id = attempt.store(&cx.app, &mut tx, &browser, LIFETIME).await?;
        tx.execute(INSERT, args![state_digest, attempt_id, sealed]).await?;
        tx.commit().await?;
        cx.set(&AUTHORIZATION, browser, LIFETIME);
        Ok(())
    }

    /// Takes the secrets and their attempt, once; `None` if another browser's, used, expired or unreadable.
    pub(super) async fn take(
        cx: &Context,
        callback: &Callback,
    ) -> Result<Option<(Self, Attempt)>, Error> {
        let Some(browser) = cx.get(&AUTHORIZATION) else { return Ok(None) };
        let state_digest = digest(&callback.state);
        // Before a transaction, for which writers would wait: anyone can send an invented state.
        let found: Option<Waiting> = cx.app.db.fetch_optional(FIND, args![&state_digest]).await?;
        let Some((attempt_id, sealed, posted_digest, posted)) = found else { return Ok(None) };
        let mut tx = cx.app.db.begin().await?;
        let attempt = Attempt::take(&cx.app, &mut tx, &attempt_id, &browser).await?;
        tx.commit().await?;
        let opened = cx.app.seal.open(&seal_context(&state_digest), &sealed);
        let pending: Option<Self> = opened.and_then(|it| serde_json::from_slice(&it).ok());
        // Only who has the key of the redirect gets what was posted.
        let posted = posted.filter(|_| posted_digest == Some(digest(&callback.posted)));
        let posted =
            posted.and_then(|it| cx.app.seal.open(&posted_seal_context(&state_digest), &it));
        let posted: Option<PostedCallback> = posted.and_then(|it| serde_json::from_slice(&it).ok());
        let with_posted = |it| Self { posted: posted.map(PostedCallback::into_callback), ..it };
        Ok(pending.map(with_posted).zip(attempt))
    }
}

/// A row: the attempt's id, the sealed secrets, the digest of the key to what was posted, and that, sealed.
type Waiting = (String, String, Option<String>, Option<String>);

/// Remembers in the browser the page to which a callback led.
pub fn remember_callback(cx: &Context, state: &str, page: &str) {
    match cx.app.seal.seal(&callback_seal_context(state), page.as_bytes()) {
        Ok(sealed) => cx.set(&CALLBACK, sealed, LIFETIME),
        Err(error) => tracing::error!(error = error.chain(), "can't remember a callback"),
    }
}

/// Returns the page to which a reloaded callback led, if a user is signed in: that sign-in is used,
/// but nothing is wrong with it.
pub async fn page_of_reload(cx: &Context, state: &str) -> Result<Option<String>, Error> {
    let opened =
        cx.get(&CALLBACK).and_then(|it| cx.app.seal.open(&callback_seal_context(state), &it));
    let Some(page) = opened.and_then(|it| String::from_utf8(it).ok()) else { return Ok(None) };
    Ok(cx.find_user().await?.map(|_| page))
}

fn callback_seal_context(state: &str) -> String {
    format!("used callback {}", digest(state))
}

pub(super) fn posted_seal_context(state_digest: &str) -> String {
    format!("posted callback {state_digest}")
}

fn seal_context(state_digest: &str) -> String {
    format!("authorization request {state_digest}")
}
