//! Counts a user's ways to sign in.

use crate::linked_account::server::of_user_in;
use crate::password::server::has_password;
use crate::server::db::Tx;
use crate::server::{App, Error};
use crate::user::server::UserId;

/// Returns how many ways to sign in a user has: a password, and each linked account whose provider
/// is still configured. Code that removes one must call this afterwards, before it commits.
pub async fn count(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<usize, Error> {
    let links = of_user_in(tx, user_id).await?;
    let usable = links.iter().filter(|it| it.provider(app).is_some()).count();
    Ok(usize::from(has_password(tx, user_id).await?) + usable)
}
