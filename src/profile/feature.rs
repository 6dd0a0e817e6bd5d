//! Registers this feature with the site.

use super::server;
use crate::server::feature::{Endpoint, Feature, Page, Who};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/profile/appearance", Who::SignedIn, "/dashboard/profile")
            .impersonated(),
        Endpoint::new("/api/profile/display-name", Who::SignedIn, "/dashboard/profile")
            .refilling(&["display_name"]),
    ],
    pages: &[Page::of_users("/dashboard/profile")],
    cookies: &[&server::APPEARANCE],
    ..Feature::NONE
};
