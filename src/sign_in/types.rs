//! Why a sign-in is refused.

use crate::problem::problems;

problems! {
    /// Why a sign-in is refused, or the last way to sign in can't be removed.
    pub enum SignInProblem {
        /// The pair does not match; never says which half.
        InvalidCredentials: "invalid_credentials", 401, "That e-mail and password don't match.";
        /// The password was tried too often, or its owner locked it; other ways in are not.
        PasswordLocked: "password_locked", 403,
            "Signing in with a password is locked for this address. \
             Choose a new password, or use another way.";
        /// The last way in cannot be removed.
        LastWayIn: "last_way_in", 409,
            "This is your only way in. Set a password or link another provider first.";
    }
}
