//! Registers the feature with the site.

use super::server;
use crate::job;
use crate::server::feature::{AccessRule, Audience, Endpoint, Feature, Page};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/sign-in/code", AccessRule::Anyone, "/sign-in-code")
            .during_impersonation(),
        Endpoint::new("/api/sign-in/link", AccessRule::Anyone, "/ticket").during_impersonation(),
        Endpoint::new("/api/sign-in/mail", AccessRule::Anyone, "/sign-in-by-mail")
            .refilling(&["email", "remember"])
            .during_impersonation(),
        Endpoint::new("/api/sign-in/mail/again", AccessRule::Anyone, "/sign-in-code")
            .during_impersonation(),
    ],
    pages: &[
        Page::new("/sign-in-by-mail", Audience::SignedOut),
        Page::new("/sign-in-code", Audience::SignedOut),
    ],
    cookies: &[&server::COOKIE],
    jobs: &[job!("mailed_sign_in", server::process_requests)],
    is_on: |config| config.sign_in.by_mail,
    ..Feature::NONE
};
