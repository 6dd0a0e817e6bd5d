//! The `linked_accounts` table: who is who at which provider.

use super::{Identity, Provider, Purpose};
use crate::audit::Kind;
use crate::audit::server::note_about;
use crate::error::AppError;
use crate::mail::server::{Foreign, Mail};
use crate::recovery::server::tell;
use crate::server::config::seconds;
use crate::server::db::Tx;
use crate::server::limits::{self, Act};
use crate::server::{App, Context, Error};
use crate::session::server::{SignedIn, lock_alive};
use crate::social::{LinkedAccountView, LinkedAccounts, SocialProblem};
use crate::user::DisplayName;
use crate::user::server::{Address, Method, Proven, UserId, insert, mark_signed_up};
use crate::{in_tx, on, reauthentication, sign_up};

/// What came of a visitor whom a provider identified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Whose account it is; made now, or before.
    SignIn(Proven),
    Linked,
    /// The user who is signed in, proven again.
    Reauthenticated,
}

const FIND_USER: &str = "
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

const LIST: &str = "
    SELECT id, provider, issuer, account, created_at
    FROM linked_accounts
    WHERE user_id = $1
    ORDER BY created_at, id";

const HAS_PASSWORD: &str = "
    SELECT user_id
    FROM passwords
    WHERE user_id = $1";

const DELETE: &str = "
    DELETE FROM linked_accounts
    WHERE user_id = $1 AND id = $2";

const DELETE_SINCE: &str = "
    DELETE FROM linked_accounts
    WHERE user_id = $1 AND seq >= $2";

#[derive(Clone, sqlx::FromRow)]
struct Row {
    id: String,
    provider: String,
    issuer: String,
    account: String,
    created_at: i64,
}

/// Does what the visitor went to the provider for.
pub async fn arrive(
    cx: &Context,
    identity: &Identity,
    purpose: &Purpose,
) -> Result<Arrival, Error> {
    let app = &cx.app;
    match purpose {
        Purpose::SignIn { .. } => Ok(Arrival::SignIn(find_or_make_user(cx, identity).await?)),
        Purpose::Reauthenticate { user_id, .. } => {
            let user = cx.user().await?;
            refuse_impersonators(&user)?;
            let mut tx = app.db.begin().await?;
            let found = find_user(&mut tx, identity).await?;
            drop(tx);
            // The provider must know who is signed in, and not merely somebody.
            let proven = found.filter(|it| it.user_id == *user_id && user.user_id == *user_id);
            let proven = proven.ok_or(AppError::Social(SocialProblem::SomebodyElse))?;
            // It was told to ask, and may say when it has (OpenID Connect Core 1.0, section 3.1.3.7,
            // step 11).
            let now = app.clock.now();
            let age = now - proven.method.authenticated_at(now);
            if age > seconds(app.config.account.reauthentication) {
                return Err(AppError::Social(SocialProblem::NotAskedAgain).into());
            }
            reauthentication::server::by_provider(cx, &user, &proven.method).await?;
            Ok(Arrival::Reauthenticated)
        }
        Purpose::Link { user_id } => {
            // Whoever is signed in now must be who began (CVE-2026-9087).
            let user = cx.user().await?;
            refuse_impersonators(&user)?;
            if user.user_id != *user_id {
                return Err(AppError::Social(SocialProblem::Expired).into());
            }
            let mut tx = app.db.begin().await?;
            // First of all that names the user: nobody may wait for them while others wait for us.
            // Asking the provider took a while: refused where the session ended meanwhile.
            lock_alive(app, &mut tx, &user).await?;
            let rotated = cx.session.rotate(&mut tx, &user).await?;
            link_told(cx, &mut tx, user_id, identity).await?;
            tx.commit().await?;
            cx.session.follow(rotated, &user).await;
            Ok(Arrival::Linked)
        }
    }
}

/// Links an account to a user whose row is locked, and writes to them; nothing where it is theirs
/// already. The notice comes first: it takes back what is linked from its number on.
async fn link_told(
    cx: &Context,
    tx: &mut Tx,
    user_id: &UserId,
    identity: &Identity,
) -> Result<(), Error> {
    let elsewhere = AppError::Social(SocialProblem::LinkedElsewhere);
    match find_user(tx, identity).await? {
        Some(it) if it.user_id == *user_id => return Ok(()),
        Some(_) => return Err(elsewhere.into()),
        None => {}
    }
    let provider = label(&cx.app, &identity.provider);
    let account = Foreign::new(&identity.account);
    note_about(cx, tx, Kind::ProviderLinked, user_id, &identity.provider).await?;
    let letter = |event, not_me| Mail::ProviderLinked { event, provider, account, not_me };
    tell(cx, tx, user_id, letter).await?;
    // Another user may have been first, at the same moment.
    if link(tx, user_id, identity, cx.app.clock.now()).await? {
        Ok(())
    } else {
        Err(elsewhere.into())
    }
}

