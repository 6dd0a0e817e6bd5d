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

const ADVICE: &str =
    " This password could be guessed, though: a few more words would make it stronger.";

impl fmt::Display for Notice {
    #[expect(clippy::too_many_lines, reason = "one sentence after the other")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            // The same for a new email address and for a taken one.
            Self::SignUpReceived | Self::SignUpReceivedGuessable => {
                "If that address is new here, your account is ready. Sign in with your password."
            }
            Self::SignedOut => "You are signed out.",
            Self::NameSaved => "Your name is saved.",
            Self::AppearanceSaved => "Your appearance is saved.",
            Self::PasswordChanged | Self::PasswordChangedGuessable => {
                "Your password is changed. All other sessions were ended."
            }
            Self::PasswordSet | Self::PasswordSetGuessable => {
                "Your password is set. All other sessions were ended."
            }
            Self::SessionEnded => "The session is ended.",
            Self::OtherSessionsEnded => "All other sessions are ended.",
            Self::Linked => "The account is linked.",
            Self::Unlinked => "The account is unlinked.",
            Self::VerificationSent => "A link is on its way to your address. Open it to confirm.",
            Self::EmailVerified => "Your address is confirmed.",
            Self::EmailVerifiedChoosePassword => {
                "Your address is confirmed. Now choose a password."
            }
            Self::EmailChangeRequested => {
                "A link is on its way to the new address. It is yours here once you open it."
            }
            Self::EmailChanged => "Your address is changed.",
            Self::RecoverySent => "If that address has an account, a link is on its way to it.",
            Self::SignInMailSent => {
                "If that address has an account, a code and a link are on their way to it."
            }
            Self::SignedInAfterRevocation => {
                "Your address is confirmed. What was set up before that, a password too, is gone."
            }
            Self::Recovered | Self::RecoveredGuessable => {
                "Your password is changed and all sessions are ended. Sign in with the new one."
            }
            Self::NotMeReported => {
                "All sessions are ended and the password is locked. \
                 A link to choose a new one is on its way to you."
            }
            Self::Reauthenticated => "Confirmed. Now go on.",
            Self::DeletionScheduled => {
                "Your account will be deleted and all sessions are ended. Sign in to keep it."
            }
            Self::DeletionCancelled => "Your account is kept.",
            Self::SetUp => "You are the first administrator. Everything is set up from here.",
            Self::UserDisabled => "The user is disabled and signed out everywhere.",
            Self::UserEnabled => "The user is enabled.",
            Self::UserSessionsEnded => "All sessions of the user are ended.",
            Self::PasswordLinkSent => "A link to choose a new password is on its way to the user.",
            Self::UserAccountUnlinked => {
                "The account is unlinked and the user is signed out everywhere."
            }
            Self::UserDeleted => "The account is closed and will be deleted.",
            Self::UserRestored => "The account is back.",
            Self::RoleAssigned => "The role is given.",
            Self::RoleUnassigned => "The role is taken away.",
            Self::RoleCreated => "The role is made.",
            Self::RoleChanged => "The role is changed.",
            Self::RoleRemoved => "The role is removed.",
            Self::Invited => "An invitation is on its way.",
            Self::InvitationWithdrawn => "The invitation is withdrawn.",
            Self::LimitLifted => "The limit is lifted.",
            Self::ImpersonationBegun => "You use the site as this user now.",
            Self::ImpersonationEnded => "You are yourself again.",
        })?;
        if self.has_advice() { f.write_str(ADVICE) } else { Ok(()) }
    }
}
