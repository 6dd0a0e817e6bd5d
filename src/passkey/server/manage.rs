//! Adds, renames, removes and enables the passkeys of the signed-in user.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use webauthn_rs::prelude::{PasskeyRegistration, Uuid};

use super::challenge::{self, Ceremony};
use super::registration::{Account, Discoverable, check, create_options, insert};
use super::{PasskeyAnswer, encoded, list, mark_removed, names, of_user_in};
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::record_event_about;
use crate::error::ServerProblem;
use crate::mail::server::{Mail, UntrustedText};
use crate::passkey::{PasskeyChallenge, PasskeyProblem, PasskeyRequest, PasskeyView};
use crate::proof::Method;
use crate::proof::server::Proofs;
use crate::recovery_code::server::end_with_last_factor;
use crate::second_factor_policy::server::lock_for_change;
use crate::security_notice::server::send_security_notice;
use crate::server::db::Tx;
use crate::server::{Context, Error};
use crate::session::server::{SignedIn, lock_signed_in, trusted};
use crate::sign_in::SignInProblem;
use crate::sign_in_methods;
use crate::user::DisplayName;
use crate::user::server::{decline_passkeys, set_passkey_handle};

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
    let account = account_of(&mut tx, user).await?;
    tx.commit().await?;
    let existing = passkeys.iter().map(|it| it.passkey.cred_id().clone()).collect();
    let (options, state) = create_options(cx, &account, existing, Discoverable::Preferred)?;
    Ok(PasskeyChallenge {
        request: PasskeyRequest::Create,
        options,
        token: challenge::issue(cx, Ceremony::Add(&user.user_id), state)?,
    })
}

/// Returns the signed-in user as authenticators know them. The first call chooses the handle.
pub(super) async fn account_of<'a>(tx: &mut Tx, user: &'a SignedIn) -> Result<Account<'a>, Error> {
    let random = encoded(Uuid::new_v4().as_bytes());
    let handle = set_passkey_handle(tx, &user.user_id, &random).await?;
    let handle = URL_SAFE_NO_PAD.decode(handle).ok();
    let handle = handle.and_then(|it| Uuid::from_slice(&it).ok()).ok_or(ServerProblem::Internal)?;
    Ok(Account { handle, email: user.email.as_deref(), display_name: &user.display_name })
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
    answer: &PasskeyAnswer,
    (name, ends_others): (Option<&DisplayName>, bool),
) -> Result<(), Error> {
    let (app, user_id) = (&cx.app, &user.user_id);
    user.require_fresh(app)?;
    if answer.credential.expose().is_empty() {
        return Err(PasskeyProblem::NotUsed.into());
    }
    let mut tx = app.db.begin().await?;
    lock_for_change(app, &mut tx, user, ends_others).await?;
    let state: Option<PasskeyRegistration> =
        challenge::take(cx, &mut tx, Ceremony::Add(user_id), &answer.token).await?;
    let new = check(cx, &answer.credential, &state.ok_or(PasskeyProblem::Expired)?)?;
    require_room(cx, list(&mut tx, user_id).await?.len())?;
    let name = name.map_or(names::or_default(new.model), DisplayName::as_str);
    record_event_about(cx, &mut tx, EventKind::PasskeyAdded, user_id, name).await?;
    // The notice comes first: using it removes what was added from its number on.
    let untrusted = UntrustedText::new(name);
    send_security_notice(cx, &mut tx, user_id, |event, not_me| Mail::PasskeyAdded {
        event,
        name: untrusted,
        is_automatic: false,
        not_me,
    })
    .await?;
    insert(cx, &mut tx, user_id, (&new, name)).await?;
    trusted::revoke_all_in(&mut tx, user_id).await?;
    let proofs = Proofs::of(Method::Passkey, app.clock.now());
    let rotated = cx.session.add_proofs(&mut tx, user, &proofs).await?;
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
pub async fn enable(cx: &Context, user: &SignedIn, id: &str) -> Result<(), Error> {
    let (app, user_id) = (&cx.app, &user.user_id);
    user.require_fresh(app)?;
    let mut tx = app.db.begin().await?;
    lock_for_change(app, &mut tx, user, false).await?;
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
