//! Reads all data about one user. Every table that names users has a part here. A column is left out only if
//! it is a secret or carries no information (`tests/it/export.rs` walks the schema).

use serde::Serialize;

use crate::args;
use crate::audit::EventKind;
use crate::audit::server::record_event;
use crate::record;
use crate::server::db::Tx;
use crate::server::{App, Context, Error};
use crate::session::server::{SignedIn, lock_signed_in};
use crate::user::server::UserId;

/// All data about a user. Times are in Unix seconds.
#[derive(Debug, Serialize)]
pub struct Export {
    /// When the export was written.
    exported_at: i64,
    users: Vec<User>,
    passwords: Vec<Password>,
    user_roles: Vec<UserRole>,
    user_words: Vec<UserWord>,
    sessions: Vec<Session>,
    linked_accounts: Vec<LinkedAccount>,
    authenticator_apps: Vec<AuthenticatorApp>,
    passkeys: Vec<Passkey>,
    recovery_codes: Vec<RecoveryCode>,
    trusted_browsers: Vec<TrustedBrowser>,
    known_places: Vec<KnownPlace>,
    tickets: Vec<Ticket>,
    sign_in_attempts: Vec<SignInAttempt>,
    mailed_sign_ins: Vec<MailedSignIn>,
    mails: Vec<Mail>,
    audit_events: Vec<AuditEvent>,
}

/// Defines a part: the columns to read and to write.
macro_rules! part {
    ($part:ident of $table:literal { $($column:ident: $kind:ty),* $(,)? } by $id:literal) => {
        record! {
            #[derive(Debug, Serialize)]
            struct $part {
                $($column: $kind,)*
            }
        }

        impl $part {
            async fn list(tx: &mut Tx, user_id: &str) -> Result<Vec<Self>, Error> {
                const LIST: &str = concat!(
                    "SELECT ", part!(@list $($column),*), " FROM ", $table, " WHERE ", $id, " = $1"
                );
                let rows = tx.fetch_all(LIST, args![user_id]).await?;
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
    disabled_at: Option<i64>,
    disabled_until: Option<i64>,
    disabled_reason: String,
    signed_up: bool,
    last_used_at: Option<i64>,
    second_factor_due_at: Option<i64>,
    passkey_handle: Option<String>,
    passkey_offered_at: Option<i64>,
    declines_passkeys: bool,
    reviews_access: bool,
} by "id");

part!(Password of "passwords" { changed_at: i64 } by "user_id");

part!(UserRole of "user_roles" { role_id: String, granted_at: i64 } by "user_id");

part!(UserWord of "user_words" { word: String } by "user_id");

part!(Session of "sessions" {
    id: String,
    address: String,
    browser: String,
    remembered: bool,
    created_at: i64,
    seen_at: i64,
    authenticated_at: i64,
    methods: String,
    second_factor_at: Option<i64>,
    expires_at: i64,
} by "user_id");

part!(LinkedAccount of "linked_accounts" {
    id: String,
    provider: String,
    issuer: String,
    subject: String,
    account: String,
    created_at: i64,
    is_multi_factor: bool,
} by "user_id");

part!(AuthenticatorApp of "authenticator_apps" {
    id: String,
    name: String,
    created_at: i64,
    used_at: Option<i64>,
    removed_at: Option<i64>,
} by "user_id");

part!(Passkey of "passkeys" {
    id: String,
    credential_id: String,
    credential: String,
    name: String,
    created_at: i64,
    used_at: Option<i64>,
    disabled_at: Option<i64>,
    is_automatic: bool,
    is_discoverable: bool,
    is_device_bound: bool,
    removed_at: Option<i64>,
} by "user_id");

part!(RecoveryCode of "recovery_codes" {
    set_id: String,
    created_at: i64,
    used_at: Option<i64>,
    removed_at: Option<i64>,
} by "user_id");

part!(TrustedBrowser of "trusted_browsers" {
    id: String,
    address: String,
    browser: String,
    created_at: i64,
    expires_at: i64,
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
    role_id: Option<String>,
} by "user_id");

part!(SignInAttempt of "sign_in_attempts" {
    id: String,
    proofs: String,
    intent: String,
    expires_at: i64,
} by "user_id");

part!(MailedSignIn of "mailed_sign_ins" {
    attempt_id: String,
    email: String,
    address: String,
    browser: String,
    created_at: i64,
    answered_at: Option<i64>,
} by "(SELECT a.user_id FROM sign_in_attempts a WHERE a.id = attempt_id)");

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
    actor: String,
} by "user_id");

impl AuditEvent {
    /// Hides the identity, IP address and browser of an administrator who acted.
    fn without_actor_details(self) -> Self {
        if self.actor.is_empty() {
            return self;
        }
        let actor = "administrator".to_owned();
        Self { address: String::new(), browser: String::new(), actor, ..self }
    }
}

/// Exports all data about the signed-in user as of one moment, including the event of the export.
pub async fn export(cx: &Context, user: &SignedIn) -> Result<Export, Error> {
    user.require_fresh(&cx.app)?;
    let mut tx = cx.app.db.begin().await?;
    lock_signed_in(&cx.app, &mut tx, user).await?;
    record_event(cx, &mut tx, EventKind::Exported, &user.user_id).await?;
    let export = read(&cx.app, &mut tx, &user.user_id).await?;
    tx.commit().await?;
    Ok(export)
}

/// Reads all data about a user, inside a transaction.
pub async fn read(app: &App, tx: &mut Tx, user_id: &UserId) -> Result<Export, Error> {
    let id = user_id.as_str();
    Ok(Export {
        exported_at: app.clock.now(),
        users: User::list(tx, id).await?,
        passwords: Password::list(tx, id).await?,
        user_roles: UserRole::list(tx, id).await?,
        user_words: UserWord::list(tx, id).await?,
        sessions: Session::list(tx, id).await?,
        linked_accounts: LinkedAccount::list(tx, id).await?,
        authenticator_apps: AuthenticatorApp::list(tx, id).await?,
        passkeys: Passkey::list(tx, id).await?,
        recovery_codes: RecoveryCode::list(tx, id).await?,
        trusted_browsers: TrustedBrowser::list(tx, id).await?,
        known_places: KnownPlace::list(tx, id).await?,
        tickets: Ticket::list(tx, id).await?,
        sign_in_attempts: SignInAttempt::list(tx, id).await?,
        mailed_sign_ins: MailedSignIn::list(tx, id).await?,
        mails: Mail::list(tx, id).await?,
        audit_events: AuditEvent::list(tx, id)
            .await?
            .into_iter()
            .map(AuditEvent::without_actor_details)
            .collect(),
    })
}
