//! Registers the feature with the site.

use super::server;
use crate::server::feature::{AccessRule, Endpoint, Feature};
use crate::sweep;

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[Endpoint::new("/api/sign-in/password", AccessRule::Anyone, "/sign-in")
        .refilling(&["email", "remember"])
        .during_impersonation()],
    cookies: &[&server::PENDING_SIGN_IN, &server::LAST_METHOD],
    sweeps: &[sweep!("sweep_sign_in_attempts", server::sweep)],
    ..Feature::NONE
};
