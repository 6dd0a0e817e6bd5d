//! The kinds of events, and events as the page shows them.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::device::Device;

/// The kind of an event, including how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    SignedUp,
    SignedIn,
    SignInRefused,
    SignedOut,
    Reauthenticated,
    ReauthenticationRefused,
    SessionEnded,
    OtherSessionsEnded,
    PasswordSet,
    PasswordChanged,
    PasswordLocked,
    EmailVerified,
    EmailChangeRequested,
    EmailChanged,
    EmailRestored,
    NameChanged,
    ProviderLinked,
    ProviderUnlinked,
    AuthenticatorAppAdded,
    AuthenticatorAppRemoved,
    RecoveryCodesCreated,
    RecoveryCodeUsed,
    BrowserTrusted,
    TrustRevoked,
    CodesLocked,
    FactorRecoveryRequested,
    FactorsRecovered,
    RecoveryRequested,
    Recovered,
    SignInMailRequested,
    NotMe,
    Exported,
    DeletionScheduled,
    DeletionCancelled,
    DeletedUnverified,
    MailGivenUp,
    RoleCreated,
    RoleChanged,
    RoleRemoved,
    RoleAssigned,
    RoleUnassigned,
    UserCreated,
    SetUp,
    Invited,
    InvitationWithdrawn,
    Disabled,
    Enabled,
    SessionsEnded,
    PasswordLinkSent,
    Deleted,
    ImpersonationBegun,
    ImpersonationEnded,
    LimitLifted,
    AuditExported,
    AuditTrimmed,
    KeyRotated,
    ClockConfirmed,
    Restored,
}

impl EventKind {
    pub const ALL: [Self; 58] = [
        Self::SignedUp,
        Self::SignedIn,
        Self::SignInRefused,
        Self::SignedOut,
        Self::Reauthenticated,
        Self::ReauthenticationRefused,
        Self::SessionEnded,
        Self::OtherSessionsEnded,
        Self::PasswordSet,
        Self::PasswordChanged,
        Self::PasswordLocked,
        Self::EmailVerified,
        Self::EmailChangeRequested,
        Self::EmailChanged,
        Self::EmailRestored,
        Self::NameChanged,
        Self::ProviderLinked,
        Self::ProviderUnlinked,
        Self::AuthenticatorAppAdded,
        Self::AuthenticatorAppRemoved,
        Self::RecoveryCodesCreated,
        Self::RecoveryCodeUsed,
        Self::BrowserTrusted,
        Self::TrustRevoked,
        Self::CodesLocked,
        Self::FactorRecoveryRequested,
        Self::FactorsRecovered,
        Self::RecoveryRequested,
        Self::Recovered,
        Self::SignInMailRequested,
        Self::NotMe,
        Self::Exported,
        Self::DeletionScheduled,
        Self::DeletionCancelled,
        Self::DeletedUnverified,
        Self::MailGivenUp,
        Self::RoleCreated,
        Self::RoleChanged,
        Self::RoleRemoved,
        Self::RoleAssigned,
        Self::RoleUnassigned,
        Self::UserCreated,
        Self::SetUp,
        Self::Invited,
        Self::InvitationWithdrawn,
        Self::Disabled,
        Self::Enabled,
        Self::SessionsEnded,
        Self::PasswordLinkSent,
        Self::Deleted,
        Self::ImpersonationBegun,
        Self::ImpersonationEnded,
        Self::LimitLifted,
        Self::AuditExported,
        Self::AuditTrimmed,
        Self::KeyRotated,
        Self::ClockConfirmed,
        Self::Restored,
    ];

    /// Returns the word stored in the table and sent to the browser.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedUp => "signed_up",
            Self::SignedIn => "signed_in",
            Self::SignInRefused => "sign_in_refused",
            Self::SignedOut => "signed_out",
            Self::Reauthenticated => "reauthenticated",
            Self::ReauthenticationRefused => "reauthentication_refused",
            Self::SessionEnded => "session_ended",
            Self::OtherSessionsEnded => "other_sessions_ended",
            Self::PasswordSet => "password_set",
            Self::PasswordChanged => "password_changed",
            Self::PasswordLocked => "password_locked",
            Self::EmailVerified => "address_verified",
            Self::EmailChangeRequested => "address_change_asked",
            Self::EmailChanged => "address_changed",
            Self::EmailRestored => "address_restored",
            Self::NameChanged => "name_changed",
            Self::ProviderLinked => "provider_linked",
            Self::ProviderUnlinked => "provider_unlinked",
            Self::AuthenticatorAppAdded => "authenticator_app_added",
            Self::AuthenticatorAppRemoved => "authenticator_app_removed",
            Self::RecoveryCodesCreated => "recovery_codes_created",
            Self::RecoveryCodeUsed => "recovery_code_used",
            Self::BrowserTrusted => "browser_trusted",
            Self::TrustRevoked => "trust_revoked",
            Self::CodesLocked => "codes_locked",
            Self::FactorRecoveryRequested => "factor_recovery_requested",
            Self::FactorsRecovered => "factors_recovered",
            Self::RecoveryRequested => "recovery_asked",
            Self::Recovered => "recovered",
            Self::SignInMailRequested => "sign_in_mail_asked",
            Self::NotMe => "not_me",
            Self::Exported => "exported",
            Self::DeletionScheduled => "deletion_asked",
            Self::DeletionCancelled => "deletion_undone",
            Self::DeletedUnverified => "deleted_unproven",
            Self::MailGivenUp => "mail_given_up",
            Self::RoleCreated => "role_created",
            Self::RoleChanged => "role_changed",
            Self::RoleRemoved => "role_removed",
            Self::RoleAssigned => "role_given",
            Self::RoleUnassigned => "role_taken",
            Self::UserCreated => "user_created",
            Self::SetUp => "set_up",
            Self::Invited => "invited",
            Self::InvitationWithdrawn => "invitation_withdrawn",
            Self::Disabled => "disabled",
            Self::Enabled => "enabled",
            Self::SessionsEnded => "sessions_ended",
            Self::PasswordLinkSent => "password_link_sent",
            Self::Deleted => "deleted",
            Self::ImpersonationBegun => "impersonation_begun",
            Self::ImpersonationEnded => "impersonation_ended",
            Self::LimitLifted => "limit_lifted",
            Self::AuditExported => "audit_exported",
            Self::AuditTrimmed => "audit_trimmed",
            Self::KeyRotated => "key_rotated",
            Self::ClockConfirmed => "clock_confirmed",
            Self::Restored => "restored",
        }
    }

    /// Parses a word. Returns `None` for a word of another version.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.as_str() == word)
    }

    /// Returns whether the event deserves attention.
    #[must_use]
    pub const fn is_warning(self) -> bool {
        matches!(
            self,
            Self::SignInRefused
                | Self::ReauthenticationRefused
                | Self::PasswordLocked
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
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_word(kind.as_str()), Some(kind));
            let json = serde_json::to_value(kind).unwrap();
            assert_eq!(json, kind.as_str());
            assert_eq!(serde_json::from_value::<EventKind>(json).unwrap(), kind);
        }
        assert_eq!(EventKind::from_word("unheard_of"), None);
        assert!(serde_json::from_str::<EventKind>("\"unheard_of\"").is_err());
    }
}
