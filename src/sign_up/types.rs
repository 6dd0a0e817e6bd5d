//! The parsed sign-up form.

use crate::password::NewPassword;
use crate::problem::problems;
use crate::user::Email;

/// A valid email address and password to sign up with.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub email: Email,
    pub password: NewPassword,
}

problems! {
    /// Reasons to refuse a sign-up.
    pub enum SignUpProblem {
        Closed: "sign_up_closed", 403, "This site takes no new accounts.";
        InvitationNeeded: "invitation_needed", 403,
            "This site takes new accounts by invitation. \
             Open the link of yours, and sign up with the address that it was sent to.";
    }
}
