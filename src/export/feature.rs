//! Registers this feature with the site.

use super::route;
use crate::server::feature::{Endpoint, Feature, Who};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[Endpoint::new("/api/export", Who::Unverified, "/dashboard/profile")],
    routes: route::routes,
    ..Feature::NONE
};
