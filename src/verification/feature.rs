//! Registers the feature with the site.

use crate::server::feature::{AccessRule, Audience, Endpoint, Feature, Page};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new(
            "/api/verification/change",
            AccessRule::MaybeUnverified,
            "/dashboard/profile",
        )
        .refilling(&["email"]),
        Endpoint::new("/api/verification/confirm", AccessRule::Anyone, "/ticket"),
        Endpoint::new("/api/verification/finish-change", AccessRule::MaybeUnverified, "/ticket"),
        Endpoint::new("/api/verification/resend", AccessRule::MaybeUnverified, "/verify-address"),
    ],
    pages: &[Page::new("/verify-address", Audience::Users(AccessRule::MaybeUnverified))],
    ..Feature::NONE
};
