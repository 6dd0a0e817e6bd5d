//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{AppError, Problems};
use crate::form::{Done, Fields};
use crate::user::DisplayName;

/// The fields of the profile form.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileForm {
    pub display_name: String,
}

impl ProfileForm {
    /// Reads what [`Self::parse`] checks.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self { display_name: fields.text("display_name") }
    }

    /// Parses the form, in the browser before sending and on the server before anything else.
    pub fn parse(&self) -> Result<DisplayName, AppError> {
        self.display_name.parse().map_err(|problem| {
            AppError::Invalid(Problems { display_name: Some(problem), ..Problems::default() })
        })
    }
}

/// Saves the display name. An empty one means no name.
#[server(prefix = "/api", endpoint = "profile/display-name")]
pub async fn save_display_name(#[server(flatten)] form: ProfileForm) -> Result<Done, AppError> {
    let name = form.parse()?;
    let cx = crate::server::Context::of::<SaveDisplayName>().await?;
    let user = cx.user().await?;
    super::server::rename(&cx.app, &user, &name).await?;
    Ok(Done::here(crate::form::Notice::NameSaved))
}

/// The fields of the appearance form.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct AppearanceForm {
    pub appearance: String,
}

/// Saves the appearance in this browser's cookie, so that pages have the right colours from the first byte.
#[server(prefix = "/api", endpoint = "profile/appearance")]
pub async fn save_appearance(#[server(flatten)] form: AppearanceForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<SaveAppearance>().await?;
    cx.user().await?;
    super::server::remember_appearance(&cx, &form.appearance);
    Ok(Done::here(crate::form::Notice::AppearanceSaved))
}
