//! Removes everything that an intruder may have planted.

use crate::authenticator_app;
use crate::known_place::server as places;
use crate::linked_account::server::delete_since;
use crate::passkey;
use crate::password::server::delete;
use crate::recovery_code;
use crate::server::db::Tx;
use crate::server::{App, Error};
use crate::session::server::end_all_in;
use crate::ticket::Purpose;
use crate::ticket::server as tickets;
use crate::user::server::{UserId, clear_passkey_handle};

/// Removes everything that an intruder may have planted in an account before its email address was verified:
/// sessions, the password, linked accounts, passkeys, second factors, and pending changes of the email address (Sudhodanan and
/// Paverd, "Pre-hijacked accounts", USENIX Security 2022).
pub async fn revoke_all_access(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<(), Error> {
    end_all_in(app, tx, user_id).await?;
    delete(tx, user_id).await?;
    delete_since(tx, user_id, 0).await?;
    authenticator_app::server::undo_since(tx, user_id, 0).await?;
    passkey::server::undo_since(tx, user_id, 0).await?;
    clear_passkey_handle(tx, user_id).await?;
    recovery_code::server::undo_since(tx, user_id, 0).await?;
    places::forget_all(tx, user_id).await?;
    tickets::revoke(tx, user_id, Purpose::EmailChange).await?;
    tickets::revoke(tx, user_id, Purpose::Recovery).await?;
    tickets::revoke(tx, user_id, Purpose::FactorRecovery).await?;
    // Opened later, it would remove everything that the owner has set up since.
    tickets::revoke(tx, user_id, Purpose::Verification).await?;
    Ok(())
}
