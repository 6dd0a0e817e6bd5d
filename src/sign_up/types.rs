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
        Closed: "sign_up_closed", 403,
            "Sign-up is closed. Ask an administrator for an invitation.";
        TermsNotAccepted: "terms_not_accepted", 400, "Agree to the terms to sign up.";
        MembersOnly: "members_only", 403,
            "Sign-up is for members of certain groups. Continue with the provider that knows you.";
        InvitationNeeded: "invitation_needed", 403,
            "Sign-up is by invitation. Open the link in your invitation email, \
             and sign up with the email address that it was sent to.";
    }
}
