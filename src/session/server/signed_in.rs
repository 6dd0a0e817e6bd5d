//! The signed-in user of a request.

use serde::{Deserialize, Serialize};

use crate::error::{AccessProblem, AppError};
use crate::role::{Actor, Permissions};
use crate::server::App;
use crate::server::clock::SKEW;
use crate::server::config::{ProviderConfig, RequiredOf, seconds};
use crate::user::Email;
use crate::user::server::UserId;

/// A signed-in user and the session, read by one query.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignedIn {
    pub session_id: String,
    pub user_id: UserId,
    /// The session's epoch. The session is live while it equals the user's.
    pub epoch: i64,
    pub email: Option<String>,
    pub email_verified: bool,
    pub display_name: String,
    /// `None` if the user has no password.
    pub password_changed_at: Option<i64>,
    /// The number of linked accounts, counted here so that the overview needs no query.
    pub linked_accounts: i64,
    /// The number of the user's sessions, including this one.
    pub sessions: i64,
    pub created_at: i64,
    pub seen_at: i64,
    /// When the user last confirmed their identity.
    pub authenticated_at: i64,
    /// When the user last proved a second factor in this session, the strongest that they had then.
    pub second_factor_at: Option<i64>,
    /// The provider and the issuer of each linked account with which this session has proved two factors.
    pub multi_factor_accounts: Vec<(String, String)>,
    /// The number of the user's second factors.
    pub factors: i64,
    /// The deadline for a second factor, in Unix seconds, as of the last sign-in.
    pub second_factor_due_at: Option<i64>,
    pub remembered: bool,
    /// The current permissions of the user's roles.
    pub permissions: Permissions,
    /// The administrator who impersonates this user. If set, all other fields are the user's, except those of
    /// the session itself.
    pub impersonator: Option<Impersonator>,
}

/// An administrator who impersonates a user.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Impersonator {
    pub user_id: UserId,
    /// In Unix seconds.
    pub until: i64,
}

impl SignedIn {
    /// Returns the actor for [`crate::role::may`].
    #[must_use]
    pub const fn actor(&self) -> Actor {
        match self.impersonator {
            Some(_) => Actor::Impersonator,
            None => Actor::User(self.permissions),
        }
    }

    #[must_use]
    pub const fn has_password(&self) -> bool {
        self.password_changed_at.is_some()
    }

    #[must_use]
    pub const fn has_second_factor(&self) -> bool {
        self.factors > 0
    }

    /// Returns until when the user must set up a second factor, in Unix seconds; `None` if they have one or need none.
    /// Where any factor counts, a session needs none if a provider has checked two in it, and still can.
    #[must_use]
    pub fn second_factor_deadline(&self, app: &App) -> Option<i64> {
        let policy = &app.config.second_factor;
        // A passkey clears the deadline when it is added.
        let has_none = !self.has_second_factor() && !self.has_multi_factor_provider(app);
        let applies = has_none || !policy.accept.includes_codes();
        let is_policy = policy.require != RequiredOf::Nobody;
        self.second_factor_due_at.filter(|_| is_policy && applies)
    }

    fn has_multi_factor_provider(&self, app: &App) -> bool {
        self.multi_factor_accounts.iter().any(|(name, issuer)| {
            let provider = app.config.provider(name).filter(|it| it.owns(issuer));
            provider.is_some_and(ProviderConfig::can_prove_two_factors)
        })
    }

    /// Returns whether that time has passed. Such a session counts as signed out; the next sign-in leads to the set-up.
    #[must_use]
    pub fn lacks_due_second_factor(&self, app: &App) -> bool {
        self.second_factor_deadline(app).is_some_and(|it| it <= app.timekeeper.range().likely)
    }

    /// Fails if the user confirmed their identity too long ago, or in the future because a clock was ahead. A
    /// user with a second factor must have proven the strongest.
    pub fn require_fresh(&self, app: &App) -> Result<(), AppError> {
        let confirmed_at = if self.has_second_factor() {
            self.second_factor_at.unwrap_or(0)
        } else {
            self.authenticated_at
        };
        let age = app.clock.now().saturating_sub(confirmed_at);
        let limit = seconds(app.config.account.reauthentication);
        if (-SKEW..=limit).contains(&age) {
            Ok(())
        } else {
            Err(AppError::Access(AccessProblem::Reauthenticate))
        }
    }

    /// Returns whether the site requires a verified email address that this user does not have yet.
    #[must_use]
    pub fn must_verify(&self, app: &App) -> bool {
        app.config.sign_up.requires_verification
            && !self.email_verified
            && self.impersonator.is_none()
    }

    /// Returns the email address to write to. A user has none if their provider vouches for none.
    #[must_use]
    pub fn parsed_email(&self) -> Option<Email> {
        self.email.as_ref().and_then(|it| it.parse().ok())
    }
}
