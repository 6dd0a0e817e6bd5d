//! The form and the server function of the security page.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::{NewPassword, check_attempt};
use crate::error::{AppError, Problems, RequestProblem};
use crate::form::{Done, Fields};
use crate::secret::Secret;

/// The fields of the password form. A user without a password omits the current one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PasswordForm {
    pub current_password: Secret,
    pub new_password: Secret,
}

impl PasswordForm {
    /// Reads what [`Self::parse`] checks.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self {
            current_password: fields.text("current_password").into(),
            new_password: fields.text("new_password").into(),
        }
    }

    /// Validates the form in the browser before sending, and on the server before anything else. A
    /// user with a password must give the current one.
    pub fn parse(&self, min_length: u16, has_password: bool) -> Result<NewPassword, AppError> {
        let current = has_password.then(|| check_attempt(&self.current_password).err()).flatten();
        let new = NewPassword::parse(&self.new_password, min_length);
        Problems {
            current_password: current,
            new_password: new.as_ref().err().copied(),
            ..Problems::default()
        }
        .into_result()?;
        new.map_err(|_| AppError::Request(RequestProblem::BadRequest))
    }
}

/// Changes the password, or sets the first one, and ends all other sessions.
#[server(prefix = "/api", endpoint = "password/change")]
pub async fn change_password(#[server(flatten)] form: PasswordForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<ChangePassword>().await?;
    let user = cx.user().await?;
    let had_one = user.has_password();
    let new = form.parse(cx.app.config.password.min_length, had_one)?;
    let strength = super::server::change(&cx, &user, &form.current_password, &new).await?;
    Ok(Done::here(if had_one {
        crate::form::Notice::PasswordChanged.with_password_advice(strength)
    } else {
        crate::form::Notice::PasswordSet.with_password_advice(strength)
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::nfc;

    proptest! {
        #[test]
        fn exactly_the_invalid_fields_are_reported(
            current in "\\PC{0,300}|[a-z]{0,4}\0",
            new in "\\PC{0,300}|[a-z]{15}[\0-\x1f]",
            has_password in any::<bool>(),
        ) {
            let form = PasswordForm {
                current_password: current.clone().into(),
                new_password: new.clone().into(),
            };
            // A user without a password omits the current one.
            let current_is_wrong = has_password && check_attempt(&current.into()).is_err();
            let new_is_wrong = NewPassword::parse(&new.clone().into(), 15).is_err();
            match form.parse(15, has_password) {
                Ok(chosen) => {
                    prop_assert!(!current_is_wrong && !new_is_wrong);
                    prop_assert_eq!(chosen.secret().expose(), nfc(&new));
                }
                Err(error) => {
                    prop_assert_eq!(error.at("current_password").is_some(), current_is_wrong);
                    prop_assert_eq!(error.at("new_password").is_some(), new_is_wrong);
                }
            }
        }
    }
}
