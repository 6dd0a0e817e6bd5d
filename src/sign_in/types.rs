//! Reasons to refuse a sign-in.

use crate::problem::problems;

problems! {
    /// Reasons to refuse a sign-in, or to keep the last way to sign in.
    pub enum SignInProblem {
        /// The email address and password don't match; never says which is wrong.
        InvalidCredentials: "invalid_credentials", 401, "That e-mail and password don't match.";
        /// The password was tried too often or its owner locked it. Other ways to sign in still work.
        PasswordLocked: "password_locked", 403,
            "Signing in with a password is locked for this address. \
             Choose a new password, or use another way.";
        /// The last way to sign in can't be removed.
        LastSignInMethod: "last_way_in", 409,
            "This is your only way in. Set a password or link another provider first.";
    }
}
