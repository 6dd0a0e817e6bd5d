//! Registers the feature with the site.

use crate::server::feature::{AccessRule, Endpoint, Feature};

/// The form for a passkey.
const PASSKEY_PAGE: &str = "/sign-up?with=passkey";

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/sign-up", AccessRule::Anyone, "/sign-up").refilling(&["email"]),
        Endpoint::new("/api/sign-up/passkey", AccessRule::Anyone, PASSKEY_PAGE)
            .refilling(&["email"]),
        Endpoint::new("/api/sign-up/passkey/begin", AccessRule::Anyone, PASSKEY_PAGE),
    ],
    ..Feature::NONE
};
