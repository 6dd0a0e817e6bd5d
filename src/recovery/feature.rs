//! Registers the feature with the site.

use super::server;
use crate::job;
use crate::server::feature::{Endpoint, Feature, Page, Visitors, Who};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/recovery/ask", Who::Anyone, "/recovery").refilling(&["email"]),
        Endpoint::new("/api/recovery/finish", Who::Anyone, "/ticket"),
        Endpoint::new("/api/recovery/not-me", Who::Anyone, "/ticket"),
    ],
    pages: &[Page::new("/recovery", Visitors::Strangers)],
    jobs: &[job!("recovery", server::work)],
    ..Feature::NONE
};
