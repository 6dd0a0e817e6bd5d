//! The kinds of events, and events as the page shows them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::device::Device;

/// Defines the kinds of events. A row is `Variant: word, sentence;`.
macro_rules! kinds {
    ($($variant:ident: $word:literal, $sentence:literal;)*) => {
        /// The kind of an event, including how it ended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum EventKind {
            $($variant,)*
        }

        impl EventKind {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Returns the word stored in the table and sent to the browser.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl fmt::Display for EventKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $sentence,)*
                })
            }
        }
    };
}

kinds! {
    SignedUp: "signed_up", "Signed up";
    TermsAccepted: "terms_accepted", "Terms accepted";
    SignedIn: "signed_in", "Signed in";
    SignInRefused: "sign_in_refused", "Sign-in refused";
    SignedOut: "signed_out", "Signed out";
    Reauthenticated: "reauthenticated", "Identity confirmed";
    ReauthenticationRefused: "reauthentication_refused", "Identity confirmation refused";
    SessionEnded: "session_ended", "Session ended";
    OtherSessionsEnded: "other_sessions_ended", "All other sessions ended";
    PasswordSet: "password_set", "Password set";
    PasswordChanged: "password_changed", "Password changed";
    PasswordLocked: "password_locked", "Password locked";
    EmailVerified: "address_verified", "Email address verified";
    EmailChangeRequested: "address_change_asked", "Email address change requested";
    EmailChanged: "address_changed", "Email address changed";
    EmailRestored: "address_restored", "Email address restored";
    NameChanged: "name_changed", "Name changed";
    ProviderLinked: "provider_linked", "Account linked";
    ProviderUnlinked: "provider_unlinked", "Account unlinked";
    AuthenticatorAppAdded: "authenticator_app_added", "Authenticator app added";
    AuthenticatorAppRemoved: "authenticator_app_removed", "Authenticator app removed";
    PasskeyAdded: "passkey_added", "Passkey added";
    PasskeyRenamed: "passkey_renamed", "Passkey renamed";
    PasskeyRemoved: "passkey_removed", "Passkey removed";
    PasskeyDisabled: "passkey_disabled", "Passkey disabled: it may have been copied";
    PasskeyEnabled: "passkey_enabled", "Passkey enabled";
    RecoveryCodesCreated: "recovery_codes_created", "Recovery codes created";
    RecoveryCodeUsed: "recovery_code_used", "Recovery code used";
    BrowserTrusted: "browser_trusted", "Browser trusted";
    TrustRevoked: "trust_revoked", "Trust in browsers revoked";
    CodesLocked: "codes_locked", "Codes of authenticator apps locked";
    FactorRecoveryRequested: "factor_recovery_requested", "Removal of second factors requested";
    FactorsRecovered: "factors_recovered", "Second factors removed by a mailed link";
    RecoveryRequested: "recovery_asked", "Password reset requested";
    Recovered: "recovered", "Password reset";
    SignInMailRequested: "sign_in_mail_asked", "Sign-in by email requested";
    NotMe: "not_me", "Secured the account by a mailed link";
    Exported: "exported", "Data exported";
    DeletionScheduled: "deletion_asked", "Account deletion scheduled";
    DeletionCancelled: "deletion_undone", "Account deletion cancelled";
    DeletedUnverified: "deleted_unproven", "Account deleted: unverified and unused";
    MailGivenUp: "mail_given_up", "Email could not be sent";
    RoleCreated: "role_created", "Role created";
    RoleChanged: "role_changed", "Role changed";
    RoleRemoved: "role_removed", "Role deleted";
    RoleAssigned: "role_given", "Role assigned";
    RoleUnassigned: "role_taken", "Role unassigned";
    UserCreated: "user_created", "Account created";
    SetUp: "set_up", "Set up as the first administrator";
    Invited: "invited", "Invitation sent";
    InvitationWithdrawn: "invitation_withdrawn", "Invitation withdrawn";
    Disabled: "disabled", "Account disabled";
    Enabled: "enabled", "Account enabled";
    SessionsEnded: "sessions_ended", "All sessions ended";
    PasswordLinkSent: "password_link_sent", "Password reset link sent";
    Deleted: "deleted", "Account deleted";
    ImpersonationBegun: "impersonation_begun", "Impersonation started";
    ImpersonationEnded: "impersonation_ended", "Impersonation ended";
    LimitLifted: "limit_lifted", "Limit lifted";
    AuditExported: "audit_exported", "Audit log exported";
    AuditTrimmed: "audit_trimmed", "Old audit events deleted";
    KeyRotated: "key_rotated", "Key rotated";
    ClockConfirmed: "clock_confirmed", "Clock confirmed";
    Restored: "restored", "Database restored";
}

impl EventKind {
    /// Parses a word. Returns `None` for a word of another version.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.as_str() == word)
    }

    /// Returns whether the event deserves attention.
    #[must_use]
    pub const fn is_warning(self) -> bool {
        matches!(
            self,
            Self::SignInRefused
                | Self::ReauthenticationRefused
                | Self::PasswordLocked
                | Self::PasskeyDisabled
                | Self::RecoveryCodeUsed
                | Self::CodesLocked
                | Self::FactorRecoveryRequested
                | Self::FactorsRecovered
                | Self::NotMe
                | Self::MailGivenUp
                | Self::Disabled
                | Self::ImpersonationBegun
        )
    }
}

impl Serialize for EventKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Reads the word. Derived code would contain all words again: more for the browser to load.
impl<'de> Deserialize<'de> for EventKind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = String::deserialize(deserializer)?;
        Self::from_word(&word).ok_or_else(|| de::Error::custom("an unknown kind of event"))
    }
}

/// An event, as the page shows it. `at` is in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActivityView {
    pub kind: EventKind,
    /// The subject, as recorded; empty if there is none.
    pub about: String,
    /// Whether the actor was the user or nobody; otherwise it was an administrator.
    pub is_own: bool,
    /// `None` if the event did not come from a browser of the user.
    pub device: Option<Device>,
    pub address: String,
    pub at: i64,
}

/// A page of the viewer's events, newest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ActivityList {
    pub events: Vec<ActivityView>,
    /// The event after which the page of older ones starts; `None` if these are the oldest.
    pub older: Option<String>,
    /// Whether these are the newest.
    pub is_first: bool,
    pub now: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_round_trips_through_its_word() {
        for &kind in EventKind::ALL {
            assert_eq!(EventKind::from_word(kind.as_str()), Some(kind));
            let json = serde_json::to_value(kind).unwrap();
            assert_eq!(json, kind.as_str());
            assert_eq!(serde_json::from_value::<EventKind>(json).unwrap(), kind);
        }
        assert_eq!(EventKind::from_word("unheard_of"), None);
        assert!(serde_json::from_str::<EventKind>("\"unheard_of\"").is_err());
    }
}
