//! Registers the feature with the site.

use super::{route, server};
use crate::paths::FINISH_PAGE;
use crate::server::feature::{AccessRule, Audience, Endpoint, Feature, Page};
use crate::sweep;

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
        Endpoint::new("/api/sign-up/finish", AccessRule::Anyone, FINISH_PAGE).refilling(&[
            "email",
            "display_name",
            "terms",
        ]),
        Endpoint::new("/api/sign-up/unfinished", AccessRule::Anyone, FINISH_PAGE),
    ],
    pages: &[
        Page::for_users("/dashboard/linked-accounts"),
        Page::new(FINISH_PAGE, Audience::SignedOut),
    ],
    cookies: &[&server::AUTHORIZATION, &server::CALLBACK, &server::UNFINISHED],
    sweeps: &[sweep!("sweep_unfinished_sign_ups", server::sweep)],
    routes: route::routes,
    ..Feature::NONE
};
