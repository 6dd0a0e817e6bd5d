//! What this feature adds to the site.

use crate::server::feature::{Endpoint, Feature, Page, Who};

/// The dashboard's entry in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[Endpoint::new("/api/overview", Who::SignedIn, "/dashboard").impersonated()],
    pages: &[Page::of_users("/dashboard")],
    ..Feature::NONE
};
