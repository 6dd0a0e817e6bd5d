//! Passkeys that a browser creates by itself after a sign-in with a password, if its password manager agrees (WebAuthn,
//! section 5.1.3, conditional mediation).

use webauthn_rs::prelude::PasskeyRegistration;

use super::challenge::{self, Ceremony};
use super::manage::account_of;
use super::registration::{
    Discoverable, add_in, check_automatic, choose_handle, create_options, issue,
};
use super::{PasskeyResponse, list};
use crate::passkey::{PasskeyChallenge, PasskeyProblem};
use crate::second_factor_policy::server::require_known_factors;
use crate::server::clock::SKEW;
use crate::server::db::Tx;
use crate::server::{Context, Error};
use crate::session::server::{SignedIn, lock_signed_in};
use crate::user::server::mark_passkey_offered;

/// How long to wait before asking any browser of the same user again, in seconds: 30 days.
const PAUSE: i64 = 30 * 86400;

/// Issues a challenge for an automatic passkey. Returns `None` if the setting is off or if passkeys must not be synced,
/// or for a user who has no password, has a passkey or second factor, once removed an automatic passkey, or was asked
/// within [`PAUSE`].
pub async fn begin_automatically(
    cx: &Context,
    user: &SignedIn,
) -> Result<Option<PasskeyChallenge>, Error> {
    let app = &cx.app;
    user.require_fresh(app)?;
    let accepts_synced = app.config.second_factor.accept.includes_passkey(false);
    if !(app.config.passkey.automatic && accepts_synced) {
        return Ok(None);
    }
    let mut tx = app.db.begin().await?;
    let now = app.clock.now();
    let asked = (now - PAUSE, now + SKEW);
    if !is_welcome(cx, &mut tx, user).await?
        || !mark_passkey_offered(&mut tx, &user.user_id, now, asked).await?
    {
        return Ok(None);
    }
    let account = account_of(user, choose_handle(&mut tx, &user.user_id).await?);
    tx.commit().await?;
    let (options, state) = create_options(cx, &account, Vec::new(), Discoverable::Required)?;
    issue(cx, Ceremony::AddAutomatically(&user.user_id), options, state).map(Some)
}

/// Locks the user, and returns whether they have a password, and neither a passkey nor a second factor.
async fn is_welcome(cx: &Context, tx: &mut Tx, user: &SignedIn) -> Result<bool, Error> {
    lock_signed_in(&cx.app, tx, user).await?;
    // Not what the session was read with: another tab may have added a factor since.
    let factors = require_known_factors(tx, user).await?;
    let has_passkeys = !list(tx, &user.user_id).await?.is_empty();
    Ok(user.has_password() && factors == 0 && !has_passkeys)
}

/// Adds the passkey that the browser has created, and notifies its owner. It signs in, but does not ask for a second
/// factor: its owner has not asked for one. It proves nothing about this session.
pub async fn add_automatically(
    cx: &Context,
    user: &SignedIn,
    response: &PasskeyResponse,
) -> Result<(), Error> {
    let (app, user_id) = (&cx.app, &user.user_id);
    user.require_fresh(app)?;
    let mut tx = app.db.begin().await?;
    if !is_welcome(cx, &mut tx, user).await? {
        return Err(PasskeyProblem::Expired.into());
    }
    let state: Option<PasskeyRegistration> =
        challenge::take(cx, &mut tx, Ceremony::AddAutomatically(user_id), &response.token).await?;
    let new = check_automatic(cx, &response.credential, &state.ok_or(PasskeyProblem::Expired)?)?;
    add_in(cx, &mut tx, user_id, (&new, None)).await?;
    tx.commit().await
}
