//! The `linked_accounts` table.

use serde::{Deserialize, Serialize};

use super::LinkedAccountView;
use crate::args;
use crate::record;
use crate::server::config::ProviderConfig;
use crate::server::db::Tx;
use crate::server::{App, Error};
use crate::user::server::Owner;
use crate::user::server::UserId;

/// An account at a provider.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProviderAccount {
    /// The name of the provider's section in the settings.
    pub provider: String,
    pub issuer: String,
    pub subject: String,
    /// The email address or name at the provider, for its owner to recognise it by.
    pub account: String,
}

const FIND_OWNER: &str = "
    SELECT l.user_id, u.session_epoch
    FROM linked_accounts l
    JOIN users u ON u.id = l.user_id
    WHERE l.issuer = $1 AND l.subject = $2";

const INSERT: &str = "
    INSERT INTO linked_accounts (id, user_id, provider, issuer, subject, account, created_at, seq)
    SELECT $1, u.id, $3, $4, $5, $6, $7, u.notice_seq
    FROM users u
    WHERE u.id = $2
    ON CONFLICT (issuer, subject) DO NOTHING";

const MARK_MULTI_FACTOR: &str = "
    UPDATE linked_accounts
    SET is_multi_factor = TRUE
    WHERE issuer = $1 AND subject = $2";

const LIST: &str = "
    SELECT id, provider, issuer, account, is_multi_factor, created_at
    FROM linked_accounts
    WHERE user_id = $1
    ORDER BY created_at, id";

const COUNT: &str = "
    SELECT COUNT(*)
    FROM linked_accounts
    WHERE provider = $1";

const DELETE: &str = "
    DELETE FROM linked_accounts
    WHERE user_id = $1 AND id = $2";

const DELETE_SINCE: &str = "
    DELETE FROM linked_accounts
    WHERE user_id = $1 AND seq >= $2";

record! {
    /// A linked account.
    #[derive(Clone, Debug)]
    pub struct Link {
        pub id: String,
        pub provider: String,
        issuer: String,
        pub account: String,
        /// Whether a sign-in with it has counted as two factors.
        pub is_multi_factor: bool,
        created_at: i64,
    }
}

impl Link {
    /// Returns the account's provider: a configured one with its issuer, if possible under the same name. Without one,
    /// the account can't be used to sign in.
    #[must_use]
    pub fn provider<'a>(&self, app: &'a App) -> Option<&'a ProviderConfig> {
        let mut all = app.config.providers_of(&self.issuer).peekable();
        let first = all.peek().copied();
        all.find(|it| it.name == self.provider).or(first)
    }

    #[must_use]
    pub fn view(self, app: &App) -> LinkedAccountView {
        let provider = self.provider(app);
        LinkedAccountView {
            label: provider.map_or_else(|| self.provider.clone(), |it| it.label.clone()),
            mark: provider.map(|it| it.mark.clone()).unwrap_or_default(),
            id: self.id,
            account: self.account,
            created_at: self.created_at,
        }
    }
}

/// Returns the user to whom this account is linked.
pub async fn find_owner(tx: &mut Tx, account: &ProviderAccount) -> Result<Option<Owner>, Error> {
    let found: Option<(String, i64)> =
        tx.fetch_optional(FIND_OWNER, args![&account.issuer, &account.subject]).await?;
    Ok(found.map(|(id, epoch)| Owner { user_id: id.into(), epoch }))
}

/// Links an account to a user; returns false if it is already linked to any user.
pub async fn link(
    tx: &mut Tx,
    user_id: &UserId,
    account: &ProviderAccount,
    now: i64,
) -> Result<bool, Error> {
    Ok(tx
        .execute(
            INSERT,
            args![
                uuid::Uuid::now_v7().to_string(),
                user_id.as_str(),
                &account.provider,
                &account.issuer,
                &account.subject,
                &account.account,
                now
            ],
        )
        .await?
        == 1)
}

/// Records that a sign-in with this account counted as two factors.
pub async fn mark_multi_factor(tx: &mut Tx, account: &ProviderAccount) -> Result<(), Error> {
    tx.execute(MARK_MULTI_FACTOR, args![&account.issuer, &account.subject]).await?;
    Ok(())
}

/// Returns how many accounts at a provider are linked.
pub async fn count_of(app: &App, provider: &str) -> Result<i64, Error> {
    app.db.scalar(COUNT, args![provider]).await
}

/// Returns the linked accounts of a user, oldest first.
pub async fn of_user(app: &App, user_id: &UserId) -> Result<Vec<Link>, Error> {
    let rows = app.db.fetch_all(LIST, args![user_id.as_str()]).await?;
    Ok(rows)
}

/// Returns the linked accounts of a user as a transaction sees them.
pub async fn of_user_in(tx: &mut Tx, user_id: &UserId) -> Result<Vec<Link>, Error> {
    let rows = tx.fetch_all(LIST, args![user_id.as_str()]).await?;
    Ok(rows)
}

/// Returns the names of the configured providers with an account linked to this user.
pub async fn providers_of(app: &App, user_id: &UserId) -> Result<Vec<String>, Error> {
    let links = of_user(app, user_id).await?;
    let mut names: Vec<_> =
        links.iter().filter_map(|it| it.provider(app)).map(|it| it.name.clone()).collect();
    names.dedup();
    Ok(names)
}

/// Unlinks one of a user's accounts, even the last way to sign in, and returns it.
pub async fn delete(tx: &mut Tx, user_id: &UserId, id: &str) -> Result<Option<Link>, Error> {
    let links = of_user_in(tx, user_id).await?;
    let Some(link) = links.into_iter().find(|it| it.id == id) else { return Ok(None) };
    tx.execute(DELETE, args![user_id.as_str(), id]).await?;
    Ok(Some(link))
}

/// Unlinks all accounts linked since the ticket of this number was issued, even the last way to
/// sign in, because email remains. Numbers start at 1, so 0 unlinks all.
pub async fn delete_since(tx: &mut Tx, user_id: &UserId, seq: i64) -> Result<(), Error> {
    tx.execute(DELETE_SINCE, args![user_id.as_str(), seq]).await?;
    Ok(())
}
