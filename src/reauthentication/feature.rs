//! Registers the feature with the site.

use crate::server::feature::{Endpoint, Feature, Page, Visitors, Who};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/reauthentication", Who::Unverified, "/reauthenticate"),
        Endpoint::new("/api/reauthentication/password", Who::Unverified, "/reauthenticate"),
    ],
    pages: &[Page::new("/reauthenticate", Visitors::Users(Who::Unverified))],
    ..Feature::NONE
};
