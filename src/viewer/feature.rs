//! Registers this feature with the site.

use crate::server::feature::{AccessRule, Endpoint, Feature};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[Endpoint::new("/api/viewer", AccessRule::MaybeUnverified, "/dashboard")
        .during_impersonation()],
    ..Feature::NONE
};
