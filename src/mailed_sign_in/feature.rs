//! Registers the feature with the site.

use super::server;
use crate::job;
use crate::server::feature::{Endpoint, Feature, Page, Visitors, Who};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[
        Endpoint::new("/api/sign-in/code", Who::Anyone, "/sign-in-code").impersonated(),
        Endpoint::new("/api/sign-in/link", Who::Anyone, "/ticket").impersonated(),
        Endpoint::new("/api/sign-in/mail", Who::Anyone, "/sign-in-by-mail")
            .refilling(&["email", "remember"])
            .impersonated(),
        Endpoint::new("/api/sign-in/mail/again", Who::Anyone, "/sign-in-code").impersonated(),
    ],
    pages: &[
        Page::new("/sign-in-by-mail", Visitors::Strangers),
        Page::new("/sign-in-code", Visitors::Strangers),
    ],
    cookies: &[&server::COOKIE],
    jobs: &[job!("mailed_sign_in", server::work)],
    is_on: |config| config.sign_in.by_mail,
    ..Feature::NONE
};
