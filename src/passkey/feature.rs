//! Registers the feature with the site.

use super::server;
use super::server::relying_party;
use crate::paths::SECURITY_PAGE as SECURITY;
use crate::server::feature::{AccessRule, Endpoint, Feature, Page};
use crate::sweep;

const ADD_PAGE: &str = "/dashboard/add-passkey";

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/sign-in/passkey", AccessRule::Anyone, "/sign-in")
            .during_impersonation(),
        Endpoint::new("/api/sign-in/passkey/begin", AccessRule::Anyone, "/sign-in")
            .during_impersonation(),
        Endpoint::new("/api/passkeys/begin", AccessRule::SignedIn, ADD_PAGE),
        Endpoint::new("/api/passkeys/add", AccessRule::SignedIn, ADD_PAGE)
            .refilling(&["passkey_name"]),
        Endpoint::new("/api/passkeys/begin-automatically", AccessRule::SignedIn, SECURITY),
        Endpoint::new("/api/passkeys/add-automatically", AccessRule::SignedIn, SECURITY),
        Endpoint::new("/api/passkeys/rename", AccessRule::SignedIn, SECURITY)
            .refilling(&["id", "passkey_name"]),
        Endpoint::new("/api/passkeys/remove", AccessRule::SignedIn, SECURITY).refilling(&["id"]),
        Endpoint::new("/api/passkeys/enable", AccessRule::SignedIn, SECURITY).refilling(&["id"]),
        Endpoint::new("/api/passkeys/signal", AccessRule::MaybeUnverified, SECURITY),
    ],
    pages: &[Page::for_users(ADD_PAGE).needs_recent_confirmation()],
    cookies: &[&server::COOKIE],
    sweeps: &[sweep!("sweep_passkeys", server::sweep)],
    is_on: relying_party::is_available,
    ..Feature::NONE
};
