//! Confirms the signed-in user's identity.

use super::ReauthenticationOptions;
use crate::error::{AppError, Problems};
use crate::linked_account::server::providers_of;
use crate::password::PasswordProblem;
use crate::password::server::check_own_password;
use crate::proof::Method;
use crate::proof::server::Proof;
use crate::second_factor::server::choice;
use crate::second_factor_policy::server::{has_passkey, provable};
use crate::secret::Secret;
use crate::server::{App, Context, Error};
use crate::session::server::SignedIn;
use crate::user::server::Owner;

/// Checks the signed-in user's password and returns the proof.
pub async fn by_password(cx: &Context, user: &SignedIn, password: &Secret) -> Result<Proof, Error> {
    if !check_own_password(cx, user, password).await? {
        let problem = Some(PasswordProblem::Wrong);
        let problems = Problems { current_password: problem, ..Problems::default() };
        return Err(AppError::Invalid(problems).into());
    }
    let owner = Owner { user_id: user.user_id.clone(), epoch: user.epoch };
    Ok(Proof::new(Method::Password, owner, cx.app.clock.now()))
}

/// Returns the methods by which the user can confirm their identity.
pub async fn options(app: &App, user: &SignedIn) -> Result<ReauthenticationOptions, Error> {
    let mut tx = app.db.snapshot().await?;
    let mut second_factor = match provable(app, &mut tx, &user.user_id).await? {
        Some(accepted) => Some(choice(app, &mut tx, &user.user_id, accepted).await?),
        None => None,
    };
    if let Some(choice) = &mut second_factor {
        choice.apps &= !has_passkey(app, &mut tx, &user.user_id).await?;
    }
    drop(tx);
    Ok(ReauthenticationOptions {
        email: user.email.clone(),
        second_factor,
        has_password: user.has_password(),
        providers: providers_of(app, &user.user_id).await?,
    })
}
