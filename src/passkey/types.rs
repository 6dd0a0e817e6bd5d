//! What the server asks a passkey to sign, and views of passkeys.

use serde::{Deserialize, Serialize};

use crate::problem::problems;

/// What the browser asks an authenticator for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PasskeyRequest {
    /// To create a passkey (WebAuthn, section 5.1.3).
    Create,
    /// To use one (WebAuthn, section 5.1.4).
    Use,
}

/// A challenge for a passkey. It can be answered once, by this browser, for five minutes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyChallenge {
    pub request: PasskeyRequest,
    /// The options for the authenticator, as JSON (WebAuthn, sections 5.1.9 and 5.1.10).
    pub options: String,
    /// The challenge, encrypted; the response sends it back.
    pub token: String,
}

/// Where a passkey is kept (WebAuthn, section 6.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PasskeyStorage {
    /// Backed up, so that several devices have it.
    Synced,
    /// Can be backed up, but is not.
    NotSynced,
    DeviceBound,
}

/// A passkey, as pages show it. Times are in Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeyView {
    pub id: String,
    pub name: String,
    pub created_at: i64,
    pub used_at: Option<i64>,
    pub storage: PasskeyStorage,
    /// Whether it is disabled because it may have been copied.
    pub is_disabled: bool,
    /// Whether the browser created it by itself.
    pub is_automatic: bool,
}

/// What authenticators should know about a user (WebAuthn, section 5.1.11).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PasskeySignal {
    pub rp_id: String,
    /// The user's handle, base64url.
    pub user_id: String,
    /// The ids of all the user's credentials, base64url. Authenticators may delete any other.
    pub credential_ids: Vec<String>,
    pub name: String,
    pub display_name: String,
}

problems! {
    /// Reasons to refuse a passkey.
    pub enum PasskeyProblem {
        /// The user cancelled, or the browser found no passkey; it does not say which.
        NotUsed: "passkey_not_used", 400,
            "No passkey was used. Try again or choose another way.";
        /// The response is forged, or another user's. Never says what is wrong.
        Refused: "passkey_refused", 401,
            "This passkey was not accepted.";
        /// No account has the passkey.
        Unknown: "passkey_unknown", 401,
            "No account here has this passkey.";
        /// Its counter ran backwards, now or earlier.
        Disabled: "passkey_disabled", 403,
            "This passkey is disabled because it may have been copied. Use another way.";
        /// The challenge expired, was answered, or was another browser's.
        Expired: "passkey_expired", 409,
            "This request expired or was already used. Try again.";
        /// The authenticator has a passkey of this user, or another user has this credential.
        AlreadyAdded: "passkey_already_added", 409,
            "This device or password manager already has a passkey for this site.";
        /// The site accepts only passkeys that can't be copied to another device.
        NotDeviceBound: "passkey_not_device_bound", 403,
            "This site accepts only passkeys that can't leave their device, such as those on a security key.";
        /// The user has `passkey.most_per_user` passkeys.
        TooMany: "too_many_passkeys", 409,
            "You have the maximum number of passkeys. Remove one first.";
    }
}
