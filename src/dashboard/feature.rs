//! What this feature adds to the site.

use crate::server::feature::{AccessRule, Endpoint, Feature, Page};

/// The dashboard's entry in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/overview", AccessRule::SignedIn, "/dashboard").during_impersonation()
    ],
    pages: &[Page::for_users("/dashboard")],
    ..Feature::NONE
};
