//! Registers the feature with the site.

use super::server;
use crate::server::feature::{AccessRule, Endpoint, Feature};
use crate::sweep;

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[Endpoint::new(
        "/api/password/change",
        AccessRule::SignedIn,
        "/dashboard/security",
    )],
    sweeps: &[sweep!("sweep_password_failures", server::failures::sweep)],
    ..Feature::NONE
};
