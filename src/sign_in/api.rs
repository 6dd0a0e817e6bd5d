//! The sign-in form and its server function.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error::{AppError, Problems};
use crate::form::{Done, Fields};
use crate::password::{self, Credentials};
use crate::secret::Secret;
use crate::user::Email;

/// The fields of the sign-in form.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SignInForm {
    pub email: String,
    pub password: Secret,
    /// Present if the box is ticked.
    pub remember: Option<String>,
    pub next: String,
}

impl SignInForm {
    /// Reads what [`Self::parse`] checks.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self {
            email: fields.text("email"),
            password: fields.text("password").into(),
            ..Self::default()
        }
    }

    /// Validates the form in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<Credentials, AppError> {
        let email = self.email.parse::<Email>();
        let password = password::check_attempt(&self.password);
        match (email, password) {
            (Ok(email), Ok(())) => Ok(Credentials { email, password: self.password.clone() }),
            (email, password) => Err(AppError::Invalid(Problems {
                email: email.err(),
                password: password.err(),
                ..Problems::default()
            })),
        }
    }
}

/// Signs a user in with an email address and a password.
#[server(prefix = "/api", endpoint = "sign-in/password")]
pub async fn sign_in(#[server(flatten)] form: SignInForm) -> Result<Done, AppError> {
    let credentials = form.parse()?;
    let cx = crate::server::Context::of::<SignIn>().await?;
    let proof = password::server::authenticate(&cx, &credentials).await?;
    let intent = super::server::Intent::sign_in(&form.next, form.remember.is_some());
    Ok(super::server::advance(&cx, super::server::Attempt::new(intent), proof).await?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_fields_are_reported_when_both_are_invalid() {
        let error = SignInForm::default().parse().unwrap_err();
        assert!(error.at("email").is_some());
        assert!(error.at("password").is_some());
    }

    proptest! {
        #[test]
        fn exactly_the_invalid_fields_are_reported(
            email in "ada@example\\.com|\\PC{0,12}",
            password in "\\PC{0,300}|[a-z]{0,4}\0",
        ) {
            let form = SignInForm {
                email: email.clone(),
                password: password.clone().into(),
                ..SignInForm::default()
            };
            let wrong = [
                ("email", email.parse::<Email>().is_err()),
                ("password", password::check_attempt(&password.clone().into()).is_err()),
            ];
            match form.parse() {
                Ok(credentials) => {
                    prop_assert_eq!(wrong.map(|it| it.1), [false, false]);
                    prop_assert_eq!(credentials.password.expose(), password);
                    prop_assert_eq!(credentials.email, email.parse::<Email>().unwrap());
                }
                Err(error) => for (field, is_wrong) in wrong {
                    prop_assert_eq!(error.at(field).is_some(), is_wrong, "{}", field);
                },
            }
        }
    }
}
