//! Registers the feature with the site.

use crate::server::feature::{Endpoint, Feature, Page, Visitors, Who};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[Endpoint::new("/api/ticket", Who::Anyone, "/dashboard").impersonated()],
    pages: &[
        Page::new("/", Visitors::Strangers),
        Page::new("/sign-in", Visitors::Strangers),
        Page::new("/sign-up", Visitors::Strangers),
        Page::new("/ticket", Visitors::Everybody),
    ],
    ..Feature::NONE
};
