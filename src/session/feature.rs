//! Registers this feature with the site.

use super::server;
use crate::server::feature::{AccessRule, Endpoint, Feature, Page};
use crate::{job, sweep};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/impersonation/end", AccessRule::SignedIn, "/dashboard")
            .during_impersonation(),
        Endpoint::new("/api/sessions", AccessRule::SignedIn, "/dashboard/sessions")
            .during_impersonation(),
        Endpoint::new("/api/sessions/end", AccessRule::SignedIn, "/dashboard/sessions")
            .refilling(&["id"]),
        Endpoint::new("/api/sessions/end-others", AccessRule::SignedIn, "/dashboard/sessions"),
        Endpoint::new("/api/trusted-browsers/revoke", AccessRule::SignedIn, "/dashboard/sessions")
            .refilling(&["id"]),
        Endpoint::new(
            "/api/trusted-browsers/revoke-all",
            AccessRule::SignedIn,
            "/dashboard/sessions",
        ),
        Endpoint::new("/api/sign-out", AccessRule::Anyone, "/dashboard").during_impersonation(),
    ],
    pages: &[Page::for_users("/dashboard/sessions")],
    jobs: &[job!("impersonation", server::record_ended_impersonations)],
    sweeps: &[
        sweep!("sweep_sessions", server::sweep),
        sweep!("sweep_trusted_browsers", server::trusted::sweep),
    ],
    ..Feature::NONE
};
