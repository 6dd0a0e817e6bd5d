//! Registers this feature with the site.

use super::route;
use crate::server::feature::{AccessRule, Endpoint, Feature};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[Endpoint::new("/api/export", AccessRule::MaybeUnverified, "/dashboard/profile")],
    routes: route::routes,
    ..Feature::NONE
};
