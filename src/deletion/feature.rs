//! Registers this feature with the site.

use super::server;
use crate::server::feature::{AccessRule, Endpoint, Feature};
use crate::sweep;

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[Endpoint::new(
        "/api/deletion/ask",
        AccessRule::MaybeUnverified,
        "/dashboard/profile",
    )],
    sweeps: &[sweep!("sweep_accounts", server::sweep)],
    ..Feature::NONE
};
