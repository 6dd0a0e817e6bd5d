//! The features of the site.

use std::sync::Arc;

use crate::server::feature::{Feature, Features};
use crate::server::http::flash;
use crate::server::{App, Clock, Config, Error};
use crate::user::server::words;
use crate::{
    admin, audit, auth_pages, authenticator_app, dashboard, deletion, export, known_place, mail,
    mailed_sign_in, passkey, password, profile, reauthentication, recovery, recovery_code,
    second_factor, security, session, set_up, sign_in, sign_up, social, ticket, verification,
    viewer,
};

/// What the web layer itself adds.
static WEB: Feature = Feature { cookies: &[&flash::COOKIE], ..Feature::NONE };

/// All features, each listed once.
pub const FEATURES: Features = Features(&[
    &WEB,
    &auth_pages::feature::FEATURE,
    &sign_in::feature::FEATURE,
    &password::feature::FEATURE,
    &social::feature::FEATURE,
    &second_factor::feature::FEATURE,
    &authenticator_app::feature::FEATURE,
    &passkey::feature::FEATURE,
    &recovery_code::feature::FEATURE,
    &recovery::feature::FEATURE,
    &mailed_sign_in::feature::FEATURE,
    &sign_up::feature::FEATURE,
    &set_up::feature::FEATURE,
    &verification::feature::FEATURE,
    &reauthentication::feature::FEATURE,
    &known_place::feature::FEATURE,
    &ticket::feature::FEATURE,
    &viewer::feature::FEATURE,
    &dashboard::feature::FEATURE,
    &profile::feature::FEATURE,
    &security::feature::FEATURE,
    &session::feature::FEATURE,
    &deletion::feature::FEATURE,
    &export::feature::FEATURE,
    &mail::feature::FEATURE,
    &admin::feature::FEATURE,
    // Last, so that one round also seals the events of the jobs before it.
    &audit::feature::FEATURE,
]);

/// Opens the database, brings its schema up to date and starts what the features need.
pub async fn start(config: Config) -> Result<Arc<App>, Error> {
    start_with_clock(config, Clock::System).await
}

/// Does the same as [`start`], with the given clock, as tests need it.
pub async fn start_with_clock(config: Config, clock: Clock) -> Result<Arc<App>, Error> {
    let app = App::start_with_clock(config, FEATURES, clock).await?;
    Box::pin(words::fill(&app.db)).await?;
    Ok(app)
}
