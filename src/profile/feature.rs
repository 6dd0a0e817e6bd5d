//! Registers this feature with the site.

use super::server;
use crate::server::feature::{AccessRule, Endpoint, Feature, Page};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/profile/appearance", AccessRule::SignedIn, "/dashboard/profile")
            .during_impersonation(),
        Endpoint::new("/api/profile/display-name", AccessRule::SignedIn, "/dashboard/profile")
            .refilling(&["display_name"]),
    ],
    pages: &[Page::for_users("/dashboard/profile")],
    cookies: &[&server::APPEARANCE],
    ..Feature::NONE
};
