//! Registers the feature with the site.

use super::server;
use crate::server::feature::Feature;
use crate::sweep;

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    cookies: &[&server::BROWSER],
    sweeps: &[sweep!("sweep_known_places", server::sweep)],
    ..Feature::NONE
};
