//! Registers the feature with the site.

use super::{route, server};
use crate::server::feature::{AccessRule, Endpoint, Feature, Page};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/linked-accounts", AccessRule::SignedIn, "/dashboard/linked-accounts")
            .during_impersonation(),
        Endpoint::new(
            "/api/linked-accounts/link",
            AccessRule::SignedIn,
            "/dashboard/linked-accounts",
        )
        .refilling(&["provider"]),
        Endpoint::new(
            "/api/linked-accounts/unlink",
            AccessRule::SignedIn,
            "/dashboard/linked-accounts",
        )
        .refilling(&["id"]),
        Endpoint::new(
            "/api/reauthentication/provider",
            AccessRule::MaybeUnverified,
            "/reauthenticate",
        )
        .refilling(&["provider"]),
        Endpoint::new("/api/sign-in/social", AccessRule::Anyone, "/sign-in")
            .refilling(&["provider"])
            .during_impersonation(),
    ],
    pages: &[Page::for_users("/dashboard/linked-accounts")],
    cookies: &[&server::AUTHORIZATION, &server::CALLBACK],
    routes: route::routes,
    ..Feature::NONE
};
