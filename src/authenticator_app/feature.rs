//! Registers the feature with the site.

use super::server;
use crate::server::feature::{AccessRule, Endpoint, Feature, Page};
use crate::sweep;

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new(
            "/api/authenticator-apps/add",
            AccessRule::SignedIn,
            "/dashboard/add-authenticator-app",
        )
        .refilling(&["token", "app_name"]),
        Endpoint::new(
            "/api/authenticator-apps/offer",
            AccessRule::SignedIn,
            "/dashboard/add-authenticator-app",
        ),
        Endpoint::new(
            "/api/authenticator-apps/remove",
            AccessRule::SignedIn,
            "/dashboard/security",
        )
        .refilling(&["id"]),
    ],
    pages: &[Page::for_users("/dashboard/add-authenticator-app").needs_recent_confirmation()],
    sweeps: &[sweep!("sweep_authenticator_apps", server::sweep)],
    ..Feature::NONE
};
