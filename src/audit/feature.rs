//! Registers this feature with the site.

use super::server;
use crate::server::feature::{AccessRule, Endpoint, Feature, Page};
use crate::{job, sweep};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/activity", AccessRule::SignedIn, "/dashboard").during_impersonation()
    ],
    pages: &[Page::for_users("/dashboard/activity")],
    jobs: &[job!("audit_chain", server::chain::seal)],
    sweeps: &[sweep!("sweep_audit_log", server::trim::trim)],
    ..Feature::NONE
};
