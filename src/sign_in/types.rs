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
        /// The last way to sign in can't be removed.
        LastSignInMethod: "last_way_in", 409,
            "This is your only way to sign in. Set a password or link another account first.";
    }
}
