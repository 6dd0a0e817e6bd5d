//! Counts a user's ways to sign in.

use crate::args;
use crate::linked_account::server::of_user_in;
use crate::password::server::has_password;
use crate::server::db::Tx;
use crate::server::{App, Error};
use crate::user::server::UserId;

const COUNT_PASSKEYS: &str = "
    SELECT COUNT(*)
    FROM passkeys
    WHERE user_id = $1 AND removed_at IS NULL AND disabled_at IS NULL AND is_discoverable";

/// Returns how many ways to sign in a user has: a password, each linked account whose provider is still configured,
/// and each passkey that signs in by itself. Code that removes one must call this afterwards, before it commits.
pub async fn count(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<usize, Error> {
    let links = of_user_in(tx, user_id).await?;
    let usable = links.iter().filter(|it| it.provider(app).is_some()).count();
    let passkeys: i64 = tx.scalar(COUNT_PASSKEYS, args![user_id.as_str()]).await?;
    let is_available = app.config.site.relying_party_id().is_some();
    let passkeys = if is_available { usize::try_from(passkeys).unwrap_or_default() } else { 0 };
    Ok(usize::from(has_password(tx, user_id).await?) + usable + passkeys)
}
