//! Registers this feature with the site.

use super::server;
use crate::server::feature::Feature;
use crate::{job, sweep};

/// Listed in `site/features.rs`.
pub static FEATURE: Feature = Feature {
    jobs: &[job!("mail", server::deliver)],
    sweeps: &[sweep!("sweep_mails", server::sweep)],
    ..Feature::NONE
};
