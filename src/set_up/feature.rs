//! Registers the feature with the site.

use crate::server::feature::{Endpoint, Feature, Who};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[Endpoint::new("/api/set-up", Who::Anyone, "/ticket").refilling(&["email"])],
    ..Feature::NONE
};
