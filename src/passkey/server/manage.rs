//! Adds, renames, removes and enables the passkeys of the signed-in user.

use webauthn_rs::prelude::{PasskeyRegistration, Uuid};

use super::challenge::{self, Ceremony};
use super::registration::{
    Account, Discoverable, add_in, check, choose_handle, create_options, issue,
};
use super::{PasskeyResponse, list, mark_removed, of_user_in};
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::record_event_about;
use crate::mail::server::{Mail, UntrustedText};
use crate::passkey::{PasskeyChallenge, PasskeyProblem, PasskeyView};
use crate::proof::server::Proofs;
use crate::recovery_code::server::end_with_last_factor;
use crate::second_factor_policy::server::{confirmed_at, lock_for_change};
use crate::security_notice::server::send_security_notice;
use crate::server::db::Tx;
use crate::server::{Context, Error};
use crate::session::server::{SignedIn, lock_signed_in, trusted};
use crate::sign_in::SignInProblem;
use crate::sign_in_methods;
use crate::user::DisplayName;
use crate::user::server::decline_passkeys;

const RENAME: &str = "
    UPDATE passkeys
    SET name = $1
    WHERE user_id = $2 AND id = $3 AND removed_at IS NULL";

/// Takes the number of the latest notice, so that using the notice removes the passkey as if it had been added then.
const ENABLE: &str = "
    UPDATE passkeys
    SET disabled_at = NULL, seq = (SELECT notice_seq FROM users u WHERE u.id = $1)
    WHERE user_id = $1 AND id = $2 AND removed_at IS NULL AND disabled_at IS NOT NULL";

/// Issues a challenge for a new passkey of the signed-in user.
pub async fn begin(cx: &Context, user: &SignedIn) -> Result<PasskeyChallenge, Error> {
    let app = &cx.app;
    user.require_fresh(app)?;
    let mut tx = app.db.begin().await?;
    lock_signed_in(app, &mut tx, user).await?;
    let passkeys = list(&mut tx, &user.user_id).await?;
    require_room(cx, passkeys.len())?;
    let handle = choose_handle(&mut tx, &user.user_id).await?;
    tx.commit().await?;
    let existing = passkeys.iter().map(|it| it.passkey.cred_id().clone()).collect();
    let account = account_of(user, handle);
    let (options, state) = create_options(cx, &account, existing, Discoverable::Preferred)?;
    issue(cx, Ceremony::Add(&user.user_id), options, state)
}

/// Returns the signed-in user as authenticators know them.
pub(super) fn account_of(user: &SignedIn, handle: Uuid) -> Account<'_> {
    Account { handle, email: user.email.as_deref(), display_name: &user.display_name }
}

fn require_room(cx: &Context, passkeys: usize) -> Result<(), PasskeyProblem> {
    let most = usize::try_from(cx.app.config.passkey.most_per_user).unwrap_or(usize::MAX);
    if passkeys < most { Ok(()) } else { Err(PasskeyProblem::TooMany) }
}

/// Adds a passkey to the signed-in user's account. Without a name it gets that of its authenticator's model. Creating
/// it makes the session fresh.
pub async fn add(
    cx: &Context,
    user: &SignedIn,
    response: &PasskeyResponse,
    (name, ends_others): (Option<&DisplayName>, bool),
) -> Result<(), Error> {
    let (app, user_id) = (&cx.app, &user.user_id);
    user.require_fresh(app)?;
    if response.credential.expose().is_empty() {
        return Err(PasskeyProblem::NotUsed.into());
    }
    let mut tx = app.db.begin().await?;
    lock_for_change(app, &mut tx, user, ends_others).await?;
    let state: Option<PasskeyRegistration> =
        challenge::take(cx, &mut tx, Ceremony::Add(user_id), &response.token).await?;
    let new = check(cx, &response.credential, &state.ok_or(PasskeyProblem::Expired)?)?;
    require_room(cx, list(&mut tx, user_id).await?.len())?;
    add_in(cx, &mut tx, user_id, (&new, name)).await?;
    let proofs = Proofs::of(new.method(), app.clock.now());
    let confirmed_at = confirmed_at(app, &mut tx, user_id, &proofs).await?;
    let rotated = cx.session.add_proofs(&mut tx, user, &proofs, confirmed_at).await?;
    tx.commit().await?;
    cx.session.update_cookie(rotated, user).await;
    Ok(())
}

