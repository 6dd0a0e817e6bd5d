//! Adds and removes authenticator apps.

use super::set_up::{CheckedSetUp, check_set_up};
use super::{mark_removed, seal_context};
use crate::args;
use crate::audit::EventKind;
use crate::audit::server::record_event_about;
use crate::authenticator_app::AuthenticatorAppForm;
use crate::mail::server::{Mail, UntrustedText};
use crate::password::server::failures;
use crate::proof::Method;
use crate::proof::server::Proofs;
use crate::recovery_code::server::end_with_last_factor;
use crate::second_factor_policy::server::{confirmed_at, lock_for_change, require_codes_accepted};
use crate::security_notice::server::send_security_notice;
use crate::server::db::Tx;
use crate::server::{Context, Error};
use crate::session::server::{SignedIn, trusted};
use crate::sign_in::SignInProblem;
use crate::user::server::UserId;

const INSERT: &str = "
    INSERT INTO authenticator_apps
        (id, user_id, name, sealed, key_id, last_step, created_at, seq)
    SELECT $1, u.id, $3, $4, $5, $6, $7, u.notice_seq
    FROM users u
    WHERE u.id = $2
    ON CONFLICT (id) DO NOTHING";

/// Adds an app to a user whose row is locked, and notifies them. Refused if the site accepts no apps, if the form
/// was sent before, or if the user has too many apps.
pub async fn insert_in(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    new: CheckedSetUp,
) -> Result<(), Error> {
    let app = &cx.app;
    require_codes_accepted(app)?;
    let apps = super::of_user_in(tx, user_id).await?.len();
    if apps >= usize::try_from(app.config.second_factor.most_apps).unwrap_or(usize::MAX) {
        return Err(SignInProblem::TooManyApps.into());
    }
    if apps == 0 {
        failures::clear(tx, &failures::second_factor_key(user_id)).await?;
    }
    record_event_about(cx, tx, EventKind::AuthenticatorAppAdded, user_id, &new.name).await?;
    // The notice comes first: using it removes what was added from its number on.
    let name = UntrustedText::new(&new.name);
    send_security_notice(cx, tx, user_id, |event, not_me| Mail::SecondFactorAdded {
        event,
        name,
        not_me,
    })
    .await?;
    let added = tx
        .execute(
            INSERT,
            args![
                &new.id,
                user_id.as_str(),
                &new.name,
                app.seal.seal(&seal_context(&new.id), &new.key)?,
                app.seal.key_id(),
                new.step,
                app.clock.now()
            ],
        )
        .await?;
    if added != 1 {
        return Err(SignInProblem::SetUpExpired.into());
    }
    trusted::revoke_all_in(tx, user_id).await
}

/// Adds an app to the signed-in user's account. Its code makes the session fresh.
pub async fn add(cx: &Context, user: &SignedIn, form: &AuthenticatorAppForm) -> Result<(), Error> {
    let app = &cx.app;
    user.require_fresh(app)?;
    let (code, name) = form.parse()?;
    let new = check_set_up(app, &user.user_id, form, (&code, name))?;
    let mut tx = app.db.begin().await?;
    lock_for_change(app, &mut tx, user, form.end_others.is_some()).await?;
    insert_in(cx, &mut tx, &user.user_id, new).await?;
    let proofs = Proofs::of(Method::AuthenticatorApp, app.clock.now());
    let confirmed_at = confirmed_at(app, &mut tx, &user.user_id, &proofs).await?;
    let rotated = cx.session.add_proofs(&mut tx, user, &proofs, confirmed_at).await?;
    tx.commit().await?;
    cx.session.update_cookie(rotated, user).await;
    Ok(())
}

/// Removes one of the signed-in user's apps. Refused for the last factor of a user who must have one. The
/// recovery codes go with the last factor. Succeeds if it is already gone.
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
    let apps = super::of_user_in(&mut tx, user_id).await?;
    let Some(removed) = apps.into_iter().find(|it| it.id == id) else {
        return tx.commit().await;
    };
    record_event_about(cx, &mut tx, EventKind::AuthenticatorAppRemoved, user_id, &removed.name)
        .await?;
    // The notice comes first: using it restores everything removed since its number.
    let name = UntrustedText::new(&removed.name);
    send_security_notice(cx, &mut tx, user_id, |event, not_me| Mail::SecondFactorRemoved {
        event,
        name,
        not_me,
    })
    .await?;
    mark_removed(&mut tx, user_id, id, app.clock.now()).await?;
    trusted::revoke_all_in(&mut tx, user_id).await?;
    end_with_last_factor(app, &mut tx, user_id).await?;
    tx.commit().await
}
