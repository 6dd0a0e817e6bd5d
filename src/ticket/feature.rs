//! Registers this feature with the site.

use super::{route, server};
use crate::server::feature::Feature;
use crate::sweep;

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    cookies: &[&server::COOKIE],
    sweeps: &[sweep!("sweep_tickets", server::sweep)],
    routes: route::routes,
    ..Feature::NONE
};
