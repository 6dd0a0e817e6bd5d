//! Registers the feature with the site.

use crate::server::feature::{Endpoint, Feature, Who};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[Endpoint::new("/api/sign-up", Who::Anyone, "/sign-up").refilling(&["email"])],
    ..Feature::NONE
};
