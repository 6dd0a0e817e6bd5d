//! Registers the feature with the site.

use super::server;
use crate::job;
use crate::server::feature::{AccessRule, Audience, Endpoint, Feature, Page};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/recovery/ask", AccessRule::Anyone, "/recovery").refilling(&["email"]),
        Endpoint::new("/api/recovery/factors", AccessRule::Anyone, "/ticket"),
        Endpoint::new("/api/recovery/finish", AccessRule::Anyone, "/ticket"),
        Endpoint::new("/api/recovery/not-me", AccessRule::Anyone, "/ticket"),
    ],
    pages: &[Page::new("/recovery", Audience::SignedOut)],
    jobs: &[job!("recovery", server::process_requests)],
    ..Feature::NONE
};
