//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{AppError, Problems};
use crate::form::Done;
use crate::user::DisplayName;

/// What the profile form sends.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileForm {
    pub display_name: String,
}

impl ProfileForm {
    /// Runs in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<DisplayName, AppError> {
        self.display_name.parse().map_err(|problem| {
            AppError::Invalid(Problems { display_name: Some(problem), ..Problems::default() })
        })
    }
}

/// Saves the name to go by; an empty one is no name.
#[server(prefix = "/api", endpoint = "profile/display-name")]
pub async fn save_display_name(#[server(flatten)] form: ProfileForm) -> Result<Done, AppError> {
    let name = form.parse()?;
    let cx = crate::server::Context::of::<SaveDisplayName>().await?;
    let user = cx.user().await?;
    super::server::rename(&cx.app, &user, &name).await?;
    Ok(Done::here(crate::form::Notice::NameSaved))
}

/// What the appearance form sends.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AppearanceForm {
    pub appearance: String,
}

/// Keeps the appearance in a cookie of this browser, so that the first byte is coloured right.
#[server(prefix = "/api", endpoint = "profile/appearance")]
pub async fn save_appearance(#[server(flatten)] form: AppearanceForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<SaveAppearance>().await?;
    cx.user().await?;
    super::server::remember_appearance(&cx, &form.appearance);
    Ok(Done::here(crate::form::Notice::AppearanceSaved))
}
