//! The sign-up form and its server function.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::NewAccount;
use crate::error::{AppError, Problems};
use crate::form::{Done, Fields, RowId};
use crate::passkey::PasskeyChallenge;
use crate::password::NewPassword;
use crate::secret::Secret;
use crate::user::Email;

/// The fields of the sign-up form.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct SignUpForm {
    /// The id of the ticket for which the form was shown; empty without one.
    pub ticket: RowId,
    pub email: String,
    pub password: Secret,
}

impl SignUpForm {
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
    pub fn parse(&self, min_length: u16) -> Result<NewAccount, AppError> {
        let email = self.email.parse::<Email>();
        let password = NewPassword::parse(&self.password, min_length);
        match (email, password) {
            (Ok(email), Ok(password)) => Ok(NewAccount { email, password }),
            (email, password) => Err(AppError::Invalid(Problems {
                email: email.err(),
                password: password.err(),
                ..Problems::default()
            })),
        }
    }
}

/// Creates an account, unless the email address has one.
#[server(prefix = "/api", endpoint = "sign-up")]
pub async fn sign_up(#[server(flatten)] form: SignUpForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<SignUp>().await?;
    let new_account = form.parse(cx.app.config.password.min_length)?;
    let strength = super::server::with_password(&cx, &form.ticket, &new_account).await?;
    Ok(Done::go("/sign-in")
        .with(crate::form::Notice::SignUpReceived.with_password_advice(strength)))
}

/// The fields of the form that signs up with a passkey.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct PasskeySignUpForm {
    /// The id of the ticket for which the form was shown; empty without one.
    pub ticket: RowId,
    pub email: String,
    pub token: String,
    pub credential: Secret,
}

impl PasskeySignUpForm {
    /// Reads what [`Self::parse`] checks.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self { email: fields.text("email"), ..Self::default() }
    }

    /// Validates the form in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<Email, AppError> {
        self.email.parse().map_err(|problem| {
            AppError::Invalid(Problems { email: Some(problem), ..Problems::default() })
        })
    }
}

/// Issues a challenge for the passkey of a new account.
#[server(prefix = "/api", endpoint = "sign-up/passkey/begin")]
pub async fn begin_passkey_sign_up(
    #[server(flatten)] form: PasskeySignUpForm,
) -> Result<PasskeyChallenge, AppError> {
    let email = form.parse()?;
    let cx = crate::server::Context::of::<BeginPasskeySignUp>().await?;
    Ok(crate::passkey::server::begin_sign_up(&cx, &email)?)
}

/// Creates an account with a passkey, unless the email address has one.
#[server(prefix = "/api", endpoint = "sign-up/passkey")]
pub async fn sign_up_by_passkey(
    #[server(flatten)] form: PasskeySignUpForm,
) -> Result<Done, AppError> {
    let email = form.parse()?;
    let cx = crate::server::Context::of::<SignUpByPasskey>().await?;
    let response =
        crate::passkey::server::PasskeyResponse { token: form.token, credential: form.credential };
    super::server::with_passkey(&cx, &form.ticket, &email, &response).await?;
    Ok(Done::go("/sign-in").with(crate::form::Notice::SignUpReceived))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::text::nfc;

    proptest! {
        #[test]
        fn exactly_the_invalid_fields_are_reported(
            email in "ada@example\\.com|\\PC{0,12}",
            password in "\\PC{0,300}|[a-z]{15}[\0-\x1f]",
            min_length in 8_u16..=128,
        ) {
            let form = SignUpForm {
                email: email.clone(),
                password: password.clone().into(),
                ..SignUpForm::default()
            };
            let wrong = [
                ("email", email.parse::<Email>().is_err()),
                ("password", NewPassword::parse(&password.clone().into(), min_length).is_err()),
            ];
            match form.parse(min_length) {
                Ok(new_account) => {
                    prop_assert_eq!(wrong.map(|it| it.1), [false, false]);
                    prop_assert_eq!(new_account.password.secret().expose(), nfc(&password));
                    prop_assert_eq!(new_account.email, email.parse::<Email>().unwrap());
                }
                Err(error) => for (field, is_wrong) in wrong {
                    prop_assert_eq!(error.at(field).is_some(), is_wrong, "{}", field);
                },
            }
        }
    }
}
