//! Loads the viewer for pages.

use crate::role::server::is_only_administrator;
use crate::server::{App, Error};
use crate::session::server::SignedIn;
use crate::user::Viewer;

/// Returns the signed-in user as pages show them.
pub async fn load(app: &App, user: &SignedIn) -> Result<Viewer, Error> {
    let held = user.permissions;
    Ok(Viewer {
        email: user.email.clone(),
        email_verified: user.email_verified,
        display_name: user.display_name.clone(),
        has_password: user.has_password(),
        permissions: held,
        is_only_administrator: is_only_administrator(app, &user.user_id, held).await?,
        impersonated_until: user.impersonator.as_ref().map(|it| it.until),
    })
}
