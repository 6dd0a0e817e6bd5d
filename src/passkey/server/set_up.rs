//! Sets up the passkey that a sign-in requires.

use webauthn_rs::prelude::PasskeyRegistration;

use super::challenge::{self, Ceremony};
use super::registration::{
    Account, Discoverable, add_in, check, choose_handle, create_options, issue,
};
use super::{PasskeyResponse, list};
use crate::passkey::{PasskeyChallenge, PasskeyProblem};
use crate::password::server::failures;
use crate::proof::Method;
use crate::server::db::Tx;
use crate::server::{Context, Error};
use crate::user::Email;
use crate::user::server::{UserId, lock_user};

/// Issues a challenge for the passkey that a pending sign-in requires. Its user is locked.
pub async fn begin_set_up(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
) -> Result<PasskeyChallenge, Error> {
    let user = lock_user(tx, user_id).await?;
    let existing = list(tx, user_id).await?;
    // The authenticator of a disabled one may replace it.
    let existing = existing.iter().filter(|it| !it.is_disabled);
    let existing = existing.map(|it| it.passkey.cred_id().clone()).collect();
    let account = Account {
        handle: choose_handle(tx, user_id).await?,
        email: user.email.as_ref().map(Email::as_str),
        display_name: &user.display_name,
    };
    let (options, state) = create_options(cx, &account, existing, Discoverable::Preferred)?;
    issue(cx, Ceremony::SetUp(user_id), options, state)
}

/// Adds the passkey that the browser has created, and returns what it proves. The caller has checked that the sign-in
/// requires one. `passkey.most_per_user` does not apply: the sign-in needs this one.
pub async fn set_up(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    response: &PasskeyResponse,
) -> Result<Method, Error> {
    if response.credential.expose().is_empty() {
        return Err(PasskeyProblem::NotUsed.into());
    }
    let state: Option<PasskeyRegistration> =
        challenge::take(cx, tx, Ceremony::SetUp(user_id), &response.token).await?;
    let new = check(cx, &response.credential, &state.ok_or(PasskeyProblem::Expired)?)?;
    add_in(cx, tx, user_id, (&new, None)).await?;
    failures::clear(tx, &failures::second_factor_key(user_id)).await?;
    Ok(new.method())
}
