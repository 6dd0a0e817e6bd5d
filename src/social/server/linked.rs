//! The page of linked accounts: what it shows, and removing one.

use crate::audit::Kind;
use crate::audit::server::note_about;
use crate::error::AppError;
use crate::in_tx;
use crate::linked_account::server::{Link, delete, of_user, of_user_in};
use crate::mail::server::{Foreign, Mail};
use crate::recovery::server::tell;
use crate::server::db::Tx;
use crate::server::{App, Context, Error};
use crate::session::server::{SignedIn, lock_alive};
use crate::social::LinkedAccounts;
use crate::user::server::UserId;

const HAS_PASSWORD: &str = "
    SELECT user_id
    FROM passwords
    WHERE user_id = $1";

/// The user's linked accounts, and the providers that are left.
pub async fn list(app: &App, user: &SignedIn) -> Result<LinkedAccounts, Error> {
    let links = of_user(app, &user.user_id).await?;
    let mut unlinked = app.providers.buttons();
    unlinked.retain(|button| {
        links.iter().filter_map(|it| it.provider(app)).all(|it| it.name != button.name)
    });
    Ok(LinkedAccounts {
        removable: user.has_password() || usable(app, &links) > 1,
        unlinked,
        linked: links.into_iter().map(|it| it.view(app)).collect(),
        now: app.clock.now(),
    })
}

/// How many of these sign their user in.
fn usable(app: &App, links: &[Link]) -> usize {
    links.iter().filter(|it| it.provider(app).is_some()).count()
}

/// How many ways a user has to sign in.
async fn ways_in(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<usize, Error> {
    let password: Option<String> = in_tx!(tx, c => sqlx::query_scalar(HAS_PASSWORD)
        .bind(user_id.as_str())
        .fetch_optional(c)
        .await)?;
    let links = of_user_in(tx, user_id).await?;
    Ok(usize::from(password.is_some()) + usable(app, &links))
}

/// Removes a linked account, unless no way in would be left. One that is gone already stays gone.
pub async fn unlink(cx: &Context, user: &SignedIn, id: &str) -> Result<(), Error> {
    let (app, user_id) = (&cx.app, &user.user_id);
    user.require_fresh(app)?;
    let mut tx = app.db.begin().await?;
    // Of two requests that each remove a way in, the second sees what the first has left.
    lock_alive(app, &mut tx, user).await?;
    let Some(gone) = delete(&mut tx, user_id, id).await? else { return Ok(()) };
    if ways_in(app, &mut tx, user_id).await? == 0 {
        return Err(AppError::LastWayIn.into());
    }
    note_about(cx, &mut tx, Kind::ProviderUnlinked, user_id, &gone.provider).await?;
    let provider = app.config.provider_label(&gone.provider);
    let account = Foreign::new(&gone.account);
    tell(cx, &mut tx, user_id, |event, not_me| Mail::ProviderUnlinked {
        event,
        provider,
        account,
        not_me,
    })
    .await?;
    tx.commit().await
}
