//! Registers the feature with the site.

use crate::server::feature::{AccessRule, Audience, Endpoint, Feature, Page};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/reauthentication", AccessRule::MaybeUnverified, "/reauthenticate"),
        Endpoint::new("/api/reauthentication/code", AccessRule::MaybeUnverified, "/reauthenticate"),
        Endpoint::new(
            "/api/reauthentication/passkey",
            AccessRule::MaybeUnverified,
            "/reauthenticate",
        ),
        Endpoint::new(
            "/api/reauthentication/passkey/begin",
            AccessRule::MaybeUnverified,
            "/reauthenticate",
        ),
        Endpoint::new(
            "/api/reauthentication/recovery-code",
            AccessRule::MaybeUnverified,
            "/reauthenticate",
        ),
        Endpoint::new(
            "/api/reauthentication/password",
            AccessRule::MaybeUnverified,
            "/reauthenticate",
        ),
    ],
    pages: &[Page::new("/reauthenticate", Audience::Users(AccessRule::MaybeUnverified))],
    ..Feature::NONE
};
