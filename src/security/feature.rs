//! Registers the feature with the site.

use crate::server::feature::{AccessRule, Endpoint, Feature, Page};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[Endpoint::new("/api/security", AccessRule::SignedIn, "/dashboard/security")
        .during_impersonation()],
    pages: &[Page::for_users("/dashboard/security")],
    ..Feature::NONE
};
