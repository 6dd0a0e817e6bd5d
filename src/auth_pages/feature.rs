//! Registers the feature with the site.

use crate::server::feature::{AccessRule, Audience, Endpoint, Feature, Page};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/ticket", AccessRule::Anyone, "/dashboard").during_impersonation()
    ],
    pages: &[
        Page::new("/", Audience::SignedOut),
        Page::new("/sign-in", Audience::SignedOut),
        Page::new("/sign-up", Audience::SignedOut),
        Page::new("/ticket", Audience::Anyone),
    ],
    ..Feature::NONE
};
