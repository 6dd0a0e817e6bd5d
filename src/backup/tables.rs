//! All tables of Portcullis, in an order in which rows refer only to earlier rows. A test compares them with
//! the schema.

use crate::server::db::query::Query;
use crate::server::db::value::{Column, ColumnKind};

/// A table and its columns.
#[derive(Debug)]
pub struct Table {
    pub name: &'static str,
    pub columns: &'static [Column],
}

impl Table {
    /// Selects all rows, with all columns.
    #[must_use]
    pub fn select(&self) -> Query<'static> {
        let mut query = Query::new("SELECT ");
        push_columns(&mut query, self.columns);
        query.sql(" FROM ").sql(self.name);
        query
    }
}

/// Adds column names, separated by commas.
pub(super) fn push_columns(query: &mut Query<'_>, columns: &[Column]) {
    for (n, (name, _)) in columns.iter().enumerate() {
        query.sql(if n == 0 { "" } else { ", " }).sql(name);
    }
}

macro_rules! table {
    ($name:literal: $($column:ident $kind:ident),* $(,)?) => {
        Table { name: $name, columns: &[$((stringify!($column), ColumnKind::$kind)),*] }
    };
}

#[rustfmt::skip]
pub const TABLES: &[Table] = &[
    table!("users": id Text, email Text, email_key Text, email_verified_at Number, display_name Text,
        session_epoch Number, created_at Number, updated_at Number, deletes_at Number,
        disabled_at Number, disabled_until Number, disabled_reason Text, deleted_by Text,
        revision Number, notice_seq Number, signed_up Flag, last_used_at Number, second_factor_due_at Number,
        passkey_handle Text, passkey_offered_at Number, declines_passkeys Flag,
        reviews_access Flag),
    table!("user_words": word Text, user_id Text),
    table!("passwords": user_id Text, hash Text, changed_at Number),
    table!("roles": id Text, name Text, about Text, revision Number, created_at Number,
        updated_at Number),
    table!("role_permissions": role_id Text, permission Text),
    table!("user_roles": user_id Text, role_id Text, granted_at Number),
    table!("sessions": id Text, id_digest Text, user_id Text, epoch Number, data Text, address Text,
        browser Text, remembered Flag, created_at Number, seen_at Number, expires_at Number,
        authenticated_at Number, acting_as Text, acting_until Number, methods Text,
        second_factor_at Number),
    table!("authenticator_apps": id Text, user_id Text, name Text, sealed Text, key_id Text,
        last_step Number, created_at Number, used_at Number, seq Number, removed_seq Number,
        removed_at Number),
    table!("passkeys": id Text, user_id Text, credential_id Text, credential Text, name Text,
        created_at Number, used_at Number, disabled_at Number, is_automatic Flag, is_discoverable Flag,
        is_device_bound Flag, seq Number, removed_seq Number, removed_at Number),
    table!("used_challenges": digest Text, expires_at Number),
    table!("trusted_browsers": id Text, user_id Text, browser_digest Text, address Text, browser Text,
        created_at Number, expires_at Number),
    table!("recovery_codes": digest Text, user_id Text, set_id Text, created_at Number,
        used_at Number, seq Number, removed_seq Number, removed_at Number),
    table!("impersonations": session_id Text, administrator Text, acting_as Text),
    table!("linked_accounts": id Text, user_id Text, provider Text, issuer Text, subject Text,
        account Text, created_at Number, seq Number, is_multi_factor Flag),
    table!("sign_in_attempts": id Text, browser_digest Text, user_id Text, epoch Number, proofs Text,
        intent Text, expires_at Number),
    table!("authorization_requests": state_digest Text, attempt_id Text, sealed Text, posted_digest Text,
        posted Text),
    table!("unfinished_sign_ups": browser_digest Text, sealed Text, expires_at Number),
    table!("mails": id Text, name Text, user_id Text, recipient Text, sealed Text, created_at Number,
        due_at Number, tries Number, problem Text, sent_at Number, given_up_at Number),
    table!("audit_events": id Text, at Number, user_id Text, kind Text, about Text, address Text,
        browser Text, actor Text, position Number, digest Text),
    table!("audit_chain": mark Text, position Number, digest Text),
    table!("clock": noted_at Number),
    table!("audit_days": day Number, kind Text, events Number),
    table!("tickets": id Text, digest Text, purpose Text, user_id Text, address Text,
        created_at Number, expires_at Number, used_at Number, role_id Text, invited_by Text,
        seq Number),
    table!("recovery_requests": id Text, email_key Text, address Text, browser Text,
        created_at Number),
    table!("limits": name Text, subject Text, arrival Number),
    table!("password_failures": account Text, failures Number, free_at Number, failed_at Number),
    table!("known_places": user_id Text, kind Text, place Text, created_at Number, seen_at Number),
    table!("mailed_sign_ins": attempt_id Text, email Text, sealed Text, ticket_digest Text,
        address Text, browser Text, created_at Number, answered_at Number),
    table!("jobs": name Text, succeeded_at Number),
];
