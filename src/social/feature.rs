//! Registers the feature with the site.

use super::{route, server};
use crate::server::feature::{Endpoint, Feature, Page, Who};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/linked-accounts", Who::SignedIn, "/dashboard/linked-accounts")
            .impersonated(),
        Endpoint::new("/api/linked-accounts/link", Who::SignedIn, "/dashboard/linked-accounts"),
        Endpoint::new("/api/linked-accounts/unlink", Who::SignedIn, "/dashboard/linked-accounts"),
        Endpoint::new("/api/reauthentication/provider", Who::Unverified, "/reauthenticate"),
        Endpoint::new("/api/sign-in/social", Who::Anyone, "/sign-in").impersonated(),
    ],
    pages: &[Page::of_users("/dashboard/linked-accounts")],
    cookies: &[&server::AUTHORIZATION, &server::CALLBACK, &server::LAST_PROVIDER],
    routes: route::routes,
    ..Feature::NONE
};
