//! Proving again who is signed in.

use super::ProofView;
use crate::audit::Kind;
use crate::audit::server::{note, note_about};
use crate::error::{AppError, Problems};
use crate::password::PasswordProblem;
use crate::password::server::check_own;
use crate::secret::Secret;
use crate::server::{App, Context, Error};
use crate::session::server::{SignedIn, lock_alive};
use crate::social::server::accounts;
use crate::user::server::Method;

/// Proves it by the password. The session gets a new id.
pub async fn by_password(cx: &Context, user: &SignedIn, password: &Secret) -> Result<(), Error> {
    if !check_own(cx, user, password).await? {
        let problem = Some(PasswordProblem::Wrong);
        let problems = Problems { current_password: problem, ..Problems::default() };
        return Err(AppError::Invalid(problems).into());
    }
    let mut tx = cx.app.db.begin().await?;
    lock_alive(&cx.app, &mut tx, user).await?;
    let rotated = cx.session.authenticated(&mut tx, user, cx.app.clock.now()).await?;
    note(cx, &mut tx, Kind::Reauthenticated, &user.user_id).await?;
    tx.commit().await?;
    cx.session.follow(rotated, user).await;
    Ok(())
}

/// Proves it by a provider that has identified the same user just now.
pub async fn by_provider(cx: &Context, user: &SignedIn, method: &Method) -> Result<(), Error> {
    let mut tx = cx.app.db.begin().await?;
    lock_alive(&cx.app, &mut tx, user).await?;
    let at = method.authenticated_at(cx.app.clock.now());
    let rotated = cx.session.authenticated(&mut tx, user, at).await?;
    note_about(cx, &mut tx, Kind::Reauthenticated, &user.user_id, method.as_str()).await?;
    tx.commit().await?;
    cx.session.follow(rotated, user).await;
    Ok(())
}

/// What the user can prove it by.
pub async fn proofs(app: &App, user: &SignedIn) -> Result<ProofView, Error> {
    Ok(ProofView {
        email: user.email.clone(),
        has_password: user.has_password(),
        providers: accounts::providers_of(app, &user.user_id).await?,
    })
}
