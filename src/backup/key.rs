//! Rotates the key.

use crate::audit::EventKind;
use crate::audit::server::Entry;
use crate::authenticator_app;
use crate::role::server::record_by_operator;
use crate::server::digest::random_token;
use crate::server::seal::{self, KeyLocation, Seal};
use crate::server::{App, Error, database_lock};

/// Creates a new key to seal with; the old keys still open what they sealed. Also reseals the keys of authenticator
/// apps. If the key is a setting, returns its new value; the server's sweep reseals them later.
pub async fn rotate(app: &App) -> Result<KeyLocation, Error> {
    let mut tx = app.db.begin().await?;
    // A running server has the old key in memory.
    let _lock = database_lock::lock_exclusive(&app.db, &mut tx).await?;
    let rotated = seal::rotate(&app.config.site, random_token()?)?;
    record_by_operator(app, &mut tx, Entry::new(EventKind::KeyRotated, None)).await?;
    tx.commit().await?;
    if let KeyLocation::File = rotated {
        let seal = Seal::open_or_create(&app.config.site)?;
        authenticator_app::server::reseal(&app.db, &seal).await?;
    }
    Ok(rotated)
}
