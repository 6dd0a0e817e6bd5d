//! Rotates the key.

use crate::audit::EventKind;
use crate::audit::server::Entry;
use crate::role::server::record_by_operator;
use crate::server::digest::random_token;
use crate::server::seal::{self, KeyLocation};
use crate::server::{App, Error, database_lock};

/// Creates a new key to seal with; the old keys still open what they sealed. If the key is a setting, returns
/// the value to set.
pub async fn rotate(app: &App) -> Result<KeyLocation, Error> {
    let mut tx = app.db.begin().await?;
    // A running server has the old key in memory.
    let _lock = database_lock::lock_exclusive(&app.db, &mut tx).await?;
    let rotated = seal::rotate(&app.config.site, random_token()?)?;
    record_by_operator(app, &mut tx, Entry::new(EventKind::KeyRotated, None)).await?;
    tx.commit().await?;
    Ok(rotated)
}