/// Whoever uses the site as somebody else touches no way in, whatever had begun before.
fn refuse_impersonators(user: &SignedIn) -> Result<(), AppError> {
    if user.impersonator.is_some() { Err(AppError::Impersonating) } else { Ok(()) }
}

/// The user of this issuer and subject, made where there is none. An address alone never links.
async fn find_or_make_user(cx: &Context, identity: &Identity) -> Result<Proven, Error> {
    let app = &cx.app;
    let mut tx = app.db.begin().await?;
    if let Some(proven) = find_user(&mut tx, identity).await? {
        return Ok(proven);
    }
    let invited = sign_up::server::admit(cx, &mut tx, identity.verified_email.as_ref()).await?;
    limits::take_in(app, &mut tx, Act::SignUp, &cx.client, None).await?;
    let now = app.clock.now();
    let address =
        identity.verified_email.as_ref().map(|email| Address { email, is_verified: true });
    let name = identity.display_name.parse::<DisplayName>();
    let name = name.as_ref().map_or("", DisplayName::as_str);
    let Some(user_id) = insert(&mut tx, address, name, now).await? else {
        // The address is taken: by another tab of this very visitor, or by an account that is not
        // linked.
        let taken = AppError::Social(SocialProblem::EmailTaken);
        return find_user(&mut tx, identity).await?.ok_or(taken.into());
    };
    if !link(&mut tx, &user_id, identity, now).await? {
        // Another tab was first, and its user stays; ours is undone with the transaction.
        drop(tx);
        let mut tx = app.db.begin().await?;
        return find_user(&mut tx, identity)
            .await?
            .ok_or(AppError::Social(SocialProblem::Expired).into());
    }
    mark_signed_up(&mut tx, &user_id).await?;
    note_about(cx, &mut tx, Kind::SignedUp, &user_id, &identity.provider).await?;
    invited.welcome(app, &mut tx, &user_id).await?;
    tx.commit().await?;
    invited.forget(cx);
    Ok(proven(user_id, 0, identity))
}

async fn find_user(tx: &mut Tx, identity: &Identity) -> Result<Option<Proven>, Error> {
    let found: Option<(String, i64)> = in_tx!(tx, c => sqlx::query_as(FIND_USER)
        .bind(&identity.issuer)
        .bind(&identity.subject)
        .fetch_optional(c)
        .await)?;
    Ok(found.map(|(id, epoch)| proven(id.into(), epoch, identity)))
}

fn proven(user_id: UserId, epoch: i64, identity: &Identity) -> Proven {
    let name = identity.provider.clone();
    let method = Method::Provider { name, authenticated_at: identity.authenticated_at };
    Proven { user_id, method, epoch }
}

/// What people call a provider; its name where it is no longer configured.
/// What people call a provider.
pub fn label(app: &App, provider: &str) -> String {
    app.providers.find(provider).map_or_else(|| provider.to_owned(), |it| it.config.label.clone())
}

/// How many accounts of an issuer are linked.
pub async fn count_of(app: &App, issuer: &str) -> Result<i64, Error> {
    const COUNT: &str = "SELECT COUNT(*) FROM linked_accounts WHERE issuer = $1";
    Ok(on!(&app.db, db => sqlx::query_scalar(COUNT).bind(issuer).fetch_one(db).await)?)
}

/// The linked accounts of a user.
pub async fn of_user(app: &App, user_id: &UserId) -> Result<Vec<LinkedAccountView>, Error> {
    let rows: Vec<Row> = on!(&app.db, db => sqlx::query_as(LIST)
        .bind(user_id.as_str())
        .fetch_all(db)
        .await)?;
    Ok(rows.into_iter().map(|row| row.view(app)).collect())
}

/// Removes a linked account whatever is left, and says of which provider it was and which account
/// there.
pub async fn delete_one(
    tx: &mut Tx,
    user_id: &UserId,
    id: &str,
) -> Result<Option<(String, String)>, Error> {
    let rows: Vec<Row> = in_tx!(&mut *tx, c => sqlx::query_as(LIST)
        .bind(user_id.as_str())
        .fetch_all(c)
        .await)?;
    let Some(row) = rows.into_iter().find(|it| it.id == id) else { return Ok(None) };
    in_tx!(tx, c => sqlx::query(DELETE)
        .bind(user_id.as_str())
        .bind(id)
        .execute(c)
        .await
        .map(drop))?;
    Ok(Some((row.provider, row.account)))
}

