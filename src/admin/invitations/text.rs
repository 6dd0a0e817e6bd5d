//! The texts of the invitations page.

pub const TITLE: &str = "Invitations";
pub const LEAD: &str = "Invited users can sign up in every sign-up mode. Signing up with the \
    invitation verifies their email address.";

// The form.
pub const INVITE: &str = "Send an invitation";
pub const EMAIL: &str = "Email";
pub const ROLE: &str = "Role";
pub const NO_ROLE: &str = "No role";
pub const SEND: &str = "Send invitation";
pub const SENDING: &str = "Sending…";

// The list.
pub const LIST: &str = "Open invitations";
pub const COLUMNS: [&str; 4] = [EMAIL, ROLE, "Sent", "Expires"];
pub const EMPTY: &str = "No open invitations";
pub const EMPTY_LEAD: &str = "Invitations that were sent and not used yet appear here.";
pub const WITHDRAW_SUMMARY: &str = "Withdraw";
pub const WITHDRAW_CONFIRMATION: &str = "The link in the invitation will stop working.";
pub const WITHDRAW: &str = "Withdraw invitation";
pub const WITHDRAWING: &str = "Withdrawing…";
