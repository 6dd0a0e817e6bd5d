//! Registers this feature with the site.

use crate::server::feature::{Endpoint, Feature, Who};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[Endpoint::new("/api/viewer", Who::Unverified, "/dashboard").impersonated()],
    ..Feature::NONE
};
