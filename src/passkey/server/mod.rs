//! The `passkeys` table.

mod assertion;
mod automatic;
mod challenge;
mod manage;
mod names;
mod registration;
pub mod relying_party;
mod set_up;

use webauthn_rs::prelude::{Credential, Passkey};

use super::{PasskeySignal, PasskeyStorage, PasskeyView};
use crate::args;
use crate::record;
use crate::secret::Secret;
use crate::server::config::{AcceptedFactors, seconds};
use crate::server::db::Tx;
use crate::server::timekeeper::TimeRange;
use crate::server::{App, Error};
use crate::session::server::SignedIn;
use crate::user::server::{UserId, find_passkey_handle};

pub use assertion::{
    begin_confirmation, begin_second_factor, begin_sign_in, confirm, prove, sign_in,
};
pub use automatic::{add_automatically, begin_automatically};
pub use challenge::{COOKIE, Ceremony};
pub use manage::{add, begin, enable, remove, rename};
pub use registration::{SignUpPasskey, begin_sign_up, check_sign_up, insert_first};
pub use set_up::{begin_set_up, set_up};

const LIST: &str = "
    SELECT id, user_id, credential, name, created_at, used_at, disabled_at, is_automatic
    FROM passkeys
    WHERE user_id = $1 AND removed_at IS NULL
    ORDER BY created_at, id";

const FIND: &str = "
    SELECT id, user_id, credential, name, created_at, used_at, disabled_at, is_automatic
    FROM passkeys
    WHERE credential_id = $1 AND removed_at IS NULL";

const COUNT_REMOVED: &str = "
    SELECT COUNT(*)
    FROM passkeys
    WHERE credential_id = $1 AND removed_at IS NOT NULL";

const LIST_REMOVED: &str = "
    SELECT credential_id
    FROM passkeys
    WHERE user_id = $1 AND removed_at IS NOT NULL";

const DELETE: &str = "
    DELETE FROM passkeys
    WHERE user_id = $1 AND id = $2 AND removed_at IS NULL
    RETURNING name";

const MARK_REMOVED: &str = "
    UPDATE passkeys
    SET removed_at = $1, removed_seq = (SELECT notice_seq FROM users u WHERE u.id = $2)
    WHERE user_id = $2 AND id = $3 AND removed_at IS NULL";

const DELETE_SINCE: &str = "
    DELETE FROM passkeys
    WHERE user_id = $1 AND seq >= $2";

const RESTORE_SINCE: &str = "
    UPDATE passkeys
    SET removed_at = NULL, removed_seq = NULL
    WHERE user_id = $1 AND removed_seq >= $2";

const DELETE_REMOVED: &str = "
    DELETE FROM passkeys
    WHERE removed_at <= $1";

record! {
    struct Row {
        id: String,
        user_id: String,
        credential: String,
        name: String,
        created_at: i64,
        used_at: Option<i64>,
        disabled_at: Option<i64>,
        is_automatic: bool,
    }
}

/// A passkey of a user.
#[derive(Clone, Debug)]
struct StoredPasskey {
    id: String,
    user_id: UserId,
    name: String,
    passkey: Passkey,
    created_at: i64,
    used_at: Option<i64>,
    is_disabled: bool,
    is_automatic: bool,
}

impl Row {
    fn stored(self) -> Result<StoredPasskey, Error> {
        Ok(StoredPasskey {
            passkey: serde_json::from_str(&self.credential)?,
            id: self.id,
            user_id: self.user_id.into(),
            name: self.name,
            created_at: self.created_at,
            used_at: self.used_at,
            is_disabled: self.disabled_at.is_some(),
            is_automatic: self.is_automatic,
        })
    }
}

impl StoredPasskey {
    /// Returns whether it can't be copied to another device (WebAuthn, section 6.1.3).
    fn is_device_bound(&self) -> bool {
        !Credential::from(self.passkey.clone()).backup_eligible
    }

    fn is_accepted(&self, accepted: AcceptedFactors) -> bool {
        !self.is_disabled && accepted.includes_passkey(self.is_device_bound())
    }

    fn view(self) -> PasskeyView {
        let credential = Credential::from(self.passkey);
        PasskeyView {
            id: self.id,
            name: self.name,
            created_at: self.created_at,
            used_at: self.used_at,
            storage: match (credential.backup_state, credential.backup_eligible) {
                (true, _) => PasskeyStorage::Synced,
                (false, true) => PasskeyStorage::NotSynced,
                (false, false) => PasskeyStorage::DeviceBound,
            },
            is_disabled: self.is_disabled,
            is_automatic: self.is_automatic,
        }
    }
}

/// A browser's response to a challenge.
#[derive(Clone, Debug)]
pub struct PasskeyResponse {
    /// The challenge's token.
    pub token: String,
    /// What the authenticator responded, as JSON (WebAuthn, section 5.1, `toJSON`); empty if no passkey was used.
    pub credential: Secret,
}

