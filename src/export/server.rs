//! Reading everything about one user. Every table that names users has a part here; a column that is
//! left out is a secret or says nothing (`tests/it/export.rs` walks the schema).

use serde::Serialize;

use crate::audit::Kind;
use crate::audit::server::note;
use crate::in_tx;
use crate::server::db::Tx;
use crate::server::{Context, Error};
use crate::session::server::SignedIn;

/// All that is held about a user. Times are Unix seconds.
#[derive(Debug, Serialize)]
pub struct Export {
    /// When this was written.
    exported_at: i64,
    users: Vec<User>,
    passwords: Vec<Password>,
    sessions: Vec<Session>,
    linked_accounts: Vec<LinkedAccount>,
    known_places: Vec<KnownPlace>,
    tickets: Vec<Ticket>,
    mailed_sign_ins: Vec<MailedSignIn>,
    mails: Vec<Mail>,
    audit_events: Vec<AuditEvent>,
}

/// A part: its columns, as they are read and written.
macro_rules! part {
    ($part:ident of $table:literal { $($column:ident: $kind:ty),* $(,)? } by $id:literal) => {
        #[derive(Debug, Serialize, sqlx::FromRow)]
        struct $part {
            $($column: $kind,)*
        }

        impl $part {
            async fn list(tx: &mut Tx, user_id: &str) -> Result<Vec<Self>, Error> {
                const LIST: &str = concat!(
                    "SELECT ", part!(@list $($column),*), " FROM ", $table, " WHERE ", $id, " = $1"
                );
                let rows = in_tx!(tx, c => sqlx::query_as(LIST)
                    .bind(user_id)
                    .fetch_all(c)
                    .await)?;
                Ok(rows)
            }
        }
    };
    (@list $first:ident $(, $rest:ident)*) => {
        concat!(stringify!($first) $(, ", ", stringify!($rest))*)
    };
}

part!(User of "users" {
    id: String,
    email: Option<String>,
    email_verified_at: Option<i64>,
    display_name: String,
    created_at: i64,
    updated_at: i64,
    deletes_at: Option<i64>,
} by "id");

part!(Password of "passwords" { changed_at: i64 } by "user_id");

part!(Session of "sessions" {
    id: String,
    address: String,
    browser: String,
    remembered: bool,
    created_at: i64,
    seen_at: i64,
    authenticated_at: i64,
    expires_at: i64,
} by "user_id");

part!(LinkedAccount of "linked_accounts" {
    id: String,
    provider: String,
    issuer: String,
    subject: String,
    account: String,
    created_at: i64,
} by "user_id");

part!(KnownPlace of "known_places" {
    kind: String,
    place: String,
    created_at: i64,
    seen_at: i64,
} by "user_id");

part!(Ticket of "tickets" {
    id: String,
    purpose: String,
    address: String,
    created_at: i64,
    expires_at: i64,
    used_at: Option<i64>,
} by "user_id");

part!(MailedSignIn of "mailed_sign_ins" {
    id: String,
    email: String,
    address: String,
    browser: String,
    remembered: bool,
    next: String,
    created_at: i64,
    expires_at: i64,
    answered_at: Option<i64>,
} by "user_id");

part!(Mail of "mails" {
    id: String,
    name: String,
    recipient: String,
    created_at: i64,
    due_at: i64,
    tries: i64,
    problem: String,
    sent_at: Option<i64>,
    given_up_at: Option<i64>,
} by "user_id");

part!(AuditEvent of "audit_events" {
    id: String,
    at: i64,
    kind: String,
    about: String,
    address: String,
    browser: String,
} by "user_id");

/// Everything about who is signed in, as of one moment, the export itself included.
pub async fn export(cx: &Context, user: &SignedIn) -> Result<Export, Error> {
    user.require_fresh(&cx.app)?;
    let mut tx = cx.app.db.begin().await?;
    note(cx, &mut tx, Kind::Exported, &user.user_id).await?;
    let id = user.user_id.as_str();
    let export = Export {
        exported_at: cx.app.clock.now(),
        users: User::list(&mut tx, id).await?,
        passwords: Password::list(&mut tx, id).await?,
        sessions: Session::list(&mut tx, id).await?,
        linked_accounts: LinkedAccount::list(&mut tx, id).await?,
        known_places: KnownPlace::list(&mut tx, id).await?,
        tickets: Ticket::list(&mut tx, id).await?,
        mailed_sign_ins: MailedSignIn::list(&mut tx, id).await?,
        mails: Mail::list(&mut tx, id).await?,
        audit_events: AuditEvent::list(&mut tx, id).await?,
    };
    tx.commit().await?;
    Ok(export)
}
