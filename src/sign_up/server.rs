//! Making an account.

use super::Registration;
use crate::password;
use crate::server::{App, Error};
use crate::user::server::{Address, insert};

/// Makes a user with a password. Where the address has one already, does the same work and leaves
/// it as it is.
pub async fn register(app: &App, registration: &Registration) -> Result<(), Error> {
    let hash = app.hasher.hash(registration.password.secret()).await?;
    let now = app.clock.now();
    let mut tx = app.db.begin().await?;
    let address = Address { email: &registration.email, is_verified: false };
    if let Some(user_id) = insert(&mut tx, Some(address), "", now).await? {
        password::server::store(&mut tx, &user_id, &hash, now).await?;
        tracing::info!(%user_id, "signed up");
    }
    tx.commit().await
}
