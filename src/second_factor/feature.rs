//! Registers the feature with the site.

use crate::paths::SECOND_FACTOR_PAGE;
use crate::server::feature::{AccessRule, Audience, Endpoint, Feature, Page};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/sign-in/second-factor", AccessRule::Anyone, SECOND_FACTOR_PAGE)
            .during_impersonation(),
        Endpoint::new("/api/sign-in/second-factor/code", AccessRule::Anyone, SECOND_FACTOR_PAGE)
            .during_impersonation(),
        Endpoint::new("/api/sign-in/second-factor/lost", AccessRule::Anyone, SECOND_FACTOR_PAGE)
            .during_impersonation(),
        Endpoint::new("/api/sign-in/second-factor/mail", AccessRule::Anyone, SECOND_FACTOR_PAGE)
            .during_impersonation(),
        Endpoint::new(
            "/api/sign-in/second-factor/mailed-code",
            AccessRule::Anyone,
            SECOND_FACTOR_PAGE,
        )
        .during_impersonation(),
        Endpoint::new("/api/sign-in/second-factor/passkey", AccessRule::Anyone, SECOND_FACTOR_PAGE)
            .during_impersonation(),
        Endpoint::new(
            "/api/sign-in/second-factor/passkey/begin",
            AccessRule::Anyone,
            SECOND_FACTOR_PAGE,
        )
        .during_impersonation(),
        Endpoint::new(
            "/api/sign-in/second-factor/recovery-code",
            AccessRule::Anyone,
            SECOND_FACTOR_PAGE,
        )
        .during_impersonation(),
        Endpoint::new("/api/sign-in/second-factor/set-up", AccessRule::Anyone, SECOND_FACTOR_PAGE)
            .refilling(&["token", "app_name"])
            .during_impersonation(),
        Endpoint::new(
            "/api/sign-in/second-factor/set-up-passkey",
            AccessRule::Anyone,
            SECOND_FACTOR_PAGE,
        )
        .during_impersonation(),
        Endpoint::new(
            "/api/sign-in/second-factor/set-up-passkey/begin",
            AccessRule::Anyone,
            SECOND_FACTOR_PAGE,
        )
        .during_impersonation(),
    ],
    pages: &[Page::new(SECOND_FACTOR_PAGE, Audience::SignInPending)],
    ..Feature::NONE
};
