//! Registers the feature with the site.

use crate::server::feature::{Endpoint, Feature, Page, Visitors, Who};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/verification/change", Who::Unverified, "/dashboard/profile")
            .refilling(&["email"]),
        Endpoint::new("/api/verification/confirm", Who::Anyone, "/ticket"),
        Endpoint::new("/api/verification/finish-change", Who::Unverified, "/ticket"),
        Endpoint::new("/api/verification/resend", Who::Unverified, "/verify-address"),
    ],
    pages: &[Page::new("/verify-address", Visitors::Users(Who::Unverified))],
    ..Feature::NONE
};
