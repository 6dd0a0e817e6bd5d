//! Registers the feature with the site.

use super::server;
use crate::paths::RECOVERY_CODES_PAGE;
use crate::server::feature::{AccessRule, Endpoint, Feature, Page};
use crate::sweep;

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/recovery-codes/activate", AccessRule::SignedIn, RECOVERY_CODES_PAGE),
        Endpoint::new("/api/recovery-codes/offer", AccessRule::SignedIn, RECOVERY_CODES_PAGE),
    ],
    pages: &[Page::for_users(RECOVERY_CODES_PAGE).needs_recent_confirmation()],
    sweeps: &[sweep!("sweep_recovery_codes", server::sweep)],
    ..Feature::NONE
};
