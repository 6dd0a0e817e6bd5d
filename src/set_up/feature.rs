//! Registers the feature with the site.

use crate::server::feature::{AccessRule, Endpoint, Feature};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[Endpoint::new("/api/set-up", AccessRule::Anyone, "/ticket").refilling(&["email"])],
    ..Feature::NONE
};