/// The configured providers that an account of this user is linked of, by name.
pub async fn providers_of(app: &App, user_id: &UserId) -> Result<Vec<String>, Error> {
    let rows: Vec<Row> = on!(&app.db, db => sqlx::query_as(LIST)
        .bind(user_id.as_str())
        .fetch_all(db)
        .await)?;
    let mut names: Vec<_> =
        rows.iter().filter_map(|it| it.provider(app)).map(|it| it.config.name.clone()).collect();
    names.dedup();
    Ok(names)
}

/// Links, unless this issuer and subject are linked already; says which.
async fn link(tx: &mut Tx, user_id: &UserId, identity: &Identity, now: i64) -> Result<bool, Error> {
    let rows = in_tx!(tx, c => sqlx::query(INSERT)
        .bind(uuid::Uuid::now_v7().to_string())
        .bind(user_id.as_str())
        .bind(&identity.provider)
        .bind(&identity.issuer)
        .bind(&identity.subject)
        .bind(&identity.account)
        .bind(now)
        .execute(c)
        .await
        .map(|it| it.rows_affected()))?;
    Ok(rows == 1)
}

/// The user's linked accounts, and the providers that are left.
pub async fn list(app: &App, user: &SignedIn) -> Result<LinkedAccounts, Error> {
    let rows: Vec<Row> = on!(&app.db, db => sqlx::query_as(LIST)
        .bind(user.user_id.as_str())
        .fetch_all(db)
        .await)?;
    let mut unlinked = app.providers.buttons();
    unlinked.retain(|button| {
        rows.iter().filter_map(|row| row.provider(app)).all(|it| it.config.name != button.name)
    });
    Ok(LinkedAccounts {
        removable: user.has_password() || ways_in(app, &rows) > 1,
        unlinked,
        linked: rows.into_iter().map(|row| row.view(app)).collect(),
        now: app.clock.now(),
    })
}

impl Row {
    /// The provider that still vouches for this account: one that is configured, with the issuer
    /// of then. Any other lets nobody in.
    fn provider<'a>(&self, app: &'a App) -> Option<&'a Provider> {
        app.providers.find(&self.provider).filter(|it| it.config.issuer == self.issuer)
    }

    fn view(self, app: &App) -> LinkedAccountView {
        let provider = self.provider(app).map(|it| &it.config);
        LinkedAccountView {
            label: provider.map_or_else(|| self.provider.clone(), |it| it.label.clone()),
            mark: provider.map_or("", |it| it.mark).to_owned(),
            id: self.id,
            account: self.account,
            created_at: self.created_at,
        }
    }
}

fn ways_in(app: &App, rows: &[Row]) -> usize {
    rows.iter().filter(|row| row.provider(app).is_some()).count()
}

/// Removes a linked account, unless no way in would be left.
pub async fn unlink(cx: &Context, user: &SignedIn, id: &str) -> Result<(), Error> {
    let (app, user_id) = (&cx.app, &user.user_id);
    user.require_fresh(app)?;
    let mut tx = app.db.begin().await?;
    // Whoever removes a way in waits for whoever else does.
    lock_alive(app, &mut tx, user).await?;
    let mut rows: Vec<Row> =
        in_tx!(&mut tx, c => sqlx::query_as(LIST).bind(user_id.as_str()).fetch_all(c).await)?;
    let password: Option<String> = in_tx!(&mut tx, c => sqlx::query_scalar(HAS_PASSWORD)
        .bind(user_id.as_str())
        .fetch_optional(c)
        .await)?;
    let Some(at) = rows.iter().position(|row| row.id == id) else { return Ok(()) };
    let gone = rows.remove(at);
    if password.is_none() && ways_in(app, &rows) == 0 {
        return Err(AppError::LastWayIn.into());
    }
    in_tx!(&mut tx, c => sqlx::query(DELETE)
        .bind(user_id.as_str())
        .bind(id)
        .execute(c)
        .await
        .map(drop))?;
    note_about(cx, &mut tx, Kind::ProviderUnlinked, user_id, &gone.provider).await?;
    let provider = label(app, &gone.provider);
    let account = Foreign::new(&gone.account);
    tell(cx, &mut tx, user_id, |event, not_me| Mail::ProviderUnlinked {
        event,
        provider,
        account,
        not_me,
    })
    .await?;
    tx.commit().await
}

/// Removes all accounts that were linked since the ticket of this number was issued, the last way in
/// too: the mail is another. No number is below 1, so 0 removes all.
pub async fn delete_since(tx: &mut Tx, user_id: &UserId, seq: i64) -> Result<(), Error> {
    in_tx!(tx, c => sqlx::query(DELETE_SINCE)
        .bind(user_id.as_str())
        .bind(seq)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}