/// Renames one of the signed-in user's passkeys. Succeeds if it is gone.
pub async fn rename(
    cx: &Context,
    user: &SignedIn,
    id: &str,
    name: &DisplayName,
) -> Result<(), Error> {
    let mut tx = cx.app.db.begin().await?;
    lock_signed_in(&cx.app, &mut tx, user).await?;
    let renamed = tx.execute(RENAME, args![name.as_str(), user.user_id.as_str(), id]).await?;
    if renamed == 1 {
        let kind = EventKind::PasskeyRenamed;
        record_event_about(cx, &mut tx, kind, &user.user_id, name.as_str()).await?;
    }
    tx.commit().await
}

/// Enables a passkey that was disabled because it may have been copied. Succeeds if it is enabled or gone.
pub async fn enable(
    cx: &Context,
    user: &SignedIn,
    id: &str,
    ends_others: bool,
) -> Result<(), Error> {
    let (app, user_id) = (&cx.app, &user.user_id);
    user.require_fresh(app)?;
    let mut tx = app.db.begin().await?;
    lock_for_change(app, &mut tx, user, ends_others).await?;
    let Some(enabled) = find_view(&mut tx, user, id).await?.filter(|it| it.is_disabled) else {
        return tx.commit().await;
    };
    let kind = EventKind::PasskeyEnabled;
    record_event_about(cx, &mut tx, kind, user_id, &enabled.name).await?;
    let name = UntrustedText::new(&enabled.name);
    send_security_notice(cx, &mut tx, user_id, |event, not_me| Mail::PasskeyEnabled {
        event,
        name,
        not_me,
    })
    .await?;
    tx.execute(ENABLE, args![user_id.as_str(), id]).await?;
    trusted::revoke_all_in(&mut tx, user_id).await?;
    tx.commit().await
}

async fn find_view(tx: &mut Tx, user: &SignedIn, id: &str) -> Result<Option<PasskeyView>, Error> {
    Ok(of_user_in(tx, &user.user_id).await?.into_iter().find(|it| it.id == id))
}

/// Removes one of the signed-in user's passkeys. Refused for the only way to sign in, and for the last factor of a user
/// who must have one. Succeeds if it is already gone.
pub async fn remove(
    cx: &Context,
    user: &SignedIn,
    id: &str,
    ends_others: bool,
) -> Result<(), Error> {
    let (app, user_id) = (&cx.app, &user.user_id);
    user.require_fresh(app)?;
    let mut tx = app.db.begin().await?;
    lock_for_change(app, &mut tx, user, ends_others).await?;
    let Some(removed) = find_view(&mut tx, user, id).await? else {
        return tx.commit().await;
    };
    let kind = EventKind::PasskeyRemoved;
    record_event_about(cx, &mut tx, kind, user_id, &removed.name).await?;
    // The notice comes first: using it restores everything removed since its number.
    let name = UntrustedText::new(&removed.name);
    send_security_notice(cx, &mut tx, user_id, |event, not_me| Mail::PasskeyRemoved {
        event,
        name,
        not_me,
    })
    .await?;
    mark_removed(&mut tx, user_id, id, app.clock.now()).await?;
    if removed.is_automatic {
        decline_passkeys(&mut tx, user_id).await?;
    }
    if sign_in_methods::server::count(app, &mut tx, user_id).await? == 0 {
        return Err(SignInProblem::LastSignInMethod.into());
    }
    trusted::revoke_all_in(&mut tx, user_id).await?;
    end_with_last_factor(app, &mut tx, user_id).await?;
    tx.commit().await
}
