//! Registers the feature with the site.

use crate::server::feature::{AccessRule, Endpoint, Feature};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/sign-up", AccessRule::Anyone, "/sign-up").refilling(&["email"])
    ],
    ..Feature::NONE
};
