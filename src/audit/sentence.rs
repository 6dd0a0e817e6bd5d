//! The sentences about events.

use std::fmt;

use super::types::EventKind;

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SignedUp => "Signed up",
            Self::SignedIn => "Signed in",
            Self::SignInRefused => "Sign-in refused",
            Self::SignedOut => "Signed out",
            Self::Reauthenticated => "Identity confirmed",
            Self::ReauthenticationRefused => "Identity confirmation refused",
            Self::SessionEnded => "Session ended",
            Self::OtherSessionsEnded => "All other sessions ended",
            Self::PasswordSet => "Password set",
            Self::PasswordChanged => "Password changed",
            Self::PasswordLocked => "Password locked",
            Self::EmailVerified => "Email address verified",
            Self::EmailChangeRequested => "Email address change requested",
            Self::EmailChanged => "Email address changed",
            Self::EmailRestored => "Email address restored",
            Self::NameChanged => "Name changed",
            Self::ProviderLinked => "Account linked",
            Self::ProviderUnlinked => "Account unlinked",
            Self::AuthenticatorAppAdded => "Authenticator app added",
            Self::AuthenticatorAppRemoved => "Authenticator app removed",
            Self::RecoveryCodesCreated => "Recovery codes created",
            Self::RecoveryCodeUsed => "Recovery code used",
            Self::BrowserTrusted => "Browser trusted",
            Self::TrustRevoked => "Trust in browsers revoked",
            Self::CodesLocked => "Codes of authenticator apps locked",
            Self::FactorRecoveryRequested => "Removal of second factors requested",
            Self::FactorsRecovered => "Second factors removed by a mailed link",
            Self::RecoveryRequested => "Password reset requested",
            Self::Recovered => "Password reset",
            Self::SignInMailRequested => "Sign-in by email requested",
            Self::NotMe => "Secured the account by a mailed link",
            Self::Exported => "Data exported",
            Self::DeletionScheduled => "Account deletion scheduled",
            Self::DeletionCancelled => "Account deletion cancelled",
            Self::DeletedUnverified => "Account deleted: unverified and unused",
            Self::MailGivenUp => "Email could not be sent",
            Self::RoleCreated => "Role created",
            Self::RoleChanged => "Role changed",
            Self::RoleRemoved => "Role deleted",
            Self::RoleAssigned => "Role assigned",
            Self::RoleUnassigned => "Role unassigned",
            Self::UserCreated => "Account created",
            Self::SetUp => "Set up as the first administrator",
            Self::Invited => "Invitation sent",
            Self::InvitationWithdrawn => "Invitation withdrawn",
            Self::Disabled => "Account disabled",
            Self::Enabled => "Account enabled",
            Self::SessionsEnded => "All sessions ended",
            Self::PasswordLinkSent => "Password reset link sent",
            Self::Deleted => "Account deleted",
            Self::ImpersonationBegun => "Impersonation started",
            Self::ImpersonationEnded => "Impersonation ended",
            Self::LimitLifted => "Limit lifted",
            Self::AuditExported => "Audit log exported",
            Self::AuditTrimmed => "Old audit events deleted",
            Self::KeyRotated => "Key rotated",
            Self::ClockConfirmed => "Clock confirmed",
            Self::Restored => "Database restored",
        })
    }
}

/// Returns an event's subject as users read it. A name, an email address or a reason is shown as recorded.
pub fn subject(kind: EventKind, about: String) -> String {
    let text = match (kind, about.as_str()) {
        (EventKind::SignInRefused, "password") => "wrong password",
        (EventKind::SignInRefused, "code" | "mailed code") => "wrong mailed code",
        (EventKind::SignInRefused, "authenticator app") => "wrong authenticator app code",
        (EventKind::SignInRefused, "recovery code") => "wrong recovery code",
        (EventKind::SignInRefused, "disabled") => "account disabled",
        (EventKind::SessionEnded, "too many") => "too many sessions",
        (EventKind::ImpersonationBegun, until) => return format!("until {until}"),
        _ => return about,
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_its_own_sentence() {
        let mut sentences: Vec<_> = EventKind::ALL.iter().map(ToString::to_string).collect();
        sentences.sort_unstable();
        sentences.dedup();
        assert_eq!(sentences.len(), EventKind::ALL.len(), "{sentences:?}");
    }

    #[test]
    fn a_subject_is_shown_as_recorded_unless_it_is_a_word_of_ours() {
        for (kind, about, expected) in [
            (EventKind::SignInRefused, "password", "wrong password"),
            (EventKind::SignedIn, "password, github", "password, github"),
            (EventKind::SessionEnded, "too many", "too many sessions"),
            (EventKind::RoleAssigned, "disabled", "disabled"),
        ] {
            assert_eq!(subject(kind, about.to_owned()), expected);
        }
    }
}
