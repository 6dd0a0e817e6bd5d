//! Messages about what was done.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::password::Strength;

/// All messages about what was done. A closed set, for the same reason as
/// [`crate::error::AppError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    SignUpReceived,
    SignUpReceivedGuessable,
    SignedOut,
    NameSaved,
    AppearanceSaved,
    PasswordChanged,
    PasswordChangedGuessable,
    PasswordSet,
    PasswordSetGuessable,
    SessionEnded,
    OtherSessionsEnded,
    Linked,
    Unlinked,
    AuthenticatorAppAdded,
    AuthenticatorAppRemoved,
    PasskeyAdded,
    PasskeyRenamed,
    PasskeyRemoved,
    PasskeyEnabled,
    RecoveryCodesCreated,
    RecoveryCodesLow,
    RecoveryCodesUsedUp,
    TrustRevoked,
    AllTrustRevoked,
    SecondFactorCodeSent,
    FactorRecoveryRequested,
    FactorsRecovered,
    UserFactorRemoved,
    VerificationSent,
    EmailVerified,
    EmailVerifiedChoosePassword,
    EmailChangeRequested,
    EmailChanged,
    RecoverySent,
    SignInMailSent,
    SignedInAfterRevocation,
    Recovered,
    RecoveredGuessable,
    NotMeReported,
    Reauthenticated,
    DeletionScheduled,
    DeletionCancelled,
    SetUp,
    UserDisabled,
    UserEnabled,
    UserSessionsEnded,
    PasswordLinkSent,
    UserAccountUnlinked,
    UserDeleted,
    UserRestored,
    RoleAssigned,
    RoleUnassigned,
    RoleCreated,
    RoleChanged,
    RoleRemoved,
    Invited,
    InvitationWithdrawn,
    LimitLifted,
    ImpersonationBegun,
    ImpersonationEnded,
}

impl Notice {
    /// Returns the variant with advice if the new password is easy to guess. The password was
    /// accepted all the same.
    #[must_use]
    pub const fn with_password_advice(self, strength: Option<Strength>) -> Self {
        match (self, strength) {
            (_, None | Some(Strength::Good | Strength::Strong)) => self,
            (Self::SignUpReceived, _) => Self::SignUpReceivedGuessable,
            (Self::PasswordChanged, _) => Self::PasswordChangedGuessable,
            (Self::PasswordSet, _) => Self::PasswordSetGuessable,
            (Self::Recovered, _) => Self::RecoveredGuessable,
            _ => self,
        }
    }

    const fn has_advice(self) -> bool {
        matches!(
            self,
            Self::SignUpReceivedGuessable
                | Self::PasswordChangedGuessable
                | Self::PasswordSetGuessable
                | Self::RecoveredGuessable
        )
    }
}

const ADVICE: &str = " This password is easy to guess. Add a few words to make it stronger.";

impl fmt::Display for Notice {
    #[expect(clippy::too_many_lines, reason = "one sentence after the other")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            // The same for a new email address and for a taken one.
            Self::SignUpReceived | Self::SignUpReceivedGuessable => {
                "If that email address is new here, your account is ready. \
                 You can sign in now."
            }
            Self::SignedOut => "You are signed out.",
            Self::NameSaved => "Name saved.",
            Self::AppearanceSaved => "Appearance saved.",
            Self::PasswordChanged | Self::PasswordChangedGuessable => {
                "Password changed. All other sessions were ended."
            }
            Self::PasswordSet | Self::PasswordSetGuessable => {
                "Password set. All other sessions were ended."
            }
            Self::SessionEnded => "Session ended.",
            Self::OtherSessionsEnded => "All other sessions ended.",
            Self::Linked => "Account linked.",
            Self::Unlinked => "Account unlinked.",
            Self::AuthenticatorAppAdded => {
                "Authenticator app added. A password alone is no longer enough to sign in."
            }
            Self::AuthenticatorAppRemoved => "Authenticator app removed.",
            Self::PasskeyAdded => "Passkey added. You can now use it to sign in.",
            Self::PasskeyRenamed => "Passkey renamed.",
            Self::PasskeyRemoved => "Passkey removed.",
            Self::PasskeyEnabled => "Passkey enabled.",
            Self::RecoveryCodesCreated => "Recovery codes activated. Earlier codes no longer work.",
            Self::RecoveryCodesLow => {
                "You signed in with one of your last recovery codes. Save the new ones below."
            }
            Self::RecoveryCodesUsedUp => "You have used all recovery codes. Save the new ones below.",
            Self::TrustRevoked => "This browser is no longer trusted.",
            Self::AllTrustRevoked => "No browser is trusted any more.",
            Self::SecondFactorCodeSent => "We sent a code to your email address.",
            Self::FactorRecoveryRequested => {
                "We sent a link to your email address. It works after the waiting period."
            }
            Self::FactorsRecovered => {
                "Your second factors were removed and all sessions were ended. Sign in, and add a new one."
            }
            Self::UserFactorRemoved => {
                "Second factor removed. The user was signed out everywhere and notified by email."
            }
            Self::VerificationSent => {
                "We sent a link to your email address. Open it to verify the address."
            }
            Self::EmailVerified => "Your email address is verified.",
            Self::EmailVerifiedChoosePassword => {
                "Your email address is verified. Now choose a password."
            }
            Self::EmailChangeRequested => {
                "We sent a link to the new email address. Open it to complete the change."
            }
            Self::EmailChanged => "Email address changed.",
            Self::RecoverySent => "If that email address has an account, we sent a link to it.",
            Self::SignInMailSent => {
                "If that email address has an account, we sent a code and a link to it."
            }
            Self::SignedInAfterRevocation => {
                "Your email address is verified. \
                 Everything set up before that was removed, including any password."
            }
            Self::Recovered | Self::RecoveredGuessable => {
                "Your password was reset and all sessions were ended. \
                 Sign in with the new password."
            }
            Self::NotMeReported => {
                "All sessions were ended and your password was locked. \
                 We sent you a link to reset it."
            }
            Self::Reauthenticated => "Identity confirmed. You can continue.",
            Self::DeletionScheduled => {
                "Your account will be deleted, and all sessions were ended. \
                 To cancel the deletion, sign in."
            }
            Self::DeletionCancelled | Self::UserRestored => "Account deletion cancelled.",
            Self::SetUp => "Setup complete. You are the first administrator.",
            Self::UserDisabled => "User disabled and signed out everywhere.",
            Self::UserEnabled => "User enabled.",
            Self::UserSessionsEnded => "All sessions of this user ended.",
            Self::PasswordLinkSent => "We sent the user a link to reset their password.",
            Self::UserAccountUnlinked => "Account unlinked. The user was signed out everywhere.",
            Self::UserDeleted => "Account deletion scheduled. The user was signed out everywhere.",
            Self::RoleAssigned => "Role assigned.",
            Self::RoleUnassigned => "Role unassigned.",
            Self::RoleCreated => "Role created.",
            Self::RoleChanged => "Role changed.",
            Self::RoleRemoved => "Role deleted.",
            Self::Invited => "Invitation sent.",
            Self::InvitationWithdrawn => "Invitation withdrawn.",
            Self::LimitLifted => "Limit lifted.",
            Self::ImpersonationBegun => "You are now impersonating this user.",
            Self::ImpersonationEnded => "Impersonation ended.",
        })?;
        if self.has_advice() { f.write_str(ADVICE) } else { Ok(()) }
    }
}
