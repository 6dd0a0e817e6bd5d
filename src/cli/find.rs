//! Finds what an argument names.

use crate::admin::server::manage;
use crate::error::{AppError, RequestProblem};
use crate::server::config::ConfigError;
use crate::server::{App, Error};
use crate::user::server::UserId;

/// Finds a user by email address or id.
pub async fn find(app: &App, name: &str) -> Result<UserId, Error> {
    match manage::find(app, name).await {
        Err(Error::Refused(AppError::Request(RequestProblem::NotFound))) => {
            Err(ConfigError(format!("there is no user {name:?}")).into())
        }
        found => found,
    }
}
