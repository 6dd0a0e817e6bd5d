//! Registers this feature with the site.

use super::server;
use crate::server::feature::{Endpoint, Feature, Who};
use crate::sweep;

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[Endpoint::new("/api/deletion/ask", Who::Unverified, "/dashboard/profile")],
    sweeps: &[sweep!("sweep_accounts", server::sweep)],
    ..Feature::NONE
};
