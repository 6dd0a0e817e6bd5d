//! Lists and unlinks linked accounts.

use crate::audit::EventKind;
use crate::audit::server::record_event_about;
use crate::linked_account::server::{delete, of_user_in};
use crate::mail::server::{Mail, UntrustedText};
use crate::second_factor_policy::server::{multi_factor_provider, require_usable};
use crate::security_notice::server::send_security_notice;
use crate::server::config::ProviderConfig;
use crate::server::{App, Context, Error};
use crate::session::server::{SignedIn, lock_signed_in};
use crate::sign_in::SignInProblem;
use crate::sign_in_methods::server::count;
use crate::social::LinkedAccounts;

/// Returns the user's linked accounts and the providers. A user can link several accounts at one provider.
pub async fn list(app: &App, user: &SignedIn) -> Result<LinkedAccounts, Error> {
    let mut tx = app.db.snapshot().await?;
    let links = of_user_in(&mut tx, &user.user_id).await?;
    let sign_in_methods = count(app, &mut tx, &user.user_id).await?;
    Ok(LinkedAccounts {
        removable: user.has_password() || sign_in_methods > 1,
        providers: app.providers.buttons(),
        linked: links.into_iter().map(|it| it.view(app)).collect(),
        now: app.clock.now(),
    })
}

/// Unlinks an account, unless it is the last way to sign in, or the only second factor of a user who needs one.
/// Succeeds if it is already gone.
pub async fn unlink(cx: &Context, user: &SignedIn, id: &str) -> Result<(), Error> {
    let (app, user_id) = (&cx.app, &user.user_id);
    user.require_fresh(app)?;
    let mut tx = app.db.begin().await?;
    // If two requests each remove a way to sign in, the second sees what the first left.
    lock_signed_in(app, &mut tx, user).await?;
    let Some(gone) = delete(&mut tx, user_id, id).await? else { return Ok(()) };
    if count(app, &mut tx, user_id).await? == 0 {
        return Err(SignInProblem::LastSignInMethod.into());
    }
    let was_factor = gone.is_multi_factor
        && gone.provider(app).is_some_and(ProviderConfig::can_prove_two_factors);
    if was_factor && multi_factor_provider(app, &mut tx, user_id).await?.is_none() {
        require_usable(app, &mut tx, user_id).await?;
    }
    record_event_about(cx, &mut tx, EventKind::ProviderUnlinked, user_id, &gone.provider).await?;
    let provider = app.config.provider_label(&gone.provider);
    let account = UntrustedText::new(&gone.account);
    send_security_notice(cx, &mut tx, user_id, |event, not_me| Mail::ProviderUnlinked {
        event,
        provider,
        account,
        not_me,
    })
    .await?;
    tx.commit().await
}
