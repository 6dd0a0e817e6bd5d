//! Registers this feature with the site.

use super::server;
use crate::server::feature::{Endpoint, Feature, Page, Who};
use crate::{job, sweep};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/impersonation/end", Who::SignedIn, "/dashboard").impersonated(),
        Endpoint::new("/api/sessions", Who::SignedIn, "/dashboard/sessions").impersonated(),
        Endpoint::new("/api/sessions/end", Who::SignedIn, "/dashboard/sessions"),
        Endpoint::new("/api/sessions/end-others", Who::SignedIn, "/dashboard/sessions"),
        Endpoint::new("/api/sign-out", Who::Anyone, "/dashboard").impersonated(),
    ],
    pages: &[Page::of_users("/dashboard/sessions")],
    jobs: &[job!("impersonation", server::settle_impersonations)],
    sweeps: &[sweep!("sweep_sessions", server::sweep)],
    ..Feature::NONE
};
