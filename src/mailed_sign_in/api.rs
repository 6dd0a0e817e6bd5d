//! Forms and server functions.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::types::{Code, CodeProblem};
use crate::error::{AppError, Problems};
use crate::form::{Done, Fields};
use crate::secret::Secret;
use crate::ticket::TicketForm;
use crate::user::Email;

/// The fields of the form that requests the mail.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct MailedSignInForm {
    pub email: String,
    /// Present if the box is ticked.
    pub remember: Option<String>,
    pub next: String,
}

impl MailedSignInForm {
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

/// Sends a code and a link if the email address has an account. Responds and costs the same if not.
#[server(prefix = "/api", endpoint = "sign-in/mail")]
pub async fn request_mailed_sign_in(
    #[server(flatten)] form: MailedSignInForm,
) -> Result<Done, AppError> {
    let email = form.parse()?;
    let cx = crate::server::Context::of::<RequestMailedSignIn>().await?;
    let intent = crate::sign_in::server::Intent::sign_in(&form.next, form.remember.is_some());
    super::server::request_mail(&cx, &email, intent).await?;
    Ok(Done::go("/sign-in-code").with(crate::form::Notice::SignInMailSent))
}

/// Sends another code to the email address given last, or asks for one if that attempt is over.
#[server(prefix = "/api", endpoint = "sign-in/mail/again")]
pub async fn resend_mailed_sign_in() -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<ResendMailedSignIn>().await?;
    if super::server::resend_mailed_sign_in(&cx).await? {
        Ok(Done::here(crate::form::Notice::SignInMailSent))
    } else {
        Ok(Done::go("/sign-in-by-mail"))
    }
}

/// The field of the form for the code.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct CodeForm {
    pub code: Secret,
}

impl CodeForm {
    /// Reads what [`Self::parse`] checks.
    #[must_use]
    pub fn read(fields: &Fields) -> Self {
        Self { code: fields.text("code").into() }
    }

    /// Validates the form in the browser before sending, and on the server before anything else.
    pub fn parse(&self) -> Result<Code, AppError> {
        self.code.expose().parse().map_err(AppError::from)
    }
}

impl From<CodeProblem> for AppError {
    fn from(problem: CodeProblem) -> Self {
        Self::Invalid(Problems { code: Some(problem), ..Problems::default() })
    }
}

/// Signs the user in with the mailed code.
#[server(prefix = "/api", endpoint = "sign-in/code")]
pub async fn sign_in_by_code(#[server(flatten)] form: CodeForm) -> Result<Done, AppError> {
    let code = form.parse()?;
    let cx = crate::server::Context::of::<SignInByCode>().await?;
    Ok(super::server::by_code(&cx, &code).await?)
}

/// Signs the user in with the browser's ticket.
#[server(prefix = "/api", endpoint = "sign-in/link")]
pub async fn sign_in_by_link(#[server(flatten)] form: TicketForm) -> Result<Done, AppError> {
    let cx = crate::server::Context::of::<SignInByLink>().await?;
    Ok(super::server::by_link(&cx, &form.ticket).await?)
}
