//! Reasons to refuse a sign-in.

use crate::problem::problems;

problems! {
    /// Reasons to refuse a sign-in, or to keep the last way to sign in.
    pub enum SignInProblem {
        /// The email address and password don't match; never says which is wrong.
        InvalidCredentials: "invalid_credentials", 401,
            "That email and password don't match. Try again or reset your password.";
        /// The password was tried too often or its owner locked it. Other ways to sign in still work.
        PasswordLocked: "password_locked", 403,
            "Password sign-in is locked for this email address. \
             Reset your password or sign in another way.";
        /// The pending attempt expired, was completed, or was replaced in another tab.
        SecondFactorExpired: "second_factor_expired", 409,
            "This sign-in took too long or was replaced by a newer one. Sign in again.";
        /// Too many wrong codes in a row. Recovery codes still work.
        SecondFactorLocked: "second_factor_locked", 403,
            "Too many wrong codes were entered. Use a recovery code or contact an administrator.";
        /// The account has a second factor, and a weaker proof was given.
        SecondFactorNeeded: "second_factor_needed", 403,
            "Confirm your identity with your second factor.";
        /// Only passkeys count as second factors here.
        SecondFactorNotAccepted: "second_factor_not_accepted", 403,
            "Use a passkey instead.";
        /// Recovery codes replace a second factor, and the user has none.
        SecondFactorMissing: "second_factor_missing", 409,
            "Add a second factor first. Recovery codes replace one that you lose.";
        /// The site requires a second factor of this user.
        LastSecondFactor: "last_second_factor", 409,
            "This site requires a second factor. Add another one first.";
        /// Only disabled passkeys would be left, which the user could neither use nor enable.
        OnlyDisabledLeft: "only_disabled_left", 409,
            "Only disabled passkeys would be left. Enable one first.";
        /// The site mails no codes as second factors, or not to this user.
        NoMailedCode: "no_mailed_code", 409, "A code can't be mailed for this sign-in.";
        /// The site has no recovery of second factors, or the user no verified email address for it.
        NoFactorRecovery: "no_factor_recovery", 409,
            "Second factors can't be removed by email here. Contact an administrator.";
        /// The user has the maximum number of authenticator apps.
        TooManyApps: "too_many_apps", 409,
            "You have the maximum number of authenticator apps. Remove one first.";
        /// The offered key or recovery codes expired or were already used.
        SetUpExpired: "set_up_expired", 409,
            "This page is out of date. Reload it to start again.";
        /// The last way to sign in can't be removed.
        LastSignInMethod: "last_way_in", 409,
            "This is your only way to sign in. Set a password, add a passkey or link another account first.";
    }
}
