//! Registers the feature with the site.

use super::server;
use crate::server::feature::{Endpoint, Feature, Who};
use crate::sweep;

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    endpoints: &[Endpoint::new("/api/sign-in/password", Who::Anyone, "/sign-in")
        .refilling(&["email", "remember"])
        .impersonated()],
    sweeps: &[sweep!("sweep_sign_in_attempts", server::sweep)],
    ..Feature::NONE
};