/// Encodes an id or a handle as browsers do: base64url without padding.
fn encoded(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes)
}

async fn list(tx: &mut Tx, user_id: &UserId) -> Result<Vec<StoredPasskey>, Error> {
    let rows: Vec<Row> = tx.fetch_all(LIST, args![user_id.as_str()]).await?;
    rows.into_iter().map(Row::stored).collect()
}

/// Finds the passkey with this credential id, whoever has it.
async fn find(tx: &mut Tx, credential_id: &[u8]) -> Result<Option<StoredPasskey>, Error> {
    let row: Option<Row> = tx.fetch_optional(FIND, args![encoded(credential_id)]).await?;
    row.map(Row::stored).transpose()
}

/// Returns whether this passkey was removed and a security notice can still restore it.
async fn is_removed(tx: &mut Tx, credential_id: &[u8]) -> Result<bool, Error> {
    let found: i64 = tx.scalar(COUNT_REMOVED, args![encoded(credential_id)]).await?;
    Ok(found > 0)
}

/// Returns a user's passkeys, oldest first.
pub async fn of_user_in(tx: &mut Tx, user_id: &UserId) -> Result<Vec<PasskeyView>, Error> {
    Ok(list(tx, user_id).await?.into_iter().map(StoredPasskey::view).collect())
}

/// Returns whether a user has a passkey among these that can be used.
pub async fn has_accepted(
    app: &App,
    tx: &mut Tx,
    user_id: &UserId,
    accepted: AcceptedFactors,
) -> Result<bool, Error> {
    let is_available = relying_party::is_available(&app.config);
    Ok(is_available && list(tx, user_id).await?.iter().any(|it| it.is_accepted(accepted)))
}

/// Returns what authenticators should know about the signed-in user, read in one snapshot; `None` before the first
/// passkey. Authenticators may delete passkeys that the list lacks, so it includes removed ones that a security
/// notice can restore, unless `tells_removal` is set.
pub async fn signal(
    app: &App,
    user: &SignedIn,
    tells_removal: bool,
) -> Result<Option<PasskeySignal>, Error> {
    let Some(rp_id) = app.config.site.relying_party_id() else { return Ok(None) };
    let mut tx = app.db.snapshot().await?;
    let Some(handle) = find_passkey_handle(&mut tx, &user.user_id).await? else { return Ok(None) };
    let passkeys = list(&mut tx, &user.user_id).await?;
    let mut credential_ids: Vec<_> =
        passkeys.iter().map(|it| encoded(it.passkey.cred_id())).collect();
    if !tells_removal {
        let removed: Vec<String> =
            tx.scalar_all(LIST_REMOVED, args![user.user_id.as_str()]).await?;
        credential_ids.extend(removed);
    }
    Ok(Some(PasskeySignal {
        rp_id: rp_id.to_owned(),
        user_id: handle,
        credential_ids,
        name: account_name(user.email.as_deref()).to_owned(),
        display_name: display_name(user.email.as_deref(), &user.display_name).to_owned(),
    }))
}

/// Returns the name under which an authenticator shows an account.
fn account_name(email: Option<&str>) -> &str {
    email.unwrap_or("Account without an email address")
}

/// Returns the name that an authenticator shows beside it.
fn display_name<'a>(email: Option<&'a str>, chosen: &'a str) -> &'a str {
    if chosen.is_empty() { account_name(email) } else { chosen }
}

/// Removes one of a user's passkeys. A security notice can restore it.
pub async fn mark_removed(tx: &mut Tx, user_id: &UserId, id: &str, now: i64) -> Result<(), Error> {
    tx.execute(MARK_REMOVED, args![now, user_id.as_str(), id]).await?;
    Ok(())
}

/// Deletes one of a user's passkeys, which no security notice restores, and returns its name.
pub async fn delete(tx: &mut Tx, user_id: &UserId, id: &str) -> Result<Option<String>, Error> {
    tx.scalar_optional(DELETE, args![user_id.as_str(), id]).await
}

/// Deletes the passkeys added, and restores those removed, since the ticket with this number. Numbers start at 1, so
/// 0 deletes all.
pub async fn undo_since(tx: &mut Tx, user_id: &UserId, seq: i64) -> Result<(), Error> {
    tx.execute(DELETE_SINCE, args![user_id.as_str(), seq]).await?;
    tx.execute(RESTORE_SINCE, args![user_id.as_str(), seq]).await?;
    Ok(())
}

/// Deletes removed passkeys that no security notice can restore, and used challenges that have expired.
pub async fn sweep(app: &App, time: TimeRange) -> Result<(), Error> {
    let before = time.earliest - seconds(app.config.tickets.not_me);
    app.db.execute(DELETE_REMOVED, args![before]).await?;
    challenge::sweep(app, time).await
}
