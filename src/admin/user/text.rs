//! The texts of the page of one user.

pub const TITLE: &str = "User";

// The summary. A time completes CREATED and VERIFIED.
pub const UNNAMED: &str = "Unnamed user";
pub const CREATED: &str = "Created";
pub const VERIFIED: &str = ", email verified";

pub fn disabled_because(reason: &str) -> String {
    format!("Disabled because: {reason}")
}

// The roles.
pub const ROLES: &str = "Roles";
pub const NO_ROLES: &str = "No roles.";
pub const ROLE_TO_ASSIGN: &str = "Role to assign";
pub const ASSIGN_ROLE: &str = "Assign role";
pub const ASSIGNING: &str = "Assigning…";
pub const UNASSIGN_ROLE: &str = "Unassign role";
pub const UNASSIGN_ROLE_CONFIRMATION: &str =
    "The user loses the role's permissions from their next request.";
pub const UNASSIGNING: &str = "Unassigning…";

// The sign-in methods. A time completes PASSWORD_CHANGED and LINKED.
pub const SIGN_IN_METHODS: &str = "Sign-in methods";
pub const PASSWORD_CHANGED: &str = "Password changed";
pub const NO_PASSWORD: &str = "No password.";
pub const DELAYED_OR_LOCKED: &str = "Sign-in is locked or delayed after wrong passwords or codes.";
pub const LINKED: &str = "Linked";
pub const UNLINK: &str = "Unlink account";
pub const UNLINK_CONFIRMATION: &str = "The user can no longer sign in with this account. They are \
    signed out everywhere and notified by email.";
pub const UNLINKING: &str = "Unlinking…";
pub const SEND_RESET_LINK: &str = "Send password reset link";
pub const SEND_RESET_LINK_CONFIRMATION: &str =
    "The user gets the link by email. You never see the link or the password.";
pub const SENDING: &str = "Sending…";
pub const UNLOCK: &str = "Unlock sign-in";
pub const UNLOCK_CONFIRMATION: &str = "The wrong passwords and codes entered so far no longer count. \
    If someone is guessing them, they can continue.";
pub const UNLOCKING: &str = "Unlocking…";

// The second factors. A time completes PASSKEY_ADDED and APP_ADDED.
pub const SECOND_FACTORS: &str = "Second factors";
pub const NO_SECOND_FACTORS: &str = "No second factor.";
pub const PASSKEY_ADDED: &str = "Passkey, added";
pub const APP_ADDED: &str = "Authenticator app, added";
pub const REMOVE_FACTOR: &str = "Remove second factor";
pub const REMOVE_FACTOR_CONFIRMATION: &str = "The user can then sign in without this factor; with the \
    last one, the recovery codes go too. Continue only if you are sure that the request came from the \
    user. All their sessions end, and they are notified by email.";
pub const REMOVING: &str = "Removing…";

pub fn unused_codes(unused: i64) -> String {
    format!("Unused recovery codes: {unused}.")
}

// The sessions. A time completes LAST_SEEN.
pub const SESSIONS: &str = "Sessions";
pub const NO_SESSIONS: &str = "No sessions.";
pub const LAST_SEEN: &str = ", last seen";
pub const END_SESSION: &str = "End session";
pub const END_SESSION_CONFIRMATION: &str = "This browser will be signed out immediately.";
pub const END_ALL_SESSIONS: &str = "End all sessions";
pub const END_ALL_SESSIONS_CONFIRMATION: &str = "All browsers will be signed out immediately.";
pub const ENDING: &str = "Ending…";

// The activity.
pub const ACTIVITY: &str = "Activity";
pub const VIEW_AUDIT_LOG: &str = "View all in the audit log";

// The impersonation.
pub const IMPERSONATE: &str = "Impersonate user";
pub const IMPERSONATION_LEAD: &str = "You see what the user sees, but you can't change how they \
    sign in. They are notified by email, and your actions are recorded under your own name.";
pub const IMPERSONATE_CONFIRMATION: &str =
    "You act as this user until you end the impersonation or its time limit is reached.";
pub const STARTING: &str = "Starting…";

// Disabling and deleting.
pub const DANGER: &str = "Disable or delete";
pub const ENABLE: &str = "Enable user";
pub const ENABLE_CONFIRMATION: &str = "The user can sign in again.";
pub const ENABLING: &str = "Enabling…";
pub const DISABLE: &str = "Disable user";
pub const DISABLE_CONFIRMATION: &str = "The user is signed out everywhere. They can't sign in \
    until the day that you set, or until an administrator enables them.";
pub const REASON: &str = "Reason";
pub const REASON_HINT: &str = "For administrators who review this later.";
pub const UNTIL: &str = "Until";
pub const UNTIL_HINT: &str = "Optional. The user is enabled again at the start of this day (UTC).";
pub const DISABLING: &str = "Disabling…";
pub const DELETE: &str = "Delete account";
pub const DELETE_CONFIRMATION: &str = "The account is closed immediately: the user is signed out \
    everywhere and notified by email. After the grace period, the account and all its data are \
    deleted. Until then, you can cancel the deletion.";
pub const DELETING: &str = "Deleting…";
pub const CANCEL_DELETION: &str = "Cancel deletion";
pub const CANCEL_DELETION_CONFIRMATION: &str =
    "The account will not be deleted, and the user can sign in again.";
pub const CANCELLING: &str = "Cancelling…";
